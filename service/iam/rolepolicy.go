package iam

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/runnel/runnel/store"
)

// PutRolePolicy implements the operation of that name.
func (s *Service) PutRolePolicy(ctx context.Context, in *iam.PutRolePolicyInput) (*iam.PutRolePolicyOutput, error) {
	name := aws.ToString(in.PolicyName)
	if err := checkName("policyName", name, maxPolicyName); err != nil {
		return nil, err
	}
	if err := checkIdentity(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	return nil, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) error {
		if r.Inline == nil {
			r.Inline = make(map[string]string)
		}
		r.Inline[name] = *in.PolicyDocument
		return r.checkInlineSize()
	})
}

// maxInline is the number of characters that a role's inline policies may
// have together, white space not counted.
const maxInline = 10240

func (r *role) checkInlineSize() error {
	size := 0
	for _, doc := range r.Inline {
		size += len(strings.Join(strings.Fields(doc), ""))
	}
	if size > maxInline {
		return errLimit("Maximum policy size of %d bytes exceeded for role %s", maxInline, r.Name)
	}
	return nil
}

// GetRolePolicy implements the operation of that name.
func (s *Service) GetRolePolicy(ctx context.Context, in *iam.GetRolePolicyInput) (*iam.GetRolePolicyOutput, error) {
	r, err := s.viewRole(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	doc, ok := r.Inline[aws.ToString(in.PolicyName)]
	if !ok {
		return nil, errNoRolePolicy(aws.ToString(in.PolicyName))
	}
	return &iam.GetRolePolicyOutput{RoleName: &r.Name, PolicyName: in.PolicyName, PolicyDocument: aws.String(escape(doc))}, nil
}

// ListRolePolicies implements the operation of that name.
func (s *Service) ListRolePolicies(ctx context.Context, in *iam.ListRolePoliciesInput) (*iam.ListRolePoliciesOutput, error) {
	r, err := s.viewRole(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	return &iam.ListRolePoliciesOutput{PolicyNames: sortedKeys(r.Inline)}, nil
}

// DeleteRolePolicy implements the operation of that name.
func (s *Service) DeleteRolePolicy(ctx context.Context, in *iam.DeleteRolePolicyInput) (*iam.DeleteRolePolicyOutput, error) {
	return nil, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) error {
		name := aws.ToString(in.PolicyName)
		if _, ok := r.Inline[name]; !ok {
			return errNoRolePolicy(name)
		}
		delete(r.Inline, name)
		return nil
	})
}

// maxAttached is how many managed policies a role may have.
const maxAttached = 10

// AttachRolePolicy implements the operation of that name. To attach a policy
// twice is no error.
func (s *Service) AttachRolePolicy(ctx context.Context, in *iam.AttachRolePolicyInput) (*iam.AttachRolePolicyOutput, error) {
	return nil, s.updateRole(ctx, in.RoleName, func(tx *store.Tx, r *role) error {
		p, err := loadPolicy(tx, aws.ToString(in.PolicyArn))
		if err != nil {
			return errNotAttachable(aws.ToString(in.PolicyArn))
		}
		if slices.Contains(r.Attached, p.ARN) {
			return nil
		}
		if len(r.Attached) == maxAttached {
			return errLimit("Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
		}
		r.Attached = append(r.Attached, p.ARN)
		return nil
	})
}

// DetachRolePolicy implements the operation of that name.
func (s *Service) DetachRolePolicy(ctx context.Context, in *iam.DetachRolePolicyInput) (*iam.DetachRolePolicyOutput, error) {
	arn := aws.ToString(in.PolicyArn)
	return nil, s.updateRole(ctx, in.RoleName, func(_ *store.Tx, r *role) error {
		i := slices.Index(r.Attached, arn)
		if i < 0 {
			return errNoPolicy(arn)
		}
		r.Attached = slices.Delete(r.Attached, i, i+1)
		return nil
	})
}

// ListAttachedRolePolicies implements the operation of that name.
func (s *Service) ListAttachedRolePolicies(ctx context.Context, in *iam.ListAttachedRolePoliciesInput) (*iam.ListAttachedRolePoliciesOutput, error) {
	r, err := s.viewRole(ctx, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &iam.ListAttachedRolePoliciesOutput{AttachedPolicies: []types.AttachedPolicy{}}
	for _, arn := range r.Attached {
		_, path, _ := strings.Cut(arn, ":policy")
		if !strings.HasPrefix(path, aws.ToString(in.PathPrefix)) {
			continue
		}
		name := arn[strings.LastIndexByte(arn, '/')+1:]
		out.AttachedPolicies = append(out.AttachedPolicies, types.AttachedPolicy{PolicyArn: &arn, PolicyName: &name})
	}
	return out, nil
}
