package lambda

import (
	"encoding/json"
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
