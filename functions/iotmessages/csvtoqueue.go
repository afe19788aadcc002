package iotmessages

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// CSVToQueue opens the function that an object in the bucket invokes. It sends a
// message to the queue for each good row, and writes the bad rows, each with its
// line and reason, to one report beside the file.
//
// It fails, so that Lambda tries again, when a service fails it. A file that is
// bad as a whole is no failure: trying again would not mend it, so it gets a
// report of one line. A file that was deleted before it was read is finished.
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
	f := &csvToQueue{newS3(cfg), sqs.NewFromConfig(cfg), queueURL, table}
	return f.handle, nil
}

type csvToQueue struct {
	s3       *s3.Client
	sqs      *sqs.Client
	queueURL string
	table    string
}

// A loaded file is what the function answers: how many rows went where.
type loaded struct {
	Bucket string `json:"bucket"`
	Key    string `json:"key"`
	Sent   int    `json:"sent"`
	Bad    int    `json:"bad"`
	Report string `json:"report,omitempty"` // the key of the report of the bad rows
}

func (f *csvToQueue) handle(ctx context.Context, e events.S3Event) ([]loaded, error) {
	done := []loaded{}
	for _, r := range e.Records {
		file, err := f.load(ctx, r.S3)
		if err != nil {
			return nil, fmt.Errorf("s3://%s/%s: %w", r.S3.Bucket.Name, r.S3.Object.URLDecodedKey, err)
		}
		slog.InfoContext(ctx, "loaded", "bucket", file.Bucket, "key", file.Key, "sent", file.Sent, "bad", file.Bad, "report", file.Report)
		done = append(done, file)
	}
	return done, nil
}

// load streams one object to the queue. Rows are in memory only while they are
// in a batch on its way.
func (f *csvToQueue) load(ctx context.Context, source events.S3Entity) (loaded, error) {
	file := loaded{Bucket: source.Bucket.Name, Key: source.Object.URLDecodedKey}
	in := &s3.GetObjectInput{Bucket: &file.Bucket, Key: &file.Key}
	if source.Object.VersionID != "" {
		in.VersionId = &source.Object.VersionID
	}
	object, err := openObject(ctx, f.s3, in)
	if isGone(err) {
		slog.WarnContext(ctx, "the object is gone", "bucket", file.Bucket, "key", file.Key)
		return file, nil
	}
	if err != nil {
		return file, err
	}
	defer object.Close()

	report := newReport(f.s3, file.Bucket, reportKey(file.Key, object.version()))
	addBad := func(row badRow) error { return report.add(ctx, row) }
	to := &queue{f.sqs, f.queueURL, addBad}
	sender := newSender(ctx, to.post)
	err = readFile(object, f.table, sender.send, addBad)
	if err = sender.close(err); err == nil {
		err = report.close(ctx)
	}
	if err != nil {
		return file, errors.Join(err, report.abort(context.WithoutCancel(ctx)))
	}
	file.Sent, file.Bad = sender.sent, report.rows
	if report.rows > 0 {
		file.Report = report.key
	}
	return file, nil
}

// isGone says that an object was deleted, which its own writer did.
func isGone(err error) bool {
	var e smithy.APIError
	return errors.As(err, &e) && (e.ErrorCode() == "NoSuchKey" || e.ErrorCode() == "NoSuchVersion")
}
