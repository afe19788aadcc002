package sqs_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// ledger keeps what is measured, as text.
type ledger struct {
	event.NoMetrics
	sample func(context.Context) error

	mu    sync.Mutex
	lines []string
}

func (l *ledger) Sample(f func(context.Context) error) { l.sample = f }

func (l *ledger) Observe(m event.Metric, value float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, fmt.Sprintf("%s %s %s=%s %g %s", m.Namespace, m.Name, m.Dimensions[0].Name, m.Dimensions[0].Value, value, m.Unit))
}

// told returns what was measured since the last call, sorted.
func (l *ledger) told() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	slices.Sort(l.lines)
	s := strings.Join(l.lines, "\n")
	l.lines = nil
	return strings.ReplaceAll(s, "AWS/SQS ", "")
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &ledger{}
		fx := newFixtureWith(t, storetest.Open(t), sqs.Config{Account: account, Region: region, Metrics: l, Logger: slog.New(slog.DiscardHandler)})
		url, fifo := fx.queue("q", "VisibilityTimeout", "30"), fx.fifo("f")
		fx.queue("unused")
		expect := func(want ...string) {
			t.Helper()
			if got := l.told(); got != strings.Join(want, "\n") {
				t.Errorf("measured:\n%s\nwant:\n%s", got, strings.Join(want, "\n"))
			}
		}
		fx.send(url, "abc")
		expect("NumberOfMessagesSent QueueName=q 1 Count", "SentMessageSize QueueName=q 3 Bytes")
		fx.sendTo(fifo, "a1 a1 b1")
		expect("NumberOfDeduplicatedSentMessages QueueName=f.fifo 1 Count",
			"NumberOfMessagesSent QueueName=f.fifo 1 Count", "NumberOfMessagesSent QueueName=f.fifo 1 Count",
			"SentMessageSize QueueName=f.fifo 2 Bytes", "SentMessageSize QueueName=f.fifo 2 Bytes")
		_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr(strings.Repeat("x", 2<<20))})
		equal(t, "too long", code(err), "InvalidParameterValue")
		expect()
		_ = fx.store.Update(ctx, func(tx *store.Tx) error {
			_ = fx.service.Accept(ctx, tx, parsed(t, "q"), event.Event{Body: []byte("x")})
			return fmt.Errorf("the transaction fails")
		})
		expect()
		m := fx.receive(url)
		fx.receive(url, wait(time.Second))
		fx.receive(fifo, upTo(1))
		expect("NumberOfEmptyReceives QueueName=q 1 Count", "NumberOfMessagesReceived QueueName=f.fifo 1 Count", "NumberOfMessagesReceived QueueName=q 1 Count")
		fx.delete(url, m[0])
		fx.delete(url, m[0])
		expect("NumberOfMessagesDeleted QueueName=q 1 Count", "NumberOfMessagesDeleted QueueName=q 1 Count")
		time.Sleep(9 * time.Second)
		equal(t, "sample", l.sample(ctx), nil)
		of := func(queue string, visible, hidden, age int) []string {
			return []string{fmt.Sprintf("ApproximateAgeOfOldestMessage QueueName=%s %d Seconds", queue, age),
				fmt.Sprintf("ApproximateNumberOfMessagesDelayed QueueName=%s 0 Count", queue),
				fmt.Sprintf("ApproximateNumberOfMessagesNotVisible QueueName=%s %d Count", queue, hidden),
				fmt.Sprintf("ApproximateNumberOfMessagesVisible QueueName=%s %d Count", queue, visible)}
		}
		levels := append(of("f.fifo", 1, 1, 10), "ApproximateNumberOfGroupsWithInflightMessages QueueName=f.fifo 1 Count")
		want := append(slices.Clone(levels), of("q", 0, 0, 0)...)
		slices.Sort(want)
		expect(want...)
		time.Sleep(6 * time.Hour) // an empty queue is silent after that
		equal(t, "sample", l.sample(ctx), nil)
		want = append(of("f.fifo", 2, 0, 6*3600+10), "ApproximateNumberOfGroupsWithInflightMessages QueueName=f.fifo 0 Count")
		slices.Sort(want)
		expect(want...)
	})
}
