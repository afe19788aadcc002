// Package checksum is the additional checksums of objects: those that clients
// send, those that S3 computes where they send none, and those of objects that
// are made of parts
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).
package checksum

import (
	"encoding/base64"
	"hash"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/wire"
)

type (
	Algorithm = types.ChecksumAlgorithm
	Kind      = types.ChecksumType
)

// Default is what S3 computes where the client names none.
const Default = types.ChecksumAlgorithmCrc64nvme

// supported are the algorithms that are here; AWS has some more.
var supported = []Algorithm{
	types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme,
	types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmSha512,
}

// Supported reports whether an algorithm is here.
func Supported(a Algorithm) bool { return slices.Contains(supported, a) }

// New is nil for an algorithm that is not here.
func New(a Algorithm) hash.Hash {
	if Supported(a) {
		return wire.NewHash(string(a))
	}
	return nil
}

// Text is what h has summed, as headers and documents show it.
func Text(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

// Sum is the checksum of an object, if Algorithm is not empty.
type Sum struct {
	Algorithm Algorithm
	Kind      Kind
	Value     string // base64; "-N" follows if it is composite
}

// Whole is the checksum of bytes that h took one after another.
func Whole(a Algorithm, h hash.Hash) Sum {
	return Sum{Algorithm: a, Kind: types.ChecksumTypeFullObject, Value: Text(h)}
}

// Declared is the algorithm of the checksum that comes with a request, in a
// header or in its trailer, and that the wire verifies; empty if none does.
func Declared(h http.Header) Algorithm {
	const prefix = "X-Amz-Checksum-"
	trailer := strings.ToLower(strings.Join(h.Values("X-Amz-Trailer"), ","))
	for _, a := range supported {
		name := strings.ToLower(prefix + string(a))
		if h.Get(name) != "" || strings.Contains(trailer+",", name+",") {
			return a
		}
	}
	return ""
}

// Verified is the checksum that the wire verified for the client, if any.
func Verified(body io.Reader) Sum {
	b, ok := body.(*wire.Body)
	if !ok {
		return Sum{}
	}
	c, ok := b.Checksum()
	if !ok {
		return Sum{}
	}
	return Sum{Algorithm: Algorithm(c.Algorithm), Kind: types.ChecksumTypeFullObject, Value: c.Value}
}

// Show puts the value in the member for it of an output of the SDK's, or of a
// part of one: ChecksumCRC32 and so on.
func (s Sum) Show(out any) {
	if s.Value != "" {
		*member(out, s.Algorithm) = &s.Value
	}
}

// Given is the value that an input of the SDK's has for an algorithm, or "".
func Given(in any, a Algorithm) string {
	if !Supported(a) {
		return ""
	}
	if v := *member(in, a); v != nil {
		return *v
	}
	return ""
}

// member is the member of *v that carries checksums of an algorithm. The SDK
// names it after the algorithm in every type that has such members.
func member(v any, a Algorithm) **string {
	return reflect.ValueOf(v).Elem().FieldByName("Checksum" + string(a)).Addr().Interface().(**string)
}
