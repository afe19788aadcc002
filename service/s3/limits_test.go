package s3

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/keys"
	"github.com/runnel/runnel/service/s3/tag"
	"github.com/runnel/runnel/wire"
)

func contentMD5(s string) string {
	sum := md5.Sum([]byte(s))
	return base64.StdEncoding.EncodeToString(sum[:])
}

func TestLimits(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	long := strings.Repeat("k", keys.Max)
	put := func(change func(*s3.PutObjectInput)) error {
		in := &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: strings.NewReader("x")}
		change(in)
		_, err := f.PutObject(f.ctx, in)
		return err
	}
	meta := func(n int) map[string]string { return map[string]string{"a": strings.Repeat("x", n-1)} }
	wantCode(t, put(func(in *s3.PutObjectInput) { in.Key = &long }), "")
	wantCode(t, put(func(in *s3.PutObjectInput) { in.Key = ptr(long + "k") }), "400 KeyTooLongError")
	wantCode(t, put(func(in *s3.PutObjectInput) { in.Metadata = meta(maxMetadata) }), "")
	wantCode(t, put(func(in *s3.PutObjectInput) { in.Metadata = meta(maxMetadata + 1) }), "400 MetadataTooLarge")
	wantCode(t, put(func(in *s3.PutObjectInput) { in.Tagging = ptr("a=" + strings.Repeat("v", tag.MaxValue+1)) }), "400 InvalidTag")
	wantCode(t, put(func(in *s3.PutObjectInput) { in.Tagging = ptr(strings.Repeat("k", tag.MaxKey+1) + "=v") }), "400 InvalidTag")
	_, err := f.svc.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: &pattern{n: maxPut + 1}, ContentLength: aws.Int64(maxPut + 1)})
	wantCode(t, err, "EntityTooLarge")
	_, err = f.svc.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: &pattern{n: 9}})
	wantCode(t, err, "MissingContentLength")
	for _, size := range []int64{100, 100 << 10} {
		for _, declared := range []int64{size - 1, size + 1} {
			_, err = f.svc.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("short"), Body: &pattern{n: size}, ContentLength: &declared})
			wantCode(t, err, "IncompleteBody")
		}
	}
	ids := make([]types.ObjectIdentifier, maxDelete+1)
	for i := range ids {
		ids[i].Key = ptr(fmt.Sprint(i))
	}
	_, err = f.DeleteObjects(f.ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: ids}})
	wantCode(t, err, "400 MalformedXML")
	must(f.DeleteObjects(f.ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: ids[1:]}}))(t)
	res := f.raw("PUT", "/data?tagging", strings.Repeat(" ", maxDocument+1))
	if body := string(readBody(t, res.Body)); res.StatusCode != http.StatusBadRequest || !strings.Contains(body, "<Code>MaxMessageLengthExceeded<") {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if n := f.blobs(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestDamaged: a body that is not what the client said it is leaves the object
// as it was, and no blob.
func TestDamaged(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	f.put(b, "k", "before")
	for _, body := range []string{"after", strings.Repeat("after", 20<<10)} {
		for header, want := range map[string]string{
			"Content-Md5":              "BadDigest",
			"X-Amz-Checksum-Crc32":     "BadDigest",
			"X-Amz-Checksum-Crc64nvme": "BadDigest",
			"X-Amz-Checksum-Sha256":    "BadDigest",
			"X-Amz-Content-Sha256":     "XAmzContentSHA256Mismatch",
		} {
			res := f.raw("PUT", "/data/k", body, header, wrongDigest(header))
			if text := string(readBody(t, res.Body)); !strings.Contains(text, "<Code>"+want+"<") {
				t.Errorf("%s: %d %s", header, res.StatusCode, text)
			}
		}
	}
	if got := f.get(b, "k"); got != "before" {
		t.Errorf("the object is %q", got)
	}
	if n := f.blobs(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// wrongDigest has the form that the header wants, and no body's value.
func wrongDigest(header string) string {
	name := strings.ToUpper(header[strings.LastIndexByte(header, '-')+1:])
	if header == "X-Amz-Content-Sha256" {
		return strings.Repeat("0", 64)
	}
	return base64.StdEncoding.EncodeToString(make([]byte, wire.NewHash(name).Size()))
}
