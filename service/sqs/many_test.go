package sqs_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// verify checks the rows of queues.
func (fx *fixture) verify(names ...string) {
	fx.t.Helper()
	err := fx.store.View(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			if err := fx.service.Verify(tx, name); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
		return nil
	})
	if err != nil {
		fx.t.Error(err)
	}
}

// TestLongQueue takes a long queue to its end. That the tally knows the first
// row at all times is what keeps a receive from walking over what was deleted;
// so it is checked against all rows as the queue grows and shrinks.
func TestLongQueue(t *testing.T) {
	n := 30_000
	if testing.Short() {
		n = 5_000
	}
	synctest.Test(t, func(t *testing.T) {
		fx := newFixture(t, storetest.Open(t))
		url := fx.queue("q")
		for i := 0; i < n; i += 10 {
			fx.sendTen(url, i)
		}
		fx.verify("q")
		equal(t, "counts", fx.counts(url), fmt.Sprintf("%d/0/0", n))
		for i := 0; i < n; i += 10 {
			fx.takeTen(url, i)
			if i%(n/10) == 0 {
				fx.verify("q")
			}
		}
		fx.verify("q")
		equal(t, "counts", fx.counts(url), "0/0/0")
		equal(t, "messages", len(fx.receive(url)), 0)
	})
}

func (fx *fixture) sendTen(url *string, from int) {
	fx.t.Helper()
	in := &sqs.SendMessageBatchInput{QueueUrl: url}
	for i := range 10 {
		in.Entries = append(in.Entries, sqs.SendMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), MessageBody: ptr(fmt.Sprint(from + i))})
	}
	if out, err := fx.service.SendMessageBatch(ctx, in); err != nil || len(out.Failed) > 0 {
		fx.t.Fatal(err, out)
	}
}

// takeTen receives and deletes ten messages, the last received first, and
// checks which they are.
func (fx *fixture) takeTen(url *string, from int) {
	fx.t.Helper()
	out, err := fx.service.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: ptr(int32(10))})
	if err != nil || len(out.Messages) != 10 {
		fx.t.Fatal(err, len(out.Messages))
	}
	in := &api.DeleteMessageBatchInput{QueueUrl: url}
	for i := 9; i >= 0; i-- {
		equal(fx.t, "body", *out.Messages[i].Body, fmt.Sprint(from+i))
		in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), ReceiptHandle: out.Messages[i].ReceiptHandle})
	}
	if out, err := fx.service.DeleteMessageBatch(ctx, in); err != nil || len(out.Failed) > 0 {
		fx.t.Fatal(err, out)
	}
}

// TestManyConsumers has producers and consumers at work at once: each message
// is received once, since none is held for longer than its timeout.
func TestManyConsumers(t *testing.T) {
	const producers, consumers, each = 4, 16, 250
	fx := newFixture(t, storetest.Open(t))
	url := fx.queue("q", "VisibilityTimeout", "600")
	var mu sync.Mutex
	seen := map[string]int{}
	var wg sync.WaitGroup
	for p := range producers {
		wg.Go(func() {
			for i := range each {
				fx.send(url, fmt.Sprintf("%d-%d", p, i))
			}
		})
	}
	done, finish := context.WithCancel(ctx)
	for range consumers {
		wg.Go(func() {
			for done.Err() == nil {
				out, err := fx.ReceiveMessage(done, &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20, MaxNumberOfMessages: 3})
				if err != nil {
					return // the end
				}
				for _, m := range out.Messages {
					fx.delete(url, m)
					mu.Lock()
					if seen[*m.Body]++; len(seen) == producers*each {
						finish()
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	finish()
	for body, n := range seen {
		if n != 1 {
			t.Errorf("%s was received %d times", body, n)
		}
	}
	equal(t, "messages", len(seen), producers*each)
	fx.verify("q")
}
