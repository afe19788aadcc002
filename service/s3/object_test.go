package s3

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/wire"
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

// TestOddKeys: a key is any text; clients write it into a URL as they like.
func TestOddKeys(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data.with.dots")
	keys := []string{
		"/leading", "trailing/", "a//b", "a/./b", "a/../b", "..", "%", "%2F", "a+b", "a b", "?x=y", "#", "&", "ä/ö/ü", "日本", "\U0001F600",
		`"quoted"`, "<xml>&", "'", "a\tb", "\x01", "~!@$^*()_-=[]{}|;:,.", strings.Repeat("/", 20),
	}
	styles := map[string]*s3.Client{"host": f.Client, "path": s3.New(f.Client.Options(), func(o *s3.Options) { o.UsePathStyle = true })}
	for style, client := range styles {
		f.Client = client
		for _, k := range keys {
			f.put(b, k, k)
			if got := f.get(b, k); got != k {
				t.Errorf("%s: %q has %q", style, k, got)
			}
		}
		var listed []string
		for _, o := range must(f.ListObjectsV2(f.ctx, &s3.ListObjectsV2Input{Bucket: &b, EncodingType: types.EncodingTypeUrl}))(t).Contents {
			k := must(url.QueryUnescape(*o.Key))(t)
			listed = append(listed, k)
			must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: &k}))(t)
		}
		if slices.Sort(keys); !slices.Equal(listed, keys) {
			t.Errorf("%s: listed %q, want %q", style, listed, keys)
		}
	}
}

func TestPresigned(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	signer := s3.NewPresignClient(f.Client)
	put := must(signer.PresignPutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("a b"), ContentType: ptr("text/csv")}))(t)
	req := must(http.NewRequest(put.Method, put.URL, strings.NewReader("hello")))(t)
	req.Header = put.SignedHeader
	if res := must(wire.InProcess(f.mux).RoundTrip(req))(t); res.StatusCode != http.StatusOK {
		t.Fatalf("put: %d %s", res.StatusCode, readBody(t, res.Body))
	}
	get := must(signer.PresignGetObject(f.ctx, &s3.GetObjectInput{Bucket: &b, Key: ptr("a b"), ResponseContentDisposition: ptr("attachment")}))(t)
	res := must(wire.InProcess(f.mux).RoundTrip(must(http.NewRequest(get.Method, get.URL, nil))(t)))(t)
	if body := string(readBody(t, res.Body)); body != "hello" || res.Header.Get("Content-Type") != "text/csv" || res.Header.Get("Content-Disposition") != "attachment" {
		t.Errorf("got %q, %v", body, res.Header)
	}
}

// TestPresignedMetadata: JavaScript's SDK puts metadata in the query of a URL
// that it signs (https://github.com/aws/aws-sdk-js-v3/issues/4694).
func TestPresignedMetadata(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	signed := must(s3.NewPresignClient(f.Client).PresignPutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k")}))(t).URL
	for query, want := range map[string]map[string]string{
		signed[strings.IndexByte(signed, '?'):]: {"colour": "blue", "size": "1"},
		"?x-id=PutObject":                       {"size": "1"},
	} {
		if res := f.raw("PUT", "/data/k"+query+"&x-amz-meta-Colour=blue", "", "X-Amz-Meta-Size", "1"); res.StatusCode != 200 {
			t.Fatalf("%d %s", res.StatusCode, readBody(t, res.Body))
		}
		same(t, want, must(f.HeadObject(f.ctx, &s3.HeadObjectInput{Bucket: &b, Key: ptr("k")}))(t).Metadata)
	}
}
