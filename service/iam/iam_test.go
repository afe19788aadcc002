package iam_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	rniam "github.com/runnel/runnel/service/iam"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

var ctx = context.Background()

const (
	account = "000000000000"
	trust   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	allow   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}]}`
)

// fixture is the service behind the SDK's clients.
type fixture struct {
	*rniam.Service
	cfg aws.Config
	iam *iam.Client
	sts *sts.Client
}

func start(t testing.TB, st *store.Store) fixture {
	s := rniam.New(st, rniam.Config{Account: account})
	mux := wire.NewMux(wire.Config{Account: account, Region: "us-east-1", Credentials: s})
	mux.Handle(s.API())
	mux.Handle(s.STS())
	cfg := wiretest.Config(t, mux)
	return fixture{s, cfg, iam.NewFromConfig(cfg), sts.NewFromConfig(cfg)}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, code, text string) {
	t.Helper()
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), text) {
		t.Errorf("err = %v, want %s: %s", err, code, text)
	}
}

func (f fixture) newRole(t testing.TB, name string) string {
	t.Helper()
	out, err := f.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)})
	ok(t, err)
	return *out.Role.Arn
}

func TestRole(t *testing.T) {
	f := start(t, storetest.Open(t))
	f.newRole(t, "R")
	name := aws.String("R")
	_, err := f.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: name, PolicyName: aws.String("p"), PolicyDocument: aws.String(allow)})
	ok(t, err)
	got, err := f.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: name, PolicyName: aws.String("p")})
	ok(t, err)
	if doc, _ := url.QueryUnescape(*got.PolicyDocument); doc != allow {
		t.Errorf("document %s", doc)
	}
	basic := aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
	_, err = f.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: basic})
	ok(t, err)
	attached, err := f.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: name})
	ok(t, err)
	if len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AWSLambdaBasicExecutionRole" {
		t.Errorf("attached %v", attached.AttachedPolicies)
	}
	_, err = f.iam.TagRole(ctx, &iam.TagRoleInput{RoleName: name, Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	ok(t, err)
	role, err := f.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	ok(t, err)
	if r := role.Role; *r.Arn != "arn:aws:iam::"+account+":role/R" || len(r.Tags) != 1 || r.CreateDate.IsZero() || *r.MaxSessionDuration != 3600 {
		t.Errorf("role %+v", r)
	}
	_, err = f.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "DeleteConflict", "must delete policies first")
	_, err = f.iam.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: aws.String("p")})
	ok(t, err)
	_, err = f.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	wantCode(t, err, "DeleteConflict", "must detach all policies first")
	_, err = f.iam.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: basic})
	ok(t, err)
	_, err = f.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: name})
	ok(t, err)
	_, err = f.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: name})
	wantCode(t, err, "NoSuchEntity", "The role with name R cannot be found.")
}

func TestManagedPolicyVersions(t *testing.T) {
	f := start(t, storetest.Open(t))
	made, err := f.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("P"), PolicyDocument: aws.String(allow)})
	ok(t, err)
	for range 4 {
		_, err = f.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: made.Policy.Arn, PolicyDocument: aws.String(allow), SetAsDefault: true})
		ok(t, err)
	}
	_, err = f.iam.CreatePolicyVersion(ctx, &iam.CreatePolicyVersionInput{PolicyArn: made.Policy.Arn, PolicyDocument: aws.String(allow)})
	wantCode(t, err, "LimitExceeded", "up to 5 versions")
	_, err = f.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: made.Policy.Arn, VersionId: aws.String("v5")})
	wantCode(t, err, "DeleteConflict", "default version")
	for _, v := range []string{"v1", "v2", "v3", "v4"} {
		_, err = f.iam.DeletePolicyVersion(ctx, &iam.DeletePolicyVersionInput{PolicyArn: made.Policy.Arn, VersionId: aws.String(v)})
		ok(t, err)
	}
	local, err := f.iam.ListPolicies(ctx, &iam.ListPoliciesInput{Scope: types.PolicyScopeTypeLocal})
	ok(t, err)
	if len(local.Policies) != 1 || *local.Policies[0].DefaultVersionId != "v5" {
		t.Errorf("policies %+v", local.Policies)
	}
	_, err = f.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: made.Policy.Arn})
	ok(t, err)
}

// TestPolicyOfRoles wants a policy to be found by its roles, however its name was
// written when it was attached.
func TestPolicyOfRoles(t *testing.T) {
	f := start(t, storetest.Open(t))
	f.newRole(t, "R")
	made, err := f.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("P"), Path: aws.String("/team/"), PolicyDocument: aws.String(allow)})
	ok(t, err)
	_, err = f.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("R"), PolicyArn: aws.String(strings.ToLower(*made.Policy.Arn))})
	ok(t, err)
	_, err = f.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: made.Policy.Arn})
	wantCode(t, err, "DeleteConflict", "attached to entities")
	for prefix, want := range map[string]int{"/": 1, "/team/": 1, "/other/": 0} {
		out, err := f.iam.ListAttachedRolePolicies(ctx, &iam.ListAttachedRolePoliciesInput{RoleName: aws.String("R"), PathPrefix: &prefix})
		ok(t, err)
		if len(out.AttachedPolicies) != want {
			t.Errorf("policies below %s: %v", prefix, out.AttachedPolicies)
		}
	}
	for kind, want := range map[types.EntityType]int{"": 1, types.EntityTypeRole: 1, types.EntityTypeUser: 0} {
		out, err := f.iam.ListEntitiesForPolicy(ctx, &iam.ListEntitiesForPolicyInput{PolicyArn: made.Policy.Arn, EntityFilter: kind})
		ok(t, err)
		if len(out.PolicyRoles) != want {
			t.Errorf("entities of kind %q: %v", kind, out.PolicyRoles)
		}
	}
}

func manyTags() (tags []types.Tag) {
	for i := range 51 {
		tags = append(tags, types.Tag{Key: aws.String(strings.Repeat("k", i+1)), Value: aws.String("v")})
	}
	return tags
}

func TestListRolesPages(t *testing.T) {
	f := start(t, storetest.Open(t))
	for _, n := range []string{"c", "a", "b"} {
		f.newRole(t, n)
	}
	got := ""
	for pages := iam.NewListRolesPaginator(f.iam, &iam.ListRolesInput{MaxItems: aws.Int32(2)}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		ok(t, err)
		for _, r := range page.Roles {
			got += *r.RoleName
		}
	}
	if got != "abc" {
		t.Errorf("roles %s", got)
	}
}

func TestRefusals(t *testing.T) {
	f := start(t, storetest.Open(t))
	f.newRole(t, "R")
	_, err := f.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String(trust)})
	wantCode(t, err, "EntityAlreadyExists", "already exists")
	for doc, text := range map[string]string{
		"{": "invalid Json",
		strings.Replace(trust, "}]", `,"Resource":"*"}]`, 1): "Has prohibited field Resource",
		strings.Replace(trust, "sts:", "s3:", 1):             "may only specify STS AssumeRole actions",
	} {
		_, err := f.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: &doc})
		wantCode(t, err, "MalformedPolicyDocument", text)
	}
	for doc, text := range map[string]string{
		"not json": "Syntax errors in policy.",
		strings.Replace(allow, `"s3:GetObject"`, `[]`, 1):                       "must contain actions",
		strings.Replace(allow, `"s3:GetObject"`, `{"s3:GetObject":1}`, 1):       "must contain actions",
		strings.Replace(allow, `"arn:aws:s3:::b/*"`, `null`, 1):                 "must contain resources",
		`{"Version":"2012-10-17","Statement":[]}`:                               "Syntax errors in policy.",
		strings.Replace(allow, "2012", "2013", 1):                               "valid version string",
		strings.Replace(allow, `"Effect"`, `"Principal":"*","Effect"`, 1):       "should not specify a principal",
		strings.Replace(allow, "s3:GetObject", "GetObject", 1):                  "prefaced by a vendor",
		strings.Replace(allow, "arn:aws:s3:::b/*", "b", 1):                      "must be in ARN format",
		strings.Replace(allow, `"Resource":"arn:aws:s3:::b/*"`, `"Sid":"x"`, 1): "must contain resources",
	} {
		_, err := f.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("p"), PolicyDocument: &doc})
		wantCode(t, err, "MalformedPolicyDocument", text)
	}
	_, err = f.iam.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: aws.String("R"), PolicyArn: aws.String("arn:aws:iam::aws:policy/NoSuch")})
	wantCode(t, err, "NoSuchEntity", "does not exist or is not attachable")
	for name, text := range map[string]string{"a b": "The specified value for roleName is invalid.", strings.Repeat("x", 65): "less than or equal to 64"} {
		_, err = f.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)})
		wantCode(t, err, "ValidationError", text)
	}
	_, err = f.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), Path: aws.String("p"), AssumeRolePolicyDocument: aws.String(trust)})
	wantCode(t, err, "ValidationError", "The specified value for path is invalid.")
	_, err = f.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: aws.String(trust), PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")})
	wantCode(t, err, "ValidationError", "not supported")
	_, err = f.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("x"), AssumeRolePolicyDocument: aws.String(trust), Tags: manyTags()})
	wantCode(t, err, "LimitExceeded", "number of tags")
	_, err = f.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("x"), PolicyDocument: aws.String(allow), Tags: manyTags()})
	wantCode(t, err, "LimitExceeded", "number of tags")
	_, err = f.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")})
	wantCode(t, err, "InvalidAction", "CreateUser")
	_, err = f.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + account + ":role/none"), RoleSessionName: aws.String("me")})
	wantCode(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::"+account+":role/none")
}

func (f fixture) as(key, secret, token string) *sts.Client {
	cfg := f.cfg.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(key, secret, token)
	return sts.NewFromConfig(cfg)
}

func TestSessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := start(t, storetest.Open(t))
		role := f.newRole(t, "R")
		me, err := f.sts.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		ok(t, err)
		if *me.Arn != "arn:aws:iam::"+account+":root" {
			t.Errorf("caller %s", *me.Arn)
		}
		out, err := f.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("me"), DurationSeconds: aws.Int32(900)})
		ok(t, err)
		c := out.Credentials
		session := f.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken)
		me, err = session.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		ok(t, err)
		if want := "arn:aws:sts::" + account + ":assumed-role/R/me"; *me.Arn != want {
			t.Errorf("caller %s, want %s", *me.Arn, want)
		}
		_, err = f.as(*c.AccessKeyId, "wrong", *c.SessionToken).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		wantCode(t, err, "SignatureDoesNotMatch", "")
		_, err = f.as(*c.AccessKeyId, *c.SecretAccessKey, "wrong").GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		wantCode(t, err, "InvalidClientTokenId", "")
		time.Sleep(16 * time.Minute) // the bubble's time
		_, err = session.GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		wantCode(t, err, "ExpiredToken", "")
	})
}

func TestAssumeForService(t *testing.T) {
	f := start(t, storetest.Open(t))
	role, err := arn.Parse(f.newRole(t, "R"))
	ok(t, err)
	c, err := f.Assume(ctx, role, "fn", "lambda.amazonaws.com")
	ok(t, err)
	me, err := f.as(c.AccessKeyID, c.SecretAccessKey, c.SessionToken).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	ok(t, err)
	if want := "arn:aws:sts::" + account + ":assumed-role/R/fn"; *me.Arn != want {
		t.Errorf("caller %s, want %s", *me.Arn, want)
	}
	if _, err := f.Assume(ctx, role, "x", "ec2.amazonaws.com"); !errors.Is(err, event.ErrDenied) {
		t.Errorf("a service that the role does not trust: %v", err)
	}
	role.Resource = "role/none"
	if _, err := f.Assume(ctx, role, "x", "lambda.amazonaws.com"); !errors.Is(err, event.ErrNotFound) {
		t.Errorf("no such role: %v", err)
	}
}

func TestPowerCut(t *testing.T) {
	for seed := range uint64(10) {
		disk := storetest.NewDisk()
		st, _ := disk.Open(t)
		f := start(t, st)
		role := f.newRole(t, "R")
		_, err := f.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("p"), PolicyDocument: aws.String(allow)})
		ok(t, err)
		_, err = f.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: aws.String("P"), PolicyDocument: aws.String(allow)})
		ok(t, err)
		out, err := f.sts.AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &role, RoleSessionName: aws.String("me")})
		ok(t, err)

		after, _ := disk.PowerCut(seed).Open(t)
		f = start(t, after)
		_, err = f.iam.GetRolePolicy(ctx, &iam.GetRolePolicyInput{RoleName: aws.String("R"), PolicyName: aws.String("p")})
		ok(t, err)
		_, err = f.iam.GetPolicy(ctx, &iam.GetPolicyInput{PolicyArn: aws.String("arn:aws:iam::" + account + ":policy/P")})
		ok(t, err)
		c := out.Credentials
		_, err = f.as(*c.AccessKeyId, *c.SecretAccessKey, *c.SessionToken).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		ok(t, err)
	}
}
