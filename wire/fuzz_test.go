package wire_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/runnel/runnel/wire"
)

// FuzzChunked reads bodies in each of the chunked forms. A body that is read to its
// end has the declared length.
func FuzzChunked(f *testing.F) {
	f.Add([]byte("5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"), 5)
	f.Add([]byte("5;chunk-signature=0\r\nhello\r\n0;chunk-signature=0\r\n\r\n"), 5)
	f.Add([]byte("2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), 5)
	f.Add(chunkedBody(trailerSignatures, exampleTrailer), 66560)
	_, b := clientMux()
	open := wire.NewMux(wire.Config{})
	open.Handle(b.api())
	f.Fuzz(func(t *testing.T, body []byte, length int) {
		for _, word := range []string{"STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"} {
			r := httptest.NewRequest("PUT", "/b/k", bytes.NewReader(body))
			r.Header.Set("X-Amz-Content-Sha256", word)
			r.Header.Set("X-Amz-Decoded-Content-Length", strconv.Itoa(length))
			w := httptest.NewRecorder()
			open.ServeHTTP(w, r)
			if w.Code >= 500 && w.Code != 501 || w.Code == 200 && len(b.objects["k"]) != length {
				t.Fatalf("%s: %d %s, %d bytes", word, w.Code, w.Body, len(b.objects["k"]))
			}
		}
	})
}

// reachesOperation reports whether a request without a valid signature came through.
func reachesOperation(w *httptest.ResponseRecorder) bool {
	return w.Code < 400 || strings.Contains(w.Body.String(), "NoSuchKey") || strings.Contains(w.Body.String(), "One or more parameter values")
}

func FuzzAuthorization(f *testing.F) {
	f.Add("AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20261120/us-east-1/s3/aws4_request, SignedHeaders=host;x-amz-date, Signature=00", "20261120T000000Z", "UNSIGNED-PAYLOAD")
	f.Add("AWS4-HMAC-SHA256 Credential=a/b/c/d/e/aws4_request,Credential=,SignedHeaders=;;,Signature", "x", "")
	f.Add("AWS AKIAIOSFODNN7EXAMPLE:c2ln", "", "")
	mux := verifyingMux()
	f.Fuzz(func(t *testing.T, auth, date, hash string) {
		for _, target := range []string{"", "DynamoDB_20120810.Scan"} {
			r := httptest.NewRequest("POST", "/", strings.NewReader("{}"))
			if target == "" {
				r = httptest.NewRequest("GET", "/b/k", nil)
			} else {
				r.Header.Set("X-Amz-Target", target)
			}
			r.Header.Set("Authorization", auth)
			r.Header.Set("X-Amz-Date", date)
			r.Header.Set("X-Amz-Content-Sha256", hash)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if reachesOperation(w) || w.Code >= 500 {
				t.Fatalf("%d %s", w.Code, w.Body)
			}
		}
	})
}

func FuzzPresigned(f *testing.F) {
	f.Add("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20261120%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261120T000000Z&X-Amz-Expires=600&X-Amz-SignedHeaders=host&X-Amz-Signature=00")
	f.Add("AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=c2ln&Expires=4000000000")
	f.Add("Action=GetRole&Version=2010-05-08&X-Amz-Algorithm=AWS4-HMAC-SHA256")
	mux := verifyingMux()
	f.Fuzz(func(t *testing.T, query string) {
		r := &http.Request{Method: "GET", Host: "localhost", URL: &url.URL{Path: "/b/k", RawQuery: query}, Header: http.Header{}, Body: http.NoBody}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if reachesOperation(w) || w.Code >= 500 && w.Code != 501 {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}

// FuzzRequest sends anything anywhere: nothing panics, and an answer that is not
// S3's to stream is a document in some protocol.
func FuzzRequest(f *testing.F) {
	f.Add("POST", "localhost:4566", "/", "", "DynamoDB_20120810.PutItem", "application/x-amz-json-1.0", []byte(`{"Item":{"a":{"S":"b"}}}`))
	f.Add("POST", "sqs.us-east-1.amazonaws.com", "/0/q", "", "", "application/x-www-form-urlencoded", []byte("Action=SendMessage&MessageBody=x"))
	f.Add("GET", "b.s3.localhost", "/k%2F", "acl&x-id=GetObject", "", "", []byte(nil))
	f.Add("PUT", "my.bucket.localhost", "/", "tagging", "", "", []byte("<a/>"))
	f.Add("GET", "lambda.us-east-1.amazonaws.com", "/2015-03-31/functions", "MaxItems=1", "", "", []byte(nil))
	f.Add("POST", "localhost", "/service/GraniteServiceVersion20100801/operation/ListMetrics", "", "", "application/cbor", []byte("\xa1\x69Namespace\x61n"))
	f.Add("POST", "monitoring.us-east-1.amazonaws.com", "/service/AmazonSQS/operation/", "", "", "application/cbor", []byte("\xbf\xff"))
	mux := serviceMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	f.Fuzz(func(t *testing.T, method, host, path, query, target, contentType string, body []byte) {
		if !strings.HasPrefix(path, "/") {
			return
		}
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		u.RawQuery = query
		r := &http.Request{Method: method, Host: host, URL: u, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), ContentLength: int64(len(body))}
		r.Header.Set("X-Amz-Target", target)
		r.Header.Set("Content-Type", contentType)
		if contentType == "application/cbor" {
			r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
		}
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code == 500 && !bytes.Contains(body, []byte("panic")) && !bytes.Contains(body, []byte("fail")) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
