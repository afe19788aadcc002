package wire_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// The credentials of AWS's examples.
const (
	exampleKey    = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

// keys are credentials that hold the example's key, a session and an expired key.
type keys struct{}

func (keys) Lookup(_ context.Context, key string) (secret, token string, p wire.Principal, err error) {
	p = wire.Principal{ARN: "arn:aws:iam::000000000000:user/" + key, Account: "000000000000", UserID: key}
	switch key {
	case exampleKey:
		return exampleSecret, "", p, nil
	case "ASIASESSION":
		return "secret", "token", p, nil
	case "ASIAEXPIRED":
		return "", "", p, wire.ErrExpiredKey
	}
	return "", "", p, wire.ErrUnknownKey
}

func verifyingMux() *wire.Mux {
	return serviceMux(wire.Config{Region: "us-east-1", Account: "000000000000", Credentials: keys{}, Require: true})
}

func configWith(t *testing.T, h http.Handler, key, secret, token string) aws.Config {
	cfg := wiretest.Config(t, h)
	cfg.Credentials = credentials.NewStaticCredentialsProvider(key, secret, token)
	return cfg
}

// code is the error's code, or "".
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

// TestSignedBySDK sends a request of each protocol signed by the SDK. The answers
// are the operations' own errors, which only a verified request comes to.
func TestSignedBySDK(t *testing.T) {
	for _, c := range []struct {
		name, key, secret, token string
		json, query, rest, s3    string
	}{
		{"good", exampleKey, exampleSecret, "", "ValidationException", "NoSuchEntity", "ResourceNotFoundException", "NoSuchKey"},
		{"session", "ASIASESSION", "secret", "token", "ValidationException", "NoSuchEntity", "ResourceNotFoundException", "NoSuchKey"},
		{"wrong_secret", exampleKey, "wrong", "", "InvalidSignatureException", "SignatureDoesNotMatch", "InvalidSignatureException", "SignatureDoesNotMatch"},
		{"wrong_token", "ASIASESSION", "secret", "other", "UnrecognizedClientException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"},
		{"no_token", "ASIASESSION", "secret", "", "UnrecognizedClientException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"},
		{"unknown", "AKIAUNKNOWN", "x", "", "UnrecognizedClientException", "InvalidClientTokenId", "UnrecognizedClientException", "InvalidAccessKeyId"},
		{"expired", "ASIAEXPIRED", "x", "", "ExpiredTokenException", "ExpiredToken", "ExpiredTokenException", "ExpiredToken"},
	} {
		t.Run(c.name, func(t *testing.T) {
			cfg := configWith(t, verifyingMux(), c.key, c.secret, c.token)
			_, err := dynamodb.NewFromConfig(cfg).Scan(t.Context(), &dynamodb.ScanInput{TableName: aws.String("t")})
			wantCode(t, "json", err, c.json)
			_, err = iam.NewFromConfig(cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("a b/ü+&")})
			wantCode(t, "query", err, c.query)
			_, err = lambda.NewFromConfig(cfg).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String("arn:aws:lambda:us-east-1:000000000000:function:f"), Qualifier: aws.String("$LATEST")})
			wantCode(t, "rest", err, c.rest)
			_, err = s3.NewFromConfig(cfg).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("a b/+é//(c)~*'&=?")})
			wantCode(t, "s3", err, c.s3)
		})
	}
}

func wantCode(t *testing.T, what string, err error, want string) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestPrincipal(t *testing.T) {
	var got wire.Request
	m := wire.NewMux(wire.Config{Region: "eu-west-1", Account: "123456789012", Credentials: keys{}})
	m.Handle(wire.API{ID: "lambda", Protocols: []wire.Protocol{wire.RESTJSON}, Operations: []wire.Operation{
		wire.Op("ListFunctions", func(ctx context.Context, _ *lambda.ListFunctionsInput) (*lambda.ListFunctionsOutput, error) {
			got = *wire.RequestOf(ctx)
			return nil, nil
		}, wire.HTTP("GET", "/2015-03-31/functions")),
	}})
	list := func(ctx context.Context, key string) {
		t.Helper()
		secret := "any"
		if key == exampleKey {
			secret = exampleSecret
		}
		if _, err := lambda.NewFromConfig(configWith(t, m, key, secret, "")).ListFunctions(ctx, nil); err != nil {
			t.Fatal(err)
		}
	}
	list(t.Context(), "any")
	if got.Principal.ARN != "arn:aws:iam::123456789012:root" || got.AccessKey != "any" || got.Region != "eu-west-1" || got.Operation != "ListFunctions" || got.Service != "lambda" {
		t.Errorf("unknown key: %+v", got)
	}
	list(t.Context(), exampleKey)
	if got.Principal.UserID != exampleKey {
		t.Errorf("known key: %+v", got.Principal)
	}
	p := wire.Principal{ARN: "arn:aws:sts::123456789012:assumed-role/r/s"}
	list(wire.WithPrincipal(t.Context(), p), "any")
	if got.Principal != p {
		t.Errorf("in process: %+v", got.Principal)
	}
	if wire.RequestOf(t.Context()).ID == "" {
		t.Error("no fresh ID outside of a request")
	}
}

// TestTampered changes a signed request in each of its parts.
// TestOtherSites sends what a page may have a browser send: a page of another site
// must not do things with a runtime that asks for no keys.
func TestOtherSites(t *testing.T) {
	const fake = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=any%2F20261120%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20261120T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=0"
	m := serviceMux(wire.Config{})
	for _, c := range []struct {
		what, method, path, body, auth string
		reaches                        bool
	}{
		{"a form", "POST", "/", "Action=ListQueues&Version=2012-11-05", "", false},
		{"an image", "GET", "/?Action=ListQueues&Version=2012-11-05", "", "", false},
		{"plain text", "POST", "/2015-03-31/functions", "{}", "", false},
		{"a POST with a key of its own", "POST", "/b?delete&" + fake, "<Delete/>", "", false},
		{"an object", "GET", "/b/k", "", "", true},
		{"an upload that the browser asks for", "PUT", "/b/k?" + fake, "x", "", true},
		{"a signed one, likewise", "POST", "/2015-03-31/functions", "{}", "AWS4-HMAC-SHA256 Credential=a/20261120/r/lambda/aws4_request, SignedHeaders=host, Signature=0", true},
	} {
		for _, site := range []string{"cross-site", "same-site", "none", ""} {
			r := httptest.NewRequest(c.method, c.path, strings.NewReader(c.body))
			r.Host = "localhost:4566"
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			if c.method == "POST" && c.path != "/" {
				r.Header.Set("Content-Type", "text/plain")
			}
			r.Header.Set("X-Amz-Date", "20261120T000000Z")
			r.Header.Set("Sec-Fetch-Site", site)
			r.Header.Set("Authorization", c.auth)
			w := httptest.NewRecorder()
			m.ServeHTTP(w, r)
			refused := w.Code == http.StatusForbidden || strings.Contains(w.Body.String(), "Missing Authentication Token")
			if want := site == "cross-site" && !c.reaches; refused != want {
				t.Errorf("%s, %q: refused %v, want %v: %d %s", c.what, site, refused, want, w.Code, w.Body)
			}
		}
	}
}

func TestTampered(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*http.Request)
		want   int
	}{
		{"nothing", func(*http.Request) {}, 200},
		{"method", func(r *http.Request) { r.Method = "POST" }, 403},
		{"path", func(r *http.Request) { r.URL.Path = "/b/other" }, 403},
		{"query", func(r *http.Request) { r.URL.RawQuery = "x=1" }, 403},
		{"signed_header", func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "2") }, 403},
		{"unsigned_header", func(r *http.Request) { r.Header.Set("X-Other", "2") }, 200},
		{"header_space", func(r *http.Request) { r.Header.Set("X-Amz-Meta-A", "  1  ") }, 200},
		{"host", func(r *http.Request) { r.Host = "localhost:1" }, 403},
		{"body", func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader("hellO")) }, 400},
		{"date", func(r *http.Request) {
			r.Header.Set("X-Amz-Date", time.Now().UTC().Add(time.Minute).Format("20060102T150405Z"))
		}, 403},
		{"hash", func(r *http.Request) { r.Header.Set("X-Amz-Content-Sha256", "UNSIGNED-PAYLOAD") }, 403},
		{"host_not_signed", func(r *http.Request) {
			r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), ";host;", ";", 1))
		}, 403},
		{"no_hash", func(r *http.Request) { r.Header.Del("X-Amz-Content-Sha256") }, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := signedPut(t, time.Now())
			c.change(r)
			w := httptest.NewRecorder()
			verifyingMux().ServeHTTP(w, r)
			if w.Code != c.want {
				t.Errorf("got %d %s, want %d", w.Code, w.Body, c.want)
			}
		})
	}
}

func signedPut(t *testing.T, at time.Time) *http.Request {
	t.Helper()
	r := httptest.NewRequest("PUT", "http://localhost:4566/b/k", strings.NewReader("hello"))
	sum := sha256.Sum256([]byte("hello"))
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	r.Header.Set("X-Amz-Meta-A", "1")
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	creds := aws.Credentials{AccessKeyID: exampleKey, SecretAccessKey: exampleSecret}
	if err := signer.SignHTTP(t.Context(), creds, r, hex.EncodeToString(sum[:]), "s3", "us-east-1", at); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestSkew(t *testing.T) {
	for _, c := range []struct {
		age  time.Duration
		want int
	}{{0, 200}, {14 * time.Minute, 200}, {16 * time.Minute, 403}, {-14 * time.Minute, 200}, {-16 * time.Minute, 403}} {
		w := httptest.NewRecorder()
		verifyingMux().ServeHTTP(w, signedPut(t, time.Now().Add(-c.age)))
		if w.Code != c.want || w.Code == 403 && !strings.Contains(w.Body.String(), "<Code>RequestTimeTooSkewed</Code>") {
			t.Errorf("%v: got %d %s", c.age, w.Code, w.Body)
		}
	}
}

func TestPresigned(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mux := verifyingMux()
		client := s3.NewPresignClient(s3.NewFromConfig(configWith(t, mux, exampleKey, exampleSecret, "")))
		get, err := client.PresignGetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("a b+c"), Range: aws.String("bytes=1-3")}, s3.WithPresignExpires(time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		send := func(url string) int {
			r := httptest.NewRequest("GET", url, nil)
			r.Header = get.SignedHeader.Clone()
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			return w.Code
		}
		if got := send(get.URL); got != 206 {
			t.Errorf("fresh: %d", got)
		}
		if got := send(strings.Replace(get.URL, "Expires=60", "Expires=600", 1)); got != 403 {
			t.Errorf("another expiry: %d", got)
		}
		time.Sleep(59 * time.Second)
		if got := send(get.URL); got != 206 {
			t.Errorf("after 59 s: %d", got)
		}
		time.Sleep(2 * time.Second)
		if got := send(get.URL); got != 403 {
			t.Errorf("after 61 s: %d", got)
		}
	})
}

// TestDocumented checks the examples of AWS's documentation, whose signatures are
// given. They are of 24 May 2013.
//
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html,
// sigv4-query-string-auth.html, sigv4-streaming.html, sigv4-streaming-trailers.html
// (2026-11-20)
func TestDocumented(t *testing.T) {
	in2013(t, "header", func(t *testing.T) {
		r := exampleRequest("GET", "examplebucket.s3.amazonaws.com", "/test.txt", "", map[string]string{
			"Range": "bytes=0-9", "X-Amz-Content-Sha256": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
		}, "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
		if w := serve(r); w.Code != 206 {
			t.Error(w.Code, w.Body)
		}
	})
	in2013(t, "presigned", func(t *testing.T) {
		r := httptest.NewRequest("GET", "https://examplebucket.s3.amazonaws.com/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404", nil)
		if w := serve(r); w.Code != 404 {
			t.Error(w.Code, w.Body)
		}
	})
	in2013(t, "chunks", func(t *testing.T) {
		for _, body := range [][]byte{chunkedBody(chunkSignatures, ""), chunkedBody(chunkSignatures, "\r\n")} {
			if w := serve(chunkedExample(body)); w.Code != 200 {
				t.Error(w.Code, w.Body)
			}
		}
	})
	in2013(t, "trailer", func(t *testing.T) {
		for _, body := range [][]byte{chunkedBody(trailerSignatures, exampleTrailer), chunkedBody(trailerSignatures, exampleTrailer+"\r\n"), chunkedBody(trailerSignatures, "\r\n"+exampleTrailer+"\r\n")} {
			if w := serve(trailerExample(body)); w.Code != 200 {
				t.Error(w.Code, w.Body)
			}
		}
	})
}

// in2013 runs f in a bubble at the time of AWS's examples.
func in2013(t *testing.T, name string, f func(*testing.T)) {
	t.Run(name, func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			time.Sleep(time.Until(time.Date(2013, 5, 24, 0, 0, 1, 0, time.UTC)))
			f(t)
		})
	})
}

func serve(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	verifyingMux().ServeHTTP(w, r)
	return w
}

var (
	chunkSignatures = [3]string{
		"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
		"0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
		"b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
	}
	trailerSignatures = [3]string{
		"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
		"1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
		"2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992",
	}
)

const exampleTrailer = "x-amz-checksum-crc32c:sOO8/Q==\r\n" +
	"x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n"

// chunkedBody is 65 KiB of the letter a in chunks of 64 KiB.
func chunkedBody(signatures [3]string, end string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "10000;chunk-signature=%s\r\n%s\r\n", signatures[0], strings.Repeat("a", 65536))
	fmt.Fprintf(&b, "400;chunk-signature=%s\r\n%s\r\n", signatures[1], strings.Repeat("a", 1024))
	fmt.Fprintf(&b, "0;chunk-signature=%s\r\n%s", signatures[2], end)
	return b.Bytes()
}

func chunkedExample(body []byte) *http.Request {
	r := exampleRequest("PUT", "s3.amazonaws.com", "/examplebucket/chunkObject.txt", string(body), map[string]string{
		"X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
		"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "66560",
	}, "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class",
		"4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9")
	r.ContentLength = 66824
	return r
}

func trailerExample(body []byte) *http.Request {
	return exampleRequest("PUT", "s3.amazonaws.com", "/examplebucket/chunkObject.txt", string(body), map[string]string{
		"X-Amz-Storage-Class": "REDUCED_REDUNDANCY", "X-Amz-Content-Sha256": "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
		"Content-Encoding": "aws-chunked", "X-Amz-Decoded-Content-Length": "66560", "X-Amz-Trailer": "x-amz-checksum-crc32c",
	}, "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-trailer",
		"106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e")
}

func exampleRequest(method, host, path, body string, header map[string]string, signed, signature string) *http.Request {
	r := httptest.NewRequest(method, "http://"+host+path, strings.NewReader(body))
	for k, v := range header {
		r.Header.Set(k, v)
	}
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential="+exampleKey+"/20130524/us-east-1/s3/aws4_request,SignedHeaders="+signed+",Signature="+signature)
	return r
}

// TestBrokenChunks damages the documented bodies.
func TestBrokenChunks(t *testing.T) {
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	}
	for _, c := range []struct {
		name    string
		trailer bool
		damage  func([]byte) []byte
		want    string
	}{
		{"first_byte", false, replace("\r\na", "\r\nb"), "SignatureDoesNotMatch"},
		{"last_signature", false, replace(chunkSignatures[2], chunkSignatures[1]), "SignatureDoesNotMatch"},
		{"order", false, func(b []byte) []byte { return append(append([]byte{}, b[bytes.Index(b, []byte("400;")):]...), b...) }, "SignatureDoesNotMatch"},
		{"no_signature", false, replace(";chunk-signature=", ";x="), "InvalidRequest"},
		{"size", false, replace("10000;", "zz;"), "InvalidRequest"},
		{"negative_size", false, replace("10000;", "-5;"), "InvalidRequest"},
		{"huge_size", false, replace("10000;", "7fffffffffffffff;"), "InvalidRequest"},
		{"short_chunk", false, replace("10000;", "fff0;"), "InvalidRequest"},
		{"cut", false, func(b []byte) []byte { return b[:len(b)-200] }, "IncompleteBody"},
		{"cut_in_a_line", false, func(b []byte) []byte { return b[:20] }, "InvalidRequest"},
		{"empty", false, func([]byte) []byte { return nil }, "IncompleteBody"},
		{"trailer_not_announced", false, func(b []byte) []byte { return append(b, "x-amz-checksum-crc32c:sOO8/Q==\r\n\r\n"...) }, "InvalidRequest"},
		{"trailer_checksum", true, replace("sOO8/Q==", "sOO8/A=="), "SignatureDoesNotMatch"},
		{"trailer_signature", true, replace("trailer-signature:d8", "trailer-signature:d9"), "SignatureDoesNotMatch"},
		{"trailer_missing", true, func(b []byte) []byte { return b[:bytes.Index(b, []byte("x-amz-checksum"))] }, "SignatureDoesNotMatch"},
		{"trailer_garbage", true, replace("x-amz-checksum-crc32c:", "garbage "), "InvalidRequest"},
	} {
		in2013(t, c.name, func(t *testing.T) {
			var w *httptest.ResponseRecorder
			if c.trailer {
				w = serve(trailerExample(c.damage(chunkedBody(trailerSignatures, exampleTrailer))))
			} else {
				w = serve(chunkedExample(c.damage(chunkedBody(chunkSignatures, ""))))
			}
			var e struct{ Code string }
			if err := xml.Unmarshal(w.Body.Bytes(), &e); err != nil || e.Code != c.want {
				t.Errorf("got %d %s, want %s", w.Code, w.Body, c.want)
			}
		})
	}
}
