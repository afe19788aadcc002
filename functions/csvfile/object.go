package csvfile

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

// An object reads the body of an S3 object and goes on where it was when the
// connection breaks. A large file is read for as long as its rows take to send:
// minutes, in which a connection does break.
type object struct {
	ctx    context.Context
	client *s3.Client
	in     s3.GetObjectInput
	out    *s3.GetObjectOutput
	offset int64
	broken int // times in a row, without a byte between
}

func openObject(ctx context.Context, client *s3.Client, in *s3.GetObjectInput) (*object, error) {
	out, err := client.GetObject(ctx, in)
	if err != nil {
		return nil, err
	}
	o := &object{ctx: ctx, client: client, in: *in, out: out}
	o.in.IfMatch = out.ETag // what follows must be of the same object
	return o, nil
}

// version is what tells the object from another under the same key.
func (o *object) version() string {
	if v := aws.ToString(o.out.VersionId); v != "" && v != "null" {
		return v
	}
	return strings.Trim(aws.ToString(o.out.ETag), `"`)
}

func (o *object) Read(p []byte) (int, error) {
	n, err := o.out.Body.Read(p)
	o.offset += int64(n)
	if n > 0 {
		o.broken = 0
	}
	if err == nil || err == io.EOF {
		return n, err
	}
	return n, o.resume(err)
}

// resume asks for the rest of the object, nil if it comes.
func (o *object) resume(cause error) error {
	size := aws.ToInt64(o.out.ContentLength)
	if o.broken++; o.broken > resumptions || o.ctx.Err() != nil || o.offset >= size {
		return fmt.Errorf("read at byte %d: %w", o.offset, cause)
	}
	if err := backoff.Pause(o.ctx, o.broken); err != nil {
		return err
	}
	if err := o.reopen(); err != nil {
		return errors.Join(err, cause)
	}
	return nil
}

// seek goes on at another byte of the object.
func (o *object) seek(offset int64) error {
	o.offset = offset
	return o.reopen()
}

func (o *object) reopen() error {
	o.in.Range = aws.String(fmt.Sprintf("bytes=%d-", o.offset))
	out, err := o.client.GetObject(o.ctx, &o.in)
	if err != nil {
		return fmt.Errorf("read on at byte %d: %w", o.offset, err)
	}
	o.out.Body.Close()
	o.out.Body = out.Body
	return nil
}

func (o *object) Close() error { return o.out.Body.Close() }

// isGone says that an object was deleted, which its own writer did, or is no
// longer the one that earlier parts were of.
func isGone(err error) bool {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return false
	}
	switch e.ErrorCode() {
	case "NoSuchKey", "NoSuchVersion", "PreconditionFailed":
		return true
	}
	return false
}
