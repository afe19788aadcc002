package wire

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"net/http"
	"slices"
	"strings"
)

// nvme is the table of the NVM Express polynomial, reflected.
var nvme = crc64.MakeTable(0x9a6c9329ac4bc9b5)

// Checksum is a digest of a body.
type Checksum struct {
	Algorithm string // as AWS names it: CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512
	Value     string // base64
}

// algorithms are AWS's names of checksums, in the order in which they are looked for
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html).
var algorithms = []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256", "SHA512"}

// missing are the checksums that S3 has and that are not here.
var missing = []string{"md5", "xxhash64", "xxhash3", "xxhash128"}

// NewHash returns the hash of a checksum algorithm or of MD5, by AWS's name; nil if
// there is none of the name.
func NewHash(algorithm string) hash.Hash {
	switch algorithm {
	case "CRC32":
		return crc32.NewIEEE()
	case "CRC32C":
		return crc32.New(crc32.MakeTable(crc32.Castagnoli))
	case "CRC64NVME":
		return crc64.New(nvme)
	case "SHA1":
		return sha1.New()
	case "SHA256":
		return sha256.New()
	case "SHA512":
		return sha512.New()
	case "MD5":
		return md5.New()
	}
	return nil
}

// checksum is a digest that is being computed.
type checksum struct {
	algorithm string
	want      string // base64; empty while only computed
	trailer   bool   // the trailer says what is wanted
	asked     bool   // the client named it, or the operation
	hash      hash.Hash
	sum       []byte
}

func checksumHeader(algorithm string) string {
	return "X-Amz-Checksum-" + algorithm[:1] + strings.ToLower(algorithm[1:])
}

// declared are the digests that a request's header announces.
func declared(h http.Header) ([]*checksum, error) {
	trailers := strings.Split(strings.ToLower(strings.Join(h.Values("X-Amz-Trailer"), ",")), ",")
	for i, t := range trailers {
		trailers[i] = strings.TrimSpace(t)
	}
	if err := knownChecksums(h, trailers); err != nil {
		return nil, err
	}
	var sums []*checksum
	for _, a := range algorithms {
		name := checksumHeader(a)
		c := &checksum{algorithm: a, want: h.Get(name), trailer: slices.Contains(trailers, strings.ToLower(name))}
		if c.want == "" && !c.trailer {
			continue
		}
		c.hash = NewHash(a)
		if c.want != "" && !c.valid() {
			return nil, &Error{Code: "InvalidRequest", Message: "Value for " + strings.ToLower(name) + " header is invalid."}
		}
		sums = append(sums, c)
	}
	if len(sums) > 1 {
		return nil, &Error{Code: "InvalidRequest", Message: "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."}
	}
	if want := h.Get("Content-Md5"); want != "" {
		c := &checksum{algorithm: "MD5", want: want, hash: md5.New()}
		if !c.valid() {
			return nil, &Error{Code: "InvalidDigest", Message: "The Content-MD5 you specified was invalid."}
		}
		sums = append(sums, c)
	}
	return sums, nil
}

// knownChecksums refuses the checksums that cannot be verified.
func knownChecksums(h http.Header, trailers []string) error {
	for _, name := range missing {
		name = "x-amz-checksum-" + name
		if h.Get(name) != "" || slices.Contains(trailers, name) {
			return notImplemented("Header", name)
		}
	}
	return nil
}

// valid reports whether what is wanted has the form of the algorithm's digests.
func (c *checksum) valid() bool {
	b, err := base64.StdEncoding.DecodeString(c.want)
	return err == nil && len(b) == c.hash.Size()
}

// finish computes the digest and compares it.
func (c *checksum) finish() error {
	c.sum = c.hash.Sum(nil)
	if c.want == "" || c.want == base64.StdEncoding.EncodeToString(c.sum) {
		return nil
	}
	if c.algorithm == "MD5" {
		return ErrBadDigest
	}
	return &Error{Code: "BadDigest", Message: "The " + c.algorithm + " you specified did not match the calculated checksum."}
}
