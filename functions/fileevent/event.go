// Package fileevent reads which files, objects of S3, an event tells of, whichever
// way it came: as S3 sends it, in the envelope of an SNS topic, or with either in
// the messages of an SQS queue.
package fileevent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
)

// An Event is any that tells of files. Its records are of one kind.
type Event struct {
	Records []Record
	// Event is "s3:TestEvent" in what S3 sends when a notification is set
	// up. It tells of no file.
	Event string
}

// A Record is S3's, SNS's or SQS's.
type Record struct {
	Source string `json:"eventSource"` // aws:s3, aws:sns or aws:sqs

	S3  events.S3Entity  `json:"s3"`
	SNS events.SNSEntity `json:"Sns"`

	MessageID string `json:"messageId"`
	Body      string `json:"body"`
}

// FromQueue says that the event is messages of a queue, which Messages answers.
func (e Event) FromQueue() bool { return len(e.Records) > 0 && e.Records[0].Source == "aws:sqs" }

// Messages does each message's work, and answers as Lambda wants it: with the
// messages that are to come again.
func (e Event) Messages(ctx context.Context, do func(context.Context, events.S3Event) error) events.SQSEventResponse {
	answer := events.SQSEventResponse{BatchItemFailures: []events.SQSBatchItemFailure{}}
	for _, r := range e.Records {
		files, err := r.files()
		if err == nil {
			err = do(ctx, events.S3Event{Records: files})
		}
		if err != nil {
			slog.ErrorContext(ctx, "the message comes again", "messageId", r.MessageID, "error", err)
			answer.BatchItemFailures = append(answer.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: r.MessageID})
		}
	}
	return answer
}

// Files is what S3 said of objects, each in its s3 alone.
func (e Event) Files() (all events.S3Event, err error) {
	if len(e.Records) == 0 && e.Event != "s3:TestEvent" {
		return all, errors.New("the event is none of S3, SNS or SQS: it has no Records")
	}
	for _, r := range e.Records {
		files, err := r.files()
		if err != nil {
			return events.S3Event{}, err
		}
		all.Records = append(all.Records, files...)
	}
	return all, nil
}

func (r Record) files() ([]events.S3EventRecord, error) {
	switch r.Source {
	case "aws:s3":
		return []events.S3EventRecord{{S3: r.S3}}, nil
	case "aws:sns":
		return inner("the SNS message "+r.SNS.MessageID, r.SNS.Message)
	case "aws:sqs":
		return inner("the SQS message "+r.MessageID, r.Body)
	}
	return nil, fmt.Errorf("a record of the event is of %q, not of aws:s3, aws:sns or aws:sqs", r.Source)
}

// inner are the files that a message tells of: S3's event, as it is or in the
// envelope that SNS puts a message in on its way to a queue.
func inner(where, text string) ([]events.S3EventRecord, error) {
	var m struct {
		Event
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
	files, err := m.Files()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	return files.Records, nil
}
