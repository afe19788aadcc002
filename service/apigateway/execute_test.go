package apigateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// TestProxyResponse is what API Gateway makes of what functions answer.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html#api-gateway-simple-proxy-for-lambda-output-format
func TestProxyResponse(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(proxies)
	const bad = `{"message":"Internal server error"}`
	for name, c := range map[string]struct {
		payload, accept string
		status          int
		body            string
		header          map[string]string // "" is absent; values are joined by |
	}{
		"whole":              {`{"statusCode":201,"headers":{"content-type":"text/plain","X-N":7,"X-B":true},"body":"hi","isBase64Encoded":false}`, "", 201, "hi", map[string]string{"Content-Type": "text/plain", "X-N": "7", "X-B": "true"}},
		"empty object":       {`{}`, "", 200, "", map[string]string{"Content-Type": "application/json"}},
		"nulls":              {`{"statusCode":200,"headers":null,"multiValueHeaders":null,"body":null}`, "", 200, "", nil},
		"status as text":     {`{"statusCode":"404"}`, "", 404, "", nil},
		"no content":         {`{"statusCode":204,"body":""}`, "", 204, "", map[string]string{"Content-Length": ""}},
		"both headers":       {`{"headers":{"X-A":"1","X-C":"3"},"multiValueHeaders":{"X-A":["1","2"],"Set-Cookie":["a=1","b=2"]}}`, "", 200, "", map[string]string{"X-A": "1|2", "X-C": "3", "Set-Cookie": "a=1|b=2"}},
		"remapped":           {`{"headers":{"Www-Authenticate":"Basic","Connection":"close","Date":"x","Content-Length":"99"},"body":"ok"}`, "", 200, "ok", map[string]string{"X-Amzn-Remapped-Www-Authenticate": "Basic", "X-Amzn-Remapped-Connection": "close", "Content-Length": "2"}},
		"base64, asked for":  {`{"body":"iVBORw==","isBase64Encoded":true}`, "image/png,*/*", 200, "\x89PNG", nil},
		"base64, not so":     {`{"body":"iVBORw==","isBase64Encoded":true}`, "*/*", 200, "iVBORw==", nil},
		"not base64":         {`{"body":"%","isBase64Encoded":true}`, "image/png", 502, bad, nil},
		"unknown member":     {`{"statusCode":200,"message":"x"}`, "", 502, bad, map[string]string{"X-Amzn-Errortype": "InternalServerErrorException"}},
		"body not a string":  {`{"statusCode":200,"body":{"a":1}}`, "", 502, bad, nil},
		"string":             {`"hello"`, "", 502, bad, nil},
		"null":               {`null`, "", 502, bad, nil},
		"garbage":            {`hello`, "", 502, bad, nil},
		"nothing":            {``, "", 502, bad, nil},
		"status not one":     {`{"statusCode":"ok"}`, "", 502, bad, nil},
		"status 1xx":         {`{"statusCode":101}`, "", 502, bad, nil},
		"status 0":           {`{"statusCode":0}`, "", 502, bad, nil},
		"header an object":   {`{"headers":{"A":{}}}`, "", 502, bad, nil},
		"header with a line": {`{"headers":{"A":"x\r\nB: y"}}`, "", 502, bad, nil},
		"header name":        {`{"headers":{"A B":"x"}}`, "", 502, bad, nil},
		"headers a list":     {`{"headers":[]}`, "", 502, bad, nil},
		"multi not a list":   {`{"multiValueHeaders":{"A":"x"}}`, "", 502, bad, nil},
	} {
		t.Run(name, func(t *testing.T) {
			b.t = t
			b.functions.say(c.payload)
			res, body := b.call("GET", api, "/message", "", "Accept: "+c.accept)
			if res.StatusCode != c.status || body != c.body {
				t.Errorf("%d %q, want %d %q", res.StatusCode, body, c.status, c.body)
			}
			for name, want := range c.header {
				if got := strings.Join(res.Header[name], "|"); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

// TestGatewayErrors is what API Gateway answers by itself. The texts are those
// of https://repost.aws/knowledge-center/api-gateway-find-403-error-cause and
// its siblings.
func TestGatewayErrors(t *testing.T) {
	const internal = `{"message":"Internal server error"}`
	fails := func(err error) func(*bench) {
		return func(b *bench) {
			b.functions.answer = func(context.Context, event.Invocation) (event.Result, error) { return event.Result{}, err }
		}
	}
	failed := func(b *bench) {
		b.functions.answer = func(context.Context, event.Invocation) (event.Result, error) {
			return event.Result{Failed: true, Payload: []byte(`{"errorMessage":"boom"}`)}, nil
		}
	}
	for name, c := range map[string]struct {
		prepare            func(*bench)
		method, path, body string
		status             int
		answer, kind       string
	}{
		"no such path":     {nil, "GET", "/nope", "", 403, `{"message":"Missing Authentication Token"}`, "MissingAuthenticationTokenException"},
		"no such method":   {nil, "PATCH", "/message", "", 403, `{"message":"Missing Authentication Token"}`, "MissingAuthenticationTokenException"},
		"no methods there": {nil, "GET", "/files", "", 403, `{"message":"Missing Authentication Token"}`, "MissingAuthenticationTokenException"},
		"busy":             {fails(event.ErrBusy), "GET", "/message", "", 429, `{"message":"Too Many Requests"}`, "TooManyRequestsException"},
		"denied":           {fails(event.ErrDenied), "GET", "/message", "", 500, internal, "InternalServerErrorException"},
		"no function":      {fails(event.ErrNotFound), "GET", "/message", "", 500, internal, "InternalServerErrorException"},
		"broken runtime":   {fails(errors.New("no python3")), "GET", "/message", "", 502, internal, "InternalServerErrorException"},
		"function failed":  {failed, "GET", "/message", "", 502, internal, "InternalServerErrorException"},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, storetest.Open(t))
			if c.prepare != nil {
				c.prepare(b)
			}
			res, body := b.call(c.method, b.imported(proxies), c.path, c.body)
			if res.StatusCode != c.status || body != c.answer || res.Header.Get("X-Amzn-Errortype") != c.kind {
				t.Errorf("%d %s %s", res.StatusCode, body, res.Header.Get("X-Amzn-Errortype"))
			}
			if res.Header.Get("Content-Type") != "application/json" || res.Header.Get("X-Amzn-Requestid") == "" {
				t.Errorf("%v", res.Header)
			}
		})
	}
}

// TestEveryTypeBinary: an API whose binary media types are */* has every body
// in base64, also one that does not say what it is, and gives bytes to whoever
// asks.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/lambda-proxy-binary-media.html
func TestEveryTypeBinary(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(strings.Replace(proxies, `[image/png, "application/*"]`, `["*/*"]`, 1))
	b.functions.say(`{"statusCode":200,"headers":{"Content-Type":"application/json"},"body":"e30=","isBase64Encoded":true}`)
	for _, headers := range [][]string{
		nil, {"Content-Type: multipart/form-data; boundary=x", "Accept: text/html,*/*;q=0.8"}, {"Content-Type: text/xml; charset=utf-16", "Accept: application/json"},
	} {
		res, body := b.call("POST", api, "/message", "\xff\xfe\r\n", headers...)
		if res.StatusCode != 200 || body != "{}" {
			t.Errorf("%v: %d %q", headers, res.StatusCode, body)
		}
		if got := string(b.functions.last().Payload); !strings.HasSuffix(got, `,"body":"//4NCg==","isBase64Encoded":true}`) {
			t.Errorf("%v: %s", headers, got)
		}
	}
	b.functions.say(`{"body":"as it is"}`)
	if _, body := b.call("GET", api, "/message", ""); body != "as it is" {
		t.Errorf("text: %q", body)
	}
	if got := string(b.functions.last().Payload); !strings.HasSuffix(got, `,"body":null,"isBase64Encoded":false}`) {
		t.Errorf("no body: %s", got)
	}
}

// TestTooLarge: the answers are fixed, whatever the API's gateway responses say.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
func TestTooLarge(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(document(t, "testdata/import/sam.txt")) // DEFAULT_4XX adds a header
	b.functions.answer = func(_ context.Context, in event.Invocation) (event.Result, error) {
		if len(in.Payload) > 6<<20 {
			return event.Result{}, event.ErrTooLarge
		}
		return event.Result{Payload: []byte(`{"statusCode":200}`)}, nil
	}
	for size, want := range map[int]struct {
		status     int
		kind, body string
	}{
		6 << 20:    {413, "application/json", `{"message": "Request Too Long"}`},
		10 << 20:   {413, "application/json", `{"message": "Request Too Long"}`},
		10<<20 + 1: {413, "text; charset=utf-8", "HTTP content length exceeded 10485760 bytes."},
		5 << 20:    {200, "application/json", ""},
	} {
		res, body := b.call("POST", api, "/message?time=1", strings.Repeat("x", size))
		if res.StatusCode != want.status || body != want.body || res.Header.Get("Content-Type") != want.kind {
			t.Errorf("%d bytes: %d %s %q", size, res.StatusCode, res.Header.Get("Content-Type"), body)
		}
		if got := res.Header.Get("Access-Control-Allow-Origin"); got != "" {
			t.Errorf("%d bytes: DEFAULT_4XX applied: %q", size, got)
		}
	}
}

func TestTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, storetest.Open(t))
		api := b.imported(proxies)
		ended := make(chan error, 1)
		b.functions.answer = func(ctx context.Context, _ event.Invocation) (event.Result, error) {
			time.Sleep(40 * time.Second)
			ended <- ctx.Err()
			return event.Result{}, nil
		}
		began := time.Now()
		res, body := b.call("GET", api, "/message", "")
		if res.StatusCode != 504 || body != `{"message":"Endpoint request timed out"}` || time.Since(began) != 29*time.Second {
			t.Errorf("%d %s after %v", res.StatusCode, body, time.Since(began))
		}
		if err := <-ended; err != nil {
			t.Errorf("the function was broken off: %v", err)
		}
	})
}

func TestSender(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(proxies)
	b.call("DELETE", api, "/message/1/", "")
	want := event.Sender{Service: "apigateway.amazonaws.com", ARN: "arn:aws:execute-api:us-east-1:123456789012:" + *api + "/Prod/DELETE/message/1", Account: account}
	if got := b.functions.last().From; got != want {
		t.Errorf("%+v", got)
	}
	if got := b.functions.names[0]; got != "arn:aws:lambda:us-east-1:123456789012:function:f" {
		t.Error(got)
	}
}

func TestCORSPreflight(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(document(t, "testdata/import/sam.txt"))
	res, body := b.call("OPTIONS", api, "/message", "", "Origin: http://example.com", "Access-Control-Request-Method: POST")
	if res.StatusCode != 200 || body != "{}\n" {
		t.Fatalf("%d %q", res.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
		"Access-Control-Allow-Headers": "Content-Type", "Access-Control-Max-Age": "600", "Content-Type": "application/json",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

func TestGatewayResponsesApply(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(document(t, "testdata/import/sam.txt"))
	res, body := b.call("POST", api, "/message", "{}")
	if res.StatusCode != 400 || body != `{"message":"Missing required request parameters: [time]"}` {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if got := res.Header.Get("Access-Control-Allow-Origin"); got != "*" {
		t.Errorf("DEFAULT_4XX did not apply: %q", got)
	}
	b.functions.answer = func(context.Context, event.Invocation) (event.Result, error) { return event.Result{}, event.ErrBusy }
	res, body = b.call("POST", api, "/message?time=1", "{}")
	if res.StatusCode != 420 || body != `{"code":"THROTTLED","why":"Too Many Requests"}` {
		t.Errorf("%d %s", res.StatusCode, body)
	}
}

func TestPolicyAndKey(t *testing.T) {
	b := start(t, storetest.Open(t))
	api := b.imported(document(t, "testdata/import/openapi3.txt"))
	res, body := b.call("GET", api, "/pets/1", "")
	if res.StatusCode != 403 || body != `{"message":"Forbidden"}` {
		t.Errorf("without a key: %d %s", res.StatusCode, body)
	}
	if res, body = b.call("PUT", api, "/pets/1", "", "Content-Type: application/json"); res.StatusCode != 404 || body != `{"gone":true}` {
		t.Errorf("mock: %d %s", res.StatusCode, body)
	}
	if res, body = b.call("PUT", api, "/pets/1", "<a/>", "Content-Type: text/xml"); res.StatusCode != 415 || body != `{"message":"Unsupported Media Type"}` {
		t.Errorf("passthrough never: %d %s", res.StatusCode, body)
	}
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"execute-api:Invoke","Resource":"execute-api:/*/GET/*"}]}`
	must[*apigateway.UpdateRestApiOutput](t)(b.client.UpdateRestApi(ctx, &apigateway.UpdateRestApiInput{RestApiId: api, PatchOperations: ops("replace /policy " + policy)}))
	if res, _ = b.call("PUT", api, "/pets/1", "", "Content-Type: application/json"); res.StatusCode != 404 {
		t.Errorf("the policy applies before it is deployed: %d", res.StatusCode)
	}
	b.deploy(api, "Prod")
	res, body = b.call("PUT", api, "/pets/1", "", "Content-Type: application/json")
	if want := `{"message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn:aws:execute-api:us-east-1:********9012:` + *api + `/Prod/PUT/pets/1"}`; res.StatusCode != 403 || body != want {
		t.Errorf("policy: %d %s", res.StatusCode, body)
	}
}

// TestUnreadablePolicy: a policy that cannot be read any more lets nobody in.
func TestUnreadablePolicy(t *testing.T) {
	st := storetest.Open(t)
	b := start(t, st)
	api, root := b.api()
	b.proxy(api, root, "GET", "f")
	deployed := b.deploy(api, "Prod")
	err := st.Update(ctx, func(tx *store.Tx) error {
		k := store.K("apigateway", "in", *api, "copy", *deployed, "api")
		var row map[string]any
		if !tx.GetJSON(k, &row) {
			t.Error("no such row")
		}
		row["Policy"] = "{"
		tx.PutJSON(k, row)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if res, _ := b.call("GET", api, "/", ""); res.StatusCode != http.StatusForbidden {
		t.Errorf("it let me in: %d", res.StatusCode)
	}
}

func TestStageVariables(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	b.proxy(api, root, "GET", "${stageVariables.fn}")
	b.deploy(api, "Prod")
	if res, _ := b.call("GET", api, "/", ""); res.StatusCode != 200 || !strings.Contains(b.functions.names[0], "${stageVariables.fn}") {
		t.Errorf("without a variable: %d %v", res.StatusCode, b.functions.names)
	}
	must[*apigateway.UpdateStageOutput](t)(b.client.UpdateStage(ctx, &apigateway.UpdateStageInput{
		RestApiId: api, StageName: aws.String("Prod"), PatchOperations: ops("replace /variables/fn blue")}))
	b.call("GET", api, "/", "")
	if got := b.functions.names[1]; !strings.HasSuffix(got, ":function:blue") {
		t.Error(got)
	}
}

func TestMatch(t *testing.T) {
	b := start(t, storetest.Open(t))
	for url, want := range map[string]bool{
		"http://localhost/restapis/a/s/_user_request_/x":                true,
		"http://localhost/restapis/a/s/_user_request_":                  true,
		"http://localhost/_aws/execute-api/a/s/x":                       true,
		"http://localhost/_aws/execute-api/a/s":                         true,
		"http://localhost/_aws/execute-api/a":                           false,
		"http://localhost/_aws/execute-apis/a/s":                        false,
		"http://localhost/restapis/a/stages/Prod":                       false,
		"http://localhost/restapis/a/s/_user_requests_/x":               false,
		"http://a.execute-api.localhost:4566/s/x":                       true,
		"http://a.execute-api.us-east-1.amazonaws.com/s":                true,
		"http://a.execute-api.localhost.localstack.cloud:4566/s/x":      true,
		"http://bucket.execute-api.example.com/":                        false,
		"http://a.b.execute-api.localhost/":                             false,
		"http://bucket.s3.localhost/restapis/a/s/_user_request_x/thing": false,
	} {
		if got := b.svc.Match(must[*http.Request](t)(http.NewRequest("GET", url, nil))); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}
