package iotmessages

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

// A part of a file is what one invocation sends: from a row to the end of the
// file, or as far as it gets.
type part struct {
	Bucket    string `json:"bucket"`
	Key       string `json:"key"`
	VersionID string `json:"versionId,omitempty"`

	Number int `json:"part"` // from 1

	// All parts are of the same object, which this If-Match value ensures.
	ETag  string `json:"eTag"`
	Begin place  `json:"begin"` // of the file's rows: before it is the header
	Row   place  `json:"row"`   // to begin with

	// Rows of the parts before.
	Sent int `json:"sent"`
	Bad  int `json:"bad"`
}

// An event is S3's, or the function's own with the next part of a file.
type event struct {
	events.S3Event
	continuation
}

type continuation struct {
	Continue *part `json:"continue"`
}

// parts are the parts that the event asks for.
func (e event) parts() ([]part, error) {
	if e.Continue != nil {
		if len(e.Records) > 0 {
			return nil, errors.New("the event has both Records and continue")
		}
		return []part{*e.Continue}, e.Continue.check()
	}
	var first []part
	for _, r := range e.Records {
		o := r.S3.Object
		first = append(first, part{Bucket: r.S3.Bucket.Name, Key: o.URLDecodedKey, VersionID: o.VersionID, Number: 1})
	}
	return first, nil
}

// check refuses a continuation that no part has asked for, which might read a
// file from the middle of a row.
func (p part) check() error {
	switch {
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
func (p part) open(ctx context.Context, client *s3.Client) (*object, error) {
	in := &s3.GetObjectInput{Bucket: &p.Bucket, Key: &p.Key}
	if p.VersionID != "" {
		in.VersionId = &p.VersionID
	}
	if p.ETag != "" {
		in.IfMatch = &p.ETag
	}
	return openObject(ctx, client, in)
}

// file opens the file of the object at the part's row.
func (p part) file(o *object) (*file, error) {
	if p.Number == 1 {
		return openFile(o)
	}
	header := make([]byte, p.Begin.Offset)
	if _, err := io.ReadFull(o, header); err != nil {
		return nil, err
	}
	if err := o.seek(p.Row.Offset); err != nil {
		return nil, err
	}
	return reopenFile(header, p.Begin, p.Row, o)
}

// messages is what file.messages is, and returns the part that is left.
func (p part) messages(o *object, table string, late func() bool, good func(message) error, bad func(badRow) error) (rest *part, err error) {
	f, err := p.file(o)
	if err != nil {
		return nil, headerTo(bad, err)
	}
	row, err := f.messages(table, late, good, bad)
	if row == nil || err != nil {
		return nil, err
	}
	p.Number, p.ETag, p.Begin, p.Row = p.Number+1, aws.ToString(o.out.ETag), f.begin, *row
	return &p, nil
}

// reportKey is the key of the part's report. Later parts have the line that they
// begin with in it, not their number: should a part run twice and stop at
// different rows, the parts after it do not write over each other's reports.
func (p part) reportKey(version string) string {
	if p.Number > 1 {
		version += fmt.Sprintf("-%010d", p.Row.Line)
	}
	return reportKey(p.Key, version)
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
func (p part) invoke(ctx context.Context, client *lambda.Client) error {
	function, err := variable("AWS_LAMBDA_FUNCTION_NAME")
	if err != nil {
		return err
	}
	payload, err := json.Marshal(continuation{&p})
	if err != nil {
		return err
	}
	_, err = client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, InvocationType: types.InvocationTypeEvent, Payload: payload})
	return err
}
