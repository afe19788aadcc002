// Package object reads objects of S3 that are large, or that change.
package object

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/functions/backoff"
)

// resumptions is how often in a row reading an object may fail at one place.
const resumptions = 3

// A Reader reads the body of an S3 object and goes on where it was when the
// connection breaks. A large file is read for as long as what becomes of it
// takes to send: minutes, in which a connection does break.
type Reader struct {
	ctx    context.Context
	client *s3.Client
	in     s3.GetObjectInput
	out    *s3.GetObjectOutput
	offset int64
	broken int // times in a row, without a byte between
}

// Open opens an object. What is read is all of the same state of it, also where
// the connection breaks: when it is replaced meanwhile, reading on fails.
func Open(ctx context.Context, client *s3.Client, in *s3.GetObjectInput) (*Reader, error) {
	out, err := client.GetObject(ctx, in)
	if err != nil {
		return nil, err
	}
	r := &Reader{ctx: ctx, client: client, in: *in, out: out}
	r.in.IfMatch = out.ETag // what follows must be of the same object
	return r, nil
}

// Head is what S3 said of the object when it was opened. Its Body is the Reader's.
func (r *Reader) Head() *s3.GetObjectOutput { return r.out }

// Version is what tells the object from another under the same key.
func (r *Reader) Version() string {
	if v := aws.ToString(r.out.VersionId); v != "" && v != "null" {
		return v
	}
	return strings.Trim(aws.ToString(r.out.ETag), `"`)
}

// Len is how many bytes of the object are still to be read, as far as S3 told.
// Who holds it as a whole can make room for it at once.
func (r *Reader) Len() int { return int(max(0, aws.ToInt64(r.out.ContentLength)-r.offset)) }

func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.out.Body.Read(p)
	r.offset += int64(n)
	if n > 0 {
		r.broken = 0
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, r.resume(err)
}

// resume asks for the rest of the object, nil if it comes.
func (r *Reader) resume(cause error) error {
	if r.broken++; r.broken > resumptions || r.ctx.Err() != nil || r.Len() == 0 {
		return fmt.Errorf("read at byte %d: %w", r.offset, cause)
	}
	if err := backoff.Pause(r.ctx, r.broken); err != nil {
		return err
	}
	if err := r.reopen(); err != nil {
		return errors.Join(err, cause)
	}
	return nil
}

// Restart goes on at another byte of the object.
func (r *Reader) Restart(offset int64) error {
	r.offset = offset
	return r.reopen()
}

func (r *Reader) reopen() error {
	r.in.Range = aws.String(fmt.Sprintf("bytes=%d-", r.offset))
	out, err := r.client.GetObject(r.ctx, &r.in)
	if err != nil {
		return fmt.Errorf("read on at byte %d: %w", r.offset, err)
	}
	r.out.Body.Close()
	r.out.Body = out.Body
	return nil
}

func (r *Reader) Close() error { return r.out.Body.Close() }

// IsGone says that an object is not there, or no longer the one that was asked for
// by If-Match. NotFound is from HEAD, whose answer has no body to say more.
func IsGone(err error) bool {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return false
	}
	switch e.ErrorCode() {
	case "NotFound", "NoSuchKey", "NoSuchVersion", "PreconditionFailed":
		return true
	}
	return false
}
