package sqs_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
)

// BenchmarkBatches sends, receives and deletes messages in batches of ten, on
// the machine's disk with an fsync before each answer. One operation is one
// message through all three.
func BenchmarkBatches(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { benchBatches(b, clients, "jobs") })
	}
}

// BenchmarkFIFOBatches is BenchmarkBatches over a FIFO queue: each message has a
// group and a deduplication ID of its own.
func BenchmarkFIFOBatches(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) { benchBatches(b, clients, "jobs.fifo") })
	}
}

func benchBatches(b *testing.B, clients int, name string) {
	st, err := store.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer st.Close()
	s := sqs.New(st, sqs.Config{Account: account, Region: region})
	in := &api.CreateQueueInput{QueueName: &name}
	fifo := strings.HasSuffix(name, ".fifo")
	if fifo {
		in.Attributes = map[string]string{"FifoQueue": "true"}
	}
	out, err := s.CreateQueue(ctx, in)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() {
			for {
				n := left.Add(-10)
				if n <= -10 {
					return
				}
				roundTrip(b, s, out.QueueUrl, n, fifo)
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s")
}

var benchBody = strings.Repeat("0123456789", 25)

// roundTrip sends ten messages, and receives and deletes up to ten.
func roundTrip(b testing.TB, s *sqs.Service, url *string, batch int64, fifo bool) {
	send := &sqs.SendMessageBatchInput{QueueUrl: url}
	for i := range 10 {
		e := sqs.SendMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), MessageBody: &benchBody}
		if fifo {
			e.MessageGroupId = ptr(fmt.Sprint(batch, "-", i))
			e.MessageDeduplicationId = e.MessageGroupId
		}
		send.Entries = append(send.Entries, e)
	}
	if out, err := s.SendMessageBatch(ctx, send); err != nil || len(out.Failed) > 0 {
		b.Error("send", err)
	}
	got, err := s.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: ptr(int32(10))})
	if err != nil {
		b.Error("receive", err)
	}
	remove := &api.DeleteMessageBatchInput{QueueUrl: url}
	for i, m := range got.Messages {
		remove.Entries = append(remove.Entries, types.DeleteMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), ReceiptHandle: m.ReceiptHandle})
	}
	if len(remove.Entries) == 0 {
		return
	}
	if out, err := s.DeleteMessageBatch(ctx, remove); err != nil || len(out.Failed) > 0 {
		b.Error("delete", err)
	}
}
