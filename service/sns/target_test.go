package sns_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

var bucket = event.Sender{Service: "s3.amazonaws.com", ARN: "arn:aws:s3:::uploads", Account: account}

func parsed(t testing.TB, name string) event.ARN {
	a, err := arn.Parse(topicARN(name))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func policyOf(principal, condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal +
		`,"Action":"SNS:Publish","Resource":"` + topicARN("t") + `","Condition":` + condition + `}]}`
}

// accept has another service publish, in a transaction of its own.
func (fx *fixture) accept(name string, e event.Event) error {
	return fx.store.Update(ctx, func(tx *store.Tx) error {
		return fx.service.Accept(ctx, tx, parsed(fx.t, name), e)
	})
}

func TestTargetPolicy(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic := fx.topic("t")
		byDefault := fx.topicAttributes(topic)["Policy"]
		tests := []struct {
			name, policy string
			to           string
			from         event.Sender
			want         error
		}{
			{"S3, default policy", byDefault, "t", bucket, event.ErrDenied},
			{"an alarm, default policy", byDefault, "t", event.Sender{Service: "cloudwatch.amazonaws.com", Account: account}, nil},
			{"another account's alarm", byDefault, "t", event.Sender{Service: "cloudwatch.amazonaws.com", Account: "111111111111"}, event.ErrDenied},
			{"this bucket", policyOf(`{"Service":"s3.amazonaws.com"}`, `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:uploads"},"StringEquals":{"aws:SourceAccount":"000000000000"}}`), "t", bucket, nil},
			{"anybody for this bucket", policyOf(`{"AWS":"*"}`, `{"ArnLike":{"aws:SourceArn":"arn:aws:s3:::uploads"}}`), "t", bucket, nil},
			{"another bucket", policyOf(`{"AWS":"*"}`, `{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::other"}}`), "t", bucket, event.ErrDenied},
			{"another service", policyOf(`{"Service":"s3.amazonaws.com"}`, `{}`), "t", event.Sender{Service: "events.amazonaws.com"}, event.ErrDenied},
			{"a role's", byDefault, "t", event.Sender{Service: "lambda.amazonaws.com", Account: account}, nil},
			{"another account's role", byDefault, "t", event.Sender{Service: "lambda.amazonaws.com", Account: "111111111111"}, event.ErrDenied},
			{"no topic", byDefault, "none", bucket, event.ErrNotFound},
		}
		for _, tt := range tests {
			_, err := fx.SetTopicAttributes(ctx, &api.SetTopicAttributesInput{TopicArn: topic, AttributeName: ptr("Policy"), AttributeValue: &tt.policy})
			equal(t, tt.name+": set", problem(err), "")
			err = fx.store.View(ctx, func(tx *store.Tx) error { return fx.service.Check(ctx, tx, parsed(t, tt.to), tt.from) })
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: Check: %v, want %v", tt.name, err, tt.want)
			}
			if err := fx.accept(tt.to, event.Event{Body: []byte(tt.name), From: tt.from}); !errors.Is(err, tt.want) {
				t.Errorf("%s: Accept: %v, want %v", tt.name, err, tt.want)
			}
		}
	})
}

func TestTargetAccept(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, q := fx.topic("t"), fx.queue("q")
		fx.topic("t.fifo", "FifoTopic", "true", "ContentBasedDeduplication", "true")
		fx.subscribe(topic, "sqs", queueARN("q"))
		fx.subscribe(topic, "lambda", funcARN("f"))
		mine := event.Sender{Account: account}
		e := event.Event{
			From: mine, Trace: "Root=1-00000000-000000000000000000000000", Body: []byte(`{"Records":[]}`), Subject: "Amazon S3\nNotification " + strings.Repeat("x", 100),
			Attributes: map[string]event.Attribute{"ErrorCode": {DataType: "Number", String: "200"}},
		}
		fx.must(fx.accept("t", e))
		got := fx.receive(q)
		equal(t, "trace", got[0].Attributes["AWSTraceHeader"], e.Trace)
		n := opened(t, *got[0].Body)
		equal(t, "message", n.Message, `{"Records":[]}`)
		equal(t, "subject", n.Subject, "Amazon S3 Notification "+strings.Repeat("x", 77))
		equal(t, "attributes", fmt.Sprint(n.MessageAttributes), "map[ErrorCode:{Number 200}]")
		equal(t, "signed", n.Signature != "", true)
		equal(t, "function's trace", fx.inbox.take()[0].Trace, e.Trace)

		for name, bad := range map[string]event.Event{
			"empty":    {From: mine},
			"too long": {From: mine, Body: make([]byte, 256<<10+1)},
			"binary":   {From: mine, Body: []byte{0xff}},
		} {
			if err := fx.accept("t", bad); !errors.Is(err, event.ErrDenied) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := fx.accept("t.fifo", event.Event{From: mine, Body: []byte("x")}); !errors.Is(err, event.ErrDenied) {
			t.Errorf("without a group: %v", err)
		}
		fx.must(fx.accept("t.fifo", event.Event{From: mine, Body: []byte("x"), Group: "g"}))
		if err := fx.accept("t.fifo", event.Event{From: bucket, Body: []byte("x"), Group: "g"}); !errors.Is(err, event.ErrDenied) {
			t.Errorf("S3 to a FIFO topic: %v", err)
		}
	})
}

// TestTargetFails has the transaction of a sender fail: nothing of the event
// remains.
func TestTargetFails(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, q := fx.topic("t"), fx.queue("q")
		fx.subscribe(topic, "sqs", queueARN("q"))
		failure := errors.New("the object was not written")
		err := fx.store.Update(ctx, func(tx *store.Tx) error {
			fx.must(fx.service.Accept(ctx, tx, parsed(t, "t"), event.Event{From: event.Sender{Account: account}, Body: []byte("x")}))
			return failure
		})
		equal(t, "error", err, failure)
		equal(t, "messages", len(fx.receive(q)), 0)
		equal(t, "metrics", fx.metrics.String(), "")
	})
}
