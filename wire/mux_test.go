package wire_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	dynamotypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// TestFindService asks which service, and which bucket, a request comes to.
func TestFindService(t *testing.T) {
	var got string
	m := wire.NewMux(wire.Config{})
	for _, id := range []string{"lambda", "apigateway"} {
		path := map[string]string{"lambda": "/2015-03-31/functions", "apigateway": "/restapis"}[id]
		m.Handle(wire.API{ID: id, Protocols: []wire.Protocol{wire.RESTJSON}, Operations: []wire.Operation{
			wire.Op("List", func(context.Context, *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
				got = id
				return nil, nil
			}, wire.HTTP("GET", path)),
		}})
	}
	m.Handle(wire.API{ID: "sqs", Protocols: []wire.Protocol{wire.JSON10}})
	m.Handle(wire.API{ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Operations: []wire.Operation{
		wire.Op("GetObject", func(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
			got = "s3 " + *in.Bucket + " " + *in.Key
			return nil, nil
		}, wire.HTTP("GET", "/{Bucket}/{Key+}")),
		wire.Op("ListObjects", func(_ context.Context, in *s3.ListObjectsInput) (*s3.ListObjectsOutput, error) {
			got = "s3 " + *in.Bucket
			return nil, nil
		}, wire.HTTP("GET", "/{Bucket}")),
		wire.Op("ListBuckets", func(context.Context, *s3.ListBucketsInput) (*s3.ListBucketsOutput, error) {
			got = "s3"
			return nil, nil
		}, wire.HTTP("GET", "/")),
	}})
	for _, c := range []struct{ host, path, scope, want string }{
		{"localhost:4566", "/", "", "s3"},
		{"127.0.0.1:4566", "/b", "", "s3 b"},
		{"[::1]:4566", "/b/", "", "s3 b"},
		{"localhost", "/b/k/", "", "s3 b k/"},
		{"localhost", "/b//k", "", "s3 b /k"},
		{"localhost", "/b/a%2Fb%20c+d", "", "s3 b a/b c+d"},
		{"localhost", "/2015-03-31/functions", "", "lambda"},
		{"localhost", "/restapis", "", "apigateway"},
		{"localhost", "/restapis", "s3", "s3 restapis"},
		{"localhost", "/2015-03-31/functions/", "lambda", "lambda"},
		{"b.localhost:4566", "/k", "", "s3 b k"},
		{"b.localhost:4566", "/k", "s3", "s3 b k"},
		{"B.LOCALHOST", "/", "s3", "s3 b"},
		{"b.localhost", "/restapis", "apigateway", "apigateway"},
		{"s3.localhost", "/b/k", "", "s3 b k"},
		{"s3.localhost.localstack.cloud:4566", "/b/k", "", "s3 b k"},
		{"b.s3.localhost.localstack.cloud:4566", "/k", "", "s3 b k"},
		{"s3.amazonaws.com", "/b/k", "", "s3 b k"},
		{"s3.eu-west-1.amazonaws.com", "/b/k", "", "s3 b k"},
		{"s3-eu-west-1.amazonaws.com", "/b/k", "", "s3 b k"},
		{"b.s3.amazonaws.com", "/k", "", "s3 b k"},
		{"my.s3.bucket.s3.us-east-1.amazonaws.com", "/k", "", "s3 my.s3.bucket k"},
		{"sqs.s3.us-east-1.amazonaws.com", "/k", "", "s3 sqs k"},
		{"b.s3.dualstack.us-east-1.amazonaws.com", "/k", "", "s3 b k"},
		{"b.s3.cn-north-1.amazonaws.com.cn", "/k", "", "s3 b k"},
		{"lambda.us-east-1.amazonaws.com", "/2015-03-31/functions", "", "lambda"},
		{"apigateway.us-east-1.amazonaws.com", "/restapis", "lambda", "apigateway"},
	} {
		r := httptest.NewRequest("GET", c.path, nil)
		r.Host = c.host
		if c.scope != "" {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=a/20261120/r/"+c.scope+"/aws4_request, SignedHeaders=host, Signature=0")
			r.Header.Set("X-Amz-Date", "20261120T000000Z")
		}
		got = ""
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		if got != c.want {
			t.Errorf("%s %s (%s): got %q, want %q: %s", c.host, c.path, c.scope, got, c.want, w.Body)
		}
	}
}

func TestDivert(t *testing.T) {
	m := serviceMux(wire.Config{})
	m.Divert(func(r *http.Request) bool { return r.URL.Path == "/_health" }, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "well")
	}))
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/_health", nil))
	if w.Body.String() != "well" {
		t.Error(w.Code, w.Body)
	}
}

func TestGzipBody(t *testing.T) {
	var got string
	m := newMux(wire.API{
		ID: "logs", Protocols: []wire.Protocol{wire.JSON11}, Target: "Logs_20140328", LowerCamel: true, MaxBody: 1 << 12,
		Operations: []wire.Operation{wire.Op("CreateLogGroup", func(_ context.Context, in *cloudwatchlogs.CreateLogGroupInput) (*cloudwatchlogs.CreateLogGroupOutput, error) {
			got = *in.LogGroupName
			return nil, nil
		})},
	})
	send := func(body []byte) int {
		r := httptest.NewRequest("POST", "/", bytes.NewReader(body))
		r.Header.Set("X-Amz-Target", "Logs_20140328.CreateLogGroup")
		r.Header.Set("Content-Encoding", "gzip")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		return w.Code
	}
	zip := func(s string) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		io.WriteString(z, s)
		z.Close()
		return b.Bytes()
	}
	if status := send(zip(`{"logGroupName":"g"}`)); status != 200 || got != "g" {
		t.Errorf("%d, %q", status, got)
	}
	if status := send([]byte(`{"logGroupName":"g"}`)); status != 400 {
		t.Errorf("not gzip: %d", status)
	}
	if status := send(zip(`{"logGroupName":"` + strings.Repeat("g", 1<<20) + `"}`)); status != 413 {
		t.Errorf("a bomb: %d", status)
	}
}

// failing is a body that breaks after some bytes.
type failing struct{ n int }

func (f *failing) Read(p []byte) (int, error) {
	if f.n == 0 {
		return 0, errors.New("disk on fire")
	}
	n := min(len(p), f.n)
	f.n -= n
	return n, nil
}

func (f *failing) Close() error { return nil }

// streams answers with bodies that stream, break or do not come; started hears of
// the last.
func streams(started chan<- struct{}) *wire.Mux {
	m := wire.NewMux(wire.Config{Logger: slog.New(slog.DiscardHandler)})
	get := func(ctx context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
		switch *in.Key {
		case "broken":
			return &s3.GetObjectOutput{Body: &failing{100}, ContentLength: aws.Int64(200)}, nil
		case "hang":
			started <- struct{}{}
			<-ctx.Done()
			return nil, ctx.Err()
		}
		pr, pw := io.Pipe()
		go func() {
			for i := range 10 {
				fmt.Fprint(pw, i)
			}
			pw.Close()
		}()
		return &s3.GetObjectOutput{Body: pr}, nil
	}
	m.Handle(wire.API{
		ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Headers: map[string]string{"ContentLength": "Content-Length"},
		Operations: []wire.Operation{wire.Op("GetObject", get, wire.HTTP("GET", "/{Bucket}/{Key+}"), wire.Payload("Body"))},
	})
	return m
}

// TestInProcess streams both ways, in a bubble, since nothing may block on a socket.
func TestInProcess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := make(chan struct{}, 1)
		client := s3.NewFromConfig(wiretest.Config(t, streams(started)))
		get := func(ctx context.Context, key string) (*s3.GetObjectOutput, error) {
			return client.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("b"), Key: &key})
		}
		out, err := get(t.Context(), "digits")
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(out.Body); string(b) != "0123456789" || err != nil {
			t.Errorf("%s %v", b, err)
		}
		if out, err = get(t.Context(), "broken"); err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(out.Body); len(b) != 100 || err == nil {
			t.Errorf("a broken body: %d bytes, %v", len(b), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		go func() { <-started; cancel() }()
		if _, err := get(ctx, "hang"); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled: %v", err)
		}
		if out, err = get(t.Context(), "digits"); err != nil {
			t.Fatal(err)
		}
		out.Body.Close() // without reading
	})
}

// whole is a body that copies itself.
type whole struct{ failing }

func (w *whole) WriteTo(dst io.Writer) (int64, error) {
	n, err := io.WriteString(dst, "whole")
	return int64(n), err
}

// TestStreamCopiesItself holds the codec to a body's own WriteTo: the store's
// blobs are read in blocks by it.
func TestStreamCopiesItself(t *testing.T) {
	m := wire.NewMux(wire.Config{})
	m.Handle(wire.API{ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Operations: []wire.Operation{
		wire.Op("GetObject", func(context.Context, *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
			return &s3.GetObjectOutput{Body: &whole{}}, nil
		}, wire.HTTP("GET", "/{Bucket}/{Key+}"), wire.Payload("Body")),
	}})
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequest("GET", "/b/k", nil))
	if w.Body.String() != "whole" {
		t.Errorf("%q", w.Body)
	}
}

// TestFailuresAfterTheClient logs a panic whoever waits for the answer, and not what
// fails because nobody does.
func TestFailuresAfterTheClient(t *testing.T) {
	for key, logged := range map[string]bool{"panics": true, "fails": false} {
		var log bytes.Buffer
		ctx, cancel := context.WithCancel(t.Context())
		m := wire.NewMux(wire.Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		m.Handle(wire.API{ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Operations: []wire.Operation{
			wire.Op("GetObject", func(_ context.Context, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
				cancel()
				if *in.Key == "panics" {
					panic("a fault of ours")
				}
				return nil, ctx.Err()
			}, wire.HTTP("GET", "/{Bucket}/{Key+}"), wire.Payload("Body")),
		}})
		m.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/b/"+key, nil).WithContext(ctx))
		if got := strings.Contains(log.String(), "internal failure"); got != logged {
			t.Errorf("%s: logged %v, want %v: %s", key, got, logged, &log)
		}
	}
}

// TestHandleChecks lists mistakes in a table that Handle panics of.
func TestHandleChecks(t *testing.T) {
	get := func(context.Context, *s3.GetObjectInput) (*s3.GetObjectOutput, error) { return nil, nil }
	for name, op := range map[string]wire.Operation{
		"no URI":            wire.Op("GetObject", get),
		"unknown label":     wire.Op("GetObject", get, wire.HTTP("GET", "/{Buckets}")),
		"unknown header":    wire.Op("GetObject", get, wire.HTTP("GET", "/"), wire.Header("X", "Nope")),
		"unknown payload":   wire.Op("GetObject", get, wire.HTTP("GET", "/"), wire.Payload("Nope")),
		"unknown query":     wire.Op("GetObject", get, wire.HTTP("GET", "/?a={Nope}")),
		"label after {X+}":  wire.Op("GetObject", get, wire.HTTP("GET", "/{Bucket+}/{Key}")),
		"unknown in body":   wire.Op("GetObject", get, wire.HTTP("GET", "/"), wire.InBody("Nope")),
		"unknown status if": wire.Op("GetObject", get, wire.HTTP("GET", "/"), wire.StatusIf("Nope", 206)),
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			wire.NewMux(wire.Config{}).Handle(wire.API{ID: "s3", Protocols: []wire.Protocol{wire.RESTXML}, Operations: []wire.Operation{op}})
		})
	}
}

func TestCheck(t *testing.T) {
	wiretest.Check(t, dynamodbAPI())
	api := dynamodbAPI()
	api.Unions = nil
	if wire.Check(api) == nil {
		t.Error("a union without a declaration passed")
	}
}

// TestErrorWithoutForm returns an error that has a union which the API lacks.
func TestErrorWithoutForm(t *testing.T) {
	var seen wire.Call
	m := wire.NewMux(wire.Config{Logger: slog.New(slog.DiscardHandler), Observe: func(c wire.Call) { seen = c }})
	m.Handle(wire.API{ID: "x", Protocols: []wire.Protocol{wire.JSON10}, Target: "X", Operations: []wire.Operation{
		wire.Op("Do", func(context.Context, *struct{}) (*struct{}, error) {
			return nil, &dynamotypes.ConditionalCheckFailedException{}
		}),
	}})
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("X-Amz-Target", "X.Do")
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	if w.Code != 500 || !strings.Contains(w.Body.String(), "InternalFailure") {
		t.Error(w.Code, w.Body)
	}
	if seen.Status != 500 || seen.Err.ErrorCode() != "InternalFailure" {
		t.Errorf("observed: %d %v", seen.Status, seen.Err)
	}
}
