package s3

import (
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/store"
)

func TestObjectRow(t *testing.T) {
	text := rapid.StringN(0, 8, -1)
	rapid.Check(t, func(t *rapid.T) {
		o := &object{
			modified: time.Unix(rapid.Int64Range(0, 1<<40).Draw(t, "modified"), 0).UTC(),
			size:     rapid.Int64Range(0, maxObject).Draw(t, "size"),
			etag:     text.Draw(t, "etag"),
			version:  rapid.Uint64().Draw(t, "version"),
			inline:   rapid.Bool().Draw(t, "inline"),
			upload:   text.Draw(t, "upload"),
			sum:      checksum{defaultAlgorithm, types.ChecksumTypeFullObject, text.Draw(t, "sum")},
		}
		for _, s := range o.attributes.strings() {
			*s = text.Draw(t, "attribute")
		}
		if m := rapid.MapOfN(text, text, 0, 4).Draw(t, "metadata"); len(m) > 0 {
			o.Metadata = m
		}
		for range rapid.IntRange(0, 3).Draw(t, "tags") {
			o.Tags = append(o.Tags, tag{text.Draw(t, "key"), text.Draw(t, "value")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			o.parts = append(o.parts, part{store.BlobID(rapid.Uint64().Draw(t, "blob")), rapid.Int64Range(0, maxPut).Draw(t, "size"), rapid.Int32Range(0, maxParts).Draw(t, "number"), text.Draw(t, "sum")})
		}
		got, err := decodeObject(o.encode())
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Fatalf("got %+v, %v, want %+v", got, err, o)
		}
	})
}

// TestCombine compares the check of a whole that was made of its parts' with
// that of the bytes.
func TestCombine(t *testing.T) {
	for _, a := range []algorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme} {
		t.Run(string(a), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				whole := newHash(a)
				var parts []part
				for _, b := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 5).Draw(t, "parts") {
					h := newHash(a)
					h.Write(b)
					whole.Write(b)
					parts = append(parts, part{size: int64(len(b)), sum: sumOf(h)})
				}
				got, err := combine(a, types.ChecksumTypeFullObject, parts)
				if want := sumOf(whole); err != nil || got.value != want {
					t.Fatalf("got %q, %v, want %q", got.value, err, want)
				}
			})
		})
	}
}
