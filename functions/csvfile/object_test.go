package csvfile

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/environment"
)

var errReset = errors.New("connection reset by peer")

// A line serves one object, with conditions and ranges, over connections that
// break after some bytes of the body.
type line struct {
	content string
	etag    string
	lasts   int // bytes that a connection lasts
	calls   int
}

func (l *line) Do(r *http.Request) (*http.Response, error) {
	l.calls++
	w := httptest.NewRecorder()
	w.Header().Set("ETag", l.etag)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(l.content))
	out := w.Result()
	if w.Code >= 400 {
		return out, nil
	}
	out.Body = io.NopCloser(&breaking{out.Body, l.lasts})
	return out, nil
}

type breaking struct {
	io.Reader
	left int
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, errReset
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func TestObjectResumes(t *testing.T) {
	content := strings.Repeat("0123456789", 100)
	for _, test := range []struct {
		name    string
		lasts   int
		replace bool // the object, after its first bytes
		calls   int
		want    error
	}{
		{"whole", 2000, false, 1, nil},
		{"broken three times", 300, false, 4, nil},
		{"broken all the time", 3, false, 334, nil},
		{"broken instead of ending", 1000, false, 1, errReset},
		{"never a byte", 0, false, 1 + resumptions, errReset},
		{"replaced meanwhile", 300, true, 2, errReset},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &line{content: content, etag: `"1"`, lasts: test.lasts}
				client := environment.S3(aws.Config{
					Region: "us-east-1", HTTPClient: l, BaseEndpoint: aws.String("http://s3.test"),
					Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
				})
				o, err := openObject(t.Context(), client, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
				if err != nil {
					t.Fatal(err)
				}
				defer o.Close()
				if test.replace {
					l.etag = `"2"`
				}
				got, err := io.ReadAll(o)
				if !errors.Is(err, test.want) || l.calls != test.calls {
					t.Errorf("got %v after %d calls, want %v after %d", err, l.calls, test.want, test.calls)
				}
				if test.want == nil && !bytes.Equal(got, []byte(content)) {
					t.Errorf("got %d bytes, not those of the object", len(got))
				}
				if o.version() != "1" {
					t.Errorf("version: got %q", o.version())
				}
			})
		})
	}
}
