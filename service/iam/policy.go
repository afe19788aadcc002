package iam

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/runnel/runnel/store"
)

// managed is a managed policy's row.
type managed struct {
	ARN, Name, Path, ID string
	Description         string            `json:",omitempty"`
	Tags                map[string]string `json:",omitempty"`
	Created, Updated    time.Time
	Default             string // version
	Versions            []version
	Last                int // number of the newest version ever
}

// version is a version of a managed policy.
type version struct {
	ID       string // v1, v2, ...
	Document string
	Created  time.Time
}

const (
	maxVersions  = 5
	maxDocument  = 6144 // characters, white space not counted
	firstVersion = "v1"
)

func policies() store.Key            { return store.K("iam", "policy") }
func policyKey(arn string) store.Key { return policies().Str(strings.ToLower(arn)) }

// loadPolicy returns a policy of the account or of AWS.
func loadPolicy(tx *store.Tx, arn string) (*managed, error) {
	p := new(managed)
	if tx.GetJSON(policyKey(arn), p) {
		return p, nil
	}
	if p := awsManaged(arn); p != nil {
		return p, nil
	}
	return nil, errNoPolicy(arn)
}

func (p *managed) save(tx *store.Tx) { tx.PutJSON(policyKey(p.ARN), p) }

func (p *managed) version(id string) (*version, error) {
	i := slices.IndexFunc(p.Versions, func(v version) bool { return v.ID == id })
	if i < 0 {
		return nil, errNoVersion(p.ARN, id)
	}
	return &p.Versions[i], nil
}

func (p *managed) describe(attachments int) *types.Policy {
	d := &types.Policy{
		Arn:                           &p.ARN,
		PolicyName:                    &p.Name,
		PolicyId:                      &p.ID,
		Path:                          &p.Path,
		DefaultVersionId:              &p.Default,
		AttachmentCount:               aws.Int32(int32(attachments)),
		PermissionsBoundaryUsageCount: aws.Int32(0),
		IsAttachable:                  true,
		CreateDate:                    &p.Created,
		UpdateDate:                    &p.Updated,
		Tags:                          tagList(p.Tags),
	}
	if p.Description != "" {
		d.Description = &p.Description
	}
	return d
}

func (p *managed) describeVersion(v *version) *types.PolicyVersion {
	return &types.PolicyVersion{VersionId: &v.ID, IsDefaultVersion: v.ID == p.Default, CreateDate: &v.Created}
}

// attachedTo are the roles that have the policy.
func attachedTo(tx *store.Tx, arn string) (names []*role) {
	for k := range tx.Scan(store.Prefix(roles())) {
		r := new(role)
		if tx.GetJSON(k, r) && slices.Contains(r.Attached, arn) {
			names = append(names, r)
		}
	}
	return names
}

func (s *Service) updatePolicy(ctx context.Context, arn *string, change func(*store.Tx, *managed) error) error {
	if awsManaged(aws.ToString(arn)) != nil {
		return errAWSOwned()
	}
	return s.st.Update(ctx, func(tx *store.Tx) error {
		p, err := loadPolicy(tx, aws.ToString(arn))
		if err != nil {
			return err
		}
		if err := change(tx, p); err != nil {
			return err
		}
		p.Updated = tx.Now().Truncate(time.Second)
		p.save(tx)
		return nil
	})
}

func (s *Service) viewPolicy(ctx context.Context, arn *string, look func(*store.Tx, *managed) error) error {
	return s.st.View(ctx, func(tx *store.Tx) error {
		p, err := loadPolicy(tx, aws.ToString(arn))
		if err != nil {
			return err
		}
		return look(tx, p)
	})
}

func checkDocument(doc string) error {
	if n := len(strings.Join(strings.Fields(doc), "")); n > maxDocument {
		return errLimit("Cannot exceed quota for PolicySize: %d", maxDocument)
	}
	return checkIdentity(doc)
}

// check checks what a policy is to be, with its first document.
func (p *managed) check(doc string) error {
	if err := checkName("policyName", p.Name, maxPolicyName); err != nil {
		return err
	}
	if err := checkPath(p.Path); err != nil {
		return err
	}
	return checkDocument(doc)
}

// CreatePolicy implements the operation of that name.
func (s *Service) CreatePolicy(ctx context.Context, in *iam.CreatePolicyInput) (*iam.CreatePolicyOutput, error) {
	p := &managed{
		Name:        aws.ToString(in.PolicyName),
		Path:        cmp.Or(aws.ToString(in.Path), "/"),
		ID:          newID("ANPA"),
		Description: aws.ToString(in.Description),
		Default:     firstVersion,
		Last:        1,
	}
	err := p.check(aws.ToString(in.PolicyDocument))
	if err != nil {
		return nil, err
	}
	if p.Tags, err = withTags(nil, in.Tags); err != nil {
		return nil, err
	}
	p.ARN = fmt.Sprintf("arn:aws:iam::%s:policy%s%s", s.cfg.Account, p.Path, p.Name)
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if tx.Has(policyKey(p.ARN)) {
			return errPolicyExists(p.Name)
		}
		p.Created = tx.Now().Truncate(time.Second)
		p.Updated = p.Created
		p.Versions = []version{{firstVersion, *in.PolicyDocument, p.Created}}
		p.save(tx)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &iam.CreatePolicyOutput{Policy: p.describe(0)}, nil
}

// GetPolicy implements the operation of that name.
func (s *Service) GetPolicy(ctx context.Context, in *iam.GetPolicyInput) (*iam.GetPolicyOutput, error) {
	out := new(iam.GetPolicyOutput)
	return out, s.viewPolicy(ctx, in.PolicyArn, func(tx *store.Tx, p *managed) error {
		out.Policy = p.describe(len(attachedTo(tx, p.ARN)))
		return nil
	})
}

// ListPolicies implements the operation of that name.
func (s *Service) ListPolicies(ctx context.Context, in *iam.ListPoliciesInput) (*iam.ListPoliciesOutput, error) {
	limit, err := pageSize(in.MaxItems)
	if err != nil {
		return nil, err
	}
	if scopes := in.Scope.Values(); in.Scope != "" && !slices.Contains(scopes, in.Scope) {
		return nil, errConstraint(in.Scope, "scope", fmt.Sprintf("Member must satisfy enum value set: %v", scopes))
	}
	if in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary {
		return &iam.ListPoliciesOutput{Policies: []types.Policy{}}, nil // no policy is a boundary
	}
	var all []*managed
	counts := make(map[string]int)
	err = s.st.View(ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(store.Prefix(policies())) {
			p := new(managed)
			tx.GetJSON(k, p)
			all = append(all, p)
		}
		for k := range tx.Scan(store.Prefix(roles())) {
			r := new(role)
			tx.GetJSON(k, r)
			for _, arn := range r.Attached {
				counts[arn]++
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	switch in.Scope {
	case types.PolicyScopeTypeAws:
		all = allAWSManaged()
	case types.PolicyScopeTypeAll, "":
		all = append(all, allAWSManaged()...)
	}
	return policyPage(all, counts, in, limit), nil
}

func policyPage(all []*managed, counts map[string]int, in *iam.ListPoliciesInput, limit int) *iam.ListPoliciesOutput {
	out := &iam.ListPoliciesOutput{Policies: []types.Policy{}}
	slices.SortFunc(all, func(a, b *managed) int { return strings.Compare(a.ARN, b.ARN) })
	for _, p := range all {
		if p.ARN <= aws.ToString(in.Marker) || !strings.HasPrefix(p.Path, aws.ToString(in.PathPrefix)) || in.OnlyAttached && counts[p.ARN] == 0 {
			continue
		}
		if len(out.Policies) == limit {
			out.IsTruncated, out.Marker = true, out.Policies[limit-1].Arn
			break
		}
		out.Policies = append(out.Policies, *p.describe(counts[p.ARN]))
	}
	return out
}

// DeletePolicy implements the operation of that name.
func (s *Service) DeletePolicy(ctx context.Context, in *iam.DeletePolicyInput) (*iam.DeletePolicyOutput, error) {
	arn := aws.ToString(in.PolicyArn)
	if awsManaged(arn) != nil {
		return nil, errAWSOwned()
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		p, err := loadPolicy(tx, arn)
		switch {
		case err != nil:
			return err
		case len(attachedTo(tx, p.ARN)) > 0:
			return errConflict("Cannot delete a policy attached to entities.")
		case len(p.Versions) > 1:
			return errConflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.")
		}
		tx.Delete(policyKey(arn))
		return nil
	})
}

// CreatePolicyVersion implements the operation of that name.
func (s *Service) CreatePolicyVersion(ctx context.Context, in *iam.CreatePolicyVersionInput) (*iam.CreatePolicyVersionOutput, error) {
	if err := checkDocument(aws.ToString(in.PolicyDocument)); err != nil {
		return nil, err
	}
	out := new(iam.CreatePolicyVersionOutput)
	return out, s.updatePolicy(ctx, in.PolicyArn, func(tx *store.Tx, p *managed) error {
		if len(p.Versions) == maxVersions {
			return errLimit("A managed policy can have up to %d versions. Before you create a new version, you must delete an existing version.", maxVersions)
		}
		p.Last++
		v := version{fmt.Sprintf("v%d", p.Last), *in.PolicyDocument, tx.Now().Truncate(time.Second)}
		p.Versions = append(p.Versions, v)
		if in.SetAsDefault {
			p.Default = v.ID
		}
		out.PolicyVersion = p.describeVersion(&v)
		return nil
	})
}

// GetPolicyVersion implements the operation of that name.
func (s *Service) GetPolicyVersion(ctx context.Context, in *iam.GetPolicyVersionInput) (*iam.GetPolicyVersionOutput, error) {
	out := new(iam.GetPolicyVersionOutput)
	return out, s.viewPolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *managed) error {
		v, err := p.version(aws.ToString(in.VersionId))
		if err != nil {
			return err
		}
		out.PolicyVersion = p.describeVersion(v)
		out.PolicyVersion.Document = aws.String(escape(v.Document))
		return nil
	})
}

// ListPolicyVersions implements the operation of that name.
func (s *Service) ListPolicyVersions(ctx context.Context, in *iam.ListPolicyVersionsInput) (*iam.ListPolicyVersionsOutput, error) {
	out := &iam.ListPolicyVersionsOutput{Versions: []types.PolicyVersion{}}
	return out, s.viewPolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *managed) error {
		for _, v := range slices.Backward(p.Versions) {
			out.Versions = append(out.Versions, *p.describeVersion(&v))
		}
		return nil
	})
}

// SetDefaultPolicyVersion implements the operation of that name.
func (s *Service) SetDefaultPolicyVersion(ctx context.Context, in *iam.SetDefaultPolicyVersionInput) (*iam.SetDefaultPolicyVersionOutput, error) {
	return nil, s.updatePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *managed) error {
		v, err := p.version(aws.ToString(in.VersionId))
		if err == nil {
			p.Default = v.ID
		}
		return err
	})
}

// DeletePolicyVersion implements the operation of that name.
func (s *Service) DeletePolicyVersion(ctx context.Context, in *iam.DeletePolicyVersionInput) (*iam.DeletePolicyVersionOutput, error) {
	return nil, s.updatePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *managed) error {
		v, err := p.version(aws.ToString(in.VersionId))
		if err != nil {
			return err
		}
		if v.ID == p.Default {
			return errConflict("Cannot delete the default version of a policy.")
		}
		id := v.ID
		p.Versions = slices.DeleteFunc(p.Versions, func(v version) bool { return v.ID == id })
		return nil
	})
}

// ListEntitiesForPolicy implements the operation of that name. Roles are the
// only entities, and none has a policy as its boundary.
func (s *Service) ListEntitiesForPolicy(ctx context.Context, in *iam.ListEntitiesForPolicyInput) (*iam.ListEntitiesForPolicyOutput, error) {
	out := &iam.ListEntitiesForPolicyOutput{PolicyRoles: []types.PolicyRole{}, PolicyGroups: []types.PolicyGroup{}, PolicyUsers: []types.PolicyUser{}}
	return out, s.viewPolicy(ctx, in.PolicyArn, func(tx *store.Tx, p *managed) error {
		if in.EntityFilter != "" && in.EntityFilter != types.EntityTypeRole || in.PolicyUsageFilter == types.PolicyUsageTypePermissionsBoundary {
			return nil
		}
		for _, r := range attachedTo(tx, p.ARN) {
			if !strings.HasPrefix(r.Path, aws.ToString(in.PathPrefix)) {
				continue
			}
			out.PolicyRoles = append(out.PolicyRoles, types.PolicyRole{RoleName: &r.Name, RoleId: &r.ID})
		}
		return nil
	})
}

// TagPolicy implements the operation of that name.
func (s *Service) TagPolicy(ctx context.Context, in *iam.TagPolicyInput) (*iam.TagPolicyOutput, error) {
	return nil, s.updatePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *managed) (err error) {
		p.Tags, err = withTags(p.Tags, in.Tags)
		return err
	})
}

// UntagPolicy implements the operation of that name.
func (s *Service) UntagPolicy(ctx context.Context, in *iam.UntagPolicyInput) (*iam.UntagPolicyOutput, error) {
	return nil, s.updatePolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *managed) error {
		for _, k := range in.TagKeys {
			delete(p.Tags, k)
		}
		return nil
	})
}

// ListPolicyTags implements the operation of that name.
func (s *Service) ListPolicyTags(ctx context.Context, in *iam.ListPolicyTagsInput) (*iam.ListPolicyTagsOutput, error) {
	out := new(iam.ListPolicyTagsOutput)
	return out, s.viewPolicy(ctx, in.PolicyArn, func(_ *store.Tx, p *managed) error {
		out.Tags = tagList(p.Tags)
		return nil
	})
}
