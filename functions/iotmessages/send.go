package iotmessages

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// Limits of one SendMessageBatch (SQS API reference). A queue made before 2025
// takes 256 KiB, a newer one 1 MiB; ten rows are rarely more than a few.
const (
	batchEntries = 10
	batchBytes   = 256 << 10
)

const (
	// batchesInFlight hides the time that the queue takes for each batch.
	batchesInFlight = 8
	// sendAttempts is how often a message is sent before the file fails.
	sendAttempts = 8
)

// A batch is the messages of one request.
type batch struct {
	messages []message
	size     int
}

func (b *batch) fits(m message) bool {
	return len(b.messages) < batchEntries && b.size+m.size() <= batchBytes
}

func (b *batch) add(m message) {
	b.messages = append(b.messages, m)
	b.size += m.size()
}

// A sender hands messages to post in full batches, several at a time. It takes
// no more messages than are on their way, whatever the size of the file.
type sender struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	post   func(context.Context, []message) (sent int, err error)

	next    batch
	batches chan batch
	workers sync.WaitGroup
	mu      sync.Mutex
	sent    int // to be read after close
}

func newSender(ctx context.Context, post func(context.Context, []message) (int, error)) *sender {
	s := &sender{post: post, batches: make(chan batch)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	for range batchesInFlight {
		s.workers.Go(s.work)
	}
	return s
}

// send takes a message. Its error is that of any earlier message.
func (s *sender) send(m message) error {
	if !s.next.fits(m) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.next.add(m)
	return nil
}

func (s *sender) flush() error {
	select {
	case s.batches <- s.next:
		s.next = batch{}
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// close sends what is left, unless the file failed, and waits for all batches.
// Its error is the file's or else that of the first batch that failed.
func (s *sender) close(failed error) error {
	if failed != nil {
		s.cancel(failed)
	} else if len(s.next.messages) > 0 {
		failed = s.flush()
	}
	close(s.batches)
	s.workers.Wait()
	if failed == nil {
		failed = context.Cause(s.ctx)
	}
	s.cancel(nil)
	return failed
}

func (s *sender) work() {
	for b := range s.batches {
		sent, err := s.post(s.ctx, b.messages)
		if err != nil {
			s.cancel(err)
			return
		}
		s.mu.Lock()
		s.sent += sent
		s.mu.Unlock()
	}
}

// A queue is an SQS queue that messages are sent to.
type queue struct {
	client  *sqs.Client
	url     string
	refused func(badRow) error // told of messages that the queue will never take
}

// post sends one batch, and again what the queue did not take for a reason of
// its own. The rows that it refuses for theirs are bad rows.
func (q *queue) post(ctx context.Context, messages []message) (sent int, err error) {
	for attempt := 1; ; attempt++ {
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries(messages)})
		if err != nil {
			return sent, err
		}
		again, refused := sortFailed(messages, out.Failed)
		for _, row := range refused {
			if err := q.refused(row); err != nil {
				return sent, err
			}
		}
		sent += len(messages) - len(again) - len(refused)
		if len(again) == 0 {
			return sent, nil
		}
		if attempt == sendAttempts {
			return sent, fmt.Errorf("the queue refused %d messages %d times: %s", len(again), attempt, why(out.Failed))
		}
		if err := pause(ctx, attempt); err != nil {
			return sent, err
		}
		messages = again
	}
}

// entries numbers the messages of a batch by their place in it.
func entries(messages []message) []types.SendMessageBatchRequestEntry {
	method := map[string]types.MessageAttributeValue{
		"Method": {DataType: aws.String("String"), StringValue: aws.String("POST")},
	}
	out := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		out[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &m.body, MessageAttributes: method}
	}
	return out
}

// sortFailed divides the messages that a batch did not take into those to send
// again and those at fault themselves.
func sortFailed(messages []message, failed []types.BatchResultErrorEntry) (again []message, refused []badRow) {
	for _, f := range failed {
		i, err := strconv.Atoi(aws.ToString(f.Id))
		if err != nil || i < 0 || i >= len(messages) {
			continue // not one of ours
		}
		if f.SenderFault && !throttled(f) {
			refused = append(refused, badRow{messages[i].line, "refused by the queue: " + reason(f), messages[i].row})
			continue
		}
		again = append(again, messages[i])
	}
	return again, refused
}

// throttled is a refusal that SQS lays on the sender and that passes.
func throttled(f types.BatchResultErrorEntry) bool {
	return strings.Contains(aws.ToString(f.Code), "Throttl")
}

func reason(f types.BatchResultErrorEntry) string {
	return aws.ToString(f.Code) + ": " + aws.ToString(f.Message)
}

// why is the first reason that was the queue's own.
func why(failed []types.BatchResultErrorEntry) string {
	for _, f := range failed {
		if !f.SenderFault || throttled(f) {
			return reason(f)
		}
	}
	return "no reason given"
}
