package wire

import (
	"io"
	"time"

	"github.com/aws/smithy-go"
)

// Call is a request that was answered, for whoever counts requests
// ([Config.Observe]). Nothing in it may be changed, nor kept beyond the call of
// Observe but by copying: an input's strings may share memory with the request.
type Call struct {
	*Request // Service and Operation are empty if the request was for none

	Input  any             // *PutObjectInput; nil if it was not decoded
	Output any             // *PutObjectOutput; nil if the operation failed. A stream in it has been read
	Err    smithy.APIError // as the client was told; nil if the operation succeeded
	Status int             // of HTTP

	Start     time.Time
	FirstByte time.Duration // from Start until the answer's header was written
	Duration  time.Duration // from Start until the answer's last byte was written

	BytesIn  int64 // of the body as it came, framing and compression included
	BytesOut int64 // of the answer's body
}

// observe reports the call to Config.Observe.
func (c *call) observe() {
	c.seen.Duration = time.Since(c.seen.Start)
	c.cfg.Observe(*c.seen)
}

// saw notes the error that the client is told.
func (c *call) saw(e smithy.APIError) {
	if c.seen != nil {
		c.seen.Err = e
	}
}

// source is the request's body as it comes.
func (c *call) source() io.Reader {
	if c.seen == nil {
		return c.r.Body
	}
	return &countedBody{c.r.Body, &c.seen.BytesIn}
}

// countedBody adds what is read to n.
type countedBody struct {
	r io.Reader
	n *int64
}

func (b *countedBody) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	*b.n += int64(n)
	return n, err
}

// Write writes a part of the answer's body.
func (c *call) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	if c.seen != nil {
		c.seen.BytesOut += int64(n)
	}
	return n, err
}
