package sqs_test

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// TestRecover: what a process had for its functions when it died is visible at
// once; what clients have stays hidden, even if a function's code hid it anew.
func TestRecover(t *testing.T) {
	afterPowerCuts(t, func(t *testing.T, fx *fixture) {
		for _, name := range []string{"q", "q.fifo"} {
			url := fx.queue("q", "VisibilityTimeout", "100")
			if name == "q.fifo" {
				url = fx.fifo("q", "VisibilityTimeout", "100")
			}
			fx.sendTo(url, "a b c d e")
			fx.receive(url, upTo(1))
			var got []event.Message
			err := fx.store.Update(ctx, func(tx *store.Tx) (err error) {
				got, err = fx.service.Receive(ctx, tx, parsed(t, name), 3, 0)
				return err
			})
			if err != nil || len(got) != 3 {
				t.Fatal(err, len(got))
			}
			change(fx, url, types.Message{ReceiptHandle: &got[0].Receipt}, 200)
		}
	}, func(t *testing.T, fx *fixture) {
		equal(t, "before", fx.counts(fx.url("q"))+" "+fx.counts(fx.url("q.fifo")), "1/4/0 1/4/0")
		equal(t, "recover", fx.service.Recover(ctx), nil)
		for _, name := range []string{"q", "q.fifo"} {
			url := fx.url(name)
			equal(t, "after", fx.counts(url), "3/2/0")
			got := fx.receive(url)
			equal(t, "received", len(got), 3)
			counts := map[string]string{}
			for _, m := range got {
				counts[*m.Body] = m.Attributes["ApproximateReceiveCount"]
			}
			equal(t, "counts", fmt.Sprint(counts), "map[c:2 d:2 e:1]")
			equal(t, "again", fx.service.Recover(ctx), nil)
			equal(t, "nothing of clients", fx.counts(url), "0/5/0")
		}
		time.Sleep(time.Minute)
	})
}

// TestRecoverMany goes through several transactions.
func TestRecoverMany(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		for i := 0; i < 1200; i += 10 {
			fx.sendTen(url, i)
		}
		for range 12 {
			err := fx.store.Update(ctx, func(tx *store.Tx) error {
				_, err := fx.service.Receive(ctx, tx, parsed(t, "q"), 100, 0)
				return err
			})
			equal(t, "receive", err, nil)
			time.Sleep(time.Millisecond)
		}
		equal(t, "before", fx.counts(url), "0/1200/0")
		equal(t, "recover", fx.service.Recover(ctx), nil)
		equal(t, "after", fx.counts(url), "1200/0/0")
		fx.verify("q")
	})
}

// TestRecoverOnlyLooks: where there is nothing to recover nobody has to wait for
// it, nor it for anybody. It is no bubble, in which a lock that is not given
// would stop the time.
func TestRecoverOnlyLooks(t *testing.T) {
	fx := newFixture(t, storetest.Open(t))
	url := fx.queue("q", "VisibilityTimeout", "600")
	fx.send(url, "x")
	fx.receive(url)
	recovered := make(chan error, 1)
	err := fx.store.Update(ctx, func(*store.Tx) error {
		go func() { recovered <- fx.service.Recover(ctx) }()
		select {
		case err := <-recovered:
			return err
		case <-time.After(time.Minute):
			return errors.New("it waits for another transaction")
		}
	})
	equal(t, "recover", err, nil)
	equal(t, "in flight", fx.counts(url), "0/1/0")
}

// TestRecoverDamaged: a queue whose rows are damaged keeps nobody from
// recovering, or measuring, the others.
func TestRecoverDamaged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		fx := newFixtureWith(t, storetest.Open(t), sqs.Config{Account: account, Region: region, Metrics: l, Logger: slog.New(slog.DiscardHandler)})
		lend := func(url *string, name string) {
			fx.send(url, "x")
			err := fx.store.Update(ctx, func(tx *store.Tx) error {
				_, err := fx.service.Receive(ctx, tx, parsed(t, name), 1, 0)
				return err
			})
			equal(t, "receive", err, nil)
		}
		lend(fx.queue("a"), "a")
		repair := fx.damage("state") // of the queue that comes first
		url := fx.queue("b")
		lend(url, "b")
		equal(t, "recover", fx.service.Recover(ctx), nil)
		equal(t, "the other", fx.counts(url), "1/0/0")
		equal(t, "damaged", fx.counts(fx.url("a")), "0/1/0")
		repair()
		repair = fx.damage("tally")
		fx.queue("c")
		fx.send(fx.url("c"), "x")
		l.told()
		if err := l.sample(ctx); !errors.Is(err, backlog.ErrRow) {
			t.Errorf("sample: %v", err)
		}
		equal(t, "measured", strings.Contains(l.told(), "ApproximateNumberOfMessagesVisible QueueName=c 1 Count"), true)
		repair()
	})
}
