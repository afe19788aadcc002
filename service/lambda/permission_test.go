package lambda

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/event"
)

func TestPolicy(t *testing.T) {
	r := newRig(t)
	r.create("f", "echo", func(in *lambda.CreateFunctionInput) { in.Publish = true })
	f := aws.String("f")
	_, err := r.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: f})
	fails(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
	var statements []string
	for _, in := range []lambda.AddPermissionInput{
		{StatementId: aws.String("s3"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("s3.amazonaws.com"),
			SourceArn: aws.String("arn:aws:s3:::data"), SourceAccount: aws.String(account)},
		{StatementId: aws.String("api"), Action: aws.String("lambda:*"), Principal: aws.String("apigateway.amazonaws.com"),
			SourceArn: aws.String("arn:aws:execute-api:us-east-1:000000000000:abc/*/GET/message")},
		{StatementId: aws.String("account"), Action: aws.String("lambda:GetFunction"), Principal: aws.String("111122223333")},
		{StatementId: aws.String("org"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("*"), PrincipalOrgID: aws.String("o-a1b2c3d4e5f")},
	} {
		in.FunctionName = f
		out, err := r.lambda.AddPermission(t.Context(), &in)
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, *out.Statement)
	}
	out, err := r.lambda.GetPolicy(t.Context(), &lambda.GetPolicyInput{FunctionName: f})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "policy.txt", strings.Join(append(statements, *out.Policy), "\n")+"\n")

	_, err = r.lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: f, StatementId: aws.String("s3"), RevisionId: aws.String("x")})
	fails(t, err, "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id. Call the GetPolicy API to retrieve the latest Revision Id")
	_, err = r.lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: f, StatementId: aws.String("s3"), RevisionId: out.RevisionId})
	if err != nil {
		t.Error(err)
	}
	_, err = r.lambda.RemovePermission(t.Context(), &lambda.RemovePermissionInput{FunctionName: f, StatementId: aws.String("s3")})
	fails(t, err, "ResourceNotFoundException", "Statement s3 is not found in resource policy.")
}

func TestAddPermissionRefused(t *testing.T) {
	r := newRig(t)
	r.create("f", "echo")
	type input = lambda.AddPermissionInput
	tests := []struct {
		name          string
		change        func(*input)
		code, message string
	}{
		{"principal", func(in *input) { in.Principal = aws.String("me") }, "InvalidParameterValueException",
			"The provided principal was invalid. Please check the principal and try again."},
		{"action", func(in *input) { in.Action = aws.String("s3:GetObject") }, "ValidationException",
			"1 validation error detected: Value 's3:GetObject' at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: (lambda:[*]|lambda:[a-zA-Z]+|[*])"},
		{"sid", func(in *input) { in.StatementId = aws.String("a b") }, "ValidationException",
			"1 validation error detected: Value 'a b' at 'statementId' failed to satisfy constraint: Member must satisfy regular expression pattern: ([a-zA-Z0-9-_]+)"},
		{"twice", func(in *input) { in.StatementId = aws.String("there") }, "ResourceConflictException",
			"The statement id (there) provided already exists. Please provide a new statement id, or remove the existing statement."},
		{"no function", func(in *input) { in.FunctionName = aws.String("g") }, "ResourceNotFoundException",
			"Function not found: arn:aws:lambda:us-east-1:000000000000:function:g"},
		{"$LATEST", func(in *input) { in.Qualifier = aws.String("$LATEST") }, "InvalidParameterValueException",
			"$LATEST cannot have a resource policy of its own; leave the qualifier out."},
	}
	base := input{FunctionName: aws.String("f"), StatementId: aws.String("there"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("s3.amazonaws.com")}
	if _, err := r.lambda.AddPermission(t.Context(), &base); err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			in := base
			in.StatementId = aws.String("new")
			test.change(&in)
			_, err := r.lambda.AddPermission(t.Context(), &in)
			fails(t, err, test.code, test.message)
		})
	}
}

// TestFunctionsInvoke is how API Gateway calls a function.
func TestFunctionsInvoke(t *testing.T) {
	r := newRig(t)
	out := r.create("f", "echo")
	r.create("bad", "fail")
	in := event.Invocation{Payload: []byte(`{"path":"/"}`), From: event.Sender{
		Service: "apigateway.amazonaws.com", ARN: "arn:aws:execute-api:us-east-1:000000000000:abc/prod/GET/message"}}
	if _, err := r.router.InvokeFunction(t.Context(), *out.FunctionArn, in); !errors.Is(err, event.ErrDenied) {
		t.Errorf("without permission: %v", err)
	}
	for _, name := range []string{"f", "bad"} {
		_, err := r.lambda.AddPermission(t.Context(), &lambda.AddPermissionInput{FunctionName: &name, StatementId: aws.String("api"),
			Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("apigateway.amazonaws.com"),
			SourceArn: aws.String("arn:aws:execute-api:us-east-1:000000000000:abc/*/GET/message")})
		if err != nil {
			t.Fatal(err)
		}
	}
	res, err := r.router.InvokeFunction(t.Context(), *out.FunctionArn, in)
	if err != nil || string(res.Payload) != `{"path":"/"}` || res.Failed {
		t.Errorf("got %s %v, %v", res.Payload, res.Failed, err)
	}
	res, err = r.router.InvokeFunction(t.Context(), strings.TrimSuffix(*out.FunctionArn, "f")+"bad", in)
	if err != nil || !res.Failed || !strings.Contains(string(res.Payload), "no such row") {
		t.Errorf("got %s %v, %v", res.Payload, res.Failed, err)
	}
	large := event.Invocation{From: in.From, Payload: make([]byte, 6<<20+1)}
	if _, err := r.router.InvokeFunction(t.Context(), *out.FunctionArn, large); !errors.Is(err, event.ErrTooLarge) {
		t.Errorf("too large: %v", err)
	}
	if _, err := r.router.InvokeFunction(t.Context(), *out.FunctionArn+"x", in); !errors.Is(err, event.ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
	_, err = r.lambda.PutFunctionConcurrency(t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("f"), ReservedConcurrentExecutions: aws.Int32(0)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := r.router.InvokeFunction(t.Context(), *out.FunctionArn, in); !errors.Is(err, event.ErrBusy) {
		t.Errorf("throttled: %v", err)
	}
}
