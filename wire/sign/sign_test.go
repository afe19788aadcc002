package sign_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/runnel/runnel/wire/sign"
)

// The keys of AWS's documentation.
const (
	exampleKey    = "AKIAIOSFODNN7EXAMPLE"
	exampleSecret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
)

const credential = "Credential=" + exampleKey + "/20130524/us-east-1/s3/aws4_request"

// documented is the GET Object of
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html.
func documented() *http.Request {
	r := httptest.NewRequest("GET", "/test.txt", nil)
	r.Host = "examplebucket.s3.amazonaws.com"
	r.Header.Set("Range", "bytes=0-9")
	r.Header.Set("X-Amz-Content-Sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
	r.Header.Set("X-Amz-Date", "20130524T000000Z")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+credential+",SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41")
	return r
}

func TestVerify(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*http.Request)
		secret string
		want   bool
	}{
		"as documented":    {func(*http.Request) {}, exampleSecret, true},
		"another secret":   {func(*http.Request) {}, "x", false},
		"another header":   {func(r *http.Request) { r.Header.Set("Range", "bytes=0-10") }, exampleSecret, false},
		"header with room": {func(r *http.Request) { r.Header.Set("Range", "  bytes=0-9 ") }, exampleSecret, true},
		"unsigned header":  {func(r *http.Request) { r.Header.Set("If-Match", "x") }, exampleSecret, true},
		"another path":     {func(r *http.Request) { r.URL.Path = "/test.tx" }, exampleSecret, false},
		"another host":     {func(r *http.Request) { r.Host = "b.s3.amazonaws.com" }, exampleSecret, false},
		"another method":   {func(r *http.Request) { r.Method = "PUT" }, exampleSecret, false},
		"a query":          {func(r *http.Request) { r.URL.RawQuery = "acl" }, exampleSecret, false},
		"host not signed": {func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 "+credential+",SignedHeaders=range,Signature=00")
		}, exampleSecret, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := documented()
			c.change(r)
			s, err := sign.Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			if got := s.Verify(r, c.secret, r.Header.Get("X-Amz-Content-Sha256")); got != c.want {
				t.Errorf("verified: %v", got)
			}
			if (s.Chunks() != nil) != c.want {
				t.Error("chunks of a signature that did not verify, or none of one that did")
			}
		})
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, auth, date, query string
		want                    sign.Kind
	}{
		{"nothing", "", "", "", -1},
		{"version 2 header", "AWS key:sig", "", "", sign.Scheme},
		{"another algorithm", "AWS4-ECDSA-P256-SHA256 x", "", "", sign.Scheme},
		{"empty", "AWS4-HMAC-SHA256", "20130524T000000Z", "", sign.Incomplete},
		{"short scope", "AWS4-HMAC-SHA256 Credential=a/20130524/s3, SignedHeaders=host, Signature=0", "20130524T000000Z", "", sign.Incomplete},
		{"another term", "AWS4-HMAC-SHA256 Credential=a/20130524/r/s3/aws5, SignedHeaders=host, Signature=0", "20130524T000000Z", "", sign.Incomplete},
		{"no date", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host, Signature=0", "", "", sign.Incomplete},
		{"no such date", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host, Signature=0", "20131324T000000Z", "", sign.Incomplete},
		{"another day", "AWS4-HMAC-SHA256 " + credential + ", SignedHeaders=host, Signature=0", "20130525T000000Z", "", sign.Mismatch},
		{"url without most", "", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256", sign.Query},
		{"url of another algorithm", "", "", "X-Amz-Algorithm=x", sign.Query},
		{"url for too long", "", "", presigned("604801"), sign.Query},
		{"url for no time", "", "", presigned("-1"), sign.Query},
		{"url for a word", "", "", presigned("soon"), sign.Query},
		{"version 2 url without end", "", "", "AWSAccessKeyId=a&Signature=b", sign.Query},
		{"version 2 url with a date", "", "", "AWSAccessKeyId=a&Signature=b&Expires=2013", -1},
		{"version 2 url with a word", "", "", "AWSAccessKeyId=a&Signature=b&Expires=soon", sign.Query},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/?"+c.query, nil)
			r.Header.Set("Authorization", c.auth)
			r.Header.Set("X-Amz-Date", c.date)
			_, err := sign.Parse(r)
			var e *sign.Error
			if c.want < 0 && err != nil || c.want >= 0 && (!errors.As(err, &e) || e.Kind != c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func presigned(seconds string) string {
	return url.Values{
		"X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Credential": {exampleKey + "/20130524/us-east-1/s3/aws4_request"}, "X-Amz-Date": {"20130524T000000Z"},
		"X-Amz-SignedHeaders": {"host"}, "X-Amz-Signature": {"00"}, "X-Amz-Expires": {seconds},
	}.Encode()
}

func TestTime(t *testing.T) {
	s, err := sign.Parse(documented())
	if err != nil {
		t.Fatal(err)
	}
	made := time.Date(2013, 5, 24, 0, 0, 0, 0, time.UTC)
	for after, want := range map[time.Duration]bool{0: true, 5 * time.Minute: true, 301 * time.Second: false, -5 * time.Minute: true, -301 * time.Second: false} {
		if err := s.Current(made.Add(after), 5*time.Minute); (err == nil) != want {
			t.Errorf("after %v: %v", after, err)
		}
	}
	r := httptest.NewRequest("GET", "/?"+presigned("600"), nil)
	s, err = sign.Parse(r)
	if err != nil || s.Expired(made.Add(10*time.Minute)) != nil || s.Expired(made.Add(601*time.Second)) == nil || s.Current(made.Add(9*time.Minute), time.Minute) != nil {
		t.Errorf("presigned for 600 s: %+v, %v", s, err)
	}
}
