package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	goTemplate     = "pipelines/iot-messages/template.yaml"
	pythonTemplate = "bench/iot-python/template.yaml"
)

// pipeline uploads the same file to the pipeline with its Go functions and,
// where Python has boto3, with Python functions in their place, in turn.
func pipeline(ctx context.Context, l *lab) error {
	body, err := io.ReadAll(newCSV(l.rows / l.scale))
	if err != nil {
		return err
	}
	templates := []struct{ name, file string }{{"Go", goTemplate}}
	if exec.Command("python3", "-c", "import boto3").Run() == nil {
		templates = append(templates, struct{ name, file string }{"Python", pythonTemplate})
	} else {
		fmt.Println("no python3 with boto3 here: the Python functions are left out")
	}
	fmt.Printf("| functions | rows | seconds | rows/s |\n|---|---|---|---|\n")
	for range 3 {
		for _, t := range templates {
			took, err := passThrough(ctx, l, t.file, body, l.rows/l.scale)
			if err != nil {
				return fmt.Errorf("%s: %w", t.name, err)
			}
			fmt.Printf("| %s | %d | %.2f | %.0f |\n", t.name, l.rows/l.scale, took.Seconds(), float64(l.rows/l.scale)/took.Seconds())
		}
	}
	return nil
}

// passThrough deploys the template on a new runtime, uploads the file, and
// returns the time until all its rows are items.
func passThrough(ctx context.Context, l *lab, template string, body []byte, rows int) (time.Duration, error) {
	s, err := l.deployed(ctx, template)
	if err != nil {
		return 0, err
	}
	defer s.stop()
	p := newProbe(s)
	if err := p.warm(ctx); err != nil {
		return 0, err
	}
	begin := time.Now()
	if err := p.upload(ctx, "data.csv", bytes.NewReader(body)); err != nil {
		return 0, err
	}
	if err := p.awaitItems(ctx, rows); err != nil {
		return 0, err
	}
	took := time.Since(begin)
	return took, p.verify(ctx, rows)
}

// probe is a client of the pipeline, deployed as the stack "bench".
type probe struct {
	s3     *s3.Client
	sqs    *sqs.Client
	tables *dynamodb.Client
	bucket string
	queue  string
}

const (
	table  = "bench"
	bucket = "bench-data"
)

func newProbe(s *server) *probe {
	cfg := s.aws()
	return &probe{
		s3:     s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		sqs:    sqs.NewFromConfig(cfg),
		tables: dynamodb.NewFromConfig(cfg),
		bucket: bucket,
		queue:  s.endpoint + "/000000000000/bench",
	}
}

func (p *probe) upload(ctx context.Context, key string, body io.Reader) error {
	_, err := p.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: &p.bucket, Key: &key, Body: body})
	return err
}

// warm sends a row that no measured file has, so that both functions run.
func (p *probe) warm(ctx context.Context) error {
	warm := header + "946684800,l,wired,r,1,d,2\n"
	if err := p.upload(ctx, "warm.csv", strings.NewReader(warm)); err != nil {
		return err
	}
	return p.awaitItem(ctx, "2000-01-01", "00:00:00", 10*time.Millisecond)
}

// awaitItem asks for an item until it is there.
func (p *probe) awaitItem(ctx context.Context, date, clock string, every time.Duration) error {
	in := &dynamodb.GetItemInput{TableName: aws.String(table), ConsistentRead: aws.Bool(true), Key: map[string]ddbtypes.AttributeValue{
		"date": &ddbtypes.AttributeValueMemberS{Value: date},
		"time": &ddbtypes.AttributeValueMemberS{Value: clock},
	}}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		out, err := p.tables.GetItem(ctx, in)
		if err != nil {
			return err
		}
		if out.Item != nil {
			return nil
		}
		time.Sleep(every)
	}
}

// awaitItems waits until the last rows are there and no message is left.
func (p *probe) awaitItems(ctx context.Context, rows int) error {
	ctx, cancel := context.WithTimeout(ctx, time.Hour)
	defer cancel()
	for {
		date, clock := keyOf(rows - 1)
		if err := p.awaitItem(ctx, date, clock, 20*time.Millisecond); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		if left, err := p.messages(ctx); err != nil || left == 0 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *probe) messages(ctx context.Context) (n int, err error) {
	names := []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameApproximateNumberOfMessages, sqstypes.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := p.sqs.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &p.queue, AttributeNames: names})
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		var count int
		if _, err := fmt.Sscan(out.Attributes[string(name)], &count); err != nil {
			return 0, err
		}
		n += count
	}
	return n, nil
}

// verify counts the items: rows, and the one that warmed.
func (p *probe) verify(ctx context.Context, rows int) error {
	n := 0
	for pages := dynamodb.NewScanPaginator(p.tables, &dynamodb.ScanInput{TableName: aws.String(table), Select: ddbtypes.SelectCount}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		n += int(page.Count)
	}
	if n != rows+1 {
		return fmt.Errorf("%d items, want %d", n, rows+1)
	}
	return nil
}

const uploads = 100

// latency uploads one-row files to an idle pipeline, one after another.
func latency(ctx context.Context, l *lab) error {
	s, err := l.deployed(ctx, goTemplate)
	if err != nil {
		return err
	}
	defer s.stop()
	p := newProbe(s)
	if err := p.warm(ctx); err != nil {
		return err
	}
	var all times
	for i := range max(2, uploads/l.scale) {
		time.Sleep(50 * time.Millisecond) // idle again
		body := string(row([]byte(header), i))
		date, clock := keyOf(i)
		begin := time.Now()
		if err := p.upload(ctx, fmt.Sprintf("%d.csv", i), strings.NewReader(body)); err != nil {
			return err
		}
		if err := p.awaitItem(ctx, date, clock, 200*time.Microsecond); err != nil {
			return err
		}
		all = append(all, time.Since(begin))
	}
	fmt.Printf("one-row file to its item: %v, over %d uploads\n", all, len(all))
	return nil
}
