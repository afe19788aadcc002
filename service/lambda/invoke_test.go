package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

func TestInvoke(t *testing.T) {
	r := newRig(t)
	r.create("echo", "echo")
	out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("echo"), Payload: []byte(`{"a":1}`), LogType: types.LogTypeTail,
	})
	if err != nil {
		t.Fatal(err)
	}
	if string(out.Payload) != `{"a":1}` || out.StatusCode != 200 || *out.ExecutedVersion != "$LATEST" || out.FunctionError != nil {
		t.Errorf("got %d %q version %v error %v", out.StatusCode, out.Payload, out.ExecutedVersion, out.FunctionError)
	}
	log, err := base64.StdEncoding.DecodeString(*out.LogResult)
	if err != nil || !strings.Contains(string(log), "START RequestId: ") || !strings.Contains(string(log), "REPORT RequestId: ") {
		t.Errorf("log tail %q, %v", log, err)
	}
}

func TestInvokeFunctionError(t *testing.T) {
	r := newRig(t)
	r.create("fail", "fail")
	out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("fail")})
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(out.FunctionError) != "Unhandled" || out.StatusCode != 200 || out.LogResult != nil {
		t.Errorf("got %d, error %v, log %v", out.StatusCode, out.FunctionError, out.LogResult)
	}
	var body map[string]any
	if json.Unmarshal(out.Payload, &body); body["errorMessage"] != "no such row" {
		t.Errorf("payload %s", out.Payload)
	}
}

func TestInvokeContext(t *testing.T) {
	r := newRig(t)
	r.create("f", "context", func(in *lambda.CreateFunctionInput) { in.Environment.Variables["OWN"] = "mine" })
	if _, err := r.lambda.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("f")}); err != nil {
		t.Fatal(err)
	}
	_, err := r.lambda.CreateAlias(t.Context(), &lambda.CreateAliasInput{FunctionName: aws.String("f"), Name: aws.String("live"), FunctionVersion: aws.String("1")})
	if err != nil {
		t.Fatal(err)
	}
	out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: aws.String("f"), Qualifier: aws.String("live"),
		ClientContext: aws.String(base64.StdEncoding.EncodeToString([]byte(`{"client":{"app_title":"T"}}`))),
	})
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Payload, &got); err != nil {
		t.Fatalf("%s: %v", out.Payload, err)
	}
	for k, want := range map[string]any{
		"arn": "arn:aws:lambda:us-east-1:000000000000:function:f:live", "client": "T", "region": region,
		"endpoint": "http://localhost:4566", "own": "mine", "key": "", "left": true,
	} {
		if got[k] != want {
			t.Errorf("%s: got %v, want %v", k, got[k], want)
		}
	}
	if trace, _ := got["trace"].(string); !strings.HasPrefix(trace, "Root=1-") {
		t.Errorf("trace %q", trace)
	}
	if *out.ExecutedVersion != "1" {
		t.Errorf("executed version %s", *out.ExecutedVersion)
	}
}

func TestInvokeRefused(t *testing.T) {
	r := newRig(t)
	r.create("echo", "echo")
	big := []byte(`"` + strings.Repeat("x", maxSyncPayload) + `"`)
	tests := []struct {
		name          string
		in            lambda.InvokeInput
		code, message string
	}{
		{"unknown", lambda.InvokeInput{FunctionName: aws.String("nobody")},
			"ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:nobody"},
		{"unknown qualifier", lambda.InvokeInput{FunctionName: aws.String("echo"), Qualifier: aws.String("live")},
			"ResourceNotFoundException", "Function not found: arn:aws:lambda:us-east-1:000000000000:function:echo:live"},
		{"no JSON", lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: []byte(`{`)},
			"InvalidRequestContentException", "Could not parse request body into json: Could not parse payload into json: unexpected end of JSON input"},
		{"too large", lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: big},
			"RequestEntityTooLargeException", "6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
		{"too large to wait", lambda.InvokeInput{FunctionName: aws.String("echo"), Payload: big[:maxAsyncPayload+1], InvocationType: types.InvocationTypeEvent},
			"RequestEntityTooLargeException", "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)"},
		{"type", lambda.InvokeInput{FunctionName: aws.String("echo"), InvocationType: "Later"},
			"ValidationException", "1 validation error detected: Value 'Later' at 'invocationType' failed to satisfy constraint: Member must satisfy enum value set: [Event, RequestResponse, DryRun]"},
		{"context", lambda.InvokeInput{FunctionName: aws.String("echo"), ClientContext: aws.String("?")},
			"InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object."},
		{"elsewhere", lambda.InvokeInput{FunctionName: aws.String("arn:aws:lambda:eu-west-1:000000000000:function:echo")},
			"ResourceNotFoundException", "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := r.lambda.Invoke(t.Context(), &test.in)
			fails(t, err, test.code, test.message)
		})
	}
}

func TestInvokeDryRun(t *testing.T) {
	r := newRig(t)
	r.create("exit", "exit")
	out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("exit"), InvocationType: types.InvocationTypeDryRun})
	if err != nil || out.StatusCode != 204 {
		t.Errorf("got %+v, %v", out, err)
	}
}

// TestInvokeInterpreters: packages of scripts run on what the machine has.
func TestInvokeInterpreters(t *testing.T) {
	tests := []struct {
		program, handler, file, text string
		runtime                      types.Runtime
	}{
		{"python3", "app.main", "app.py", "def main(event, context):\n    return event['n'] + 1\n", types.RuntimePython312},
		{"node", "index.handler", "index.js", "exports.handler = async (event) => event.n + 1;\n", types.RuntimeNodejs20x},
	}
	for _, test := range tests {
		t.Run(test.program, func(t *testing.T) {
			if _, err := exec.LookPath(test.program); err != nil {
				t.Skip("no " + test.program + " in PATH")
			}
			r := newRig(t)
			r.create("f", test.handler, func(in *lambda.CreateFunctionInput) {
				in.Runtime, in.Code = test.runtime, &types.FunctionCode{ZipFile: zipOf(t, map[string]string{test.file: test.text})}
			})
			out, err := r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String("f"), Payload: []byte(`{"n":1}`)})
			if err != nil || string(out.Payload) != "2" || out.FunctionError != nil {
				t.Errorf("got %s, %v", out.Payload, err)
			}
		})
	}
}

// TestInvokeOutlivesCaller: a caller that gives up does not end the function.
func TestInvokeOutlivesCaller(t *testing.T) {
	r := newRig(t)
	r.create("f", "report")
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := r.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("f")})
		done <- err
	}()
	q := <-r.asked.c
	cancel()
	if err := <-done; err == nil {
		t.Error("the caller got an answer")
	}
	q.Answer <- `{}`
	for { // its slot comes back when it has finished
		if n, _, _ := r.s.slots.Usage("f"); n == 0 {
			return
		}
	}
}
