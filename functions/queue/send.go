// Package queue sends messages to an SQS queue in full batches, several at a time,
// holding no more of them than are on their way.
package queue

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/functions/backoff"
)

// A Message is on its way to the queue.
type Message struct {
	Body       string
	Attributes map[string]types.MessageAttributeValue
	Line       int    // of the file, that it was made of
	Row        string // likewise
}

// Size is what the message counts against the limits of the queue, in bytes: its
// body and its attributes, by name, type and value.
func (m Message) Size() int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(aws.ToString(a.DataType)) + len(aws.ToString(a.StringValue)) + len(a.BinaryValue)
	}
	return n
}

// MaxMessage is the most bytes that a message may have, by its Size.
const MaxMessage = 256 << 10

// Limits of one SendMessageBatch (SQS API reference). A queue made before 2025
// takes 256 KiB, a newer one 1 MiB; ten rows are rarely more than a few.
const (
	batchEntries = 10
	batchBytes   = MaxMessage
)

const (
	// batchesInFlight hides the time that the queue takes for each batch.
	batchesInFlight = 8
	// sendAttempts is how often a message is sent before all fails.
	sendAttempts = 8
)

// A batch is the messages of one request.
type batch struct {
	messages []Message
	size     int
}

func (b *batch) fits(m Message) bool {
	return len(b.messages) < batchEntries && b.size+m.Size() <= batchBytes
}

func (b *batch) add(m Message) {
	b.messages = append(b.messages, m)
	b.size += m.Size()
}

// A Sender hands messages to post in full batches, several at a time. It takes
// no more messages than are on their way, whatever the size of the file.
type Sender struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	post   func(context.Context, []Message) (sent int, err error)

	next    batch
	batches chan batch
	workers sync.WaitGroup
	mu      sync.Mutex
	sent    int
}

// NewSender sends to a queue. Refused is told of messages that the queue will
// never take, for what is wrong with them; it may be called from anywhere until
// Close returns.
func NewSender(ctx context.Context, client *sqs.Client, url string, refused func(Message, string) error) *Sender {
	return newSender(ctx, (&queue{client, url, refused}).post)
}

func newSender(ctx context.Context, post func(context.Context, []Message) (int, error)) *Sender {
	s := &Sender{post: post, batches: make(chan batch)}
	s.ctx, s.cancel = context.WithCancelCause(ctx)
	for range batchesInFlight {
		s.workers.Go(s.work)
	}
	return s
}

// Send takes a message. Its error is that of any earlier message.
func (s *Sender) Send(m Message) error {
	if !s.next.fits(m) {
		if err := s.flush(); err != nil {
			return err
		}
	}
	s.next.add(m)
	return nil
}

func (s *Sender) flush() error {
	select {
	case s.batches <- s.next:
		s.next = batch{}
		return nil
	case <-s.ctx.Done():
		return context.Cause(s.ctx)
	}
}

// Close sends what is left, unless where the messages come from failed, and waits
// for all batches. It returns how many messages the queue has; its error is that
// which it was given or else that of the first batch that failed.
func (s *Sender) Close(failed error) (sent int, err error) {
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
	return s.sent, failed
}

func (s *Sender) work() {
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

type queue struct {
	client  *sqs.Client
	url     string
	refused func(Message, string) error
}

// post sends one batch, and again what the queue did not take for a reason of
// its own. The rows that it refuses for theirs are bad rows.
func (q *queue) post(ctx context.Context, messages []Message) (sent int, err error) {
	for attempt := 1; ; attempt++ {
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &q.url, Entries: entries(messages)})
		if err != nil {
			return sent, err
		}
		again, refused := sortFailed(messages, out.Failed)
		for _, r := range refused {
			if err := q.refused(r.Message, "refused by the queue: "+r.reason); err != nil {
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
		if err := backoff.Pause(ctx, attempt); err != nil {
			return sent, err
		}
		messages = again
	}
}

// entries numbers the messages of a batch by their place in it.
func entries(messages []Message) []types.SendMessageBatchRequestEntry {
	out := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		out[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: &m.Body, MessageAttributes: m.Attributes}
	}
	return out
}

// A refusal is a message that the queue will never take.
type refusal struct {
	Message
	reason string
}

// sortFailed divides the messages that a batch did not take into those to send
// again and those at fault themselves.
func sortFailed(messages []Message, failed []types.BatchResultErrorEntry) (again []Message, refused []refusal) {
	for _, f := range failed {
		i, err := strconv.Atoi(aws.ToString(f.Id))
		if err != nil || i < 0 || i >= len(messages) {
			continue // not one of ours
		}
		if f.SenderFault && !throttled(f) {
			refused = append(refused, refusal{messages[i], reason(f)})
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
