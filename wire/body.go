package wire

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel/runnel/wire/sign"
)

// Body is what the codec puts in an io.Reader payload of an input. It yields the
// decoded bytes (aws-chunked framing removed) and at their end checks the length
// and every digest that the client declared: then Read returns an error of this
// package (ErrBadDigest and others) instead of io.EOF.
type Body struct {
	r      io.Reader
	length int64
	got    int64
	sums   []*checksum
	chunks *chunkReader // nil if the body is not aws-chunked
	sha256 string       // hex; what x-amz-content-sha256 wants
	err    error
}

// Length is the number of decoded bytes as the client declared it, -1 if it did not.
func (b *Body) Length() int64 { return b.length }

// Want makes the body compute digests beside those that the client declared:
// "MD5", or any that NewHash knows. It comes before the first Read.
func (b *Body) Want(algorithms ...string) {
	for _, a := range algorithms {
		if c := b.sum(a); c != nil {
			c.asked = true
		} else if h := NewHash(a); h != nil {
			b.sums = append(b.sums, &checksum{algorithm: a, hash: h, asked: true})
		}
	}
}

func (b *Body) sum(algorithm string) *checksum {
	for _, c := range b.sums {
		if c.algorithm == algorithm {
			return c
		}
	}
	return nil
}

// Sum is a digest of the body, once Read returned io.EOF; nil if it was neither
// declared nor wanted.
func (b *Body) Sum(algorithm string) []byte {
	if c := b.sum(algorithm); c != nil {
		return c.sum
	}
	return nil
}

// Checksum returns the checksum that the client declared by x-amz-checksum-*, in a
// header or the trailer, and that proved right; ok only once Read returned io.EOF.
func (b *Body) Checksum() (c Checksum, ok bool) {
	for _, s := range b.sums {
		if s.algorithm != "MD5" && s.want != "" && s.sum != nil {
			return Checksum{s.algorithm, base64.StdEncoding.EncodeToString(s.sum)}, true
		}
	}
	return Checksum{}, false
}

// Read implements io.Reader.
func (b *Body) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.got += int64(n)
	for _, c := range b.sums {
		c.hash.Write(p[:n])
	}
	switch {
	case err == io.EOF:
		b.err = b.finish()
	case err == io.ErrUnexpectedEOF:
		b.err = ErrIncompleteBody
	case err != nil:
		b.err = err
	}
	return n, b.err
}

// finish checks a body that has been read; it returns io.EOF if all is well.
func (b *Body) finish() error {
	if b.length >= 0 && b.got != b.length {
		return ErrIncompleteBody
	}
	for _, c := range b.sums {
		if c.trailer {
			if c.want = b.trailer(c); !c.valid() {
				return &Error{Code: "MalformedTrailerError", Message: "The request contained trailing data that was not well-formed or did not conform to our published schema."}
			}
		}
		if err := c.finish(); err != nil {
			return err
		}
		if c.algorithm == sha256Digest && !strings.EqualFold(hex.EncodeToString(c.sum), b.sha256) {
			return ErrSHA256Mismatch
		}
	}
	return io.EOF
}

func (b *Body) trailer(c *checksum) string {
	if b.chunks == nil {
		return ""
	}
	return b.chunks.trailer.Get(checksumHeader(c.algorithm))
}

// sha256Digest is the algorithm name under which the hash of x-amz-content-sha256
// is computed.
const sha256Digest = "x-amz-content-sha256"

// stream is the request's body as an io.Reader payload.
func (c *call) stream() (*Body, error) {
	sums, err := declared(c.r.Header)
	if err != nil {
		return nil, err
	}
	b := &Body{r: c.source(), length: c.bodyLength(), sums: sums}
	hashed := c.r.Header.Get("X-Amz-Content-Sha256")
	switch {
	case strings.HasPrefix(hashed, "STREAMING-"):
		if b.chunks, err = c.chunked(hashed); err != nil {
			return nil, err
		}
		b.r = b.chunks
	case len(hashed) == sha256.Size*2:
		b.sha256 = hashed
		b.sums = append(b.sums, &checksum{algorithm: sha256Digest, hash: sha256.New()})
	case hashed != "" && hashed != sign.Unsigned:
		return nil, &Error{
			Code:    "InvalidArgument",
			Message: "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD, STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER or a valid sha256 value.",
		}
	}
	return b, nil
}

// bodyLength is the length of the body without its framing, -1 if it is not known.
func (c *call) bodyLength() int64 {
	if s := c.r.Header.Get("X-Amz-Decoded-Content-Length"); s != "" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 {
			return n
		}
	}
	if strings.HasPrefix(c.r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return -1
	}
	return c.r.ContentLength
}

// raw reads the body as it came, once.
func (c *call) raw() ([]byte, error) {
	if c.buf != nil {
		return c.buf.Bytes(), nil
	}
	return c.readAll(c.source(), c.r.ContentLength)
}

// readAll reads r, up to the limit, into the call's buffer.
func (c *call) readAll(r io.Reader, length int64) ([]byte, error) {
	limit := c.maxBody()
	if length > limit {
		if c.r.Header.Get("Expect") == "" { // else the client asks before it writes, and need not write
			discard(r)
		}
		return nil, c.tooLarge()
	}
	buf := c.buffers.Get().(*bytes.Buffer)
	buf.Reset()
	c.buf = buf
	switch err := ReadBody(buf, r, length, limit); {
	case err == io.ErrUnexpectedEOF:
		return nil, ErrIncompleteBody
	case err != nil:
		return nil, err
	case int64(buf.Len()) > limit:
		return nil, c.tooLarge()
	}
	return buf.Bytes(), nil
}

// Sizes of bodies, in bytes.
const (
	trusted      = 64 << 10 // may be announced without any of it having come
	maxDiscarded = 64 << 20 // is read of one that is refused
)

// ReadBody reads a body, whose length is -1 if it is not announced, into an empty
// buffer. Of one over the limit the buffer gets a byte more than that, and the
// rest is read away. Room for a large body is made once, when an eighth of what
// is announced has come: many may announce one and send nothing.
func ReadBody(buf *bytes.Buffer, r io.Reader, length, limit int64) error {
	body := io.LimitReader(r, limit+1)
	length = min(length, limit+1)
	if length > trusted {
		if _, err := io.CopyN(buf, body, length/8); err == io.EOF {
			return io.ErrUnexpectedEOF
		} else if err != nil {
			return err
		}
	}
	if left := int(length) - buf.Len(); left > 0 {
		buf.Grow(left + bytes.MinRead)
	}
	_, err := buf.ReadFrom(body)
	if int64(buf.Len()) > limit {
		discard(r)
	}
	return err
}

// discard reads what is left of a body that is refused. Many clients look for an
// answer only when they have written all, and the server closes a connection on
// which more is to come.
func discard(r io.Reader) { io.CopyN(io.Discard, r, maxDiscarded) }

// release gives the body's bytes back. Nothing that outlives the request refers to
// them.
func (c *call) release() {
	if c.buf != nil && c.buf.Cap() <= 1<<20 {
		c.buffers.Put(c.buf)
	}
	c.buf = nil
}

// body is a body that is not streamed, checked and without its encoding. It is
// valid until the request ends.
func (c *call) body() ([]byte, error) {
	if c.proto == RESTXML && c.buf == nil {
		s, err := c.stream()
		if err != nil {
			return nil, err
		}
		s.sums = slices.DeleteFunc(s.sums, c.isMember)
		return c.readAll(s, s.length)
	}
	b, err := c.raw()
	if err != nil {
		return nil, err
	}
	if err := c.verifyHash(b); err != nil {
		return nil, err
	}
	if !strings.EqualFold(c.r.Header.Get("Content-Encoding"), "gzip") || c.proto == RESTXML {
		return b, nil
	}
	return c.gunzip(b)
}

// isMember reports whether a checksum in the header is a member of the input, and so
// not the document's but an object's: CompleteMultipartUpload has them.
func (c *call) isMember(sum *checksum) bool {
	return slices.ContainsFunc(c.op.rest.in.headers, func(b bound) bool {
		return b.name == http.CanonicalHeaderKey(checksumHeader(sum.algorithm))
	})
}

// gunzip decodes a body that an SDK compressed. Its limit is that of all bodies.
func (c *call) gunzip(b []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(b))
	if err != nil {
		return nil, serializationError("The body is not gzip, as its Content-Encoding says")
	}
	out, err := io.ReadAll(io.LimitReader(z, c.maxBody()+1))
	if err != nil {
		return nil, serializationError("The body is not gzip, as its Content-Encoding says")
	}
	if int64(len(out)) > c.maxBody() {
		return nil, c.tooLarge()
	}
	return out, nil
}

const defaultMaxBody = 16 << 20

func (c *call) maxBody() int64 {
	if c.svc == nil {
		return defaultMaxBody
	}
	return c.svc.MaxBody
}

func (c *call) tooLarge() error {
	if c.svc != nil && c.svc.TooLarge != nil {
		return c.svc.TooLarge
	}
	return &Error{
		Code: "RequestEntityTooLarge", Status: http.StatusRequestEntityTooLarge,
		Message: "The body is larger than the limit of " + strconv.FormatInt(c.maxBody(), 10) + " bytes",
	}
}
