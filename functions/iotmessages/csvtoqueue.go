package iotmessages

import (
	"context"
	"errors"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/functions/csvfile"
	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/queue"
	"github.com/runnel/runnel/transform/csv"
)

// CSVToQueue opens the function that an object in the bucket invokes. It sends a
// message to the queue for each good row, and writes the bad rows, each with its
// line and reason, to a report beside the file. A file that takes longer than
// one invocation is sent in parts, each with a report of its own.
func CSVToQueue(ctx context.Context) (any, error) {
	queueURL, err := environment.Variable("QUEUE_URL")
	if err != nil {
		return nil, err
	}
	table, err := environment.Variable("TABLE_NAME")
	if err != nil {
		return nil, err
	}
	cfg, err := environment.AWS(ctx)
	if err != nil {
		return nil, err
	}
	client := sqs.NewFromConfig(cfg)
	f := csvToQueue{&csvfile.Loader{
		Format:  csvfile.Format{Separator: csv.Comma, Columns: columns},
		S3:      environment.S3(cfg),
		Lambda:  lambda.NewFromConfig(cfg),
		Reports: "errors/",
		Open: func(ctx context.Context, _ csvfile.Source, bad func(csvfile.BadRow) error) (csvfile.Sink, error) {
			return messages{queue.NewSender(ctx, client, queueURL, func(m queue.Message, reason string) error {
				return bad(csvfile.BadRow{Line: m.Line, Reason: reason, Row: m.Row})
			}), table}, nil
		},
	}}
	return f.handle, nil
}

type csvToQueue struct{ loader *csvfile.Loader }

// An event is S3's, or the function's own with the next part of a file.
type event struct {
	events.S3Event
	csvfile.Continuation
}

func (f csvToQueue) handle(ctx context.Context, e event) ([]csvfile.Loaded, error) {
	parts, err := e.parts()
	if err != nil {
		return nil, err
	}
	return f.loader.Load(ctx, parts)
}

// parts are the parts that the event asks for.
func (e event) parts() ([]csvfile.Part, error) {
	if e.Continue == nil {
		return csvfile.Parts(e.S3Event), nil
	}
	if len(e.Records) > 0 {
		return nil, errors.New("the event has both Records and continue")
	}
	return []csvfile.Part{*e.Continue}, e.Check()
}

// messages makes a message for the table of each row.
type messages struct {
	*queue.Sender
	table string
}

// Row implements [csvfile.Sink].
func (m messages) Row(row csv.Row) error {
	message, err := toMessage(row, m.table)
	if err != nil {
		return err
	}
	return m.Send(message)
}

var post = map[string]types.MessageAttributeValue{
	"Method": {DataType: aws.String("String"), StringValue: aws.String("POST")},
}

// toMessage is the message that puts a row into a table, or a *csvfile.Unfit.
func toMessage(row csv.Row, table string) (queue.Message, error) {
	r, err := toReading(row)
	if err != nil {
		return queue.Message{}, &csvfile.Unfit{Reason: err.Error()}
	}
	body, err := r.put(table)
	return queue.Message{Body: body, Attributes: post, Line: row.Line, Row: row.Text}, err
}
