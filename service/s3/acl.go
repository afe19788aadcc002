package s3

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
)

// Access control lists, as they are where object ownership is BucketOwnerEnforced:
// the owner has full control, and nothing else can be set
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html).

func (s *Service) grants() []types.Grant {
	return []types.Grant{{
		Grantee:    &types.Grantee{ID: &s.owner, Type: types.TypeCanonicalUser},
		Permission: types.PermissionFullControl,
	}}
}

// GetBucketAcl gives the owner's grant.
func (s *Service) GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput) (*s3.GetBucketAclOutput, error) {
	return &s3.GetBucketAclOutput{Owner: s.ownerOf(), Grants: s.grants()}, s.hasBucket(ctx, in.Bucket)
}

// PutBucketAcl takes the owner's grant and no other.
func (s *Service) PutBucketAcl(ctx context.Context, in *s3.PutBucketAclInput) (*s3.PutBucketAclOutput, error) {
	if err := s.hasBucket(ctx, in.Bucket); err != nil {
		return nil, err
	}
	return &s3.PutBucketAclOutput{}, s.checkACL(in.AccessControlPolicy)
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
	return &s3.PutObjectAclOutput{}, s.checkACL(in.AccessControlPolicy)
}

// checkACL refuses what is more, or less, than the owner's full control. No
// policy at all is a canned ACL, which was checked before.
func (s *Service) checkACL(p *types.AccessControlPolicy) error {
	if p == nil {
		return nil
	}
	if len(p.Grants) != 1 {
		return fault.ACLNotSupported()
	}
	g := p.Grants[0]
	if g.Permission != types.PermissionFullControl || g.Grantee == nil || deref(g.Grantee.ID) != s.owner {
		return fault.ACLNotSupported()
	}
	return nil
}
