package iam

import (
	"cmp"
	"context"
	"crypto/rand"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// role is a role's row.
type role struct {
	Name, Path, ID string
	Description    string
	Trust          string
	Created        time.Time
	MaxSession     int32             // seconds
	Tags           map[string]string `json:",omitempty"`
	Inline         map[string]string `json:",omitempty"` // documents by policy name
	Attached       []string          `json:",omitempty"` // ARNs, in the order of attaching
}

func roles() store.Key { return store.K("iam", "role") }

// roleKey is a role's key: names differ by more than case.
func roleKey(name string) store.Key { return roles().Str(strings.ToLower(name)) }

// Lengths of names.
const (
	maxRoleName   = 64
	maxPolicyName = 128
)

var (
	nameForm = regexp.MustCompile(`^[\w+=,.@-]*$`)
	pathForm = regexp.MustCompile(`^(/|/[\x21-\x7e]+/)$`)
)

// checkName checks the name that a parameter gives.
func checkName(parameter, name string, most int) error {
	switch {
	case !nameForm.MatchString(name):
		return errInvalid(parameter, "It must contain only alphanumeric characters and/or the following: +=,.@_-")
	case name == "":
		return errConstraint(name, parameter, "Member must have length greater than or equal to 1")
	case len(name) > most:
		return errConstraint(name, parameter, fmt.Sprintf("Member must have length less than or equal to %d", most))
	}
	return nil
}

func checkPath(path string) error {
	if !pathForm.MatchString(path) {
		return errInvalid("path", "It must begin and end with / and contain only alphanumeric characters and/or / characters.")
	}
	return nil
}

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

// newID is a unique id as IAM forms it: the prefix says of what.
func newID(prefix string) string {
	b := make([]byte, 17)
	rand.Read(b)
	for i := range b {
		b[i] = idAlphabet[b[i]%32]
	}
	return prefix + string(b)
}

func (s *Service) roleARN(r *role) string {
	return fmt.Sprintf("arn:aws:iam::%s:role%s%s", s.cfg.Account, r.Path, r.Name)
}

func loadRole(tx *store.Tx, name string) (*role, error) {
	r := new(role)
	if !tx.GetJSON(roleKey(name), r) {
		return nil, errNoRole(name)
	}
	return r, nil
}

func (r *role) save(tx *store.Tx) { tx.PutJSON(roleKey(r.Name), r) }

func (s *Service) updateRole(ctx context.Context, name *string, change func(*store.Tx, *role) error) error {
	return s.st.Update(ctx, func(tx *store.Tx) error {
		r, err := loadRole(tx, aws.ToString(name))
		if err != nil {
			return err
		}
		if err := change(tx, r); err != nil {
			return err
		}
		r.save(tx)
		return nil
	})
}

func (s *Service) viewRole(ctx context.Context, name *string) (r *role, err error) {
	err = s.st.View(ctx, func(tx *store.Tx) error {
		var err error
		r, err = loadRole(tx, aws.ToString(name))
		return err
	})
	return r, err
}

// CreateRole implements the operation of that name.
func (s *Service) CreateRole(ctx context.Context, in *iam.CreateRoleInput) (*iam.CreateRoleOutput, error) {
	r := &role{
		Name:        aws.ToString(in.RoleName),
		Path:        cmp.Or(aws.ToString(in.Path), "/"),
		ID:          newID("AROA"),
		Description: aws.ToString(in.Description),
		Trust:       aws.ToString(in.AssumeRolePolicyDocument),
		MaxSession:  cmp.Or(aws.ToInt32(in.MaxSessionDuration), 3600),
	}
	if err := r.check(); err != nil {
		return nil, err
	}
	if in.PermissionsBoundary != nil {
		return nil, wire.Errorf("ValidationError", "Permission boundaries are not supported by Runnel. Leave PermissionsBoundary out.")
	}
	var err error
	if r.Tags, err = withTags(nil, in.Tags); err != nil {
		return nil, err
	}
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if tx.Has(roleKey(r.Name)) {
			return errRoleExists(r.Name)
		}
		r.Created = tx.Now().Truncate(time.Second)
		r.save(tx)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreateRoleOutput{Role: s.describeRole(r)}, nil
}

func (r *role) check() error {
	if err := checkName("roleName", r.Name, maxRoleName); err != nil {
		return err
	}
	if err := checkPath(r.Path); err != nil {
		return err
	}
	if r.MaxSession < 3600 || r.MaxSession > 43200 {
		return errConstraint(r.MaxSession, "maxSessionDuration", "Member must have value between 3600 and 43200")
	}
	return checkTrust(r.Trust)
}

func (s *Service) describeRole(r *role) *types.Role {
	d := &types.Role{
		RoleName:                 &r.Name,
		RoleId:                   &r.ID,
		Path:                     &r.Path,
		Arn:                      aws.String(s.roleARN(r)),
		CreateDate:               &r.Created,
		MaxSessionDuration:       &r.MaxSession,
		AssumeRolePolicyDocument: aws.String(escape(r.Trust)),
		Tags:                     tagList(r.Tags),
	}
	if r.Description != "" {
		d.Description = &r.Description
	}
	return d
}

// escape is RFC 3986 escaping, in which IAM gives documents out.
func escape(doc string) string { return strings.ReplaceAll(url.QueryEscape(doc), "+", "%20") }

// GetRole implements the operation of that name.
func (s *Service) GetRole(ctx context.Context, in *iam.GetRoleInput) (*iam.GetRoleOutput, error) {
	r, err := s.viewRole(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	d := s.describeRole(r)
	d.RoleLastUsed = &types.RoleLastUsed{}
	return &iam.GetRoleOutput{Role: d}, nil
}

// ListRoles implements the operation of that name.
func (s *Service) ListRoles(ctx context.Context, in *iam.ListRolesInput) (*iam.ListRolesOutput, error) {
	out := &iam.ListRolesOutput{Roles: []types.Role{}}
	limit, err := pageSize(in.MaxItems)
	if err != nil {
		return nil, err
	}
	r := store.Prefix(roles())
	if in.Marker != nil {
		r = r.After(roleKey(*in.Marker))
	}
	return out, s.st.View(ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(r) {
			var r role
			tx.GetJSON(k, &r)
			if !strings.HasPrefix(r.Path, aws.ToString(in.PathPrefix)) {
				continue
			}
			if len(out.Roles) == limit {
				out.IsTruncated, out.Marker = true, out.Roles[limit-1].RoleName
				return nil
			}
			d := s.describeRole(&r)
			d.Tags = nil // as the API reference says
			out.Roles = append(out.Roles, *d)
		}
		return nil
	})
}

// pageSize is the number of rows asked for: 100 by default, 1000 at most.
func pageSize(n *int32) (int, error) {
	if n == nil {
		return 100, nil
	}
	if *n < 1 || *n > 1000 {
		return 0, errConstraint(*n, "maxItems", "Member must have value between 1 and 1000")
	}
	return int(*n), nil
}

// UpdateRole implements the operation of that name.
func (s *Service) UpdateRole(ctx context.Context, in *iam.UpdateRoleInput) (*iam.UpdateRoleOutput, error) {
	return nil, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) error {
		if in.Description != nil {
			r.Description = *in.Description
		}
		if in.MaxSessionDuration != nil {
			r.MaxSession = *in.MaxSessionDuration
		}
		return r.check()
	})
}

// UpdateRoleDescription implements the operation of that name.
func (s *Service) UpdateRoleDescription(ctx context.Context, in *iam.UpdateRoleDescriptionInput) (*iam.UpdateRoleDescriptionOutput, error) {
	out := new(iam.UpdateRoleDescriptionOutput)
	return out, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) error {
		r.Description = aws.ToString(in.Description)
		out.Role = s.describeRole(r)
		return nil
	})
}

// UpdateAssumeRolePolicy implements the operation of that name.
func (s *Service) UpdateAssumeRolePolicy(ctx context.Context, in *iam.UpdateAssumeRolePolicyInput) (*iam.UpdateAssumeRolePolicyOutput, error) {
	return nil, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) error {
		r.Trust = aws.ToString(in.PolicyDocument)
		return r.check()
	})
}

// DeleteRole implements the operation of that name.
func (s *Service) DeleteRole(ctx context.Context, in *iam.DeleteRoleInput) (*iam.DeleteRoleOutput, error) {
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		r, err := loadRole(tx, aws.ToString(in.RoleName))
		switch {
		case err != nil:
			return err
		case len(r.Inline) > 0:
			return errConflict("Cannot delete entity, must delete policies first.")
		case len(r.Attached) > 0:
			return errConflict("Cannot delete entity, must detach all policies first.")
		}
		tx.Delete(roleKey(r.Name))
		return nil
	})
}

// ListInstanceProfilesForRole implements the operation of that name: there
// are no instance profiles.
func (s *Service) ListInstanceProfilesForRole(ctx context.Context, in *iam.ListInstanceProfilesForRoleInput) (*iam.ListInstanceProfilesForRoleOutput, error) {
	_, err := s.viewRole(ctx, in.RoleName)
	return &iam.ListInstanceProfilesForRoleOutput{InstanceProfiles: []types.InstanceProfile{}}, err
}

// TagRole implements the operation of that name.
func (s *Service) TagRole(ctx context.Context, in *iam.TagRoleInput) (*iam.TagRoleOutput, error) {
	return nil, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) (err error) {
		r.Tags, err = withTags(r.Tags, in.Tags)
		return err
	})
}

// UntagRole implements the operation of that name.
func (s *Service) UntagRole(ctx context.Context, in *iam.UntagRoleInput) (*iam.UntagRoleOutput, error) {
	return nil, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) error {
		for _, k := range in.TagKeys {
			delete(r.Tags, k)
		}
		return nil
	})
}

// ListRoleTags implements the operation of that name.
func (s *Service) ListRoleTags(ctx context.Context, in *iam.ListRoleTagsInput) (*iam.ListRoleTagsOutput, error) {
	r, err := s.viewRole(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.ListRoleTagsOutput{Tags: tagList(r.Tags)}, nil
}
