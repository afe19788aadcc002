package runnel_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel"
)

// TestRestart stops a runtime in the middle of its work, and looks for all of
// it in the next.
func TestRestart(t *testing.T) {
	t.Parallel()
	before := startPipeline(t)
	large := strings.Repeat("0123456789abcdef", 10<<16) // a file, not a row
	before.put(before.out["DataBucket"], "large.bin", large)
	before.put(before.out["DataBucket"], "data.csv", sample(t, "data.csv"))
	before.awaitItems(before.out["TableName"], 20)
	before.awaitLogged("iot-messages-csv-to-queue", "loaded", 1)
	handle := before.leaveMessages()
	before.stop()

	p := &pipeline{startOn(t, before.dir), before.out}
	if got := p.get(p.out["DataBucket"], "large.bin"); got != large {
		t.Errorf("the object has %d bytes, want %d", len(got), len(large))
	}
	p.checkMessages(t, handle)
	want, _ := rows(t, "data.txt")
	sameItems(t, p.items(p.out["TableName"]), want)
	if n := p.logged("iot-messages-csv-to-queue", "loaded"); n != 1 {
		t.Errorf("%d log events, want 1", n)
	}
	stack := must(p.stacks.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("iot-messages")}))(t).Stacks[0]
	if stack.StackStatus != "CREATE_COMPLETE" || len(stack.Outputs) != len(p.out) {
		t.Errorf("the stack is %s with %d outputs", stack.StackStatus, len(stack.Outputs))
	}
	roles := must(p.iam.ListRoles(t.Context(), &iam.ListRolesInput{}))(t).Roles
	functions := must(p.lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{}))(t).Functions
	if len(functions) != 7 || len(roles) != 7 {
		t.Errorf("%d functions and %d roles, want 7 of each", len(functions), len(roles))
	}
	// It goes on where it was: the pipeline, the API, the stack.
	if got := p.call(p.forms()[0], "GET", "/message/2025-07-15?time=08:00:00", ""); got.status != 200 {
		t.Errorf("the API answers %d %s", got.status, got.body)
	}
	p.put(p.out["DataBucket"], "data-bad.csv", sample(t, "data-bad.csv"))
	p.awaitItems(p.out["TableName"], 24)
	if out := p.deployPipeline(); out["ApiId"] != p.out["ApiId"] {
		t.Errorf("deployed again, the API is %s, was %s", out["ApiId"], p.out["ApiId"])
	}
}

// leaveMessages leaves three messages in a queue, one of them in flight and one
// delayed, and returns the receipt handle of the first.
func (p *pipeline) leaveMessages() (handle string) {
	p.Helper()
	url := must(p.sqs.CreateQueue(p.Context(), &sqs.CreateQueueInput{QueueName: aws.String("left"), Attributes: map[string]string{"VisibilityTimeout": "600"}}))(p).QueueUrl
	must(p.sqs.SendMessage(p.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("in flight")}))(p)
	handle = *p.receive(*url).ReceiptHandle
	must(p.sqs.SendMessage(p.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("visible")}))(p)
	must(p.sqs.SendMessage(p.Context(), &sqs.SendMessageInput{QueueUrl: url, MessageBody: aws.String("delayed"), DelaySeconds: 900}))(p)
	return handle
}

func (p *pipeline) checkMessages(t *testing.T, handle string) {
	t.Helper()
	url := *must(p.sqs.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: aws.String("left")}))(t).QueueUrl
	p.awaitDepth(url, "1", "1")
	visible := p.receive(url)
	if *visible.Body != "visible" {
		t.Errorf("received %q", *visible.Body)
	}
	for _, h := range []*string{&handle, visible.ReceiptHandle} {
		must(p.sqs.DeleteMessage(t.Context(), &sqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: h}))(t)
	}
	p.clock.Advance(16 * time.Minute)
	if m := p.receive(url); *m.Body != "delayed" {
		t.Errorf("received %q", *m.Body)
	}
}

// TestRestartInTheMiddleOfAnUpload keeps the parts of an upload that was begun.
func TestRestartInTheMiddleOfAnUpload(t *testing.T) {
	t.Parallel()
	r := start(t)
	must(r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("parts")}))(t)
	up := must(r.s3.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("parts"), Key: aws.String("k")}))(t)
	part := func(r *rig, n int32, body string) *string {
		return must(r.s3.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: up.Bucket, Key: up.Key, UploadId: up.UploadId, PartNumber: &n, Body: strings.NewReader(body)}))(t).ETag
	}
	first := part(r, 1, string(bytes.Repeat([]byte("a"), 5<<20)))
	r.stop()
	r = startOn(t, r.dir)
	second := part(r, 2, "b")
	must(r.s3.CompleteMultipartUpload(t.Context(), completed(up, first, second)))(t)
	if got := r.get("parts", "k"); len(got) != 5<<20+1 || !strings.HasSuffix(got, "ab") {
		t.Errorf("the object has %d bytes", len(got))
	}
}

// TestStopAtOnce stops a runtime that has not begun to serve, or has just: that
// is an end like any other.
func TestStopAtOnce(t *testing.T) {
	t.Parallel()
	for i := range 5 {
		r, err := runnel.New(runnel.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		if i == 0 {
			cancel()
		}
		ended := make(chan error, 1)
		go func() { ended <- r.Run(ctx) }()
		cancel()
		if err := errors.Join(<-ended, r.Close()); err != nil {
			t.Error(err)
		}
	}
}
