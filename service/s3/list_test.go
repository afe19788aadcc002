package s3

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"
)

// keys that collide in prefixes, delimiters and bytes that sort high or low.
var someKeys = rapid.StringOfN(rapid.SampledFrom([]rune{'a', 'b', '/', '-', ' ', 'ü', '\U0010ffff', '0'}), 1, 6, -1)

// TestListModel puts, deletes and lists at random, against a sorted map.
func TestListModel(t *testing.T) {
	f := newFixture(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		b := f.bucket(fmt.Sprintf("model-%d", n))
		model := map[string]string{}
		rt.Repeat(map[string]func(*rapid.T){
			"put": func(rt *rapid.T) {
				key := someKeys.Draw(rt, "key")
				model[key] = rapid.StringN(0, 3, -1).Draw(rt, "body")
				f.put(b, key, model[key])
			},
			"delete": func(rt *rapid.T) {
				key := someKeys.Draw(rt, "key")
				delete(model, key)
				must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: &key}))(f.t)
			},
			"list": func(rt *rapid.T) {
				q := query{
					prefix:    rapid.SampledFrom([]string{"", "a", "a/", "/", "ü", "zz"}).Draw(rt, "prefix"),
					delimiter: rapid.SampledFrom([]string{"", "/", "a", "a/", "\U0010ffff"}).Draw(rt, "delimiter"),
					after:     rapid.SampledFrom([]string{"", "a", "a/", "b", "ü"}).Draw(rt, "after"),
					limit:     rapid.Int32Range(1, 5).Draw(rt, "limit"),
				}
				want := q.expect(model)
				if got := f.listAll(b, q); !slices.Equal(got, want) {
					rt.Fatalf("version 2 %+v of %q:\ngot  %q\nwant %q", q, model, got, want)
				}
				if got := f.listAllV1(b, q); !slices.Equal(got, want) {
					rt.Fatalf("version 1 %+v of %q:\ngot  %q\nwant %q", q, model, got, want)
				}
			},
			"": func(rt *rapid.T) {
				for key, body := range model {
					if got := f.get(b, key); got != body {
						rt.Fatalf("%q is %q, want %q", key, got, body)
					}
				}
			},
		})
	})
}

// query is a list; its results are keys, and common prefixes after a "+".
type query struct {
	prefix, delimiter, after string
	limit                    int32
}

func (q query) expect(model map[string]string) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(model)) {
		rest, ok := strings.CutPrefix(key, q.prefix)
		if !ok || key <= q.after {
			continue
		}
		if before, _, ok := strings.Cut(rest, q.delimiter); ok && q.delimiter != "" {
			key = "+" + q.prefix + before + q.delimiter
			if key == "+"+q.after {
				continue
			}
		}
		if !slices.Contains(out, key) {
			out = append(out, key)
		}
	}
	return out
}

// listAll follows the pages to the end.
func (f *fixture) listAll(b string, q query) (all []string) {
	in := &s3.ListObjectsV2Input{Bucket: &b, Prefix: &q.prefix, Delimiter: &q.delimiter, StartAfter: &q.after, MaxKeys: &q.limit}
	for {
		out := must(f.ListObjectsV2(f.ctx, in))(f.t)
		page := merge(out.Contents, out.CommonPrefixes)
		if int(*out.KeyCount) != len(page) || len(page) > int(q.limit) || *out.IsTruncated && len(page) != int(q.limit) {
			f.t.Fatalf("%d keys, %d counted, limit %d", len(page), *out.KeyCount, q.limit)
		}
		all = append(all, page...)
		if !*out.IsTruncated {
			return all
		}
		in.ContinuationToken = out.NextContinuationToken
	}
}

func (f *fixture) listAllV1(b string, q query) (all []string) {
	in := &s3.ListObjectsInput{Bucket: &b, Prefix: &q.prefix, Delimiter: &q.delimiter, Marker: &q.after, MaxKeys: &q.limit}
	for {
		out := must(f.ListObjects(f.ctx, in))(f.t)
		page := merge(out.Contents, out.CommonPrefixes)
		all = append(all, page...)
		if !*out.IsTruncated {
			return all
		}
		in.Marker = ptr(strings.TrimPrefix(page[len(page)-1], "+"))
		if out.NextMarker != nil && *out.NextMarker != *in.Marker {
			f.t.Fatalf("NextMarker %q, last %q", *out.NextMarker, *in.Marker)
		}
	}
}

// merge puts keys and common prefixes in one order.
func merge(keys []types.Object, prefixes []types.CommonPrefix) (out []string) {
	for _, o := range keys {
		out = append(out, *o.Key)
	}
	for _, p := range prefixes {
		out = append(out, "+"+*p.Prefix)
	}
	slices.SortFunc(out, func(a, b string) int {
		return strings.Compare(strings.TrimPrefix(a, "+"), strings.TrimPrefix(b, "+"))
	})
	return out
}

func TestListMultipartUploads(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	begin := func(key string) string {
		return *must(f.CreateMultipartUpload(f.ctx, &s3.CreateMultipartUploadInput{Bucket: &b, Key: &key}))(t).UploadId
	}
	a1, a2, a3 := begin("a"), begin("a"), begin("a")
	begin("b/1")
	begin("b/2")
	c := begin("c")
	var got []string
	in := &s3.ListMultipartUploadsInput{Bucket: &b, Delimiter: ptr("/"), MaxUploads: ptr[int32](2)}
	for {
		out := must(f.ListMultipartUploads(f.ctx, in))(t)
		for _, u := range out.Uploads {
			got = append(got, *u.UploadId)
		}
		for _, p := range out.CommonPrefixes {
			got = append(got, *p.Prefix)
		}
		if !*out.IsTruncated {
			break
		}
		in.KeyMarker, in.UploadIdMarker = out.NextKeyMarker, out.NextUploadIdMarker
	}
	if want := []string{a1, a2, a3, "b/", c}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	out := must(f.ListMultipartUploads(f.ctx, &s3.ListMultipartUploadsInput{Bucket: &b, KeyMarker: ptr("a")}))(t)
	if len(out.Uploads) != 3 || *out.Uploads[0].Key != "b/1" {
		t.Errorf("after key a: %+v", out.Uploads)
	}
}

func TestListBucketsPages(t *testing.T) {
	f := newFixture(t)
	want := []string{"aaa", "aab", "aac", "bbb"}
	for _, b := range want {
		f.bucket(b)
	}
	var got []string
	in := &s3.ListBucketsInput{MaxBuckets: ptr[int32](2)}
	for {
		out := must(f.ListBuckets(f.ctx, in))(t)
		for _, b := range out.Buckets {
			got = append(got, *b.Name)
		}
		if in.ContinuationToken = out.ContinuationToken; in.ContinuationToken == nil {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
