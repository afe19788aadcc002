package s3

import (
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/tag"
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
			sum:      checksum.Sum{Algorithm: checksum.Default, Kind: types.ChecksumTypeFullObject, Value: text.Draw(t, "sum")},
		}
		for _, s := range o.attributes.strings() {
			*s = text.Draw(t, "attribute")
		}
		if m := rapid.MapOfN(text, text, 0, 4).Draw(t, "metadata"); len(m) > 0 {
			o.Metadata = m
		}
		for range rapid.IntRange(0, 3).Draw(t, "tags") {
			o.Tags = append(o.Tags, tag.Tag{Key: text.Draw(t, "key"), Value: text.Draw(t, "value")})
		}
		for range rapid.IntRange(0, 3).Draw(t, "parts") {
			o.parts = append(o.parts, part{store.BlobID(rapid.Uint64().Draw(t, "blob")), rapid.Int64Range(0, maxPut).Draw(t, "size"), rapid.Int32Range(0, maxParts).Draw(t, "number"), text.Draw(t, "sum")})
		}
		row := o.encode()
		got, err := decodeObject(row)
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Fatalf("got %+v, %v, want %+v", got, err, o)
		}
		o.parts = nil
		got, err = decodeListed(row)
		if err != nil || !reflect.DeepEqual(got, o) {
			t.Fatalf("listed %+v, %v, want %+v", got, err, o)
		}
	})
}
