package sign

import (
	"crypto/sha256"
	"encoding/hex"
	"hash"
)

// Chunks are the signatures in an aws-chunked body, each of which covers the one
// before it
// (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and
// sigv4-streaming-trailers.html).
type Chunks struct {
	s        *Signature
	previous string
	hash     hash.Hash
}

// Chunks returns the chain that the request's own signature begins; nil if it was not
// verified, since then nothing is known that its chunks could be checked by.
func (s *Signature) Chunks() *Chunks {
	if s == nil || s.key == nil {
		return nil
	}
	return &Chunks{s: s, previous: s.value, hash: sha256.New()}
}

// Write adds a part of a chunk's bytes.
func (c *Chunks) Write(p []byte) (int, error) { return c.hash.Write(p) }

// End reports whether the signature is that of the chunk that was written.
func (c *Chunks) End(signature string) bool {
	text := "AWS4-HMAC-SHA256-PAYLOAD\n" + c.s.Date + "\n" + c.s.scopeText() + "\n" +
		c.previous + "\n" + emptySHA + "\n" + hex.EncodeToString(c.hash.Sum(nil))
	c.hash.Reset()
	c.previous = c.s.sign(text)
	return c.previous == signature
}

// Trailer reports whether the signature is that of the trailer, whose lines are
// "name:value\n".
func (c *Chunks) Trailer(lines []byte, signature string) bool {
	sum := sha256.Sum256(lines)
	text := "AWS4-HMAC-SHA256-TRAILER\n" + c.s.Date + "\n" + c.s.scopeText() + "\n" +
		c.previous + "\n" + hex.EncodeToString(sum[:])
	return c.s.sign(text) == signature
}
