package sqs_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const (
	account = "000000000000"
	region  = "us-east-1"
)

var ctx = context.Background()

// fixture is the service on a store, with a client.
type fixture struct {
	*api.Client
	t       testing.TB
	store   *store.Store
	service *sqs.Service
	handler http.Handler
}

// inBubble runs a test over a new service, in a bubble where time stands still
// until all wait.
func inBubble(t *testing.T, f func(t *testing.T, fx *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newFixture(t, storetest.Open(t))) })
}

func newFixture(t testing.TB, st *store.Store) *fixture {
	return newFixtureWith(t, st, sqs.Config{Account: account, Region: region, Logger: slog.New(slog.DiscardHandler)})
}

func newFixtureWith(t testing.TB, st *store.Store, cfg sqs.Config) *fixture {
	s := sqs.New(st, cfg)
	mux := wire.NewMux(wire.Config{Region: region, Account: account})
	mux.Handle(s.API())
	return &fixture{api.NewFromConfig(wiretest.Config(t, mux)), t, st, s, mux}
}

func arnOf(name string) string { return "arn:aws:sqs:" + region + ":" + account + ":" + name }

// queue makes a queue with attributes, given in pairs.
func (fx *fixture) queue(name string, attributes ...string) *string {
	fx.t.Helper()
	in := &api.CreateQueueInput{QueueName: &name, Attributes: map[string]string{}}
	for i := 0; i+1 < len(attributes); i += 2 {
		in.Attributes[attributes[i]] = attributes[i+1]
	}
	out, err := fx.CreateQueue(ctx, in)
	if err != nil {
		fx.t.Fatal(err)
	}
	return out.QueueUrl
}

func (fx *fixture) send(url *string, body string) *api.SendMessageOutput {
	fx.t.Helper()
	out, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: &body})
	if err != nil {
		fx.t.Fatal(err)
	}
	return out
}

// receive receives up to ten messages with all their attributes.
func (fx *fixture) receive(url *string, change ...func(*api.ReceiveMessageInput)) []types.Message {
	fx.t.Helper()
	in := &api.ReceiveMessageInput{
		QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"},
	}
	for _, f := range change {
		f(in)
	}
	out, err := fx.ReceiveMessage(ctx, in)
	if err != nil {
		fx.t.Fatal(err)
	}
	return out.Messages
}

// receiveBodies is what receive gets, as bodies.
func (fx *fixture) receiveBodies(url *string, change ...func(*api.ReceiveMessageInput)) []string {
	fx.t.Helper()
	var out []string
	for _, m := range fx.receive(url, change...) {
		out = append(out, *m.Body)
	}
	return out
}

func (fx *fixture) delete(url *string, m types.Message) {
	fx.t.Helper()
	if _, err := fx.DeleteMessage(ctx, &api.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
		fx.t.Fatal(err)
	}
}

// counts is "visible/in flight/delayed".
func (fx *fixture) counts(url *string) string {
	fx.t.Helper()
	a := fx.attributes(url)
	return a["ApproximateNumberOfMessages"] + "/" + a["ApproximateNumberOfMessagesNotVisible"] + "/" +
		a["ApproximateNumberOfMessagesDelayed"]
}

func (fx *fixture) attributes(url *string) map[string]string {
	fx.t.Helper()
	out, err := fx.GetQueueAttributes(ctx, &api.GetQueueAttributesInput{
		QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		fx.t.Fatal(err)
	}
	return out.Attributes
}

func wait(d time.Duration) func(*api.ReceiveMessageInput) {
	return func(in *api.ReceiveMessageInput) { in.WaitTimeSeconds = int32(d / time.Second) }
}

// hide sets a visibility timeout. The SDK's input cannot say 0.
func hide(d time.Duration) func(*api.ReceiveMessageInput) {
	return func(in *api.ReceiveMessageInput) { in.VisibilityTimeout = int32(d / time.Second) }
}

// code is the code of an error of AWS's; else the error.
func code(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func ptr[T any](v T) *T { return &v }

func TestSendReceiveDelete(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("jobs")
		equal(t, "url", *url, "http://localhost:4566/000000000000/jobs")
		sent, err := fx.SendMessage(ctx, &api.SendMessageInput{
			QueueUrl: url, MessageBody: aws.String("hello ✓"),
			MessageAttributes: map[string]types.MessageAttributeValue{
				"Method": {DataType: ptr("String"), StringValue: ptr("POST")},
				"n":      {DataType: ptr("Number.int"), StringValue: ptr("3")},
				"blob":   {DataType: ptr("Binary"), BinaryValue: []byte{0, 1, 255}},
			},
			MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{
				"AWSTraceHeader": {DataType: ptr("String"), StringValue: ptr("Root=1-5759e988-bd862e3fe1be46a994272793")},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		at := time.Now()
		time.Sleep(time.Second)
		got := fx.receive(url)
		if len(got) != 1 {
			t.Fatalf("got %d messages", len(got))
		}
		m := got[0]
		equal(t, "body", *m.Body, "hello ✓")
		equal(t, "id", *m.MessageId, *sent.MessageId)
		equal(t, "MD5 of body", *m.MD5OfBody, *sent.MD5OfMessageBody)
		equal(t, "MD5 of attributes", *m.MD5OfMessageAttributes, *sent.MD5OfMessageAttributes)
		equal(t, "blob", string(m.MessageAttributes["blob"].BinaryValue), "\x00\x01\xff")
		equal(t, "number", *m.MessageAttributes["n"].StringValue, "3")
		equal(t, "number type", *m.MessageAttributes["n"].DataType, "Number.int")
		equal(t, "sent", m.Attributes["SentTimestamp"], msOf(at))
		equal(t, "first received", m.Attributes["ApproximateFirstReceiveTimestamp"], msOf(at.Add(time.Second)))
		equal(t, "count", m.Attributes["ApproximateReceiveCount"], "1")
		equal(t, "sender", m.Attributes["SenderId"], account)
		equal(t, "trace", m.Attributes["AWSTraceHeader"], "Root=1-5759e988-bd862e3fe1be46a994272793")
		equal(t, "counts", fx.counts(url), "0/1/0")
		fx.delete(url, m)
		equal(t, "counts after", fx.counts(url), "0/0/0")
	})
}

func TestVisibility(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("jobs", "VisibilityTimeout", "30")
		fx.send(url, "a")
		first := fx.receive(url)[0]
		time.Sleep(30*time.Second - 1)
		equal(t, "hidden", len(fx.receive(url)), 0)
		equal(t, "counts", fx.counts(url), "0/1/0")
		time.Sleep(1)
		equal(t, "counts at its end", fx.counts(url), "1/0/0")
		second := fx.receive(url)[0]
		equal(t, "count", second.Attributes["ApproximateReceiveCount"], "2")
		equal(t, "first received", second.Attributes["ApproximateFirstReceiveTimestamp"], first.Attributes["ApproximateFirstReceiveTimestamp"])
		fx.delete(url, first) // in order, and does nothing
		equal(t, "counts after deleting by an old handle", fx.counts(url), "0/1/0")
		fx.delete(url, second)
		fx.delete(url, second)
		equal(t, "counts after deleting", fx.counts(url), "0/0/0")
	})
}

func TestLongPoll(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("jobs", "VisibilityTimeout", "5")
		begin := time.Now()
		equal(t, "messages", len(fx.receive(url, wait(3*time.Second))), 0)
		equal(t, "empty poll took", time.Since(begin), 3*time.Second)

		go func() { time.Sleep(1500 * time.Millisecond); fx.send(url, "a") }()
		begin = time.Now()
		equal(t, "messages", len(fx.receive(url, wait(20*time.Second))), 1)
		equal(t, "arrival took", time.Since(begin), 1500*time.Millisecond)

		begin = time.Now()
		equal(t, "messages", len(fx.receive(url, wait(20*time.Second))), 1)
		equal(t, "end of the timeout took", time.Since(begin), 5*time.Second)

		m := fx.receive(url, wait(20*time.Second))[0]
		go func() {
			time.Sleep(time.Second)
			_, err := fx.ChangeMessageVisibility(ctx, &api.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle})
			equal(t, "change", code(err), "")
		}()
		begin = time.Now()
		equal(t, "messages", len(fx.receive(url, wait(20*time.Second))), 1)
		equal(t, "visibility 0 took", time.Since(begin), time.Second)
	})
}

func TestDelay(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("jobs", "DelaySeconds", "10")
		begin := time.Now()
		fx.send(url, "queue's")
		_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("own"), DelaySeconds: 4})
		equal(t, "send", code(err), "")
		equal(t, "counts", fx.counts(url), "0/0/2")
		equal(t, "first", fx.receiveBodies(url, wait(20*time.Second))[0], "own")
		equal(t, "first took", time.Since(begin), 4*time.Second)
		equal(t, "counts between", fx.counts(url), "0/1/1")
		equal(t, "second", fx.receiveBodies(url, wait(20*time.Second))[0], "queue's")
		equal(t, "second took", time.Since(begin), 10*time.Second)
		equal(t, "counts", fx.counts(url), "0/2/0")
	})
}

func msOf(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
