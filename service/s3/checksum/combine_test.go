package checksum

import (
	"encoding/base64"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"
)

var crcs = []Algorithm{types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme}

// TestCombine compares the check of a whole that was made of its parts' with
// that of the bytes.
func TestCombine(t *testing.T) {
	for _, a := range crcs {
		t.Run(string(a), func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				whole := New(a)
				var parts []Part
				for _, b := range rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 300), 1, 5).Draw(t, "parts") {
					h := New(a)
					h.Write(b)
					whole.Write(b)
					parts = append(parts, Part{Size: int64(len(b)), Value: Text(h)})
				}
				got, err := Combine(a, types.ChecksumTypeFullObject, parts)
				if want := Text(whole); err != nil || got.Value != want {
					t.Fatalf("got %q, %v, want %q", got.Value, err, want)
				}
			})
		})
	}
}

// TestCombineAssociates: sizes beyond what a test can hash add up.
func TestCombineAssociates(t *testing.T) {
	for _, a := range crcs {
		rapid.Check(t, func(t *rapid.T) {
			c := newCRC(a)
			v := rapid.Uint64().Draw(t, "check") >> (64 - c.width)
			m, n := rapid.Int64Range(0, 1<<42).Draw(t, "m"), rapid.Int64Range(0, 1<<42).Draw(t, "n")
			if one, two := c.zeros(v, m+n), c.zeros(c.zeros(v, m), n); one != two {
				t.Fatalf("%s: %x, in two steps %x", a, one, two)
			}
		})
	}
}

// BenchmarkCombine is the largest upload, with all its parts of different sizes.
// It is done in the transaction that completes the upload.
func BenchmarkCombine(b *testing.B) {
	parts := make([]Part, 10000)
	for i := range parts {
		parts[i] = Part{Size: 5<<20 + int64(i), Value: base64.StdEncoding.EncodeToString([]byte("8 bytes!"))}
	}
	for b.Loop() {
		if _, err := Combine(Default, types.ChecksumTypeFullObject, parts); err != nil {
			b.Fatal(err)
		}
	}
}
