package lambda

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	iamservice "github.com/runnel/runnel/service/iam"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// TestCodeLocationIsSigned: a runtime that verifies signatures gives out an
// address that passes, and that nobody can change.
func TestCodeLocationIsSigned(t *testing.T) {
	st := storetest.Open(t)
	roles := iamservice.New(st, iamservice.Config{Account: account})
	r := rigOn(t, st, func(c *Config) { c.Roles = roles })
	mux := wire.NewMux(wire.Config{Region: region, Account: account})
	mux.Handle(roles.API())
	_, err := iam.NewFromConfig(wiretest.Config(t, mux)).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("worker"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	r.create("f", "echo")
	r.create("g", "echo")
	out, err := r.lambda.GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	r.mux = wire.NewMux(wire.Config{Region: region, Account: account, Credentials: roles, Require: true, Logger: quietLogger(t)})
	r.mux.Handle(r.s.API())
	if code := r.download(*out.Code.Location); !bytes.Equal(code, selfZip(t)) {
		t.Errorf("Code.Location gives %d bytes", len(code))
	}
	client := http.Client{Transport: wire.InProcess(r.mux)}
	for _, url := range []string{
		strings.Replace(*out.Code.Location, "/code/f/", "/code/g/", 1),
		strings.Split(*out.Code.Location, "?")[0],
	} {
		res, err := client.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		if res.Body.Close(); res.StatusCode != http.StatusForbidden {
			t.Errorf("%s: %s", url, res.Status)
		}
	}
}

// TestRoles: a function has the credentials of its role, which must let Lambda
// assume it.
func TestRoles(t *testing.T) {
	st := storetest.Open(t)
	roles := iamservice.New(st, iamservice.Config{Account: account})
	r := rigOn(t, st, func(c *Config) { c.Roles = roles })
	mux := wire.NewMux(wire.Config{Region: region, Account: account})
	mux.Handle(roles.API())
	client := iam.NewFromConfig(wiretest.Config(t, mux))
	makeRole := func(name, service string) *string {
		out, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"` + service + `"},"Action":"sts:AssumeRole"}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		return out.Role.Arn
	}
	makeRole("worker", "lambda.amazonaws.com")
	other := makeRole("other", "ec2.amazonaws.com")
	r.create("f", "context")
	out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f")})
	if err != nil {
		t.Fatal(err)
	}
	var got struct{ Key string }
	if err := json.Unmarshal(out.Payload, &got); err != nil || !strings.HasPrefix(got.Key, "ASIA") {
		t.Errorf("%s, %v", out.Payload, err)
	}
	for _, role := range []*string{other, aws.String("arn:aws:iam::000000000000:role/nobody")} {
		_, err := r.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: aws.String("g"), Handler: aws.String("h"),
			Role: role, Runtime: types.RuntimeProvidedal2023, Code: &types.FunctionCode{ZipFile: selfZip(t)}})
		fails(t, err, "InvalidParameterValueException", "The role defined for the function cannot be assumed by Lambda.")
	}
}
