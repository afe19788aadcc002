package csvfile

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/object"
	"github.com/runnel/runnel/transform/charset"
)

// A large file takes longer than the 900 seconds that an invocation may last.
// So it is sent in parts, one after the other: before its time is up, an
// invocation stops at a row, and invokes the function with where it stopped.
//
// Lambda stops a function that has invoked itself about 16 times in a row
// (Lambda Developer Guide, recursive loop detection), which is four hours of
// sending. The event of the next part is then among the failed files, and the
// file goes on from there when the function is invoked with it once more.
//
// Parts of equal size at the same time would be faster. But only who has read a
// CSV file up to a byte can say whether that byte is in a quoted field, and on
// which line.

// A Part of a file is what one invocation sends: from a row to the end of the
// file, or as far as it gets.
type Part struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`

	Number int `json:"part"` // from 1

	// All parts are of the same object, which this If-Match value ensures.
	ETag    string `json:"eTag"`
	Charset string `json:"charset,omitempty"` // that the first part was read in, if not UTF-8
	Begin   Place  `json:"begin"`             // of the file's rows: before it is the header
	Row     Place  `json:"row"`               // to begin with

	// Rows of the parts before.
	Sent int `json:"sent"`
	Bad  int `json:"bad"`
}

// Parts are the files of S3's event, each in its first part.
func Parts(e events.S3Event) (first []Part) {
	for _, r := range e.Records {
		o := r.S3.Object
		first = append(first, Part{Bucket: r.S3.Bucket.Name, Key: o.URLDecodedKey, VersionID: o.VersionID, Number: 1})
	}
	return first
}

// Continuation is the event of a further part.
type Continuation struct {
	Continue *Part `json:"continue"`
}

// Check refuses a continuation that no part has asked for, which might read a
// file from the middle of a row.
func (c Continuation) Check() error {
	switch p := c.Continue; {
	case p.Bucket == "" || p.Key == "" || p.ETag == "":
		return errors.New("continue: bucket, key or eTag is missing")
	case p.Number < 2:
		return fmt.Errorf("continue: part is %d; the first to continue is 2", p.Number)
	case p.Begin.Offset < 1 || p.Begin.Offset > remembered || p.Begin.Line < 2:
		return fmt.Errorf("continue: begin is %+v, which is not after a header", p.Begin)
	case p.Row.Offset < p.Begin.Offset || p.Row.Line < p.Begin.Line:
		return fmt.Errorf("continue: row is %+v, before begin", p.Row)
	}
	return nil
}

// open opens the object of the part.
func (p Part) open(ctx context.Context, client *s3.Client) (*object.Reader, error) {
	in := &s3.GetObjectInput{Bucket: &p.Bucket, Key: &p.Key}
	if p.VersionID != "" {
		in.VersionId = &p.VersionID
	}
	if p.ETag != "" {
		in.IfMatch = &p.ETag
	}
	return object.Open(ctx, client, in)
}

// openPart opens the file of the object at the part's row, and notes in the part
// what it was converted from.
func (f *Format) openPart(p *Part, o *object.Reader) (*file, error) {
	name := p.Charset
	if p.Number == 1 {
		name = f.Charset
	} else if name == "" {
		name = charset.UTF8
	}
	in, err := charset.NewReader(o, name)
	if err != nil {
		return nil, err
	}
	if in.Converted() {
		p.Charset = in.Name
	}
	var opened *file
	if p.Number == 1 {
		opened, err = f.openFile(in)
	} else {
		opened, err = f.goOn(p, o, in)
	}
	if err == nil {
		opened.converted = in.Converted()
	}
	return opened, err
}

// goOn opens a file at the row of a further part. Of a file that is not UTF-8
// nobody knows at which byte that is, so it is converted from its beginning.
func (f *Format) goOn(p *Part, o *object.Reader, in *charset.Reader) (*file, error) {
	header := make([]byte, p.Begin.Offset)
	if _, err := io.ReadFull(in, header); err != nil {
		return nil, err
	}
	if in.Converted() {
		if _, err := io.CopyN(io.Discard, in, p.Row.Offset-p.Begin.Offset); err != nil {
			return nil, err
		}
		return f.reopenFile(header, p.Begin, p.Row, in)
	}
	if err := o.Restart(p.Row.Offset); err != nil {
		return nil, err
	}
	return f.reopenFile(header, p.Begin, p.Row, o)
}

// next is the part that begins at a row that this one has not sent.
func (p Part) next(o *object.Reader, begin, row Place) *Part {
	p.Number, p.ETag, p.Begin, p.Row = p.Number+1, aws.ToString(o.Head().ETag), begin, row
	return &p
}

// reportKey is the key of the part's report. Later parts have the line that they
// begin with in it, not their number: should a part run twice and stop at
// different rows, the parts after it do not write over each other's reports.
func (p Part) reportKey(prefix, version string) string {
	if p.Number > 1 {
		version += fmt.Sprintf("-%010d", p.Row.Line)
	}
	return keyBeside(prefix, p.Key, version, ".ndjson")
}

// lateness returns what tells that the invocation must come to its end, and
// what ends the telling.
func lateness(ctx context.Context) (late func() bool, stop context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok {
		return func() bool { return false }, func() {}
	}
	timer, stop := context.WithDeadline(ctx, deadline.Add(-margin(time.Until(deadline))))
	return func() bool { return timer.Err() != nil }, stop
}

// margin is how much of an invocation's time is kept for what follows the last
// row: batches on their way, which the queue may refuse a few times, the report,
// and the next invocation.
func margin(left time.Duration) time.Duration {
	return min(max(left/10, 2*time.Second), 30*time.Second, left/2)
}

// invoke has Lambda accept the event of a part. From then on Lambda answers for
// it, through retries of its own.
func (p Part) invoke(ctx context.Context, client *lambda.Client) error {
	function, err := environment.Variable("AWS_LAMBDA_FUNCTION_NAME")
	if err != nil {
		return err
	}
	payload, err := json.Marshal(Continuation{&p})
	if err != nil {
		return err
	}
	_, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: payload})
	return err
}
