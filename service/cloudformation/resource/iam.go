package resource

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	capabilityIAM = "CAPABILITY_IAM"
	maxVersions   = 5 // of a managed policy
)

func iamTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::IAM::Role": {
			Properties: properties(`RoleName! Path! AssumeRolePolicyDocument Description ManagedPolicyArns
				MaxSessionDuration PermissionsBoundary Policies Tags`),
			Required:   []string{"AssumeRolePolicyDocument"},
			Attributes: []string{"Arn", "RoleId"}, NameProperty: "RoleName", MaxName: 64, Capability: capabilityIAM,
			Exists: roleExists, Create: createRole, Update: updateRole, Configure: configureRole, Delete: deleteRole,
		},
		"AWS::IAM::Policy": {
			Properties: properties("PolicyName PolicyDocument Roles"), Required: []string{"PolicyName", "PolicyDocument"},
			Attributes: []string{"Id"}, Anonymous: true, MaxName: 128, Capability: capabilityIAM,
			Create:    func(_ context.Context, c *Call) error { c.ID = c.Name; c.set("Id", c.Name); return nil },
			Configure: configurePolicy,
			Delete: func(ctx context.Context, c *Call) error {
				return dropPolicy(ctx, c, texts(c.Props["Roles"]), c.text("PolicyName"))
			},
		},
		"AWS::IAM::ManagedPolicy": {
			Properties: properties("ManagedPolicyName! Path! Description! PolicyDocument Roles"),
			Required:   []string{"PolicyDocument"},
			Attributes: []string{"PolicyArn", "PolicyId"}, NameProperty: "ManagedPolicyName", MaxName: 128, Capability: capabilityIAM,
			Exists: managedExists, Create: createManaged, Update: updateManaged, Configure: attachManaged, Delete: deleteManaged,
		},
	}
}

func (c *Call) role(r *types.Role) {
	c.ID = c.Name
	c.set("Arn", aws.ToString(r.Arn))
	c.set("RoleId", aws.ToString(r.RoleId))
}

func roleExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.IAM.GetRole(ctx, &iam.GetRoleInput{RoleName: &c.Name})
	ok, err := found(err)
	if ok {
		c.role(out.Role)
	}
	return ok, err
}

func iamTags(tags map[string]string) []types.Tag {
	return tagList(tags, func(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} })
}

func createRole(ctx context.Context, c *Call) error {
	trust, err := document(c.Props["AssumeRolePolicyDocument"])
	if err != nil {
		return err
	}
	in := &iam.CreateRoleInput{}
	if err := assign(in, pick(c.Props, "Path", "Description", "MaxSessionDuration", "PermissionsBoundary"), c.Logical); err != nil {
		return err
	}
	in.RoleName, in.AssumeRolePolicyDocument, in.Tags = &c.Name, &trust, iamTags(c.tags())
	out, err := c.IAM.CreateRole(ctx, in)
	if err != nil {
		return err
	}
	c.role(out.Role)
	return nil
}

func updateRole(ctx context.Context, c *Call) error {
	if c.changed("AssumeRolePolicyDocument") {
		trust, err := document(c.Props["AssumeRolePolicyDocument"])
		if err != nil {
			return err
		}
		_, err = c.IAM.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: &c.Name, PolicyDocument: &trust})
		if err != nil {
			return err
		}
	}
	if c.changed("Description", "MaxSessionDuration") {
		in := &iam.UpdateRoleInput{RoleName: &c.Name, Description: aws.String("")}
		if err := assign(in, pick(c.Props, "Description", "MaxSessionDuration"), c.Logical); err != nil {
			return err
		}
		if _, err := c.IAM.UpdateRole(ctx, in); err != nil {
			return err
		}
	}
	if err := updateBoundary(ctx, c); err != nil {
		return err
	}
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.IAM.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &c.Name, TagKeys: keys}); err != nil {
			return err
		}
	}
	if tags := iamTags(c.tags()); len(tags) > 0 && (c.changed("Tags") || len(c.Tags) > 0) {
		_, err := c.IAM.TagRole(ctx, &iam.TagRoleInput{RoleName: &c.Name, Tags: tags})
		return err
	}
	return nil
}

func updateBoundary(ctx context.Context, c *Call) error {
	if !c.changed("PermissionsBoundary") {
		return nil
	}
	if c.Props["PermissionsBoundary"] == nil {
		_, err := c.IAM.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &c.Name})
		return gone(err)
	}
	_, err := c.IAM.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{RoleName: &c.Name,
		PermissionsBoundary: aws.String(c.text("PermissionsBoundary"))})
	return err
}

// inlinePolicies gives the Policies property by name.
func inlinePolicies(props map[string]any) (map[string]string, error) {
	out := map[string]string{}
	list, _ := props["Policies"].([]any)
	for _, item := range list {
		p := object(item)
		name, ok := p["PolicyName"].(string)
		if !ok || p["PolicyDocument"] == nil {
			return nil, &PropertyError{"Every member of Policies needs a PolicyName and a PolicyDocument"}
		}
		text, err := document(p["PolicyDocument"])
		if err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, nil
}

// configureRole gives the role its policies and takes those away that the old
// properties had.
func configureRole(ctx context.Context, c *Call) error {
	now := texts(c.Props["ManagedPolicyArns"])
	for _, arn := range texts(c.Old["ManagedPolicyArns"]) {
		if slices.Contains(now, arn) {
			continue
		}
		_, err := c.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &c.Name, PolicyArn: &arn})
		if err := gone(err); err != nil {
			return err
		}
	}
	for _, arn := range now {
		if _, err := c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &c.Name, PolicyArn: &arn}); err != nil {
			return err
		}
	}
	inline, err := inlinePolicies(c.Props)
	if err != nil {
		return err
	}
	before, _ := inlinePolicies(c.Old)
	for name := range before {
		if _, kept := inline[name]; kept {
			continue
		}
		if err := dropPolicy(ctx, c, []string{c.Name}, name); err != nil {
			return err
		}
	}
	for name, text := range inline {
		_, err := c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &c.Name, PolicyName: &name, PolicyDocument: &text})
		if err != nil {
			return err
		}
	}
	return nil
}

// deleteRole takes the role's policies off first, as IAM demands. Those that the
// template did not give it stay, and then so does the role.
func deleteRole(ctx context.Context, c *Call) error {
	for _, arn := range texts(c.Props["ManagedPolicyArns"]) {
		_, err := c.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &c.Name, PolicyArn: &arn})
		if err := gone(err); err != nil {
			return err
		}
	}
	inline, _ := inlinePolicies(c.Props)
	for name := range inline {
		if err := dropPolicy(ctx, c, []string{c.Name}, name); err != nil {
			return err
		}
	}
	_, err := c.IAM.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &c.Name})
	return gone(err)
}

func dropPolicy(ctx context.Context, c *Call, roles []string, name string) error {
	for _, role := range roles {
		_, err := c.IAM.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: &role, PolicyName: &name})
		if err := gone(err); err != nil {
			return err
		}
	}
	return nil
}

func configurePolicy(ctx context.Context, c *Call) error {
	roles, name := texts(c.Props["Roles"]), c.text("PolicyName")
	if len(roles) == 0 {
		return &PropertyError{"At least one of [Groups,Roles,Users] must be non-empty."}
	}
	text, err := document(c.Props["PolicyDocument"])
	if err != nil {
		return err
	}
	for _, role := range roles {
		_, err := c.IAM.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: &name, PolicyDocument: &text})
		if err != nil {
			return err
		}
	}
	for _, role := range texts(c.Old["Roles"]) {
		old := (&Call{Props: c.Old}).text("PolicyName")
		if slices.Contains(roles, role) && old == name {
			continue
		}
		if err := dropPolicy(ctx, c, []string{role}, old); err != nil {
			return err
		}
	}
	return nil
}

func (c *Call) policyARN() string {
	path := c.text("Path")
	if path == "" {
		path = "/"
	}
	return "arn:aws:iam::" + c.Account + ":policy" + path + c.Name
}

func managedExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.IAM.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String(c.policyARN())})
	ok, err := found(err)
	if ok {
		c.managed(out.Policy)
	}
	return ok, err
}

func (c *Call) managed(p *types.Policy) {
	c.ID = aws.ToString(p.Arn)
	c.set("PolicyArn", c.ID)
	c.set("PolicyId", aws.ToString(p.PolicyId))
}

func createManaged(ctx context.Context, c *Call) error {
	text, err := document(c.Props["PolicyDocument"])
	if err != nil {
		return err
	}
	in := &iam.CreatePolicyInput{PolicyName: &c.Name, PolicyDocument: &text}
	if err := assign(in, pick(c.Props, "Path", "Description"), c.Logical); err != nil {
		return err
	}
	out, err := c.IAM.CreatePolicy(ctx, in)
	if err != nil {
		return err
	}
	c.managed(out.Policy)
	return nil
}

// updateManaged makes a new default version, and room for it.
func updateManaged(ctx context.Context, c *Call) error {
	if !c.changed("PolicyDocument") {
		return nil
	}
	text, err := document(c.Props["PolicyDocument"])
	if err != nil {
		return err
	}
	versions, err := c.IAM.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &c.ID})
	if err != nil {
		return err
	}
	if len(versions.Versions) >= maxVersions {
		if err := c.deleteVersions(ctx, versions.Versions[len(versions.Versions)-1:]); err != nil {
			return err
		}
	}
	_, err = c.IAM.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: &c.ID, PolicyDocument: &text, SetAsDefault: true})
	return err
}

func (c *Call) deleteVersions(ctx context.Context, versions []types.PolicyVersion) error {
	for _, v := range versions {
		if v.IsDefaultVersion {
			continue
		}
		_, err := c.IAM.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: &c.ID, VersionId: v.VersionId})
		if err := gone(err); err != nil {
			return err
		}
	}
	return nil
}

func attachManaged(ctx context.Context, c *Call) error {
	now := texts(c.Props["Roles"])
	for _, role := range texts(c.Old["Roles"]) {
		if slices.Contains(now, role) {
			continue
		}
		_, err := c.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &c.ID})
		if err := gone(err); err != nil {
			return err
		}
	}
	for _, role := range now {
		if _, err := c.IAM.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &role, PolicyArn: &c.ID}); err != nil {
			return err
		}
	}
	return nil
}

func deleteManaged(ctx context.Context, c *Call) error {
	if !strings.HasPrefix(c.ID, "arn:") {
		c.ID = c.policyARN()
	}
	for _, role := range texts(c.Props["Roles"]) {
		_, err := c.IAM.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &role, PolicyArn: &c.ID})
		if err := gone(err); err != nil {
			return err
		}
	}
	versions, err := c.IAM.ListPolicyVersions(ctx, &iam.ListPolicyVersionsInput{PolicyArn: &c.ID})
	switch {
	case notFound(err):
		return nil
	case err != nil:
		return err
	}
	if err := c.deleteVersions(ctx, versions.Versions); err != nil {
		return err
	}
	_, err = c.IAM.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &c.ID})
	return gone(err)
}
