package buckets

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
)

// A bucket's access control list is kept, checked and given back. Who is not of
// the account has no access here, whatever a list says.

// acl is the row of a bucket's access control list. A bucket without one is
// private.
type acl []grant

// grant permits something to the account (ID) or to a group (URI).
type grant struct {
	ID         string `json:",omitempty"`
	URI        string `json:",omitempty"`
	Permission types.Permission
}

func private(owner string) acl { return acl{{ID: owner, Permission: types.PermissionFullControl}} }

// ownersOnly reports whether the list is that of a private bucket.
func (a acl) ownersOnly(owner string) bool { return len(a) == 1 && a[0] == private(owner)[0] }

// public reports whether the list grants anything to everybody.
func (a acl) public() bool {
	for _, g := range a {
		if g.URI == allUsers || g.URI == authenticatedUsers {
			return true
		}
	}
	return false
}

func (a acl) shown() []types.Grant {
	grants := make([]types.Grant, len(a))
	for i, g := range a {
		grants[i] = types.Grant{Permission: g.Permission, Grantee: &types.Grantee{Type: types.TypeGroup, URI: &g.URI}}
		if g.ID != "" {
			grants[i].Grantee = &types.Grantee{Type: types.TypeCanonicalUser, ID: &g.ID}
		}
	}
	return grants
}

func (s *Service) aclOf(tx *store.Tx, bucket string) acl {
	var a acl
	if !tx.GetJSON(ConfigKey(bucket, configACL), &a) {
		return private(s.cfg.Owner)
	}
	return a
}

// GetBucketAcl gives the grants.
func (s *Service) GetBucketAcl(ctx context.Context, in *s3.GetBucketAclInput) (*s3.GetBucketAclOutput, error) {
	var a acl
	found, err := s.getConfig(ctx, in.Bucket, configACL, &a)
	if err != nil {
		return nil, err
	}
	if !found {
		a = private(s.cfg.Owner)
	}
	return &s3.GetBucketAclOutput{Owner: &types.Owner{ID: &s.cfg.Owner}, Grants: a.shown()}, nil
}

// PutBucketAcl puts a list in place of the bucket's, if the bucket has lists and
// its switches do not forbid this one
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html).
func (s *Service) PutBucketAcl(ctx context.Context, in *s3.PutBucketAclInput) (*s3.PutBucketAclOutput, error) {
	asked := asking{
		canned: in.ACL, document: in.AccessControlPolicy,
		full: in.GrantFullControl, read: in.GrantRead, readACP: in.GrantReadACP, write: in.GrantWrite, writeACP: in.GrantWriteACP,
	}
	a, malformed := asked.acl(s.cfg.Owner)
	name := aws.ToString(in.Bucket)
	return &s3.PutBucketAclOutput{}, s.st.Update(ctx, func(tx *store.Tx) error {
		if err := Has(tx, name); err != nil {
			return err
		}
		enforced := Enforced(tx, name)
		switch {
		case enforced && asked.forOwner(a, s.cfg.Owner):
			return nil
		case enforced:
			return fault.ACLNotSupported()
		case malformed != nil:
			return malformed
		case a.public() && *blockOf(tx, name).BlockPublicAcls:
			return blocked(ctx, "s3:PutBucketAcl", name, "ACLs", "BlockPublicAcls")
		}
		tx.PutJSON(ConfigKey(name, configACL), a)
		return nil
	})
}

// firstACL is the list that a new bucket is to have. New buckets have all
// switches on, so that it is never public.
func (s *Service) firstACL(in *s3.CreateBucketInput) (acl, error) {
	asked := asking{
		canned: types.BucketCannedACL(in.ACL),
		full:   in.GrantFullControl, read: in.GrantRead, readACP: in.GrantReadACP, write: in.GrantWrite, writeACP: in.GrantWriteACP,
	}
	if asked == (asking{}) {
		return private(s.cfg.Owner), nil
	}
	a, err := asked.acl(s.cfg.Owner)
	enforced := in.ObjectOwnership == "" || in.ObjectOwnership == types.ObjectOwnershipBucketOwnerEnforced
	switch {
	case err != nil:
		return nil, err
	case enforced && !a.ownersOnly(s.cfg.Owner):
		return nil, grantedToOthers()
	case a.public():
		return nil, fault.New("InvalidBucketAclWithBlockPublicAccessError", "Bucket cannot have public ACLs set with BlockPublicAccess enabled")
	}
	return a, nil
}
