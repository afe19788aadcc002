package sandbox

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"
)

var nodeFunctions = []struct {
	name, handler, file, code, in string
	want                          string // the payload, or a part of it for an error
	fails                         string
	log                           string
}{
	{name: "async", code: "exports.handler = async (e) => e", in: `{"a":[1,"ü"]}`, want: `{"a":[1,"ü"]}`},
	{name: "callback", code: "exports.handler = (e, c, done) => { setTimeout(() => done(null, 'later'), 5) }", want: `"later"`},
	{name: "callback waits for the event loop", want: `"done"`, log: "INFO\tafter the callback",
		code: "exports.handler = (e, c, done) => { setTimeout(() => console.log('after the callback'), 20); done(null, 'done') }"},
	{name: "callback does not wait", want: `"done"`,
		code: "exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1e6); done(null, 'done') }"},
	{name: "first callback counts", code: "exports.handler = (e, c, done) => { done(null, 1); done(null, 2); c.fail('x') }", want: "1"},
	{name: "succeed", code: "exports.handler = (e, c) => c.succeed({n: 1})", want: `{"n":1}`},
	{name: "done", code: "exports.handler = (e, c) => c.done(null, 3)", want: "3"},
	{name: "never calls back", code: "exports.handler = () => { }", want: "null"},
	{name: "undefined", code: "exports.handler = async () => {}", want: "null"},
	{name: "es module", file: "index.mjs", code: "import os from 'os'; export const handler = async () => typeof os.cpus", want: `"function"`},
	{name: "cjs", file: "index.cjs", code: "exports.handler = async () => 'cjs'", want: `"cjs"`},
	{name: "nested", handler: "src/app.api.get", file: "src/app.js", code: "exports.api = { get: async () => 'got' }", want: `"got"`},
	{name: "streaming", code: "exports.handler = awslambda.streamifyResponse(async (e, out) => { out.write('a'); out.end('b') })", want: "ab"},
	{name: "rejects", code: "exports.handler = async () => { throw new TypeError('no id') }", fails: "TypeError", want: "no id",
		log: "\tERROR\tInvoke Error \t{\"errorType\":\"TypeError\",\"errorMessage\":\"no id\","},
	{name: "throws", code: "exports.handler = () => { throw new RangeError('far') }", fails: "RangeError", want: "far"},
	{name: "fails with a string", code: "exports.handler = (e, c) => c.fail('plain')", fails: "string", want: "plain"},
	{name: "never settles", code: "exports.handler = async () => new Promise(() => {})", fails: "Runtime.NodeJsExit",
		want: "a Promise that was never settled"},
	{name: "cannot stringify", code: "exports.handler = async () => 1n", fails: "Error", want: "Unable to stringify response body"},
	{name: "uncaught exception", fails: "Error", want: "late",
		code: "exports.handler = (e, c, done) => { setTimeout(() => { throw new Error('late') }, 5) }",
		log:  "Error: Runtime exited with error: exit status 129\nRuntime.ExitError"},
	{name: "unhandled rejection", fails: "Runtime.UnhandledPromiseRejection", want: "Error: lost",
		code: "exports.handler = (e, c, done) => { Promise.reject(new Error('lost')) }",
		log:  "exit status 128"},
	{name: "no such module", handler: "nothing.handler", code: "", fails: "Runtime.ImportModuleError",
		want: "Error: Cannot find module './nothing'"},
	{name: "no such package", code: "require('nothing')", fails: "Runtime.ImportModuleError",
		want: "Error: Cannot find module 'nothing'"},
	{name: "no such handler", code: "exports.other = 1", fails: "Runtime.HandlerNotFound",
		want: "index.handler is undefined or not exported"},
	{name: "not a function", code: "exports.handler = 1", fails: "Runtime.HandlerNotFound", want: "index.handler is not a function"},
	{name: "no dot", handler: "index", code: "", fails: "Runtime.MalformedHandlerName", want: "Bad handler"},
	{name: "outside", handler: "../index.handler", code: "", fails: "Runtime.MalformedHandlerName", want: "is not a valid handler name"},
	{name: "syntax", code: "exports.handler = async ( => 1", fails: "Runtime.UserCodeSyntaxError", want: "SyntaxError: "},
	{name: "init throws", code: "throw new Error('no table')", fails: "Error", want: "no table"},
	{name: "how to add the sdk", code: "require('@aws-sdk/client-none')", fails: "Runtime.ImportModuleError",
		want: "'npm install -g @aws-sdk/client-none'"},
	{name: "exit", code: "exports.handler = async () => process.exit(9)", fails: "Runtime.ExitError",
		want: "Runtime exited with error: exit status 9"},
	{name: "console", want: "null",
		code: "exports.handler = async () => { console.warn('a %s\\nb', 'x'); process.stderr.write('raw\\n') }",
		log:  "\tWARN\ta x\nb\nraw\n"},
}

func TestNode(t *testing.T) {
	b := newBench(t, nil)
	needRuntime(t, b, "nodejs20.x")
	for _, test := range nodeFunctions {
		t.Run(test.name, func(t *testing.T) {
			code := map[string]string{"index.js": ""}
			maps.Copy(code, map[string]string{fallback(test.file, "index.js"): test.code})
			if test.file != "" {
				delete(code, "index.js")
			}
			f := b.files("nodejs20.x", fallback(test.handler, "index.handler"), code)
			r := b.invoke(f, fallback(test.in, "{}"))
			checkOutcome(t, r, test.fails, test.want, test.log)
		})
	}
}

func fallback(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

func checkOutcome(t *testing.T, r *Result, fails, want, log string) {
	t.Helper()
	if fails != "" {
		kind, message := r.failure(t)
		if kind != fails || !strings.Contains(message, want) {
			t.Errorf("%s\n%s", r.Payload, r.LogTail)
		}
	} else if string(r.Payload) != want || r.FunctionError != "" {
		t.Errorf("got %s, want %s\n%s", r.Payload, want, r.LogTail)
	}
	if !strings.Contains(string(r.LogTail), log) {
		t.Errorf("log lacks %q:\n%s", log, r.LogTail)
	}
}

func TestNodeContext(t *testing.T) {
	b := newBench(t, nil)
	needRuntime(t, b, "nodejs20.x")
	f := b.files("nodejs20.x", "index.handler", map[string]string{"index.js": `
exports.handler = async (event, c) => [c.awsRequestId, c.functionName, c.functionVersion, c.invokedFunctionArn,
  c.memoryLimitInMB, c.logGroupName, c.logStreamName, c.getRemainingTimeInMillis() > 15000,
  c.clientContext.custom.k, c.identity.cognitoIdentityId, process.env._X_AMZN_TRACE_ID, process.env.HOME === undefined]
`})
	in := b.in("{}")
	in.TraceID, in.InvokedARN = "Root=1-2-3", f.ARN+":live"
	in.ClientContext = `{"custom":{"k":"v"}}`
	in.CognitoIdentity = `{"cognitoIdentityId":"who","cognitoIdentityPoolId":"pool"}`
	r, err := b.Invoke(t.Context(), f, in)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := json.Marshal([]any{in.RequestID, "f", "$LATEST", f.ARN + ":live", "256", "/aws/lambda/f", r.LogStream, true,
		"v", "who", "Root=1-2-3", true})
	if string(r.Payload) != string(want) {
		t.Errorf("got  %s\nwant %s", r.Payload, want)
	}
}

// ES modules, too, find the SDK in NODE_PATH.
func TestNodeModuleImportsFromNodePath(t *testing.T) {
	b := newBench(t, nil)
	needRuntime(t, b, "nodejs20.x")
	sdk := b.files("", "", map[string]string{
		"@aws-sdk/client-s3/package.json": `{"name":"@aws-sdk/client-s3","main":"s3.js"}`,
		"@aws-sdk/client-s3/s3.js":        "exports.S3Client = class S3Client {}",
	})
	t.Setenv("NODE_PATH", sdk.Dir)
	f := b.files("nodejs20.x", "index.handler", map[string]string{"index.mjs": `
import { S3Client } from '@aws-sdk/client-s3';
export const handler = async () => S3Client.name;
`})
	checkOutcome(t, b.invoke(f, "{}"), "", `"S3Client"`, "")
}
