package s3

import (
	"encoding/base64"
	"hash"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/wire"
)

// Checksums of objects
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html).

type (
	algorithm    = types.ChecksumAlgorithm
	checksumKind = types.ChecksumType
)

// checksum is the additional checksum of an object, if algorithm is not empty.
type checksum struct {
	algorithm algorithm
	kind      checksumKind
	value     string // base64; "-N" follows if it is composite
}

// defaultAlgorithm is what S3 computes where the client names none.
const defaultAlgorithm = types.ChecksumAlgorithmCrc64nvme

// newHash is nil for an algorithm that is not here.
func newHash(a algorithm) hash.Hash {
	if slices.Contains(algorithms, a) {
		return wire.NewHash(string(a))
	}
	return nil
}

// algorithms are those that are here; AWS has some more.
var algorithms = []algorithm{
	types.ChecksumAlgorithmCrc32, types.ChecksumAlgorithmCrc32c, types.ChecksumAlgorithmCrc64nvme,
	types.ChecksumAlgorithmSha1, types.ChecksumAlgorithmSha256, types.ChecksumAlgorithmSha512,
}

func sumOf(h hash.Hash) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

// declared is the algorithm of the checksum that comes with a request, in a
// header or in its trailer, and that the wire verifies; empty if none does.
func declared(h http.Header) algorithm {
	const prefix = "X-Amz-Checksum-"
	trailer := strings.ToLower(strings.Join(h.Values("X-Amz-Trailer"), ","))
	for _, a := range algorithms {
		name := strings.ToLower(prefix + string(a))
		if h.Get(name) != "" || strings.Contains(trailer+",", name+",") {
			return a
		}
	}
	return ""
}

// verified is the checksum that the wire verified for the client, if any.
func verified(body io.Reader) checksum {
	b, ok := body.(*wire.Body)
	if !ok {
		return checksum{}
	}
	c, ok := b.Checksum()
	if !ok {
		return checksum{}
	}
	return checksum{algorithm(c.Algorithm), types.ChecksumTypeFullObject, c.Value}
}

// sums are the members by which inputs and outputs carry checksums.
type sums struct{ crc32, crc32c, crc64nvme, sha1, sha256, sha512 **string }

func (s sums) set(c checksum) {
	if c.value == "" {
		return
	}
	switch c.algorithm {
	case types.ChecksumAlgorithmCrc32:
		*s.crc32 = &c.value
	case types.ChecksumAlgorithmCrc32c:
		*s.crc32c = &c.value
	case types.ChecksumAlgorithmCrc64nvme:
		*s.crc64nvme = &c.value
	case types.ChecksumAlgorithmSha1:
		*s.sha1 = &c.value
	case types.ChecksumAlgorithmSha256:
		*s.sha256 = &c.value
	case types.ChecksumAlgorithmSha512:
		*s.sha512 = &c.value
	}
}

// get is the member for an algorithm, or "".
func (s sums) get(a algorithm) string {
	switch a {
	case types.ChecksumAlgorithmCrc32:
		return deref(*s.crc32)
	case types.ChecksumAlgorithmCrc32c:
		return deref(*s.crc32c)
	case types.ChecksumAlgorithmCrc64nvme:
		return deref(*s.crc64nvme)
	case types.ChecksumAlgorithmSha1:
		return deref(*s.sha1)
	case types.ChecksumAlgorithmSha256:
		return deref(*s.sha256)
	case types.ChecksumAlgorithmSha512:
		return deref(*s.sha512)
	}
	return ""
}

// uploadChecksum is the algorithm and kind of a multipart upload, by what the
// client asked for when it began.
func uploadChecksum(a algorithm, kind checksumKind) (algorithm, checksumKind, error) {
	if a == "" {
		if kind == types.ChecksumTypeComposite {
			return "", "", invalidRequest("The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.")
		}
		return defaultAlgorithm, types.ChecksumTypeFullObject, nil
	}
	sha := strings.HasPrefix(string(a), "SHA")
	switch {
	case newHash(a) == nil && !slices.Contains(a.Values(), a):
		return "", "", invalidRequest("Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512]")
	case newHash(a) == nil:
		return "", "", notImplemented("X-Amz-Checksum-Algorithm")
	case kind == types.ChecksumTypeFullObject && sha, kind == types.ChecksumTypeComposite && a == types.ChecksumAlgorithmCrc64nvme:
		return "", "", invalidRequest("The " + string(kind) + " checksum type cannot be used with the " + strings.ToLower(string(a)) + " checksum algorithm.")
	case kind != "":
		return a, kind, nil
	case a == types.ChecksumAlgorithmCrc64nvme:
		return a, types.ChecksumTypeFullObject, nil
	}
	return a, types.ChecksumTypeComposite, nil
}

// combine is the checksum of an object made of parts.
func combine(a algorithm, kind checksumKind, parts []part) (checksum, error) {
	if kind == types.ChecksumTypeComposite {
		h := newHash(a)
		for _, p := range parts {
			raw, err := base64.StdEncoding.DecodeString(p.sum)
			if err != nil {
				return checksum{}, err
			}
			h.Write(raw)
		}
		return checksum{a, kind, sumOf(h) + "-" + strconv.Itoa(len(parts))}, nil
	}
	return concat(a, parts)
}

// concat is the checksum, a CRC, of the bytes of parts one after another. Parts
// are mostly of one size, so that the costly map is made once.
func concat(a algorithm, parts []part) (checksum, error) {
	c := crcOf(a)
	maps := map[int64]*matrix{}
	var whole uint64
	for _, p := range parts {
		raw, err := base64.StdEncoding.DecodeString(p.sum)
		if err != nil {
			return checksum{}, err
		}
		m, ok := maps[p.size]
		if !ok {
			m = c.zeros(p.size)
			maps[p.size] = m
		}
		whole = m.apply(whole) ^ bigEndian(raw)
	}
	return checksum{a, types.ChecksumTypeFullObject, base64.StdEncoding.EncodeToString(c.bytes(whole))}, nil
}
