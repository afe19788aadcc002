package sqs_test

import (
	"bytes"
	"testing"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store"
)

// damage overwrites the values of a space of rows, and returns how to repair
// them.
func (fx *fixture) damage(space string) (repair func()) {
	fx.t.Helper()
	was := map[string][]byte{}
	err := fx.store.Update(ctx, func(tx *store.Tx) error {
		for key, value := range tx.Scan(store.Prefix(store.K("sqs", space))) {
			was[string(key)] = bytes.Clone(value)
		}
		for key := range was {
			tx.Set(store.Key(key), []byte("\xff damaged"))
		}
		return nil
	})
	if err != nil || len(was) == 0 {
		fx.t.Fatal("nothing to damage", err)
	}
	return func() {
		fx.t.Helper()
		err := fx.store.Update(ctx, func(tx *store.Tx) error {
			for key, value := range was {
				tx.Set(store.Key(key), value)
			}
			return nil
		})
		if err != nil {
			fx.t.Fatal(err)
		}
	}
}

// TestDamagedRows wants what meets a damaged row to fail, requests and timers
// alike, and nothing of it to remain.
func TestDamagedRows(t *testing.T) {
	receive := func(fx *fixture, url *string) error {
		_, err := fx.ReceiveMessage(ctx, &api.ReceiveMessageInput{QueueUrl: url})
		return err
	}
	send := func(fx *fixture, url *string) error {
		_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("x"), DelaySeconds: 60})
		return err
	}
	for space, try := range map[string]func(fx *fixture, url *string) error{"tally": receive, "state": receive, "body": receive, "delay": send} {
		t.Run(space, func(t *testing.T) {
			inBubble(t, func(t *testing.T, fx *fixture) {
				fx.queue("dead")
				url := fx.queue("q", "VisibilityTimeout", "1", "MessageRetentionPeriod", "60", "RedrivePolicy", redriveTo("dead", 5))
				fx.send(url, "x")
				fx.receive(url)
				time.Sleep(time.Second) // it is visible again
				equal(t, "delayed", send(fx, url), nil)
				before := fx.counts(url)
				repair := fx.damage(space)
				equal(t, "while damaged", code(try(fx, url)), "InternalFailure")
				repair()
				equal(t, "after repair", fx.counts(url), before)
				repair = fx.damage(space)
				time.Sleep(2 * time.Minute) // the retention timer fires
				repair()
				time.Sleep(2 * time.Minute)
				equal(t, "at the end", fx.counts(url), "0/0/0")
			})
		})
	}
}

// TestDamagedMoveTask wants a task whose queue is damaged to go on once that is
// repaired, not to end as if there were nothing to move.
func TestDamagedMoveTask(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead, to := fx.queue("dead"), fx.queue("to")
		fx.queue("jobs", "RedrivePolicy", redriveTo("dead", 1))
		for range 2 {
			fx.send(dead, "x")
		}
		_, err := fx.StartMessageMoveTask(ctx, &api.StartMessageMoveTaskInput{
			SourceArn: ptr(arnOf("dead")), DestinationArn: ptr(arnOf("to")), MaxNumberOfMessagesPerSecond: ptr(int32(1))})
		equal(t, "start", code(err), "")
		time.Sleep(500 * time.Millisecond)
		repair := fx.damage("tally")
		time.Sleep(10 * time.Second)
		repair()
		equal(t, "while damaged", *fx.task(arnOf("dead")).Status, "RUNNING")
		time.Sleep(10 * time.Second)
		equal(t, "counts", fx.counts(to)+" "+fx.counts(dead), "2/0/0 0/0/0")
		equal(t, "status", *fx.task(arnOf("dead")).Status, "COMPLETED")
	})
}

// TestDamagedFIFORows is TestDamagedRows for the rows that FIFO queues add.
func TestDamagedFIFORows(t *testing.T) {
	receive := func(fx *fixture, url *string) error {
		_, err := fx.ReceiveMessage(ctx, &api.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10})
		return err
	}
	send := func(fx *fixture, url *string) error {
		_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("a1"), MessageGroupId: ptr("a")})
		return err
	}
	for space, try := range map[string]func(fx *fixture, url *string) error{"tally": receive, "state": receive, "body": receive,
		"line": receive, "group": receive, "open": receive, "delay": send, "memory": send} {
		t.Run(space, func(t *testing.T) {
			inBubble(t, func(t *testing.T, fx *fixture) {
				url := fx.fifo("q", "VisibilityTimeout", "1", "MessageRetentionPeriod", "60")
				fx.sendTo(url, "a1 b1 c1")
				fx.receive(url, upTo(1))
				if space == "delay" {
					fx.sendTo(url, "a2")
				}
				time.Sleep(time.Second) // it is visible again
				before := fx.counts(url)
				repair := fx.damage(space)
				want := "InternalFailure"
				if space == "delay" {
					try = func(fx *fixture, url *string) error { // in the second that is damaged
						_, err := fx.SetQueueAttributes(ctx, &api.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": "5"}})
						if err == nil {
							_, err = fx.GetQueueAttributes(ctx, &api.GetQueueAttributesInput{QueueUrl: url, AttributeNames: []types.QueueAttributeName{"All"}})
						}
						return err
					}
				}
				equal(t, "while damaged", code(try(fx, url)), want)
				repair()
				if space != "delay" {
					equal(t, "after repair", fx.counts(url), before)
				}
				fx.verify("q.fifo")
				repair = fx.damage(space)
				time.Sleep(2 * time.Minute) // the retention timer fires
				repair()
				time.Sleep(2 * time.Minute)
				equal(t, "at the end", fx.counts(url), "0/0/0")
			})
		})
	}
}
