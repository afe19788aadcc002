package iotmessages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// CSVToQueue opens the function that an object in the bucket invokes. It sends a
// message to the queue for each good row, and writes the bad rows, each with its
// line and reason, to a report beside the file. A file that takes longer than
// one invocation is sent in parts, each with a report of its own.
//
// It fails, so that Lambda tries again, when a service fails it. A file that is
// bad as a whole is no failure: trying again would not mend it, so it gets a
// report of one line. A file that was deleted before it was read is finished, and
// so is one that was replaced between two parts: the new one has its own event.
func CSVToQueue(ctx context.Context) (any, error) {
	queueURL, err := variable("QUEUE_URL")
	if err != nil {
		return nil, err
	}
	table, err := variable("TABLE_NAME")
	if err != nil {
		return nil, err
	}
	cfg, err := loadConfig(ctx)
	if err != nil {
		return nil, err
	}
	f := &csvToQueue{newS3(cfg), sqs.NewFromConfig(cfg), lambda.NewFromConfig(cfg), queueURL, table}
	return f.handle, nil
}

type csvToQueue struct {
	s3       *s3.Client
	sqs      *sqs.Client
	lambda   *lambda.Client
	queueURL string
	table    string
}

// A loaded file is what the function answers: how many rows went where, those of
// earlier parts included.
type loaded struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Sent   int    `json:"sent"`
	Bad    int    `json:"bad"`
	Report string `json:"report,omitempty"` // the key of the report of the part's bad rows
	Rest   *place `json:"rest,omitempty"`   // what was left to a further invocation
}

func (f *csvToQueue) handle(ctx context.Context, e event) ([]loaded, error) {
	late, stop := lateness(ctx)
	defer stop()
	parts, err := e.parts()
	if err != nil {
		return nil, err
	}
	done := []loaded{}
	for _, p := range parts {
		file, err := f.load(ctx, p, late)
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: %w", p.Bucket, p.Key, err)
		}
		done = append(done, file)
	}
	return done, nil
}

// load sends one part, and has the next invoked if there is one: last, so that
// an invocation that fails before has left nothing to do to anyone else.
func (f *csvToQueue) load(ctx context.Context, p part, late func() bool) (loaded, error) {
	log := slog.With("bucket", p.Bucket, "key", p.Key, "part", p.Number)
	object, err := p.open(ctx, f.s3)
	if isGone(err) {
		log.WarnContext(ctx, "the object is gone", "sent", p.Sent, "bad", p.Bad)
		return loaded{Bucket: p.Bucket, Key: p.Key, Sent: p.Sent, Bad: p.Bad}, nil
	}
	if err != nil {
		return loaded{}, err
	}
	defer object.Close()
	file, rest, err := f.send(ctx, p, object, late)
	if err != nil {
		return file, err
	}
	log = log.With("sent", file.Sent, "bad", file.Bad, "report", file.Report)
	if rest == nil {
		log.InfoContext(ctx, "loaded")
		return file, nil
	}
	rest.Sent, rest.Bad, file.Rest = file.Sent, file.Bad, &rest.Row
	if err := rest.invoke(ctx, f.lambda); err != nil {
		return file, fmt.Errorf("invoke part %d: %w", rest.Number, err)
	}
	log.InfoContext(ctx, "continued by a further invocation", "line", rest.Row.Line)
	return file, nil
}

// send streams a part to the queue. Rows are in memory only while they are in a
// batch on its way. All are on the queue or in the report when it returns.
func (f *csvToQueue) send(ctx context.Context, p part, object *object, late func() bool) (file loaded, rest *part, err error) {
	report := newReport(f.s3, p.Bucket, p.reportKey(object.version()))
	addBad := func(row badRow) error { return report.add(ctx, row) }
	to := &queue{f.sqs, f.queueURL, addBad}
	sender := newSender(ctx, to.post)
	rest, err = p.messages(object, f.table, late, sender.send, addBad)
	if err = sender.close(err); err == nil {
		err = report.close(ctx)
	}
	if err != nil {
		return file, nil, errors.Join(err, report.abort(context.WithoutCancel(ctx)))
	}
	file = loaded{Bucket: p.Bucket, Key: p.Key, Sent: p.Sent + sender.sent, Bad: p.Bad + report.rows}
	if report.rows > 0 {
		file.Report = report.key
	}
	return file, rest, nil
}

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
