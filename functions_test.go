package runnel_test

import (
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/deploy"
)

// trust lets Lambda assume a role.
const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func (r *rig) role(name string) *string {
	r.Helper()
	return must(r.iam.CreateRole(r.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)}))(r).Role.Arn
}

// misbehave makes the function of that name in the test binary.
func (r *rig) misbehave(name string, role *string) {
	r.Helper()
	timeout := int32(30)
	if name == "hang" {
		timeout = 1
	}
	must(r.lambda.CreateFunction(r.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("test." + name),
		Timeout: &timeout, MemorySize: aws.Int32(512),
		Code: &types.FunctionCode{ZipFile: zipOf(r, map[string]string{"bootstrap": "#!runnel\n"})},
	}))(r)
}

// TestFunctionsThatMisbehave has every function fail in its own way; each fails
// alone, with what Lambda says of it.
func TestFunctionsThatMisbehave(t *testing.T) {
	t.Parallel()
	r := start(t)
	role := r.role("worker")
	for name := range misbehaviour {
		r.misbehave(name, role)
	}
	for _, c := range []struct{ name, kind, payload, log string }{
		{"echo", "", `{"a":1}`, "REPORT RequestId"},
		{"error", "Unhandled", `"errorMessage":"no such row"`, "REPORT RequestId"},
		{"crash", "Unhandled", `"errorType":"Runtime.ExitError"`, "exit status 3"},
		{"panic", "Unhandled", `"errorMessage":"no such row"`, "REPORT RequestId"},
		{"hang", "Unhandled", "Task timed out after 1.00 seconds", "Task timed out"},
		{"large", "Unhandled", "Function.ResponseSizeTooLarge", "REPORT RequestId"},
		{"hungry", "Unhandled", "Runtime.", "REPORT RequestId"},
		{"noise", "", `"quiet"`, "REPORT RequestId"},
	} {
		t.Run(c.name, func(t *testing.T) {
			out := must(r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &c.name, Payload: []byte(`{"a":1}`), LogType: types.LogTypeTail}))(t)
			log := string(must(base64.StdEncoding.DecodeString(aws.ToString(out.LogResult)))(t))
			if out.StatusCode != 200 || aws.ToString(out.FunctionError) != c.kind || !strings.Contains(string(out.Payload), c.payload) {
				t.Errorf("%d, %q, %.300s", out.StatusCode, aws.ToString(out.FunctionError), out.Payload)
			}
			if !strings.Contains(log, c.log) {
				t.Errorf("the log has no %q:\n%s", c.log, log)
			}
			if out.FunctionError != nil && !json.Valid(out.Payload) {
				t.Errorf("the error is not JSON: %.300s", out.Payload)
			}
		})
	}
	t.Run("after all that", func(t *testing.T) {
		out := must(r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: []byte(`{"b":2}`)}))(t)
		if string(out.Payload) != `{"b":2}` {
			t.Errorf("echo answers %s", out.Payload)
		}
	})
}

// TestFunctionsThatCannotStart have packages that no runtime can run.
func TestFunctionsThatCannotStart(t *testing.T) {
	t.Parallel()
	r := start(t)
	role := r.role("worker")
	for _, c := range []struct {
		name    string
		files   map[string]string
		payload string
	}{
		{"exits", map[string]string{"bootstrap": "#!/bin/sh\nexit 7\n"}, "Runtime.ExitError"},
		{"no-bootstrap", map[string]string{"main.py": "pass"}, "Runtime.InvalidEntrypoint"},
		{"no-program", map[string]string{"bootstrap": "\x00\x01\x02 neither ELF nor script"}, "Runtime.InvalidEntrypoint"},
		{"no-interpreter", map[string]string{"bootstrap": "#!/no/such/program\n"}, "Runtime.InvalidEntrypoint"},
	} {
		t.Run(c.name, func(t *testing.T) {
			must(r.lambda.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
				FunctionName: &c.name, Role: role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("x"), Timeout: aws.Int32(30),
				Code: &types.FunctionCode{ZipFile: zipOf(t, c.files)},
			}))(t)
			out := must(r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &c.name}))(t)
			if aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), c.payload) {
				t.Errorf("%q, %s", aws.ToString(out.FunctionError), out.Payload)
			}
		})
	}
}

// TestMisbehaviourBehindAnAPI has functions fail behind an API and behind a
// queue: the one answers 502 (a timeout of the function's own too), the other
// gives the message up.
func TestMisbehaviourBehindAnAPI(t *testing.T) {
	t.Parallel()
	r := start(t)
	dir := t.TempDir()
	write(t, dir, map[string]string{"code/bootstrap": "#!runnel\n"})
	out := r.deploy("bad", &deploy.Template{Body: []byte(misbehavingTemplate), Dir: dir})
	url := r.endpoint + "/restapis/" + out["ApiId"] + "/v1/_user_request_"
	for _, path := range []string{"/crash", "/error", "/hang", "/noise"} { // noise answers, but not as a proxy does
		if got := r.http("GET", url+path, ""); got.status != 502 || got.body != `{"message":"Internal server error"}` {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
	}
	if got := r.http("POST", url+"/crash", strings.Repeat("x", 10<<20+1)); got.status != 413 {
		t.Errorf("POST of 10 MiB and a byte: %d %s", got.status, got.body)
	}

	must(r.sqs.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: aws.String(out["Queue"]), MessageBody: aws.String("for nobody")}))(t)
	for delivery := 1; delivery <= 2; delivery++ {
		r.awaitLogged(out["Reader"], `"Task timed out"`, delivery)
		r.clock.Advance(6 * time.Second)
	}
	if m := r.receive(out["Dead"]); *m.Body != "for nobody" {
		t.Errorf("given up: %q", *m.Body)
	}
}

const misbehavingTemplate = `
Transform: AWS::Serverless-2016-10-31
Globals: {Function: {Runtime: provided.al2023, CodeUri: code, Timeout: 1, MemorySize: 512}}
Resources:
  Api: {Type: AWS::Serverless::Api, Properties: {StageName: v1}}
  Crash: {Type: AWS::Serverless::Function, Properties: {Handler: test.crash, Events: {E: {Type: Api, Properties: {Path: /crash, Method: ANY, RestApiId: !Ref Api}}}}}
  Error: {Type: AWS::Serverless::Function, Properties: {Handler: test.error, Events: {E: {Type: Api, Properties: {Path: /error, Method: GET, RestApiId: !Ref Api}}}}}
  Noise: {Type: AWS::Serverless::Function, Properties: {Handler: test.noise, Events: {E: {Type: Api, Properties: {Path: /noise, Method: GET, RestApiId: !Ref Api}}}}}
  Hang: {Type: AWS::Serverless::Function, Properties: {Handler: test.hang, Events: {E: {Type: Api, Properties: {Path: /hang, Method: GET, RestApiId: !Ref Api}}}}}
  Dead: {Type: AWS::SQS::Queue}
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 6, RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 2}}}
  Reader: {Type: AWS::Serverless::Function, Properties: {Handler: test.hang, Events: {E: {Type: SQS, Properties: {Queue: !GetAtt Queue.Arn}}}}}
Outputs:
  ApiId: {Value: !Ref Api}
  Queue: {Value: !Ref Queue}
  Dead: {Value: !Ref Dead}
  Reader: {Value: !Ref Reader}
`
