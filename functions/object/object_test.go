package object

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/object/objecttest"
)

func TestReaderResumes(t *testing.T) {
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
		{"broken instead of ending", 1000, false, 1, objecttest.ErrReset},
		{"never a byte", 0, false, 1 + resumptions, objecttest.ErrReset},
		{"replaced meanwhile", 300, true, 2, objecttest.ErrReset},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := &objecttest.Line{Content: content, ETag: `"1"`, Lasts: test.lasts}
				client := environment.S3(aws.Config{
					Region: "us-east-1", HTTPClient: l, BaseEndpoint: aws.String("http://s3.test"),
					Credentials: credentials.NewStaticCredentialsProvider("key", "secret", ""),
				})
				o, err := Open(t.Context(), client, &s3.GetObjectInput{Bucket: aws.String("b"), Key: aws.String("k")})
				if err != nil {
					t.Fatal(err)
				}
				defer o.Close()
				if o.Len() != len(content) {
					t.Errorf("there are %d bytes to be read, want %d", o.Len(), len(content))
				}
				if test.replace {
					l.ETag = `"2"`
				}
				got, err := io.ReadAll(o)
				if !errors.Is(err, test.want) || l.Calls != test.calls {
					t.Errorf("got %v after %d calls, want %v after %d", err, l.Calls, test.want, test.calls)
				}
				if o.Len() != len(content)-len(got) {
					t.Errorf("after %d bytes there are %d to be read", len(got), o.Len())
				}
				if test.want == nil && !bytes.Equal(got, []byte(content)) {
					t.Errorf("got %d bytes, not those of the object", len(got))
				}
				if o.Version() != "1" {
					t.Errorf("version: got %q", o.Version())
				}
			})
		})
	}
}
