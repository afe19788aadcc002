package wire_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/wire"
)

// TestObserve checks what is reported of a request, whatever its outcome.
func TestObserve(t *testing.T) {
	var seen []wire.Call
	mux := serviceMux(wire.Config{Logger: slog.New(slog.DiscardHandler), Observe: func(c wire.Call) { seen = append(seen, c) }})
	mux.Handle(wire.API{
		ID: "broken", Protocols: []wire.Protocol{wire.RESTXML},
		Operations: []wire.Operation{wire.Op("GetObject", func(context.Context, *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
			return &s3.GetObjectOutput{Body: io.NopCloser(io.MultiReader(strings.NewReader("abc"), brokenStream{}))}, nil
		}, wire.HTTP("GET", "/{Bucket}"), wire.Payload("Body"))},
	})
	for _, c := range []struct {
		name, host, method, path, target, body string

		service, operation, code string
		status                   int
		in, out                  int64
		input, output            bool
	}{
		{
			name: "done", host: "s3.localhost", method: "PUT", path: "/b/k", body: "hello",
			service: "s3", operation: "PutObject", status: 200, in: 5, input: true, output: true,
		}, {
			name: "answered", host: "iam.localhost", method: "POST", path: "/?Action=ListRoles", body: "",
			service: "iam", operation: "ListRoles", status: 200, out: -1, input: true, output: true,
		}, {
			name: "refused", host: "dynamodb.localhost", method: "POST", path: "/", target: "DynamoDB_20120810.Scan", body: "{}",
			service: "dynamodb", operation: "Scan", status: 400, code: "ValidationException", in: 2, out: -1, input: true,
		}, {
			name: "not decoded", host: "dynamodb.localhost", method: "POST", path: "/", target: "DynamoDB_20120810.Scan", body: "[",
			service: "dynamodb", operation: "Scan", status: 400, code: "SerializationException", in: 1, out: -1,
		}, {
			name: "panicked", host: "sqs.localhost", method: "POST", path: "/", target: "AmazonSQS.SendMessage", body: `{"MessageBody":"panic"}`,
			service: "sqs", operation: "SendMessage", status: 500, code: "InternalFailure", in: 23, out: -1, input: true,
		}, {
			name: "no operation", host: "sqs.localhost", method: "POST", path: "/", target: "AmazonSQS.Nothing", body: `{}`,
			service: "sqs", status: 400, code: "UnknownOperationException", out: -1,
		}, {
			name: "no body", host: "s3.localhost", method: "HEAD", path: "/b/k",
			service: "s3", operation: "HeadObject", status: 404, code: "NoSuchKey", input: true,
		}, {
			name: "broken", host: "broken.localhost", method: "GET", path: "/b",
			service: "broken", operation: "GetObject", status: 200, code: "InternalError", out: 3, input: true, output: true,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			seen = nil
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.Host = c.host
			r.Header.Set("X-Amz-Target", c.target)
			if strings.Contains(c.path, "Action") {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			w := httptest.NewRecorder()
			func() {
				defer func() {
					if e := recover(); e != nil && e != http.ErrAbortHandler {
						panic(e)
					}
				}()
				mux.ServeHTTP(w, r)
			}()
			if len(seen) != 1 {
				t.Fatalf("seen %d times", len(seen))
			}
			got := seen[0]
			if c.out < 0 {
				c.out = int64(w.Body.Len())
			}
			code := ""
			if got.Err != nil {
				code = got.Err.ErrorCode()
			}
			if got.Service != c.service || got.Operation != c.operation || got.Status != c.status || code != c.code {
				t.Errorf("got %s.%s %d %s", got.Service, got.Operation, got.Status, code)
			}
			if got.BytesIn != c.in || got.BytesOut != c.out || got.BytesOut != int64(w.Body.Len()) {
				t.Errorf("%d bytes in, %d out, %d", got.BytesIn, got.BytesOut, w.Body.Len())
			}
			if (got.Input != nil) != c.input || (got.Output != nil) != c.output {
				t.Errorf("input %v, output %v", got.Input, got.Output)
			}
			if in, ok := got.Input.(*s3.PutObjectInput); ok && aws.ToString(in.Key) != "k" {
				t.Errorf("input %+v", in)
			}
			if got.Start.IsZero() || got.FirstByte <= 0 || got.Duration < got.FirstByte {
				t.Errorf("start %v, first byte after %v, all after %v", got.Start, got.FirstByte, got.Duration)
			}
		})
	}
}

// brokenStream is a stream that breaks.
type brokenStream struct{}

func (brokenStream) Read([]byte) (int, error) { return 0, io.ErrClosedPipe }
