package sandbox

import (
	"encoding/json"
	"strings"
	"testing"
)

func needRuntime(t *testing.T, b *bench, runtime string) {
	t.Helper()
	if err := b.Available(runtime); err != nil {
		t.Skip(err)
	}
}

func TestPython(t *testing.T) {
	b := newBench(t, nil)
	needRuntime(t, b, "python3.12")
	for _, test := range []struct {
		name, handler, code, in string
		want                    string // the payload, or a part of it for an error
		fails                   string
		log                     string
	}{
		{name: "echo", code: "def handler(event, context): return event", in: `{"a":[1,2.5,"ü",null,true]}`,
			want: `{"a": [1, 2.5, "ü", null, true]}`},
		{name: "bytes as they are", code: "def handler(e, c): return b'\\x00not json'", want: "\x00not json"},
		{name: "none", code: "def handler(e, c): pass", want: "null"},
		{name: "decimal is a number", code: "from decimal import Decimal\ndef handler(e, c): return {'n': Decimal('12345678901234567890.12345678901234567')}",
			want: `{"n": 12345678901234567890.12345678901234567}`},
		{name: "cannot marshal", code: "def handler(e, c): return {1,2}", fails: "Runtime.MarshalError",
			want: "Unable to marshal response: Object of type set is not JSON serializable"},
		{name: "raises", code: "def handler(e, c):\n  raise KeyError('id')", fails: "KeyError", want: "'id'",
			log: "[ERROR] KeyError: 'id'\nTraceback (most recent call last):\n\u00a0\u00a0File "},
		{name: "no such module", handler: "nothing.handler", code: "", fails: "Runtime.ImportModuleError",
			want: "Unable to import module 'nothing': No module named 'nothing'"},
		{name: "no such handler", code: "x = 1", fails: "Runtime.HandlerNotFound",
			want: "Handler 'handler' missing on module 'app'"},
		{name: "no dot", handler: "app", code: "x = 1", fails: "Runtime.MalformedHandlerName", want: "Bad handler 'app'"},
		{name: "syntax", code: "def handler(e, c) return 1", fails: "Runtime.UserCodeSyntaxError",
			want: "Syntax error in module 'app'"},
		{name: "init raises", code: "raise ValueError('no table')", fails: "ValueError", want: "no table"},
		{name: "exit in init", code: "import sys; sys.exit(7)", fails: "Runtime.ExitError",
			want: "Runtime exited with error: exit status 7"},
		{name: "exit without a reason", code: "import os\ndef handler(e, c): os._exit(0)", fails: "Runtime.ExitError",
			want: "Error: Runtime exited without providing a reason"},
		{name: "a folder", handler: "src/lib.handler", code: "", want: `"from lib"`},
		{name: "print and log", code: "import logging, sys\nlogging.getLogger().setLevel('INFO')\n" +
			"def handler(e, c):\n  print('one', file=sys.stderr)\n  print('two\\nthree')\n  logging.info('four\\nfive')\n  print('six', end='')",
			want: "null", log: "one\ntwo\nthree\n[INFO]\t"},
		{name: "closed output", code: "import sys\ndef handler(e, c):\n  sys.stdout.close()\n  return 1", want: "1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := b.files("python3.12", fallback(test.handler, "app.handler"), map[string]string{
				"app.py": test.code, "src/lib.py": "def handler(e, c): return 'from lib'"})
			r := b.invoke(f, fallback(test.in, "{}"))
			checkOutcome(t, r, test.fails, test.want, test.log)
		})
	}
}

func TestPythonContext(t *testing.T) {
	b := newBench(t, nil)
	needRuntime(t, b, "python3.12")
	f := b.files("python3.12", "app.handler", map[string]string{"app.py": `
import os
def handler(event, c):
    return [c.aws_request_id, c.function_name, c.function_version, c.invoked_function_arn, c.memory_limit_in_mb,
            c.log_group_name, c.log_stream_name, 15000 < c.get_remaining_time_in_millis() <= 20000,
            c.client_context.client.app_title, c.client_context.custom["k"], c.identity.cognito_identity_id,
            os.environ["_X_AMZN_TRACE_ID"], os.getcwd() == os.environ["LAMBDA_TASK_ROOT"]]
`})
	in := b.in("{}")
	in.TraceID, in.InvokedARN = "Root=1-2-3", f.ARN+":live"
	in.ClientContext = `{"client":{"app_title":"title"},"custom":{"k":"v"}}`
	in.CognitoIdentity = `{"cognitoIdentityId":"who","cognitoIdentityPoolId":"pool"}`
	r, err := b.Invoke(t.Context(), f, in)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal([]any{in.RequestID, "f", "$LATEST", f.ARN + ":live", "256", "/aws/lambda/f", r.LogStream, true,
		"title", "v", "who", "Root=1-2-3", true})
	if got := strings.ReplaceAll(string(r.Payload), ", ", ","); got != string(want) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// The SDK that AWS's runtime brings along comes from the machine, and needs
// neither HOME nor anything else of the host's environment.
func TestPythonSDK(t *testing.T) {
	b := newBench(t, nil)
	needRuntime(t, b, "python3.12")
	f := b.files("python3.12", "app.handler", map[string]string{"app.py": `
try:
    import boto3
except ImportError:
    boto3 = None
def handler(event, context):
    return boto3 and boto3.client("sqs").meta.endpoint_url + " " + boto3.client("sqs").meta.region_name
`})
	r := b.invoke(f, "{}")
	switch string(r.Payload) {
	case "null":
		t.Skip("boto3 is not installed")
	case `"http://127.0.0.1:4566 eu-west-1"`:
	default:
		t.Errorf("%s\n%s", r.Payload, b.text())
	}
}

func TestPythonSaysHowToAddSDK(t *testing.T) {
	b := newBench(t, nil)
	needRuntime(t, b, "python3.12")
	f := b.files("python3.12", "app.handler", map[string]string{
		"app.py": "import sys\nsys.modules['boto3'] = None\nimport boto3"})
	_, message := b.invoke(f, "{}").failure(t)
	if !strings.Contains(message, "-m pip install boto3") {
		t.Error(message)
	}
}
