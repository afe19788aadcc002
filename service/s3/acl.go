package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/buckets"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
)

// Access control lists of objects: the owner has full control, and nothing else
// can be set. Where the bucket has no lists that is AWS's own rule
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html);
// where it has, it is what is not here.

func (s *Service) grants() []types.Grant {
	return []types.Grant{{
		Grantee:    &types.Grantee{ID: &s.owner, Type: types.TypeCanonicalUser},
		Permission: types.PermissionFullControl,
	}}
}

// GetObjectAcl gives the owner's grant.
func (s *Service) GetObjectAcl(ctx context.Context, in *s3.GetObjectAclInput) (*s3.GetObjectAclOutput, error) {
	if err := checkVersion(in.VersionId); err != nil {
		return nil, err
	}
	_, err := s.look(ctx, place{deref(in.Bucket), deref(in.Key)}, selectAll)
	return &s3.GetObjectAclOutput{Owner: s.ownerOf(), Grants: s.grants()}, err
}

// PutObjectAcl takes the owner's grant and no other.
func (s *Service) PutObjectAcl(ctx context.Context, in *s3.PutObjectAclInput) (*s3.PutObjectAclOutput, error) {
	err := s.st.View(ctx, func(tx *store.Tx) error {
		_, err := need(tx, place{deref(in.Bucket), deref(in.Key)})
		return err
	})
	if err != nil {
		return nil, err
	}
	return &s3.PutObjectAclOutput{}, s.checkACL(ctx, in.Bucket, in.AccessControlPolicy)
}

// checkACL refuses what is more, or less, than the owner's full control. No
// policy at all is a canned ACL, which was checked before.
func (s *Service) checkACL(ctx context.Context, bucket *string, p *types.AccessControlPolicy) error {
	if p == nil {
		return nil
	}
	if len(p.Grants) == 1 {
		g := p.Grants[0]
		if g.Permission == types.PermissionFullControl && g.Grantee != nil && deref(g.Grantee.ID) == s.owner {
			return nil
		}
	}
	return s.refuseACL(ctx, bucket)
}

// refuseACL is the answer to a list for an object that says more than the
// owner's.
func (s *Service) refuseACL(ctx context.Context, bucket *string) error {
	return s.st.View(ctx, func(tx *store.Tx) error {
		switch err := buckets.Has(tx, deref(bucket)); {
		case err != nil:
			return err
		case buckets.Enforced(tx, deref(bucket)):
			return fault.ACLNotSupported()
		}
		return fault.NotSupported("access control lists of objects")
	})
}
