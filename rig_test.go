package runnel_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel"
	"github.com/runnel/runnel/deploy"
	iotmessages "github.com/runnel/runnel/pipelines/iot-messages"
	"github.com/runnel/runnel/store"
)

// rig is a runtime on a folder of its own, with functions as processes, and
// the SDK's clients of it over its port.
type rig struct {
	testing.TB
	dir      string
	clock    *store.Clock
	endpoint string
	stop     func()
	clients
}

// in is the rig for a subtest, which fails alone.
func (r *rig) in(t testing.TB) *rig {
	sub := *r
	sub.TB = t
	return &sub
}

type clients struct {
	aws     aws.Config
	s3      *s3.Client
	sqs     *sqs.Client
	sns     *sns.Client
	buses   *eventbridge.Client
	table   *dynamodb.Client
	lambda  *lambda.Client
	logs    *cloudwatchlogs.Client
	metrics *cloudwatch.Client
	stacks  *cloudformation.Client
	apis    *apigateway.Client
	iam     *iam.Client
}

// plainBodies hides that the SDK's request bodies have a WriteTo. net/http looks
// behind a body for more by that; the SDK may have closed it by then, because a
// runtime on the same machine has answered already; the WriteTo of smithy-go
// v1.28 then says io.EOF, which is an error there, and net/http closes the
// connection under the answer. (The SDK's own retryer mends it, by a retry.)
type plainBodies struct{ *http.Client }

func (c plainBodies) Do(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		req.Body = struct{ io.ReadCloser }{req.Body}
	}
	return c.Client.Do(req)
}

func newClients(endpoint, secret string) clients {
	cfg := aws.Config{
		HTTPClient:   plainBodies{&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 10}}},
		Region:       "us-east-1",
		BaseEndpoint: &endpoint,
		Credentials:  credentials.NewStaticCredentialsProvider("runnel", secret, ""),
		Retryer:      func() aws.Retryer { return aws.NopRetryer{} }, // the first answer is the one to judge

		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
	}
	return clients{
		aws:     cfg,
		s3:      s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		sqs:     sqs.NewFromConfig(cfg),
		sns:     sns.NewFromConfig(cfg),
		buses:   eventbridge.NewFromConfig(cfg),
		table:   dynamodb.NewFromConfig(cfg),
		lambda:  lambda.NewFromConfig(cfg),
		logs:    cloudwatchlogs.NewFromConfig(cfg),
		metrics: cloudwatch.NewFromConfig(cfg),
		stacks:  cloudformation.NewFromConfig(cfg),
		apis:    apigateway.NewFromConfig(cfg),
		iam:     iam.NewFromConfig(cfg),
	}
}

// start runs a runtime until the test ends.
func start(t testing.TB) *rig { return startOn(t, t.TempDir()) }

// startOn runs a runtime on a folder until stop, or until the test ends.
func startOn(t testing.TB, dir string) *rig {
	t.Helper()
	return startLater(t, dir, 0)
}

// startLater is startOn after the machine was off for so long.
func startLater(t testing.TB, dir string, off time.Duration) *rig {
	t.Helper()
	return startWith(t, dir, func(c *runnel.Config) { c.Clock.Advance(off) })
}

func startWith(t testing.TB, dir string, option func(*runnel.Config)) *rig {
	t.Helper()
	cfg := runnel.Config{
		Data: dir, Listen: "127.0.0.1:0", Clock: store.NewClock(),
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
	option(&cfg)
	r, err := runnel.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	stopped := false
	stop := func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := errors.Join(<-ended, r.Close()); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(stop)
	return &rig{TB: t, dir: dir, clock: cfg.Clock, endpoint: r.Endpoint(), stop: stop, clients: newClients(r.Endpoint(), "runnel")}
}

// pipeline is the deployed pipeline of system 5.
type pipeline struct {
	*rig
	out map[string]string // of its stack
}

func startPipeline(t testing.TB) *pipeline {
	t.Helper()
	r := start(t)
	return &pipeline{r, r.deployPipeline()}
}

func (r *rig) deployPipeline() map[string]string {
	r.Helper()
	d := iotmessages.Demo
	builtin := func(dir string) bool { return path.Clean(dir) == "functions/bootstrap" }
	return r.deploy(d.Name, &deploy.Template{Body: d.Template, Dir: d.Dir, Builtin: builtin})
}

// deploy deploys a template that must succeed, and returns its outputs.
func (r *rig) deploy(stack string, t *deploy.Template) map[string]string {
	r.Helper()
	return r.deployWith(stack, t, nil)
}

func (r *rig) deployWith(stack string, t *deploy.Template, parameters map[string]string) map[string]string {
	r.Helper()
	result, err := deploy.Deploy(r.Context(), t, deploy.Options{AWS: r.aws, Stack: stack, Parameters: parameters})
	if err != nil {
		r.Fatal(err)
	}
	out := make(map[string]string)
	for _, o := range result.Outputs {
		out[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return out
}

// must is the answer of a call that must succeed.
func must[T any](v T, err error) func(t testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func (r *rig) put(bucket, key, body string) {
	r.Helper()
	must(r.s3.PutObject(r.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}))(r)
}

func (r *rig) get(bucket, key string) string {
	r.Helper()
	out := must(r.s3.GetObject(r.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: &key}))(r)
	defer out.Body.Close()
	return string(must(io.ReadAll(out.Body))(r))
}

// count is the number of items in a table.
func (r *rig) count(table string) int {
	r.Helper()
	n := 0
	pages := dynamodb.NewScanPaginator(r.table, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)})
	for pages.HasMorePages() {
		n += int(must(pages.NextPage(r.Context()))(r).Count)
	}
	return n
}

func (r *rig) awaitItems(table string, want int) {
	r.Helper()
	eventually(r, fmt.Sprintf("%d items in %s", want, table), func() (bool, any) {
		n := r.count(table)
		return n == want, n
	})
}

// depth is how many messages a queue shows, and how many it hides.
func (r *rig) depth(url string) (visible, hidden string) {
	r.Helper()
	out := must(r.sqs.GetQueueAttributes(r.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}}))(r)
	return out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func (r *rig) awaitDepth(url, visible, hidden string) {
	r.Helper()
	eventually(r, fmt.Sprintf("%s visible and %s hidden in %s", visible, hidden, path.Base(url)), func() (bool, any) {
		v, h := r.depth(url)
		return v == visible && h == hidden, v + " and " + h
	})
}

// take receives so many messages, with all that they have, and deletes them.
func (r *rig) take(url string, want int) (got []sqstypes.Message) {
	r.Helper()
	eventually(r, fmt.Sprintf("%d messages from %s", want, path.Base(url)), func() (bool, any) {
		got = append(got, r.takeUpTo(url, want-len(got))...)
		return len(got) >= want, len(got)
	})
	return got
}

// takeUpTo takes what one request gives of so many.
func (r *rig) takeUpTo(url string, most int) []sqstypes.Message {
	r.Helper()
	out := must(r.sqs.ReceiveMessage(r.Context(), &sqs.ReceiveMessageInput{
		QueueUrl: &url, MaxNumberOfMessages: int32(min(10, most)), WaitTimeSeconds: 1,
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll},
	}))(r)
	if len(out.Messages) == 0 {
		return nil
	}
	in := &sqs.DeleteMessageBatchInput{QueueUrl: &url}
	for i, m := range out.Messages {
		in.Entries = append(in.Entries, sqstypes.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
	}
	if deleted := must(r.sqs.DeleteMessageBatch(r.Context(), in))(r); len(deleted.Failed) > 0 {
		r.Errorf("delete: %s", aws.ToString(deleted.Failed[0].Message))
	}
	return out.Messages
}

// receive takes one message with all that it has, and leaves it in flight.
func (r *rig) receive(url string) (m sqstypes.Message) {
	r.Helper()
	eventually(r, "a message in "+path.Base(url), func() (bool, any) {
		out := must(r.sqs.ReceiveMessage(r.Context(), &sqs.ReceiveMessageInput{
			QueueUrl: &url, WaitTimeSeconds: 20,
			MessageAttributeNames:       []string{"All"},
			MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{sqstypes.MessageSystemAttributeNameAll},
		}))(r)
		if len(out.Messages) == 0 {
			return false, "none"
		}
		m = out.Messages[0]
		return true, nil
	})
	return m
}

// logged is how many events of a function's log match a pattern.
func (r *rig) logged(function, pattern string) int {
	r.Helper()
	n := 0
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(r.logs, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: aws.String("/aws/lambda/" + function), FilterPattern: &pattern,
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(r.Context())
		if code(err) == "ResourceNotFoundException" {
			return 0 // it has not run yet
		}
		n += len(must(page, err)(r).Events)
	}
	return n
}

func (r *rig) awaitLogged(function, pattern string, want int) {
	r.Helper()
	eventually(r, fmt.Sprintf("%d events %s in the log of %s", want, pattern, function), func() (bool, any) {
		n := r.logged(function, pattern)
		return n >= want, n
	})
}

// code is the AWS error code of err, "" if there is none.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	return ""
}

// answer is what came over HTTP.
type answer struct {
	status int
	header http.Header
	body   string
}

// http makes a request that no SDK would make.
func (r *rig) http(method, url, body string, header ...string) answer {
	r.Helper()
	req := must(http.NewRequestWithContext(r.Context(), method, url, strings.NewReader(body)))(r)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			req.Host = header[i+1]
			continue
		}
		req.Header.Set(header[i], header[i+1])
	}
	res := must(http.DefaultClient.Do(req))(r)
	defer res.Body.Close()
	b := must(io.ReadAll(res.Body))(r)
	return answer{res.StatusCode, res.Header, string(b)}
}

// zipOf is a deployment package with executable files.
func zipOf(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	z := zip.NewWriter(&buf)
	for name, body := range files {
		h := &zip.FileHeader{Name: name, Method: zip.Deflate}
		h.SetMode(0o755)
		w := must(z.CreateHeader(h))(t)
		must(io.WriteString(w, body))(t)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// completed names the parts of an upload.
func completed(up *s3.CreateMultipartUploadOutput, etags ...*string) *s3.CompleteMultipartUploadInput {
	in := &s3.CompleteMultipartUploadInput{Bucket: up.Bucket, Key: up.Key, UploadId: up.UploadId, MultipartUpload: &s3types.CompletedMultipartUpload{}}
	for i, etag := range etags {
		in.MultipartUpload.Parts = append(in.MultipartUpload.Parts, s3types.CompletedPart{ETag: etag, PartNumber: aws.Int32(int32(i + 1))})
	}
	return in
}
