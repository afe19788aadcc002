package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"mime/multipart"
	"net/http"
	"net/textproto"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	fabric "github.com/runnel/runnel/event"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/xmltransform/rules"
	gateway "github.com/runnel/runnel/service/apigateway"
	tables "github.com/runnel/runnel/service/dynamodb"
	buckets "github.com/runnel/runnel/service/s3"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const account, region = "000000000000", "us-east-1"

// rig is the function behind API Gateway, beside its buckets and its table. All
// are reached by HTTP, in process.
type rig struct {
	testing.TB
	*api
	db   *dynamodb.Client
	http *http.Client
	base string // the URL of the stage, with a slash at its end
}

// in is the rig for a subtest, which fails alone.
func (r *rig) in(t testing.TB) *rig {
	sub := *r
	sub.TB = t
	return &sub
}

// definition has every route that the function knows, and two that it does not.
const definition = `
swagger: "2.0"
info: {title: xml-transform}
x-amazon-apigateway-binary-media-types: ["*/*"]
paths:
  /: &all {x-amazon-apigateway-any-method: {x-amazon-apigateway-integration: {type: aws_proxy, httpMethod: POST, uri: "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:api/invocations"}}}
  /page/{file}: *all
  /upload: *all
  /upload/{key+}: *all
  /rules: *all
  /rules/{id}: *all
  /rules/{id}/try: *all
  /other: *all
`

func newRig(t testing.TB) *rig {
	st := storetest.Open(t)
	router := fabric.NewRouter()
	mux := wire.NewMux(wire.Config{Region: region, Account: account})
	gate := gateway.New(st, gateway.Config{Account: account, Region: region, Router: router})
	mux.Handle(gate.API())
	mux.Divert(gate.Match, gate.Handler())
	mux.Handle(buckets.New(st, buckets.Config{Account: account, Region: region, Router: router}).API())
	mux.Handle(tables.New(st, tables.Config{Account: account, Region: region}).API())
	cfg := wiretest.Config(t, mux)
	r := &rig{TB: t, http: &http.Client{Transport: wire.InProcess(mux)}, db: dynamodb.NewFromConfig(cfg)}
	r.api = &api{s3: environment.S3(cfg), rules: rules.New(r.db, "rules"), files: "xml-data", results: "json-data"}
	router.HandleFunctions(inProcess{r.handle})
	r.makeTable()
	for _, bucket := range []string{r.files, r.results} {
		must(r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}))(t)
	}
	gates := apigateway.NewFromConfig(cfg)
	id := must(gates.ImportRestApi(t.Context(), &apigateway.ImportRestApiInput{Body: []byte(definition)}))(t).Id
	must(gates.CreateDeployment(t.Context(), &apigateway.CreateDeploymentInput{RestApiId: id, StageName: aws.String("v1")}))(t)
	r.base = "http://localhost:4566/restapis/" + *id + "/v1/_user_request_/"
	return r
}

func (r *rig) makeTable() {
	r.Helper()
	must(r.db.CreateTable(r.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("rules"), BillingMode: types.BillingModePayPerRequest,
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
	}))(r)
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// inProcess runs the function in the test's own process, as Lambda's own library
// does in the function's. A Handler of that runs one invocation at a time, since
// its answers share a buffer: each invocation has its own here.
type inProcess struct{ function any }

func (f inProcess) InvokeFunction(ctx context.Context, _ fabric.ARN, in fabric.Invocation) (fabric.Result, error) {
	const payload = 6 << 20 // Lambda Developer Guide, quotas
	if len(in.Payload) > payload {
		return fabric.Result{}, fabric.ErrTooLarge
	}
	out, err := lambda.NewHandler(f.function).Invoke(ctx, in.Payload)
	return fabric.Result{Payload: out, Failed: err != nil || len(out) > payload}, nil
}

// An outcome is an answer of the API.
type outcome struct {
	status int
	header http.Header
	body   string
}

// call sends a request to a link from the API's root; the headers are
// "Name: value".
func (r *rig) call(method, link, body string, headers ...string) outcome {
	r.Helper()
	req := must(http.NewRequestWithContext(r.Context(), method, r.base+link, strings.NewReader(body)))(r)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Add(name, value)
	}
	res := must(r.http.Do(req))(r)
	defer res.Body.Close()
	return outcome{res.StatusCode, res.Header, string(must(io.ReadAll(res.Body))(r))}
}

// is checks a status and parts of the body.
func (o outcome) is(t testing.TB, status int, parts ...string) {
	t.Helper()
	if o.status != status {
		t.Errorf("got %d %.2000s, want %d", o.status, o.body, status)
		return
	}
	for _, part := range parts {
		if !strings.Contains(o.body, part) {
			t.Errorf("got %.2000s, want %s", o.body, part)
		}
	}
	if o.status >= 400 {
		var c struct{ Message string }
		if err := json.Unmarshal([]byte(o.body), &c); err != nil || c.Message == "" {
			t.Errorf("got %s, want a message", o.body)
		}
	}
}

// has checks a header.
func (o outcome) has(t testing.TB, name, want string) {
	t.Helper()
	if got := o.header.Get(name); got != want {
		t.Errorf("%s: got %q, want %q", name, got, want)
	}
}

// A field is a part of a form.
type field struct{ name, file, contentType, data string }

// form is a body as browsers send it, and its Content-Type.
func form(fields ...field) (body, header string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, f := range fields {
		h := textproto.MIMEHeader{}
		params := `form-data; name="` + f.name + `"`
		if f.file != "" {
			params += `; filename="` + f.file + `"`
		}
		h.Set("Content-Disposition", params)
		if f.contentType != "" {
			h.Set("Content-Type", f.contentType)
		}
		p, _ := w.CreatePart(h) // a Buffer takes all
		io.WriteString(p, f.data)
	}
	w.Close()
	return b.String(), "Content-Type: " + w.FormDataContentType()
}

// stored are the keys of a bucket.
func (r *rig) stored(bucket string) []string {
	r.Helper()
	var keys []string
	for _, o := range must(r.s3.ListObjectsV2(r.Context(), &s3.ListObjectsV2Input{Bucket: &bucket}))(r).Contents {
		keys = append(keys, *o.Key)
	}
	return keys
}

// put puts an object into a bucket; its metadata are names and values by turns.
func (r *rig) put(bucket, key, contentType, body string, metadata ...string) (etag string) {
	r.Helper()
	in := &s3.PutObjectInput{Bucket: &bucket, Key: &key, ContentType: &contentType, Body: strings.NewReader(body), Metadata: make(map[string]string)}
	for i := 0; i < len(metadata); i += 2 {
		in.Metadata[metadata[i]] = metadata[i+1]
	}
	return strings.Trim(*must(r.s3.PutObject(r.Context(), in))(r).ETag, `"`)
}
