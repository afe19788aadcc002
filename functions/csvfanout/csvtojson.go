package csvfanout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/functions/csvfile"
	"github.com/runnel/runnel/functions/environment"
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
	if len(e.Records) > 0 && e.Records[0].Source == "aws:sqs" {
		return f.messages(ctx, e.Records)
	}
	parts, err := e.parts()
	if err != nil {
		return nil, err
	}
	return f.load(ctx, parts)
}

func (f *function) messages(ctx context.Context, records []record) (answer events.SQSEventResponse, err error) {
	answer.BatchItemFailures = []events.SQSBatchItemFailure{}
	for _, r := range records {
		parts, err := r.parts()
		if err == nil {
			_, err = f.load(ctx, parts)
		}
		if err != nil {
			slog.ErrorContext(ctx, "the message comes again", "messageId", r.MessageID, "error", err)
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageID})
		}
	}
	return answer, nil
}

// An event is any that tells of files. Its records are of one kind.
type event struct {
	Records []record
	csvfile.Continuation
	test
}

// A test is what S3 sends when a notification is set up.
type test struct {
	Event string // "s3:TestEvent"
}

// A record is S3's, SNS's or SQS's.
type record struct {
	Source string `json:"eventSource"` // aws:s3, aws:sns or aws:sqs

	S3  events.S3Entity  `json:"s3"`
	SNS events.SNSEntity `json:"Sns"`

	MessageID string `json:"messageId"`
	Body      string `json:"body"`
}

// parts are the parts of files that the event asks for.
func (e event) parts() ([]csvfile.Part, error) {
	switch {
	case e.Continue != nil && len(e.Records) > 0:
		return nil, errors.New("the event has both Records and continue")
	case e.Continue != nil:
		return []csvfile.Part{*e.Continue}, e.Check()
	case len(e.Records) == 0 && e.Event != "s3:TestEvent":
		return nil, errors.New("the event is none of S3, SNS or SQS: it has no Records")
	}
	var parts []csvfile.Part
	for _, r := range e.Records {
		p, err := r.parts()
		if err != nil {
			return nil, err
		}
		parts = append(parts, p...)
	}
	return parts, nil
}

func (r record) parts() ([]csvfile.Part, error) {
	switch r.Source {
	case "aws:s3":
		return csvfile.Parts(events.S3Event{Records: []events.S3EventRecord{{S3: r.S3}}}), nil
	case "aws:sns":
		return inner("the SNS message "+r.SNS.MessageID, r.SNS.Message)
	case "aws:sqs":
		return inner("the SQS message "+r.MessageID, r.Body)
	}
	return nil, fmt.Errorf("a record of the event is of %q, not of aws:s3, aws:sns or aws:sqs", r.Source)
}

// inner are the parts that a message asks for: S3's event, as it is or in the
// envelope that SNS puts a message in on its way to a queue.
func inner(where, text string) ([]csvfile.Part, error) {
	var m struct {
		event
		Type    string // "Notification"
		Message string
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, fmt.Errorf("%s is no event of S3: %w", where, err)
	}
	if m.Type == "Notification" {
		return inner(where, m.Message)
	}
	for _, r := range m.Records {
		if r.Source != "aws:s3" {
			return nil, fmt.Errorf("%s is no event of S3: a record of it is of %q", where, r.Source)
		}
	}
	parts, err := m.parts()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return parts, nil
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
