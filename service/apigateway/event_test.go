package apigateway_test

import (
	"bytes"
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"github.com/runnel/runnel/store/storetest"
)

const proxies = `
swagger: "2.0"
info: {title: proxies}
x-amazon-apigateway-binary-media-types: [image/png, "application/*"]
paths:
  /: {get: &f {x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, uri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:f/invocations"}}}
  /message: {get: *f, post: *f}
  /message/{date}: {get: *f, x-amazon-apigateway-any-method: *f}
  /files/{proxy+}: {x-amazon-apigateway-any-method: *f}
`

// TestProxyEvent compares the events that functions get with testdata/event.
// Their form is that of
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-input-format
// (2026-11-20). That a stage without a slash after it is so in requestContext.path
// too ("/dev") is from events that users published, of 2018 and 2022.
func TestProxyEvent(t *testing.T) {
	const at = "http://localhost:4566/restapis/API/Prod/_user_request_"
	for _, c := range []struct {
		name, method, url, body string
		headers                 []string
	}{
		{"root", "GET", at + "/", "", nil},
		{"no_path", "GET", at, "", nil},
		{"query", "GET", at + "/message?a=1&a=2&b=%20x%2B+y&empty=&bare", "", nil},
		{"parameter_decoded", "GET", at + "/message/2019%2F10%20x?time=10:20", "", nil},
		{"any", "DELETE", at + "/message/1", "", nil},
		{"greedy_with_slashes", "PUT", at + "/files/a/b%20c/d/", "x", nil},
		{"body_text", "POST", at + "/message", "{\"é\": \"<&>\"}", []string{"Content-Type: text/plain; charset=utf-8"}},
		{"body_binary", "POST", at + "/message", "\x89PNG\x00", []string{"Content-Type: image/png"}},
		{"body_binary_wildcard", "POST", at + "/message", "{}", []string{"Content-Type: application/json"}},
		{"headers", "GET", at + "/message", "", []string{"X-Many: 1", "X-Many: 2", "X-Forwarded-For: 10.0.0.9", "User-Agent: test/1", "X-Amzn-Trace-Id: Root=1-5759e988-bd862e3fe1be46a994272793"}},
		{"aws_path", "GET", "http://localhost:4566/_aws/execute-api/API/Prod/files/a%2Fb/c//d?x=1", "", nil},
		{"aws_path_root", "GET", "http://localhost:4566/_aws/execute-api/API/Prod", "", nil},
		{"host", "GET", "http://API.execute-api.localhost:4566/Prod/message", "", nil},
		{"host_of_aws", "GET", "https://API.execute-api.us-east-1.amazonaws.com/Prod/message", "", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, storetest.Open(t))
				api := b.imported(proxies)
				must[*apigateway.UpdateStageOutput](t)(b.client.UpdateStage(ctx, &apigateway.UpdateStageInput{
					RestApiId: api, StageName: aws.String("Prod"), PatchOperations: ops("replace /variables/env test")}))
				if res, body := b.send(c.method, strings.Replace(c.url, "API", *api, 1), c.body, c.headers...); res.StatusCode != 200 {
					t.Fatalf("%d %s", res.StatusCode, body)
				}
				compareEvent(t, "testdata/event/"+c.name+".json", b.functions.last().Payload, *api)
			})
		})
	}
}

var random = regexp.MustCompile(`"(requestId|extendedRequestId|resourceId|deploymentId)": "[^"]+"`)

func compareEvent(t *testing.T, file string, event []byte, api string) {
	var b bytes.Buffer
	if err := json.Indent(&b, event, "", "  "); err != nil {
		t.Fatal(err)
	}
	got := random.ReplaceAll(b.Bytes(), []byte(`"$1": "ID"`))
	got = bytes.ReplaceAll(got, []byte(api), []byte("API"))
	if !bytes.Contains(got, []byte("1-5759e988-bd862e3fe1be46a994272793")) {
		got = regexp.MustCompile(`Root=1-[0-9a-f]{8}-[0-9a-f]{24}`).ReplaceAll(got, []byte("TRACE"))
	}
	if *rewrite {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want := must[[]byte](t)(os.ReadFile(file)); !bytes.Equal(got, want) {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}
