package main

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// fanout measures topics: publishes into queues, deliveries over HTTP, and the
// time until a function starts.
func fanout(ctx context.Context, l *lab) error {
	nothing, err := startNothing(ctx)
	if err != nil {
		return err
	}
	defer nothing.stop()
	fmt.Printf("| SQS subscribers | delivery | publishers | publishes per second | messages per second | p50 | p99 | of the limit |\n|---|---|---|---|---|---|---|---|\n")
	for _, raw := range []bool{false, true} {
		for _, subscribers := range []int{1, 10, 100} {
			if err := publishes(ctx, l, subscribers, raw, nothing); err != nil {
				return err
			}
		}
	}
	if err := httpDeliveries(ctx, l); err != nil {
		return err
	}
	return functionStart(ctx, l)
}

// topicARN is that of the topic "bench".
const topicARN = "arn:aws:sns:us-east-1:000000000000:bench"

func publish(ctx context.Context, c *clients, i int) error {
	_, err := c.sns.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(topicARN), Message: aws.String(fmt.Sprint("message number ", i))})
	return err
}

// publishes drives a topic that has some queues, all in a new runtime. Messages
// come in an envelope with a signature, or raw.
func publishes(ctx context.Context, l *lab, subscribers int, raw bool, nothing *server) error {
	runnel, err := l.up(ctx)
	if err != nil {
		return err
	}
	defer runnel.stop()
	if err := makeTopic(ctx, runnel.aws(), subscribers, raw); err != nil {
		return err
	}
	form := map[bool]string{true: "raw", false: "signed"}[raw]
	for _, n := range []int{1, 64} {
		w := workload{send: publish}
		limit, _, err := drive(ctx, l, w, n, nothing.aws())
		if err != nil {
			return err
		}
		rate, t, err := drive(ctx, l, w, n, runnel.aws())
		if err != nil {
			return err
		}
		fmt.Printf("| %d | %s | %d | %.0f | %.0f | %v | %v | %.0f %% |\n", subscribers, form, n, rate, rate*float64(subscribers),
			t.at(0.5).Round(10*time.Microsecond), t.at(0.99).Round(10*time.Microsecond), 100*rate/limit)
	}
	return nil
}

func makeTopic(ctx context.Context, cfg aws.Config, queues int, raw bool) error {
	c := newClients(cfg)
	if _, err := c.sns.CreateTopic(ctx, &sns.CreateTopicInput{Name: aws.String("bench")}); err != nil {
		return err
	}
	for i := range queues {
		name := fmt.Sprint("bench-", i)
		arn := "arn:aws:sqs:us-east-1:000000000000:" + name
		policy := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},
			"Action":"sqs:SendMessage","Resource":%q,"Condition":{"ArnEquals":{"aws:SourceArn":%q}}}]}`, arn, topicARN)
		if _, err := c.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": policy}}); err != nil {
			return err
		}
		_, err := c.sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(topicARN), Protocol: aws.String("sqs"), Endpoint: &arn,
			Attributes: map[string]string{"RawMessageDelivery": strconv.FormatBool(raw)}})
		if err != nil {
			return err
		}
	}
	return nil
}

// subscriber is an HTTP server that confirms and counts.
type subscriber struct {
	listener net.Listener
	got      atomic.Int64
	all      chan struct{} // closed when want arrived
	want     int64
}

func newSubscriber(want int) (*subscriber, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &subscriber{listener: l, all: make(chan struct{}), want: int64(want)}
	go http.Serve(l, s)
	return s, nil
}

func (s *subscriber) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	if r.Header.Get("X-Amz-Sns-Message-Type") == "SubscriptionConfirmation" {
		var m struct{ SubscribeURL string }
		if json.Unmarshal(body, &m) == nil {
			go http.Get(m.SubscribeURL)
		}
		return
	}
	if s.got.Add(1) == s.want {
		close(s.all)
	}
}

// httpDeliveries publishes to an HTTP subscriber, and takes the time from the
// first publish to the last delivery.
func httpDeliveries(ctx context.Context, l *lab) error {
	messages := 10_000 / l.scale
	runnel, err := l.up(ctx)
	if err != nil {
		return err
	}
	defer runnel.stop()
	s, err := newSubscriber(messages)
	if err != nil {
		return err
	}
	defer s.listener.Close()
	if err := makeTopic(ctx, runnel.aws(), 0, false); err != nil {
		return err
	}
	c := newClients(runnel.aws())
	out, err := c.sns.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: aws.String(topicARN), Protocol: aws.String("http"), Endpoint: aws.String("http://" + s.listener.Addr().String() + "/"),
		ReturnSubscriptionArn: true,
	})
	if err != nil {
		return err
	}
	if err := confirmed(ctx, c.sns, out.SubscriptionArn); err != nil {
		return err
	}
	begin := time.Now()
	for sent := 0; sent < messages; sent += 10 {
		in := &sns.PublishBatchInput{TopicArn: aws.String(topicARN)}
		for i := range 10 {
			in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, snstypes.PublishBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), Message: aws.String(fmt.Sprint("message number ", sent+i)),
			})
		}
		if _, err := c.sns.PublishBatch(ctx, in); err != nil {
			return err
		}
	}
	published := time.Since(begin)
	select {
	case <-s.all:
	case <-time.After(2 * time.Minute):
		return fmt.Errorf("%d of %d messages were delivered", s.got.Load(), messages)
	}
	fmt.Printf("\nHTTP subscriber: %d messages, published at %.0f and delivered at %.0f per second\n",
		messages, float64(messages)/published.Seconds(), float64(messages)/time.Since(begin).Seconds())
	return nil
}

func confirmed(ctx context.Context, c *sns.Client, arn *string) error {
	for range 500 {
		out, err := c.GetSubscriptionAttributes(ctx, &sns.GetSubscriptionAttributesInput{SubscriptionArn: arn})
		if err != nil {
			return err
		}
		if out.Attributes["PendingConfirmation"] == "false" {
			return nil
		}
		time.Sleep(10 * time.Millisecond)
	}
	return fmt.Errorf("the subscription was not confirmed")
}

// functionStart publishes to a function, one message at a time to an idle
// runtime, and takes the time from the call of Publish to the first line of the
// function's handler.
func functionStart(ctx context.Context, l *lab) error {
	runnel, err := l.up(ctx)
	if err != nil {
		return err
	}
	defer runnel.stop()
	sink, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer sink.Close()
	if err := subscribeFunction(ctx, runnel.aws(), sink.LocalAddr().String()); err != nil {
		return err
	}
	c := newClients(runnel.aws())
	var all times
	for i := range max(2, 220/l.scale) {
		begin := time.Now()
		if _, err := c.sns.Publish(ctx, &sns.PublishInput{TopicArn: aws.String(topicARN), Message: aws.String(strconv.Itoa(i))}); err != nil {
			return err
		}
		began, err := started(sink, i)
		if err != nil {
			return err
		}
		if i >= 20/l.scale { // the first ones start the process
			all = append(all, began.Sub(begin))
		}
		time.Sleep(20 * time.Millisecond)
	}
	fmt.Printf("\npublish to start of the function, idle: %v\n", all)
	return nil
}

// started reads when the function began with a message.
func started(sink net.PacketConn, message int) (time.Time, error) {
	b := make([]byte, 100)
	for {
		if err := sink.SetReadDeadline(time.Now().Add(30 * time.Second)); err != nil {
			return time.Time{}, err
		}
		n, _, err := sink.ReadFrom(b)
		if err != nil {
			return time.Time{}, err
		}
		var i int
		var nanos int64
		if _, err := fmt.Sscan(string(b[:n]), &i, &nanos); err != nil {
			return time.Time{}, err
		}
		if i == message {
			return time.Unix(0, nanos), nil
		}
	}
}

// subscribeFunction makes a function of this program and subscribes it.
func subscribeFunction(ctx context.Context, cfg aws.Config, sink string) error {
	if err := makeTopic(ctx, cfg, 0, false); err != nil {
		return err
	}
	code, err := selfZipped()
	if err != nil {
		return err
	}
	role, err := iam.NewFromConfig(cfg).CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("bench"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return err
	}
	functions := awslambda.NewFromConfig(cfg)
	out, err := functions.CreateFunction(ctx, &awslambda.CreateFunctionInput{
		FunctionName: aws.String("bench"), Role: role.Role.Arn, Handler: aws.String("bench"), Runtime: lambdatypes.RuntimeProvidedal2023,
		Code: &lambdatypes.FunctionCode{ZipFile: code}, Environment: &lambdatypes.Environment{Variables: map[string]string{"SINK": sink}},
	})
	if err != nil {
		return err
	}
	if err := awslambda.NewFunctionActiveV2Waiter(functions).Wait(ctx, &awslambda.GetFunctionInput{FunctionName: out.FunctionName}, time.Minute); err != nil {
		return err
	}
	_, err = functions.AddPermission(ctx, &awslambda.AddPermissionInput{FunctionName: out.FunctionName, StatementId: aws.String("sns"),
		Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("sns.amazonaws.com"), SourceArn: aws.String(topicARN)})
	if err != nil {
		return err
	}
	_, err = newClients(cfg).sns.Subscribe(ctx, &sns.SubscribeInput{TopicArn: aws.String(topicARN), Protocol: aws.String("lambda"), Endpoint: out.FunctionArn})
	return err
}

func selfZipped() ([]byte, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	program, err := os.ReadFile(self)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	h := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	h.SetMode(0o755)
	f, err := z.CreateHeader(h)
	if err != nil {
		return nil, err
	}
	if _, err := f.Write(program); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// tellSink is this program as a function: it says when it began with a message.
func tellSink(_ context.Context, e events.SNSEvent) error {
	began := time.Now().UnixNano()
	conn, err := net.Dial("udp", os.Getenv("SINK"))
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "%s %d", strings.TrimSpace(e.Records[0].SNS.Message), began)
	return err
}
