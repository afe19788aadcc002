package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// workload is one kind of request. Each call of the function that it makes for
// a client sends one.
type workload struct {
	name  string
	setup func(context.Context, aws.Config) error // on Runnel alone
	send  func(context.Context, *clients, int) error
}

// clients are those of one goroutine.
type clients struct {
	s3      *s3.Client
	sqs     *sqs.Client
	sns     *sns.Client
	tables  *dynamodb.Client
	queue   string
	receipt string // of the message that was received last
}

func newClients(cfg aws.Config) *clients {
	return &clients{
		s3:     s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true; o.DisableLogOutputChecksumValidationSkipped = true }),
		sqs:    sqs.NewFromConfig(cfg),
		sns:    sns.NewFromConfig(cfg),
		tables: dynamodb.NewFromConfig(cfg),
		queue:  aws.ToString(cfg.BaseEndpoint) + "/000000000000/bench",
	}
}

var fourKiB = bytes.Repeat([]byte("0123456789abcdef"), 256)

var workloads = []workload{
	{"S3 PutObject 4 KiB", makeBucket, putObject},
	{"S3 GetObject 4 KiB", nil, getObject},
	{"SQS SendMessage", makeQueue, sendMessage},
	{"SQS ReceiveMessage + DeleteMessage", nil, receiveAndDelete},
	{"DynamoDB PutItem", makeTable, putItem},
	{"DynamoDB GetItem", nil, getItem},
	{"DynamoDB Query", nil, query},
}

const (
	serviceTime = 3 * time.Second
	keys        = 1000
)

// services drives Runnel and a server that does nothing, in turn, with the
// same client.
func services(ctx context.Context, l *lab) error {
	runnel, err := l.up(ctx)
	if err != nil {
		return err
	}
	defer runnel.stop()
	nothing, err := startNothing(ctx)
	if err != nil {
		return err
	}
	defer nothing.stop()
	fmt.Printf("| request | clients | per second | p50 | p99 | of the limit |\n|---|---|---|---|---|---|\n")
	for _, w := range workloads {
		if w.setup != nil {
			if err := w.setup(ctx, runnel.aws()); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
		for _, n := range []int{1, 64} {
			if err := compare(ctx, l, w, n, runnel, nothing); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
		}
	}
	return nil
}

func compare(ctx context.Context, l *lab, w workload, n int, runnel, nothing *server) error {
	limit, _, err := drive(ctx, l, w, n, nothing.aws())
	if err != nil {
		return fmt.Errorf("the server that does nothing: %w", err)
	}
	rate, t, err := drive(ctx, l, w, n, runnel.aws())
	if err != nil {
		return err
	}
	fmt.Printf("| %s | %d | %.0f | %v | %v | %.0f %% |\n", w.name, n, rate,
		t.at(0.5).Round(10*time.Microsecond), t.at(0.99).Round(10*time.Microsecond), 100*rate/limit)
	return nil
}

// drive sends requests from n clients for a while.
func drive(ctx context.Context, l *lab, w workload, n int, cfg aws.Config) (perSecond float64, all times, err error) {
	var (
		wg    sync.WaitGroup
		mu    sync.Mutex
		count atomic.Int64
	)
	begin := time.Now()
	end := begin.Add(serviceTime / time.Duration(l.scale))
	for range n {
		wg.Go(func() {
			c := newClients(cfg)
			var mine times
			var failed error
			for failed == nil && time.Now().Before(end) {
				t := time.Now()
				failed = w.send(ctx, c, int(count.Add(1)))
				mine = append(mine, time.Since(t))
			}
			mu.Lock()
			defer mu.Unlock()
			all = append(all, mine...)
			if err == nil {
				err = failed
			}
		})
	}
	wg.Wait()
	return float64(len(all)) / time.Since(begin).Seconds(), all, err
}

func makeBucket(ctx context.Context, cfg aws.Config) error {
	c := newClients(cfg)
	if _, err := c.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("bench")}); err != nil {
		return err
	}
	for i := range keys {
		if err := putObject(ctx, c, i); err != nil {
			return err
		}
	}
	return nil
}

func putObject(ctx context.Context, c *clients, i int) error {
	_, err := c.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("bench"), Key: aws.String(fmt.Sprint("key-", i%keys)), Body: bytes.NewReader(fourKiB)})
	return err
}

func getObject(ctx context.Context, c *clients, i int) error {
	out, err := c.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("bench"), Key: aws.String(fmt.Sprint("key-", i%keys))})
	if err != nil {
		return err
	}
	defer out.Body.Close()
	n, err := new(bytes.Buffer).ReadFrom(out.Body)
	if err == nil && n != int64(len(fourKiB)) {
		err = fmt.Errorf("%d bytes came", n)
	}
	return err
}

func makeQueue(ctx context.Context, cfg aws.Config) error {
	_, err := newClients(cfg).sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("bench")})
	return err
}

func sendMessage(ctx context.Context, c *clients, i int) error {
	_, err := c.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &c.queue, MessageBody: aws.String(fmt.Sprint("message number ", i))})
	return err
}

// receiveAndDelete takes one message; the next call deletes it. When the queue
// is empty it fills it again, and that is counted as it is.
func receiveAndDelete(ctx context.Context, c *clients, i int) error {
	if c.receipt != "" {
		_, err := c.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: &c.queue, ReceiptHandle: &c.receipt})
		c.receipt = ""
		return err
	}
	out, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &c.queue, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{}})
	if err != nil {
		return err
	}
	if len(out.Messages) == 0 {
		return sendMessage(ctx, c, i)
	}
	c.receipt = aws.ToString(out.Messages[0].ReceiptHandle)
	return nil
}

func makeTable(ctx context.Context, cfg aws.Config) error {
	c := newClients(cfg)
	_, err := c.tables.CreateTable(ctx, &dynamodb.CreateTableInput{
		TableName:            aws.String(table),
		BillingMode:          ddbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []ddbtypes.AttributeDefinition{{AttributeName: aws.String("date"), AttributeType: "S"}, {AttributeName: aws.String("time"), AttributeType: "S"}},
		KeySchema:            []ddbtypes.KeySchemaElement{{AttributeName: aws.String("date"), KeyType: "HASH"}, {AttributeName: aws.String("time"), KeyType: "RANGE"}},
	})
	if err != nil {
		return err
	}
	for i := range keys {
		if err := putItem(ctx, c, i); err != nil {
			return err
		}
	}
	return nil
}

func itemKey(i int) map[string]ddbtypes.AttributeValue {
	return map[string]ddbtypes.AttributeValue{
		"date": &ddbtypes.AttributeValueMemberS{Value: fmt.Sprint("2025-01-", i%keys/100+1)},
		"time": &ddbtypes.AttributeValueMemberS{Value: fmt.Sprint("00:", i%100)},
	}
}

func putItem(ctx context.Context, c *clients, i int) error {
	item := itemKey(i)
	for _, name := range []string{"location", "source", "local_dest", "remote_dest"} {
		item[name] = &ddbtypes.AttributeValueMemberS{Value: strings.Repeat("x", 10)}
	}
	for _, name := range []string{"local_avg", "remote_avg"} {
		item[name] = &ddbtypes.AttributeValueMemberN{Value: "12.34"}
	}
	_, err := c.tables.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String(table), Item: item})
	return err
}

func getItem(ctx context.Context, c *clients, i int) error {
	_, err := c.tables.GetItem(ctx, &dynamodb.GetItemInput{TableName: aws.String(table), Key: itemKey(i)})
	return err
}

func query(ctx context.Context, c *clients, i int) error {
	_, err := c.tables.Query(ctx, &dynamodb.QueryInput{
		TableName:                 aws.String(table),
		Limit:                     aws.Int32(10),
		KeyConditionExpression:    aws.String("#d = :d"),
		ExpressionAttributeNames:  map[string]string{"#d": "date"},
		ExpressionAttributeValues: map[string]ddbtypes.AttributeValue{":d": itemKey(i)["date"]},
	})
	return err
}

// startNothing starts the peer: this program as a server that does nothing.
func startNothing(ctx context.Context) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &server{cmd: exec.CommandContext(ctx, self, "nothing")}
	return s, s.start()
}
