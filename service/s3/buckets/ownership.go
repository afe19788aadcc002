package buckets

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
)

// Object ownership decides whether a bucket has access control lists
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html).
// Nothing else follows from it: all writers are of the one account, so that
// BucketOwnerPreferred and ObjectWriter are the same.

// Enforced reports whether a bucket has no access control lists, as new ones do
// not. A bucket whose controls were removed has them.
func Enforced(tx *store.Tx, bucket string) bool {
	return ownershipOf(tx, bucket) == types.ObjectOwnershipBucketOwnerEnforced
}

func ownershipOf(tx *store.Tx, bucket string) types.ObjectOwnership {
	o := types.ObjectOwnershipBucketOwnerEnforced
	tx.GetJSON(ConfigKey(bucket, configOwnership), &o)
	return o
}

// PutBucketOwnershipControls sets the bucket's object ownership. A bucket whose
// list grants something to others than the owner cannot become
// BucketOwnerEnforced.
func (s *Service) PutBucketOwnershipControls(ctx context.Context, in *s3.PutBucketOwnershipControlsInput) (*s3.PutBucketOwnershipControlsOutput, error) {
	if in.OwnershipControls == nil || len(in.OwnershipControls.Rules) != 1 {
		return nil, fault.MalformedXML()
	}
	o := in.OwnershipControls.Rules[0].ObjectOwnership
	if !slices.Contains(o.Values(), o) {
		return nil, fault.MalformedXML()
	}
	name := aws.ToString(in.Bucket)
	return &s3.PutBucketOwnershipControlsOutput{}, s.st.Update(ctx, func(tx *store.Tx) error {
		if err := Has(tx, name); err != nil {
			return err
		}
		if o == types.ObjectOwnershipBucketOwnerEnforced && !s.aclOf(tx, name).ownersOnly(s.cfg.Owner) {
			return grantedToOthers()
		}
		tx.PutJSON(ConfigKey(name, configOwnership), o)
		return nil
	})
}

// grantedToOthers is the answer to whoever wants BucketOwnerEnforced together
// with an access control list that says more.
func grantedToOthers() error {
	return fault.New("InvalidBucketAclWithObjectOwnership", "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting")
}

// GetBucketOwnershipControls gives AWS's default for new buckets too.
func (s *Service) GetBucketOwnershipControls(ctx context.Context, in *s3.GetBucketOwnershipControlsInput) (*s3.GetBucketOwnershipControlsOutput, error) {
	o := types.ObjectOwnershipBucketOwnerEnforced
	if _, err := s.getConfig(ctx, in.Bucket, configOwnership, &o); err != nil {
		return nil, err
	}
	if o == "" {
		return nil, fault.New("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", "BucketName", *in.Bucket)
	}
	return &s3.GetBucketOwnershipControlsOutput{OwnershipControls: &types.OwnershipControls{
		Rules: []types.OwnershipControlsRule{{ObjectOwnership: o}},
	}}, nil
}

// DeleteBucketOwnershipControls removes the controls: the row is an empty string.
func (s *Service) DeleteBucketOwnershipControls(ctx context.Context, in *s3.DeleteBucketOwnershipControlsInput) (*s3.DeleteBucketOwnershipControlsOutput, error) {
	return &s3.DeleteBucketOwnershipControlsOutput{}, s.putConfig(ctx, in.Bucket, configOwnership, "")
}
