package csvfanout

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/functions/csvfile"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/fileevent"
	"github.com/runnel/runnel/functions/queue"
	"github.com/runnel/runnel/transform/charset"
	"github.com/runnel/runnel/transform/csv"
)

// quarantine is the prefix of the keys of what could not be converted.
const quarantine = "quarantine/"

// CSVToJSON opens the function. What it cannot convert goes, each row with its
// line and reason, to a report under quarantine/ in the file's bucket.
func CSVToJSON(ctx context.Context) (any, error) {
	url, err := environment.Variable("QUEUE_URL")
	if err != nil {
		return nil, err
	}
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return nil, err
	}
	loader := &csvfile.Loader{S3: environment.S3(cfg), Lambda: lambda.NewFromConfig(cfg), Reports: quarantine}
	if loader.Format, err = format(); err != nil {
		return nil, err
	}
	to := destination{sqs: sqs.NewFromConfig(cfg), url: url, s3: loader.S3}
	switch output := os.Getenv("OUTPUT"); output {
	case "", "rows":
		loader.Open = to.rows
	case "document":
		loader.Open, loader.Whole = to.document, true
	default:
		return nil, fmt.Errorf("the environment variable OUTPUT is %q: want rows or document", output)
	}
	return (&function{loader.Load}).handle, nil
}

// format reads how files are written from the environment.
func format() (f csvfile.Format, err error) {
	if f.Separator, err = csv.ParseSeparator(os.Getenv("SEPARATOR")); err != nil {
		return f, fmt.Errorf("the environment variable SEPARATOR: %w", err)
	}
	f.Charset = os.Getenv("CHARSET")
	if err := charset.Check(f.Charset); err != nil {
		return f, fmt.Errorf("the environment variable CHARSET: %w", err)
	}
	for name := range strings.SplitSeq(os.Getenv("COLUMNS"), ",") {
		if name = strings.TrimSpace(name); name != "" {
			f.Columns = append(f.Columns, name)
		}
	}
	return f, nil
}

type function struct {
	load func(context.Context, []csvfile.Part) ([]csvfile.Loaded, error)
}

// handle answers what became of each file. An event of a queue is answered as
// Lambda wants it instead: the messages that are to come again.
func (f *function) handle(ctx context.Context, e event) (any, error) {
	if e.Continue != nil {
		if len(e.Records) > 0 {
			return nil, errors.New("the event has both Records and continue")
		}
		if err := e.Check(); err != nil {
			return nil, err
		}
		return f.load(ctx, []csvfile.Part{*e.Continue})
	}
	if e.FromQueue() {
		return e.Messages(ctx, func(ctx context.Context, files events.S3Event) error {
			_, err := f.load(ctx, csvfile.Parts(files))
			return err
		}), nil
	}
	files, err := e.Files()
	if err != nil {
		return nil, err
	}
	return f.load(ctx, csvfile.Parts(files))
}

// An event tells of files, or asks for the rest of one.
type event struct {
	fileevent.Event
	csvfile.Continuation
}

// destination makes sinks for files.
type destination struct {
	sqs *sqs.Client
	url string
	s3  *s3.Client
}

func (d destination) sender(ctx context.Context, bad func(csvfile.BadRow) error) *queue.Sender {
	return queue.NewSender(ctx, d.sqs, d.url, func(m queue.Message, reason string) error {
		return bad(csvfile.BadRow{Line: m.Line, Reason: reason, Row: m.Row})
	})
}
