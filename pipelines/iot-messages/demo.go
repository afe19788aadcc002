// Package iotmessages is the demonstration of the pipeline in this folder,
// with its template and its sample data.
package iotmessages

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/pipelines"
)

var (
	//go:embed template.yaml
	template []byte
	//go:embed sample-data/data.csv
	good []byte
	//go:embed sample-data/data-bad.csv
	bad []byte
)

// What is in the sample data.
const (
	goodRows      = 20
	goodRowsOfBad = 4
	badRowsOfBad  = 12
)

// Demo feeds both files, the first one twice, and follows their rows to the
// table, to the report and back over the API.
var Demo = &pipelines.Demo{
	Name:     "iot-messages",
	About:    "CSV in a bucket -> function -> queue -> function -> table, behind a REST API",
	Template: template,
	Dir:      "pipelines/iot-messages",
	Run:      func(ctx context.Context, s *pipelines.Session) error { return newDemo(s).run(ctx) },
}

type demo struct {
	*pipelines.Session
	s3    *s3.Client
	sqs   *sqs.Client
	logs  *cloudwatchlogs.Client
	table *dynamodb.Client
}

func newDemo(s *pipelines.Session) *demo {
	return &demo{
		Session: s,
		s3:      s.S3(),
		sqs:     sqs.NewFromConfig(s.AWS),
		logs:    cloudwatchlogs.NewFromConfig(s.AWS),
		table:   dynamodb.NewFromConfig(s.AWS),
	}
}

func (d *demo) run(ctx context.Context) error {
	steps := []func(context.Context) error{d.goodFile, d.badFile, d.sameFileAgain, d.api, d.queues}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (d *demo) goodFile(ctx context.Context) error {
	start := time.Now()
	if err := d.put(ctx, "data.csv", good); err != nil {
		return err
	}
	return d.expectItems(ctx, "rows of data.csv are items", goodRows, start)
}

func (d *demo) badFile(ctx context.Context) error {
	start := time.Now()
	if err := d.put(ctx, "data-bad.csv", bad); err != nil {
		return err
	}
	if err := d.expectItems(ctx, "and the good rows of data-bad.csv", goodRows+goodRowsOfBad, start); err != nil {
		return err
	}
	var key string
	n, err := d.Await(ctx, "bad rows in the report", badRowsOfBad, func(ctx context.Context) (n int, err error) {
		key, n, err = d.reported(ctx)
		return n, err
	})
	d.Report(pipelines.Result{What: "bad rows of it are in a report", Where: "s3://" + path.Join(d.Outputs["DataBucket"], key), Got: n, Expected: badRowsOfBad, Took: time.Since(start)})
	return err
}

// sameFileAgain shows that a file that comes twice changes nothing: all of its
// rows are messages once more, and the items are the same.
func (d *demo) sameFileAgain(ctx context.Context) error {
	start := time.Now()
	if err := d.put(ctx, "again/data.csv", good); err != nil {
		return err
	}
	if err := d.drained(ctx, "again/data.csv"); err != nil {
		return err
	}
	return d.expectItems(ctx, "items after data.csv came again", goodRows+goodRowsOfBad, start)
}

func (d *demo) put(ctx context.Context, key string, body []byte) error {
	_, err := d.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(d.Outputs["DataBucket"]), Key: &key, Body: bytes.NewReader(body)})
	return err
}

func (d *demo) expectItems(ctx context.Context, what string, want int, start time.Time) error {
	n, err := d.Await(ctx, what, want, func(ctx context.Context) (int, error) {
		out, err := d.table.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(d.Outputs["TableName"]), Select: ddbtypes.SelectCount, ConsistentRead: aws.Bool(true)})
		if err != nil {
			return 0, err
		}
		return int(out.Count), nil
	})
	d.Report(pipelines.Result{What: what, Where: "table " + d.Outputs["TableName"], Got: n, Expected: want, Took: time.Since(start)})
	return err
}

// reported is the report on data-bad.csv, once there is one, and its lines.
func (d *demo) reported(ctx context.Context) (key string, lines int, err error) {
	bucket := aws.String(d.Outputs["DataBucket"])
	list, err := d.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: bucket, Prefix: aws.String("errors/data-bad.csv/")})
	if err != nil || len(list.Contents) == 0 {
		return "", 0, err
	}
	key = aws.ToString(list.Contents[0].Key)
	lines, err = d.Lines(ctx, *bucket, key)
	return key, lines, err
}

// drained waits until the function has said that it sent the rows of the file
// at key, and the queue has none left.
func (d *demo) drained(ctx context.Context, key string) error {
	_, err := d.Await(ctx, "file read", 1, func(ctx context.Context) (int, error) {
		out, err := d.logs.FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName:  aws.String("/aws/lambda/" + d.Outputs["TableName"] + "-csv-to-queue"),
			FilterPattern: aws.String(`loaded "` + key + `"`),
		})
		if err != nil {
			return 0, err
		}
		return len(out.Events), nil
	})
	if err != nil {
		return err
	}
	_, err = d.Await(ctx, "queue drained", 1, func(ctx context.Context) (int, error) {
		n, err := d.messages(ctx, d.Outputs["QueueUrl"])
		if n > 0 {
			return 0, err
		}
		return 1, err
	})
	return err
}

func (d *demo) messages(ctx context.Context, queue string) (n int, err error) {
	out, err := d.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}})
	if err != nil {
		return 0, err
	}
	for _, name := range []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "ApproximateNumberOfMessagesDelayed"} {
		var count int
		if _, err := fmt.Sscan(out.Attributes[name], &count); err != nil {
			return 0, fmt.Errorf("%s: %w", name, err)
		}
		n += count
	}
	return n, nil
}

func (d *demo) queues(ctx context.Context) error {
	for _, q := range []struct{ what, output string }{
		{"messages left", "QueueUrl"}, {"messages given up", "DeadLetterQueueUrl"}, {"files given up", "FailedFilesUrl"},
	} {
		queue := d.Outputs[q.output]
		n, err := d.messages(ctx, queue)
		if err != nil {
			return err
		}
		d.Report(pipelines.Result{What: q.what, Where: "queue " + path.Base(queue), Got: n})
	}
	return nil
}

// api reads all items back in pages, and takes one through its life.
func (d *demo) api(ctx context.Context) error {
	start := time.Now()
	n, err := d.readPages(ctx)
	if err != nil {
		return err
	}
	d.Report(pipelines.Result{What: "items come back over the API", Where: "GET /message", Got: n, Expected: goodRows + goodRowsOfBad, Took: time.Since(start)})
	const item = `{"Item": {"date": "2025-07-17", "time": "06:45:43", "location": "location-03", "source": "wireless", "local_dest": "router-1", "local_avg": 7.31, "remote_dest": "device-1", "remote_avg": 14.22}}`
	calls := []struct {
		method, path, body string
		status             int
	}{
		{"POST", "message", item, 201},
		{"PUT", "message/2025-07-17?time=06:45:43", `{"UpdateExpression": "SET remote_avg = :v", "ExpressionAttributeValues": {":v": 9.5}}`, 204},
		{"GET", "message/2025-07-17?time=06:45:43", "", 200},
		{"DELETE", "message/2025-07-17?time=06:45:43", "", 204},
		{"GET", "message/2025-07-17?time=06:45:43", "", 404},
		{"POST", "message", `{"Item": {`, 400},
	}
	answered := 0
	start = time.Now()
	for _, c := range calls {
		status, body, err := d.call(ctx, c.method, c.path, c.body)
		if err != nil {
			return err
		}
		if status != c.status {
			return fmt.Errorf("%s %s: %d %s, want %d", c.method, c.path, status, body, c.status)
		}
		answered++
	}
	d.Report(pipelines.Result{What: "calls answered as they should be", Where: "POST, PUT, GET, DELETE /message", Got: answered, Expected: len(calls), Took: time.Since(start)})
	return nil
}

func (d *demo) readPages(ctx context.Context) (items int, err error) {
	next := ""
	for {
		status, body, err := d.call(ctx, "GET", "message?limit=10&next="+url.QueryEscape(next), "")
		if err != nil {
			return items, err
		}
		var page struct {
			Count int
			Next  string
		}
		if status != http.StatusOK {
			return items, fmt.Errorf("GET /message: %d %s", status, body)
		}
		if err := json.Unmarshal(body, &page); err != nil {
			return items, fmt.Errorf("GET /message: %w", err)
		}
		items += page.Count
		if next = page.Next; next == "" {
			return items, nil
		}
	}
}

func (d *demo) call(ctx context.Context, method, path, body string) (status int, answer []byte, err error) {
	u := fmt.Sprintf("%s/restapis/%s/Prod/_user_request_/%s", aws.ToString(d.AWS.BaseEndpoint), d.Outputs["ApiId"], path)
	req, err := http.NewRequestWithContext(ctx, method, u, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	res, err := d.AWS.HTTPClient.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer res.Body.Close()
	answer, err = io.ReadAll(res.Body)
	return res.StatusCode, answer, err
}
