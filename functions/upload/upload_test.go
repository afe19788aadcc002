package upload_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/upload"
	buckets "github.com/runnel/runnel/service/s3"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const bucket = "files"

func client(t *testing.T) *s3.Client {
	mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
	mux.Handle(buckets.New(storetest.Open(t), buckets.Config{Account: "000000000000", Region: "us-east-1", Router: event.NewRouter()}).API())
	c := environment.S3(wiretest.Config(t, mux))
	if _, err := c.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	return c
}

// write uploads a content in pieces, with the conditions of an upload.
func write(t *testing.T, u *upload.Upload, content []byte) error {
	t.Helper()
	for len(content) > 0 {
		n := min(len(content), 1<<20)
		if err := u.Write(t.Context(), content[:n]); err != nil {
			return err
		}
		content = content[n:]
	}
	err := u.Close(t.Context())
	return errors.Join(err, u.Abort(t.Context()))
}

// sizes are objects of one part and of several.
var sizes = map[string]int{"empty": 0, "small": 1000, "a part": 8 << 20, "several parts": 20 << 20}

func TestUpload(t *testing.T) {
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			c, content := client(t), bytes.Repeat([]byte("0123456789"), size/10)
			u := upload.New(c, bucket, "k", "text/plain")
			u.Metadata = map[string]string{"a": "b"}
			if err := write(t, u, content); err != nil {
				t.Fatal(err)
			}
			out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")})
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(out.Body)
			if err != nil || !bytes.Equal(got, content) || u.Size() != int64(len(content)) {
				t.Errorf("%v: got %d bytes, want %d; Size is %d", err, len(got), len(content), u.Size())
			}
			if u.ETag == "" || u.ETag != aws.ToString(out.ETag) || aws.ToString(out.ContentType) != "text/plain" || !maps.Equal(out.Metadata, u.Metadata) {
				t.Errorf("ETag %s, %+v", u.ETag, out)
			}
		})
	}
}

// An object does not take the place of one that it is not to replace, and leaves
// no parts behind.
func TestConditions(t *testing.T) {
	for name, size := range sizes {
		t.Run(name, func(t *testing.T) {
			c, content := client(t), bytes.Repeat([]byte("x"), size)
			first := upload.New(c, bucket, "k", "text/plain")
			first.IfNoneMatch = aws.String("*")
			if err := write(t, first, []byte("first")); err != nil {
				t.Fatal(err)
			}
			for _, test := range []struct {
				key                  string
				ifMatch, ifNoneMatch *string
				want                 string
			}{
				{"k", nil, aws.String("*"), "PreconditionFailed"},
				{"k", aws.String(`"0"`), nil, "PreconditionFailed"},
				{"other", aws.String(`"0"`), nil, "NoSuchKey"},
				{"k", &first.ETag, nil, ""},
			} {
				u := upload.New(c, bucket, test.key, "text/plain")
				u.IfMatch, u.IfNoneMatch = test.ifMatch, test.ifNoneMatch
				err := write(t, u, content)
				if test.want == "" && err != nil || test.want != "" && !hasCode(err, test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
			}
			left, err := c.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String(bucket)})
			if err != nil || len(left.Uploads) > 0 {
				t.Errorf("%v: %d uploads are left", err, len(left.Uploads))
			}
		})
	}
}

func hasCode(err error, code string) bool {
	var e smithy.APIError
	return errors.As(err, &e) && strings.EqualFold(e.ErrorCode(), code)
}
