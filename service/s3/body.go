package s3

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"strconv"

	"github.com/runnel/runnel/service/s3/checksum"
	"github.com/runnel/runnel/service/s3/fault"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// maxPut is the largest body of one request, 5 GiB
// (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
const maxPut = 5 << 30

// copyBuffer is how much of a body is in memory at a time.
const copyBuffer = 256 << 10

// content is a body that was received: in memory if it is small, else in a
// blob that a transaction is to name.
type content struct {
	inline []byte
	blob   store.BlobID // 0: the body is inline
	size   int64
	md5    string // hexadecimal
	sum    checksum.Sum
}

// receiver takes a body in.
type receiver struct {
	st *store.Store

	// want is the algorithm of the checksum to keep; empty for the client's own,
	// or the default where the client sends none.
	want checksum.Algorithm

	// blobOnly keeps even a small body in a blob.
	blobOnly bool

	// admit is asked before a body of some length is read.
	admit func() error
}

// receive reads body to its end, verified. The caller discards what it does not
// name by a transaction.
func (r receiver) receive(ctx context.Context, body io.Reader, length *int64) (*content, error) {
	size, err := bodyLength(body, length)
	if err != nil {
		return nil, err
	}
	if body == nil {
		body = eof{}
	}
	h := newHashes(r.compute(ctx, body))
	c := &content{size: size}
	if size <= store.InlineLimit && !r.blobOnly {
		c.inline = make([]byte, size)
		err = readAll(body, c.inline)
		h.write(c.inline)
	} else {
		err = r.spool(body, c, h)
	}
	if err != nil {
		return nil, err
	}
	c.seal(body, h)
	return c, nil
}

// bodyLength is the declared length of a body, which S3 insists on.
func bodyLength(body io.Reader, declared *int64) (int64, error) {
	size := int64(-1)
	switch b := body.(type) {
	case nil:
		size = 0
	case interface{ Length() int64 }: // the wire's: without the framing of chunks
		size = b.Length()
	default:
		if declared != nil {
			size = *declared
		}
	}
	if size < 0 {
		return 0, fault.New("MissingContentLength", "You must provide the Content-Length HTTP header.")
	}
	if size > maxPut {
		return 0, entityTooLarge(size)
	}
	return size, nil
}

func entityTooLarge(size int64) error {
	return fault.New("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size",
		"ProposedSize", strconv.FormatInt(size, 10), "MaxSizeAllowed", strconv.FormatInt(maxPut, 10))
}

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, io.EOF }

// compute is the algorithm that must be computed here, because the wire does
// not verify it for the client. It verifies what a request brings: the source of
// a copy is none of that, whatever the request's header says.
func (r receiver) compute(ctx context.Context, body io.Reader) checksum.Algorithm {
	var sent checksum.Algorithm
	if _, ok := body.(*wire.Body); ok {
		sent = checksum.Declared(wire.RequestOf(ctx).Header)
	}
	switch {
	case r.want != "" && r.want != sent:
		return r.want
	case sent == "":
		return checksum.Default
	}
	return ""
}

// readAll fills p from r, which must then be at its end: only there does it
// verify what it yielded.
func readAll(r io.Reader, p []byte) error {
	n, err := io.ReadFull(r, p)
	if err == nil || err == io.EOF && n == len(p) {
		return atEnd(r)
	}
	return incomplete(err)
}

func atEnd(r io.Reader) error {
	var one [1]byte
	for {
		n, err := r.Read(one[:])
		switch {
		case n > 0:
			return wire.ErrIncompleteBody
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		}
	}
}

func incomplete(err error) error {
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return wire.ErrIncompleteBody
	}
	return err
}

// spool writes the body to a blob.
func (r receiver) spool(body io.Reader, c *content, h *hashes) error {
	if r.admit != nil {
		if err := r.admit(); err != nil {
			return err
		}
	}
	w, err := r.st.NewBlob()
	if err != nil {
		return err
	}
	if err := copyBody(w, body, c.size, h); err != nil {
		w.Discard()
		return err
	}
	c.blob, err = w.Finish()
	return err
}

func copyBody(w io.Writer, body io.Reader, size int64, h *hashes) error {
	buf := make([]byte, min(size, copyBuffer))
	for left := size; left > 0; {
		n, err := io.ReadFull(body, buf[:min(left, int64(len(buf)))])
		h.write(buf[:n])
		if _, werr := w.Write(buf[:n]); werr != nil {
			return werr
		}
		left -= int64(n)
		if err != nil && (left > 0 || err != io.EOF) {
			return incomplete(err)
		}
	}
	return atEnd(body)
}

// seal fills in the digests of a body that was read to its end.
func (c *content) seal(body io.Reader, h *hashes) {
	c.md5 = hex.EncodeToString(h.md5.Sum(nil))
	c.sum = checksum.Verified(body)
	if h.sum != nil {
		c.sum = checksum.Whole(h.algorithm, h.sum)
	}
}

// discard gives up a body that no transaction has named.
func (c *content) discard(st *store.Store) {
	if c != nil && c.blob != 0 {
		st.DiscardBlob(c.blob)
	}
}

// hashes are computed while a body passes.
type hashes struct {
	md5       hash.Hash
	algorithm checksum.Algorithm
	sum       hash.Hash // nil if algorithm is empty
}

func newHashes(a checksum.Algorithm) *hashes {
	return &hashes{md5: md5.New(), algorithm: a, sum: checksum.New(a)}
}

func (h *hashes) write(p []byte) {
	h.md5.Write(p)
	if h.sum != nil {
		h.sum.Write(p)
	}
}
