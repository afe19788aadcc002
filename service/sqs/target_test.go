package sqs_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

var bucket = event.Sender{Service: "s3.amazonaws.com", ARN: "arn:aws:s3:::uploads", Account: account}

func parsed(t testing.TB, name string) event.ARN {
	a, err := arn.Parse(arnOf(name))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func policyFor(condition string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"s3.amazonaws.com"},` +
		`"Action":"SQS:SendMessage","Resource":"` + arnOf("q") + `","Condition":` + condition + `}]}`
}

func TestTargetPolicy(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		tests := []struct {
			name, policy string
			to           string
			from         event.Sender
			want         error
		}{
			{"no policy", "", "q", bucket, event.ErrDenied},
			{"this bucket", policyFor(`{"ArnLike":{"aws:SourceArn":"arn:aws:s3:*:*:uploads"},"StringEquals":{"aws:SourceAccount":"000000000000"}}`), "q", bucket, nil},
			{"another bucket", policyFor(`{"ArnEquals":{"aws:SourceArn":"arn:aws:s3:::other"}}`), "q", bucket, event.ErrDenied},
			{"another service", policyFor(`{}`), "q", event.Sender{Service: "sns.amazonaws.com"}, event.ErrDenied},
			{"a role's", "", "q", event.Sender{Service: "lambda.amazonaws.com", Account: account}, nil},
			{"another account's role", "", "q", event.Sender{Service: "lambda.amazonaws.com", Account: "111111111111"}, event.ErrDenied},
			{"no queue", "", "none", bucket, event.ErrNotFound},
		}
		for _, tt := range tests {
			_, err := fx.SetQueueAttributes(ctx, &api.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"Policy": tt.policy}})
			equal(t, tt.name+": set", code(err), "")
			err = fx.store.Update(ctx, func(tx *store.Tx) error {
				if err := fx.service.Check(ctx, tx, parsed(t, tt.to), tt.from); !errors.Is(err, tt.want) {
					t.Errorf("%s: Check: %v, want %v", tt.name, err, tt.want)
				}
				return fx.service.Accept(ctx, tx, parsed(t, tt.to), event.Event{Body: []byte(tt.name), From: tt.from})
			})
			if !errors.Is(err, tt.want) {
				t.Errorf("%s: Accept: %v, want %v", tt.name, err, tt.want)
			}
		}
		equal(t, "bodies", fmt.Sprint(fx.receiveBodies(url)), "[this bucket a role's]")
	})
}

// TestAccept shows that an event arrives with its transaction or not at all,
// and wakes who waits.
func TestAccept(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "Policy", policyFor(`{}`))
		e := event.Event{Body: []byte(`{"Records":[]}`), From: bucket, Trace: "Root=1-2-3",
			Attributes: map[string]event.Attribute{"n": {DataType: "Number", String: "1"}, "b": {DataType: "Binary", Binary: []byte{7}}}}
		broken := errors.New("broken")
		err := fx.store.Update(ctx, func(tx *store.Tx) error {
			if err := fx.service.Accept(ctx, tx, parsed(t, "q"), e); err != nil {
				return err
			}
			return broken
		})
		equal(t, "update", err, broken)
		equal(t, "counts", fx.counts(url), "0/0/0")
		go func() {
			time.Sleep(time.Second)
			_ = fx.store.Update(ctx, func(tx *store.Tx) error { return fx.service.Accept(ctx, tx, parsed(t, "q"), e) })
		}()
		begin := time.Now()
		m := fx.receive(url, wait(20*time.Second))[0]
		equal(t, "took", time.Since(begin), time.Second)
		equal(t, "body", *m.Body, string(e.Body))
		equal(t, "trace", m.Attributes["AWSTraceHeader"], e.Trace)
		equal(t, "number", *m.MessageAttributes["n"].StringValue, "1")
		equal(t, "binary", string(m.MessageAttributes["b"].BinaryValue), "\a")
	})
}

// TestAcceptTooLong: what is longer than a queue allows is the loss of that
// queue alone, not of the transaction that tells it.
func TestAcceptTooLong(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "Policy", policyFor(`{}`), "MaximumMessageSize", "1024")
		err := fx.store.Update(ctx, func(tx *store.Tx) error {
			for _, n := range []int{1025, 1024} {
				err := fx.service.Accept(ctx, tx, parsed(t, "q"), event.Event{Body: bytes.Repeat([]byte("x"), n), From: bucket})
				equal(t, "denied", errors.Is(err, event.ErrDenied), n > 1024)
			}
			return nil
		})
		equal(t, "update", err, nil)
		equal(t, "counts", fx.counts(url), "1/0/0")
	})
}

// TestQueueForFunctions does what a poller for functions does, in transactions
// of its own.
func TestQueueForFunctions(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "VisibilityTimeout", "30")
		for i := range 25 {
			fx.send(url, fmt.Sprint(i))
		}
		q := parsed(t, "q")
		var got []event.Message
		update := func(fn func(tx *store.Tx) error) {
			t.Helper()
			if err := fx.store.Update(ctx, fn); err != nil {
				t.Fatal(err)
			}
		}
		update(func(tx *store.Tx) (err error) {
			got, err = fx.service.Receive(ctx, tx, q, 20, 5*time.Second)
			return err
		})
		equal(t, "received", len(got), 20)
		equal(t, "body", got[19].Body, "19")
		equal(t, "count", got[0].System["ApproximateReceiveCount"], "1")
		state := func() (st event.QueueState) {
			update(func(tx *store.Tx) (err error) { st, err = fx.service.Describe(ctx, tx, q); return err })
			return st
		}
		equal(t, "timeout", state().VisibilityTimeout, 30*time.Second)
		equal(t, "visible now", state().NextVisible.After(time.Now()), false)
		update(func(tx *store.Tx) error {
			return fx.service.Delete(ctx, tx, q, []string{got[0].Receipt, "nonsense", got[1].Receipt})
		})
		equal(t, "counts", fx.counts(url), "5/18/0")
		// Receive and delete in one transaction.
		update(func(tx *store.Tx) error {
			more, err := fx.service.Receive(ctx, tx, q, 10, 0)
			if err != nil {
				return err
			}
			equal(t, "the rest", len(more), 5)
			return fx.service.Delete(ctx, tx, q, []string{more[0].Receipt})
		})
		equal(t, "counts", fx.counts(url), "0/22/0")
		equal(t, "next", time.Until(state().NextVisible), 5*time.Second)
		if _, err := fx.service.Describe(ctx, nil, event.ARN{Service: "sqs"}); !errors.Is(err, event.ErrNotFound) {
			t.Error(err)
		}
	})
}
