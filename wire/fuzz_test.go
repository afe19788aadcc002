package wire_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/wire"
)

var dynamoCodec = wire.CodecOf(wire.API{Protocols: []wire.Protocol{wire.JSON10}, Unions: []wire.Union{attributeValue}})

// FuzzJSON checks that the decoder takes the documents that encoding/json takes and
// no others, and that what it read it writes and reads again.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(writeBatch()))
	f.Add([]byte(`{"RequestItems":{"t":[{"DeleteRequest":{"Key":{"a":{"B":"AAE="},"b":{"L":[{"BOOL":true},{"NULL":true},null,{}]},"c":{"M":{"d":{"NS":["1"]}}}}}}]}}`))
	f.Add([]byte(`{"RequestItems":{"t":[{"PutRequest":{"Item":{"\ud83d\ude00\ud800":{"S":"\u0000\n","N":"1"}}}}]}}`))
	f.Add([]byte(strings.Repeat(`{"a":[`, 200)))
	f.Fuzz(func(t *testing.T, doc []byte) {
		err := wire.ScanJSON(string(doc))
		if valid := json.Valid(doc); err == nil && !valid && !hasTail(doc) || err != nil && valid && !strings.Contains(err.Error(), "too deep") {
			t.Fatalf("valid %v, but %v", valid, err)
		}
		var in dynamodb.BatchWriteItemInput
		if err := dynamoCodec.JSON(doc, &in); err != nil {
			wantAPIError(t, err)
			return
		}
		out, err := dynamoCodec.AppendJSON(nil, &in)
		if err != nil || !json.Valid(out) {
			t.Fatalf("%v: %s", err, out)
		}
		var again dynamodb.BatchWriteItemInput
		if err := dynamoCodec.JSON(out, &again); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		if twice, _ := dynamoCodec.AppendJSON(nil, &again); !bytes.Equal(out, twice) {
			t.Fatalf("%s\n%s", out, twice)
		}
	})
}

// hasTail reports whether a valid value begins doc, which is all that ScanJSON reads.
func hasTail(doc []byte) bool {
	var v json.RawMessage
	return json.NewDecoder(bytes.NewReader(doc)).Decode(&v) == nil || !utf8.Valid(doc)
}

// wantAPIError fails if a stranger could make an internal failure.
func wantAPIError(t *testing.T, err error) {
	t.Helper()
	if e := (*wire.Error)(nil); !errors.As(err, &e) {
		t.Fatalf("not an error of AWS's: %v", err)
	}
}

func FuzzForm(f *testing.F) {
	f.Add("Action=CreateStack&StackName=s&Parameters.member.1.ParameterKey=k&Parameters.member.1.ParameterValue=v&Tags=&TimeoutInMinutes=5&DisableRollback=true")
	f.Add("QueueUrl=q&Attribute.1.Name=a&Attribute.1.Value=b&MessageAttribute.2.Name=c&MessageAttribute.2.Value.StringValue=d&MessageAttribute.2.Value.BinaryValue=AA%3D%3D")
	f.Add("a.b.c=1&a=2&a.b=3&a.b.-1.c=4&Parameters.member.99999999999999999999.x=1")
	codec := wire.CodecOf(wire.API{Protocols: []wire.Protocol{wire.Query}, Names: wire.Names{
		"SendMessageInput.MessageAttributes": {Name: "MessageAttribute", Flat: true, Key: "Name", Value: "Value"},
	}})
	f.Fuzz(func(t *testing.T, query string) {
		for _, in := range []any{&cloudformation.CreateStackInput{}, &sqs.SendMessageInput{}} {
			if err := codec.Form(query, in); err != nil {
				wantAPIError(t, err)
			}
		}
	})
}

func FuzzXML(f *testing.F) {
	f.Add([]byte(`<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>k</Key><Value>&lt;v&#x20;</Value></Tag></TagSet></Tagging>`))
	f.Add([]byte(`<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>"e"</ETag></Part><Part/></CompleteMultipartUpload>`))
	f.Add([]byte(`<AccessControlPolicy><AccessControlList><Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>u</URI></Grantee></Grant></AccessControlList></AccessControlPolicy>`))
	f.Add([]byte(`<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`))
	b := readBindings(f, "s3")
	codec := wire.CodecOf(wire.API{Protocols: []wire.Protocol{wire.RESTXML}, Names: b.names})
	f.Fuzz(func(t *testing.T, doc []byte) {
		for _, in := range []any{&s3types.Tagging{}, &s3types.CompletedMultipartUpload{}, &s3types.AccessControlPolicy{}, &s3types.NotificationConfiguration{}, &s3types.Delete{}} {
			if err := codec.XML(doc, in); err != nil {
				wantAPIError(t, err)
				continue
			}
			out, err := codec.AppendXML(nil, in)
			if err != nil || xml.Unmarshal(out, new(struct{})) != nil {
				t.Fatalf("%v: %s", err, out)
			}
			again := reflect.New(reflect.TypeOf(in).Elem()).Interface()
			if err := codec.XML(out, again); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			if twice, _ := codec.AppendXML(nil, again); !bytes.Equal(out, twice) {
				t.Fatalf("%s\n%s", out, twice)
			}
		}
	})
}

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
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		if w.Code == 500 && !bytes.Contains(body, []byte("panic")) && !bytes.Contains(body, []byte("fail")) {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
	})
}
