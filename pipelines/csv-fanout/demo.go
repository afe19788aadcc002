// Package csvfanout is the demonstration of the pipeline in this folder, with its
// template and its sample data.
package csvfanout

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"path"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/pipelines"
)

var (
	//go:embed template.yaml
	template []byte
	//go:embed sample-data/clients.csv
	clients []byte
	//go:embed sample-data/prices-utf16.csv
	prices []byte
	//go:embed sample-data/clients-bad.csv
	bad []byte
)

// What is in the sample data.
const (
	clientRows    = 5
	priceRows     = 3
	goodRowsOfBad = 2
	badRowsOfBad  = 5
)

// Demo feeds three files, follows their rows to the queue and to the quarantine,
// and lets a subscriber join between them.
var Demo = &pipelines.Demo{
	Name:     "csv-fanout",
	About:    "CSV in a bucket -> topic -> function -> JSON on a queue, and whoever else subscribes",
	Template: template,
	Dir:      "pipelines/csv-fanout",
	Run:      func(ctx context.Context, s *pipelines.Session) error { return newDemo(s).run(ctx) },
}

type demo struct {
	*pipelines.Session
	s3  *s3.Client
	sns *sns.Client
	sqs *sqs.Client
}

func newDemo(s *pipelines.Session) *demo {
	return &demo{
		Session: s,
		s3:      s.S3(),
		sns:     sns.NewFromConfig(s.AWS),
		sqs:     sqs.NewFromConfig(s.AWS),
	}
}

func (d *demo) run(ctx context.Context) error {
	if err := d.file(ctx, "clients.csv", clients, clientRows); err != nil {
		return err
	}
	late, err := d.join(ctx)
	if err != nil {
		return err
	}
	if err := d.file(ctx, "prices-utf16.csv", prices, priceRows); err != nil {
		return err
	}
	if err := d.file(ctx, "clients-bad.csv", bad, goodRowsOfBad); err != nil {
		return err
	}
	if err := d.quarantine(ctx); err != nil {
		return err
	}
	if err := d.Messages(ctx, "files that the notice queue was told of", d.Outputs["NoticeQueueUrl"], 3, time.Time{}); err != nil {
		return err
	}
	if err := d.Messages(ctx, "and a queue that joined after the first", late, 2, time.Time{}); err != nil {
		return err
	}
	return d.Messages(ctx, "files that failed", d.Outputs["FailedFilesUrl"], 0, time.Time{})
}

// file puts a file into the bucket and waits for its rows.
func (d *demo) file(ctx context.Context, key string, content []byte, rows int) error {
	start := time.Now()
	_, err := d.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: d.bucket(), Key: &key, Body: bytes.NewReader(content)})
	if err != nil {
		return err
	}
	return d.Messages(ctx, "rows of "+key+" are messages", d.Outputs["QueueUrl"], rows, start)
}

func (d *demo) bucket() *string { return aws.String(d.Outputs["UploadBucket"]) }

// join subscribes a further queue to the topic, of which nobody else learns.
func (d *demo) join(ctx context.Context) (url string, err error) {
	out, err := d.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("csv-fanout-joined")})
	if err != nil {
		return "", err
	}
	attributes, err := d.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: out.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"QueueArn"}})
	if err != nil {
		return "", err
	}
	arn := attributes.Attributes["QueueArn"]
	policy := fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"},
		"Action": "sqs:SendMessage", "Resource": %q, "Condition": {"ArnEquals": {"aws:SourceArn": %q}}}]}`, arn, d.Outputs["UploadTopic"])
	_, err = d.sqs.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: out.QueueUrl, Attributes: map[string]string{"Policy": policy}})
	if err != nil {
		return "", err
	}
	_, err = d.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(d.Outputs["UploadTopic"]), Protocol: aws.String("sqs"), Endpoint: &arn})
	return aws.ToString(out.QueueUrl), err
}

// quarantine reads the report of the rows that could not be converted.
func (d *demo) quarantine(ctx context.Context) error {
	where := ""
	n, err := d.Await(ctx, "bad rows in quarantine", badRowsOfBad, func(ctx context.Context) (int, error) {
		list, err := d.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: d.bucket(), Prefix: aws.String("quarantine/clients-bad.csv/")})
		if err != nil || len(list.Contents) == 0 {
			return 0, err
		}
		key := *list.Contents[0].Key
		where = "s3://" + path.Join(*d.bucket(), key)
		return d.Lines(ctx, *d.bucket(), key)
	})
	d.Report(pipelines.Result{What: "bad rows of it are in quarantine", Where: where, Got: n, Expected: badRowsOfBad})
	return err
}
