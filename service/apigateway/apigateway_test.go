package apigateway_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
	"github.com/aws/smithy-go"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/runnel/runnel/event"
	gateway "github.com/runnel/runnel/service/apigateway"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

var ctx = context.Background()

const account, region = "123456789012", "us-east-1"

// functions is event.Functions with answers that a test gives it.
type functions struct {
	mu     sync.Mutex
	calls  []event.Invocation
	names  []string
	answer func(ctx context.Context, in event.Invocation) (event.Result, error)
}

func (f *functions) InvokeFunction(ctx context.Context, function event.ARN, in event.Invocation) (event.Result, error) {
	f.mu.Lock()
	f.calls, f.names = append(f.calls, in), append(f.names, function.String())
	answer := f.answer
	f.mu.Unlock()
	return answer(ctx, in)
}

func (f *functions) say(payload string) {
	f.answer = func(context.Context, event.Invocation) (event.Result, error) {
		return event.Result{Payload: []byte(payload)}, nil
	}
}

func (f *functions) last() event.Invocation {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[len(f.calls)-1]
}

// bench is the service behind the SDK's client and behind HTTP.
type bench struct {
	t         testing.TB
	svc       *gateway.Service
	client    *apigateway.Client
	mux       http.Handler
	http      *http.Client
	functions *functions
}

func start(t testing.TB, st *store.Store) *bench { return startMeasured(t, st, nil) }

func startMeasured(t testing.TB, st *store.Store, m event.Metrics) *bench {
	f := &functions{}
	f.say(`{"statusCode":200,"body":"ok"}`)
	router := event.NewRouter()
	router.HandleFunctions(f)
	s := gateway.New(st, gateway.Config{Account: account, Region: region, Router: router, Metrics: m})
	mux := wire.NewMux(wire.Config{Account: account, Region: region})
	mux.Handle(s.API())
	mux.Divert(s.Match, s.Handler())
	return &bench{
		t: t, svc: s, mux: mux, functions: f,
		client: apigateway.NewFromConfig(wiretest.Config(t, mux)),
		http:   &http.Client{Transport: wire.InProcess(mux)},
	}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// refused checks AWS's code, and a part of its text.
func refused(t testing.TB, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		t.Errorf("got %v, want %s: %s", err, code, text)
	}
}

// api makes an API that has nothing but its root.
func (b *bench) api() (id, root *string) {
	out := must[*apigateway.CreateRestApiOutput](b.t)(b.client.CreateRestApi(ctx, &apigateway.CreateRestApiInput{Name: aws.String("test")}))
	return out.Id, out.RootResourceId
}

// path makes the resources that a path needs below the root.
func (b *bench) path(api, parent *string, path string) *string {
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		parent = must[*apigateway.CreateResourceOutput](b.t)(b.client.CreateResource(ctx, &apigateway.CreateResourceInput{
			RestApiId: api, ParentId: parent, PathPart: aws.String(part)})).Id
	}
	return parent
}

func uri(function string) string {
	return fmt.Sprintf("arn:aws:apigateway:%s:lambda:path/2015-03-31/functions/arn:aws:lambda:%s:%s:function:%s/invocations", region, region, account, function)
}

// proxy gives a resource a method that the function answers.
func (b *bench) proxy(api, resource *string, verb, function string) {
	b.t.Helper()
	must[*apigateway.PutMethodOutput](b.t)(b.client.PutMethod(ctx, &apigateway.PutMethodInput{
		RestApiId: api, ResourceId: resource, HttpMethod: &verb, AuthorizationType: aws.String("NONE")}))
	must[*apigateway.PutIntegrationOutput](b.t)(b.client.PutIntegration(ctx, &apigateway.PutIntegrationInput{
		RestApiId: api, ResourceId: resource, HttpMethod: &verb, Type: types.IntegrationTypeAwsProxy,
		IntegrationHttpMethod: aws.String("POST"), Uri: aws.String(uri(function))}))
}

func (b *bench) deploy(api *string, stage string) *string {
	b.t.Helper()
	return must[*apigateway.CreateDeploymentOutput](b.t)(b.client.CreateDeployment(ctx, &apigateway.CreateDeploymentInput{
		RestApiId: api, StageName: &stage})).Id
}

// imported makes an API of a document and deploys it as Prod.
func (b *bench) imported(document string) *string {
	b.t.Helper()
	api := must[*apigateway.ImportRestApiOutput](b.t)(b.client.ImportRestApi(ctx, &apigateway.ImportRestApiInput{Body: []byte(document)})).Id
	b.deploy(api, "Prod")
	return api
}

// call sends a request to a stage; the headers are "Name: value".
func (b *bench) call(method string, api *string, path, body string, headers ...string) (*http.Response, string) {
	b.t.Helper()
	return b.send(method, "http://localhost:4566/restapis/"+*api+"/Prod/_user_request_"+path, body, headers...)
}

func (b *bench) send(method, url, body string, headers ...string) (*http.Response, string) {
	b.t.Helper()
	r := must[*http.Request](b.t)(http.NewRequestWithContext(ctx, method, url, strings.NewReader(body)))
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	res := must[*http.Response](b.t)(b.http.Do(r))
	defer res.Body.Close()
	return res, string(must[[]byte](b.t)(io.ReadAll(res.Body)))
}

func TestAPILifecycle(t *testing.T) {
	b := start(t, storetest.Open(t))
	api, root := b.api()
	if len(*api) != 10 {
		t.Errorf("id %s", *api)
	}
	messages := b.path(api, root, "message")
	b.proxy(api, messages, "GET", "list")
	b.deploy(api, "Prod")

	got := must[*apigateway.GetResourcesOutput](t)(b.client.GetResources(ctx, &apigateway.GetResourcesInput{RestApiId: api}))
	if len(got.Items) != 2 {
		t.Fatalf("%d resources", len(got.Items))
	}
	for _, r := range got.Items {
		if *r.Path == "/message" && (r.ResourceMethods["GET"].HttpMethod != nil || len(r.ResourceMethods) != 1) {
			t.Errorf("not bare: %+v", r.ResourceMethods)
		}
	}
	r := must[*apigateway.GetResourceOutput](t)(b.client.GetResource(ctx, &apigateway.GetResourceInput{RestApiId: api, ResourceId: messages, Embed: []string{"methods"}}))
	i := r.ResourceMethods["GET"].MethodIntegration
	if i == nil || i.TimeoutInMillis != 29000 || *i.PassthroughBehavior != "WHEN_NO_MATCH" || *i.CacheNamespace != *messages || *i.HttpMethod != "POST" {
		t.Errorf("integration: %+v", i)
	}
	res, body := b.call("GET", api, "/message", "")
	if res.StatusCode != 200 || body != "ok" || res.Header.Get("x-amzn-RequestId") == "" || res.Header.Get("x-amz-apigw-id") == "" {
		t.Errorf("%d %s %v", res.StatusCode, body, res.Header)
	}
	must[*apigateway.DeleteRestApiOutput](t)(b.client.DeleteRestApi(ctx, &apigateway.DeleteRestApiInput{RestApiId: api}))
	res, body = b.call("GET", api, "/message", "")
	if res.StatusCode != 403 || body != `{"message":"Forbidden"}` || res.Header.Get("x-amzn-ErrorType") != "ForbiddenException" {
		t.Errorf("after delete: %d %s", res.StatusCode, body)
	}
	_, err := b.client.GetRestApi(ctx, &apigateway.GetRestApiInput{RestApiId: api})
	refused(t, err, "NotFoundException", "Invalid API identifier specified 123456789012:"+*api)
}

// ops are patch operations, each "op path value".
func ops(lines ...string) (list []types.PatchOperation) {
	for _, line := range lines {
		op, rest, _ := strings.Cut(line, " ")
		path, value, _ := strings.Cut(rest, " ")
		list = append(list, types.PatchOperation{Op: types.Op(op), Path: &path, Value: &value})
	}
	return list
}

// document is the first file of an archive.
func document(t testing.TB, file string) string {
	return string(must[*txtar.Archive](t)(txtar.ParseFile(file)).Files[0].Data)
}
