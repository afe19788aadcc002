package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	bigFile        = 1 << 30
	queuedMessages = 1_000_000
)

func memory(ctx context.Context, l *lab) error {
	if err := queued(ctx, l); err != nil {
		return err
	}
	return bigCSV(ctx, l)
}

// bigCSV passes 1 GB of CSV through the pipeline, and reports the most memory
// that the runtime had.
func bigCSV(ctx context.Context, l *lab) error {
	s, err := l.deployed(ctx, goTemplate)
	if err != nil {
		return err
	}
	defer s.stop()
	p := newProbe(s)
	if err := p.warm(ctx); err != nil {
		return err
	}
	rows := bigFile / l.scale / len(row(nil, 0))
	begin := time.Now()
	if err := uploadStream(ctx, p.s3, p.bucket, "big.csv", newCSV(rows)); err != nil {
		return err
	}
	uploaded, err := s.peak()
	if err != nil {
		return err
	}
	if err := p.awaitItems(ctx, rows); err != nil {
		return err
	}
	took := time.Since(begin)
	passed, err := s.peak()
	if err != nil {
		return err
	}
	fmt.Printf("%d rows (%d MiB) in %v: %.0f rows/s; most memory resident, binary included: %d MiB after the upload, %d MiB at the end\n",
		rows, rows*len(row(nil, 0))>>20, took.Round(time.Second), float64(rows)/took.Seconds(), uploaded, passed)
	return p.verify(ctx, rows)
}

// queued puts a million messages into a queue.
func queued(ctx context.Context, l *lab) error {
	s, err := l.up(ctx)
	if err != nil {
		return err
	}
	defer s.stop()
	c := newClients(s.aws())
	if err := makeQueue(ctx, s.aws()); err != nil {
		return err
	}
	total := int64(queuedMessages / l.scale)
	first, err := sendBatches(ctx, c, total/2)
	if err != nil {
		return err
	}
	half, err := s.resident()
	if err != nil {
		return err
	}
	second, err := sendBatches(ctx, c, total/2)
	if err != nil {
		return err
	}
	all, err := s.resident()
	if err != nil {
		return err
	}
	begin := time.Now()
	out, err := c.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &c.queue, MaxNumberOfMessages: 10})
	if err != nil {
		return err
	}
	fmt.Printf("%d messages queued: %d MiB of memory of its own, %d MiB at half; sent at %.0f and %.0f messages/s; then %d received in %v\n\n",
		total, all, half, first, second, len(out.Messages), time.Since(begin).Round(10*time.Microsecond))
	return nil
}

func sendBatches(ctx context.Context, c *clients, n int64) (perSecond float64, err error) {
	var wg sync.WaitGroup
	var sent atomic.Int64
	var failed atomic.Pointer[error]
	begin := time.Now()
	for range 16 {
		wg.Go(func() {
			for failed.Load() == nil && sent.Add(10) <= n {
				if err := sendBatch(ctx, c); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wg.Wait()
	if err := failed.Load(); err != nil {
		return 0, *err
	}
	return float64(n) / time.Since(begin).Seconds(), nil
}

func sendBatch(ctx context.Context, c *clients) error {
	in := &sqs.SendMessageBatchInput{QueueUrl: &c.queue}
	for i := range 10 {
		in.Entries = append(in.Entries, sqstypes.SendMessageBatchRequestEntry{
			Id: aws.String(fmt.Sprint(i)), MessageBody: aws.String(`{"TableName":"bench","Item":{"date":{"S":"2025-01-01"},"time":{"S":"00:00:00"}}}`),
		})
	}
	out, err := c.sqs.SendMessageBatch(ctx, in)
	if err == nil && len(out.Failed) > 0 {
		err = fmt.Errorf("%d of a batch were refused", len(out.Failed))
	}
	return err
}
