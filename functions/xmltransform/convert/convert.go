// Package convert is the function that makes JSON of the files in a bucket, each
// by the rule of its customer: the result is in another bucket under the name of
// the file, and a topic is told.
//
// The event of a file comes as S3 sends it, in the envelope of an SNS topic, or
// with either in the messages of an SQS queue.
//
// What is wrong with a file, the file is told of: a copy of it and a report are
// under errors/ in the bucket of the results, and the topic is told. Any other
// error fails the invocation, so that Lambda or the queue tries again and then
// keeps the event for somebody to look at. So nothing is dropped.
//
// Every event may come twice, and several at once be of one file. What is there
// in the end is of the file as it was last:
//
//   - A file is always read as it is now, whatever state its event was of.
//   - A result takes the place of that alone which was there before the file was
//     read; else the work begins again.
//   - When all is written, the file is looked at: if it was replaced meanwhile,
//     the work begins again. Who writes something that is out of date therefore
//     also writes after it, and who writes last has seen that it is not.
//
// The function reads these variables of its environment:
//
//	JSON_BUCKET   where the results go
//	RULES_TABLE   the table of the rules
//	DEFAULT_RULE  the rule of files that name none; without it they become
//	              the plain dictionary
//	TOPIC_ARN     the topic that is told of each file
package convert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/functions/backoff"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/fileevent"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/functions/xmltransform/rules"
)

// Open opens the function.
func Open(ctx context.Context) (any, error) {
	c := &converter{fallback: os.Getenv("DEFAULT_RULE"), largest: int(environment.Memory() / perByte)}
	table := ""
	for name, value := range map[string]*string{"JSON_BUCKET": &c.results, "RULES_TABLE": &table, "TOPIC_ARN": &c.topic} {
		var err error
		if *value, err = environment.Variable(name); err != nil {
			return nil, err
		}
	}
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return nil, err
	}
	c.s3, c.sns, c.rules = environment.S3(cfg), sns.NewFromConfig(cfg), rules.New(dynamodb.NewFromConfig(cfg), table)
	return c.handle, nil
}

type converter struct {
	s3       *s3.Client
	sns      *sns.Client
	rules    *rules.Table
	results  string // a bucket
	fallback string // the id of a rule
	topic    string // an ARN
	largest  int    // document that is held as a whole, or record; 0 for what its rule says
}

// perByte is how much memory a byte of a document may take: about six bytes for
// its tree and its result, and what the function needs besides. Without the limit
// that follows, a document that is too large would end the function, again and
// again, and nobody would be told why.
const perByte = 10

// handle answers what became of each file. An event of a queue is answered as
// Lambda wants it instead: the messages that are to come again.
func (c *converter) handle(ctx context.Context, e fileevent.Event) (any, error) {
	if e.FromQueue() {
		return e.Messages(ctx, func(ctx context.Context, files events.S3Event) error {
			_, err := c.files(ctx, files)
			return err
		}), nil
	}
	files, err := e.Files()
	if err != nil {
		return nil, err
	}
	return c.files(ctx, files)
}

// files converts files. One that fails does not keep the others from it.
func (c *converter) files(ctx context.Context, e events.S3Event) ([]*place.Notice, error) {
	done := []*place.Notice{}
	var failed []error
	for _, r := range e.Records {
		bucket, key := r.S3.Bucket.Name, r.S3.Object.URLDecodedKey
		notice, err := c.file(ctx, bucket, key)
		if err != nil {
			failed = append(failed, fmt.Errorf("s3://%s/%s: %w", bucket, key, err))
		} else if notice != nil {
			done = append(done, notice)
		}
	}
	return done, errors.Join(failed...)
}

// attempts is how often a file, or its result, may change while it is converted.
const attempts = 10

// file converts a file and tells the topic. There is no notice of a file that is
// gone, nor of a folder as the console makes them.
func (c *converter) file(ctx context.Context, bucket, key string) (*place.Notice, error) {
	log := slog.With("bucket", bucket, "key", key)
	switch {
	case bucket == c.results:
		return nil, errors.New("it is in the bucket of the results, whose files are not converted")
	case strings.HasSuffix(key, "/"):
		log.InfoContext(ctx, "a folder is not converted")
		return nil, nil
	}
	for n := 1; ; n++ {
		notice, err := c.attempt(ctx, bucket, key)
		switch {
		case errors.Is(err, errGone):
			log.WarnContext(ctx, "the object is gone")
			return nil, nil
		case isChanged(err) && n == attempts:
			return nil, fmt.Errorf("the file or its result was replaced %d times while it was converted", n)
		case isChanged(err):
			log.InfoContext(ctx, "begun again", "attempt", n, "because", err)
			if err := backoff.Pause(ctx, n); err != nil {
				return nil, err
			}
		case err != nil:
			return nil, err
		default:
			log.InfoContext(ctx, notice.Status, "reason", notice.Reason)
			return notice, c.tell(ctx, notice)
		}
	}
}

// errGone is a file that was deleted before it was read.
var errGone = errors.New("the object is gone")

// errReplaced is a file that is not what it was when it was read.
var errReplaced = errors.New("the object was replaced")

// isChanged says that something was not, or no longer, as a request wanted it.
func isChanged(err error) bool {
	var e smithy.APIError
	if !errors.As(err, &e) {
		return errors.Is(err, errReplaced)
	}
	switch e.ErrorCode() {
	case "PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey":
		return true
	}
	return false
}
