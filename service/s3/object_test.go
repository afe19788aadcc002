package s3

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestPutGet(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	for _, body := range []string{"", "hello", strings.Repeat("x", 32<<10), strings.Repeat("y", 32<<10+1), strings.Repeat("z", 1<<20)} {
		out := f.put(b, "a key/ü", body)
		if len(*out.ETag) != 34 {
			t.Errorf("ETag %s", *out.ETag)
		}
		if got := f.get(b, "a key/ü"); got != body {
			t.Errorf("%d bytes: got %d back", len(body), len(got))
		}
	}
}

func TestObjectMetadata(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	must(f.PutObject(f.ctx, &s3.PutObjectInput{
		Bucket: &b, Key: ptr("k"), Body: strings.NewReader("hello"), ContentType: ptr("text/csv"), CacheControl: ptr("no-cache"),
		ContentDisposition: ptr("inline"), ContentEncoding: ptr("gzip"), ContentLanguage: ptr("de"),
		Metadata: map[string]string{"Colour": "Blue"}, Tagging: ptr("a=1&b=2"), StorageClass: types.StorageClassStandardIa,
	}))(t)
	h := must(f.HeadObject(f.ctx, &s3.HeadObjectInput{Bucket: &b, Key: ptr("k"), ChecksumMode: types.ChecksumModeEnabled}))(t)
	if *h.ContentType != "text/csv" || *h.CacheControl != "no-cache" || *h.ContentDisposition != "inline" ||
		*h.ContentEncoding != "gzip" || *h.ContentLanguage != "de" || h.Metadata["colour"] != "Blue" || *h.TagCount != 2 ||
		h.StorageClass != types.StorageClassStandardIa || *h.ContentLength != 5 || h.ChecksumCRC32 == nil {
		t.Errorf("%+v", h)
	}
}
