package runnel_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/deploy"
)

// shBootstrap is a runtime in a shell script: it answers each event with what
// Lambda put into its environment.
const shBootstrap = `#!/bin/sh
while true; do
  headers=$(mktemp)
  event=$(curl -sS -D "$headers" "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/next")
  id=$(grep -i '^lambda-runtime-aws-request-id' "$headers" | tr -d '\r' | cut -d' ' -f2)
  curl -sS -o /dev/null "http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime/invocation/$id/response" \
    -d "{\"event\": $event, \"handler\": \"$_HANDLER\", \"endpoint\": \"$AWS_ENDPOINT_URL\", \"own\": \"$OWN\", \"region\": \"$AWS_REGION\"}"
done
`

const pyHandler = `import json, os, boto3
def handler(event, context):
    bucket = os.environ["OWN"]
    boto3.client("s3").put_object(Bucket=bucket, Key="from-python", Body=json.dumps(event).encode())
    return {"name": context.function_name, "event": event}
`

const jsHandler = `exports.handler = async (event, context) => ({name: context.functionName, event, own: process.env.OWN})
`

// goMain is a Go program that needs next to nothing of the standard library,
// which is built anew for it.
const goMain = `package main

import "syscall"

func main() {
	syscall.Setenv("OWN", "built with Go")
	syscall.Exec("/bin/sh", []string{"sh", "-c", script}, syscall.Environ())
}
`

// samFunction is a template of one function.
func samFunction(runtime, handler, codeURI string) string {
	return fmt.Sprintf(`
Transform: AWS::Serverless-2016-10-31
Resources:
  Bucket: {Type: AWS::S3::Bucket}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: %s
      Handler: %s
      CodeUri: %s
      Timeout: 30
      MemorySize: 256
      Environment: {Variables: {OWN: !Ref Bucket}}
      Policies: [{S3WritePolicy: {BucketName: !Ref Bucket}}]
Outputs:
  Name: {Value: !Ref Function}
  Bucket: {Value: !Ref Bucket}
`, runtime, handler, codeURI)
}

// write makes the files of a folder.
func write(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, body := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(body), 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

// TestOwnTemplates deploys what a user may have: folders, zips, Go packages,
// Python and Node.
func TestOwnTemplates(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"folder/bootstrap":      shBootstrap,
		"packed.zip":            string(zipOf(t, map[string]string{"bootstrap": shBootstrap})),
		"python/app/handler.py": pyHandler,
		"node/index.js":         jsHandler,
		"go/main.go":            goMain,
		"go/script.go":          "package main\n\nconst script = " + strconv.Quote(shBootstrap) + "\n",
		"go/go.mod":             "module example.com/f\n\ngo 1.21\n",
	})
	r := start(t)
	for _, c := range []struct{ name, runtime, handler, code, needs, answer string }{
		{"folder", "provided.al2023", "any.thing", "folder/", "curl", `"handler": "any.thing"`},
		{"zip", "provided.al2", "any.thing", "packed.zip", "curl", `"own": "own-zip-bucket-`},
		{"python", "python3.8", "app.handler.handler", "python", "python3", `"event": {"n": 1}`},
		{"python-newest", "python3.13", "app.handler.handler", "python", "python3", `"event": {"n": 1}`},
		{"node", "nodejs12.x", "index.handler", "node", "node", `"event":{"n":1}`},
		{"go", "provided.al2023", "x", "go", "go", `"own": "built with Go"`},
		{"go1x", "go1.x", "main", "go", "go", `"own": "built with Go"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := exec.LookPath(c.needs); err != nil {
				t.Skipf("needs %s: %v", c.needs, err)
			}
			if c.needs == "python3" && exec.Command("python3", "-c", "import boto3").Run() != nil {
				t.Skip("needs boto3 in python3")
			}
			r := r.in(t)
			out := r.deploy("own-"+c.name, &deploy.Template{Body: []byte(samFunction(c.runtime, c.handler, c.code)), Dir: dir})
			got := must(r.lambda.Invoke(t.Context(), &lambda.InvokeInput{FunctionName: aws.String(out["Name"]), Payload: []byte(`{"n":1}`)}))(t)
			if got.FunctionError != nil || !strings.Contains(string(got.Payload), c.answer) {
				t.Errorf("%s %s\nwant ... %s ...", aws.ToString(got.FunctionError), got.Payload, c.answer)
			}
			if c.needs == "python3" && r.get(out["Bucket"], "from-python") != `{"n": 1}` {
				t.Errorf("it did not reach its bucket")
			}
		})
	}
}

// TestTemplatesThatCannotRun fail when they are deployed, and say why.
func TestTemplatesThatCannotRun(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"folder/bootstrap": shBootstrap,
		"broken.zip":       "PK\x03\x04 not a zip",
		"go/main.go":       "package main\n\nfunc main() { undefined() }\n",
		"go/go.mod":        "module example.com/f\n\ngo 1.21\n",
	})
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	r := start(t)
	for _, c := range []struct{ name, runtime, code, says string }{
		{"java", "java21", "folder", "java21"},
		{"dotnet", "dotnet8", "folder", "dotnet8"},
		{"unheard-of", "cobol74", "folder", "cobol74"},
		{"no-such-folder", "provided.al2023", "nowhere", "nowhere"},
		{"empty-folder", "provided.al2023", "empty", "empty folder"},
		{"broken-zip", "provided.al2023", "broken.zip", "Could not unzip uploaded file"},
		{"go-that-does-not-build", "provided.al2023", "go", "undefined: undefined"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := deploy.Deploy(t.Context(), &deploy.Template{Body: []byte(samFunction(c.runtime, "main.handler", c.code)), Dir: dir}, deploy.Options{AWS: r.aws, Stack: c.name})
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("it says: %v\nwant ... %s ...", err, c.says)
			}
		})
	}
}
