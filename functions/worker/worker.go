// Package worker runs a function as a long-running program that is fed from an SQS
// queue, as Lambda's event source mapping would feed it. It is what one runs in a
// container where an invocation's 15 minutes, or its memory, are too little.
//
// A message is deleted when the function has done with it, and comes again when it
// has not: after the queue's visibility timeout, or a minute if that is longer, and
// as often as the queue's redrive policy has it. While the function works, its
// messages stay hidden, for as long as it takes up to SQS's twelve hours.
package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/functions/backoff"
)

// Worker feeds one function from one queue.
type Worker struct {
	SQS         *sqs.Client
	QueueURL    string
	Function    any // a handler in one of the forms that lambda.Start takes
	BatchSize   int // messages of an invocation, 1 to 10
	Concurrency int // invocations at the same time

	source source
}

// source is what the worker knows of its queue.
type source struct {
	arn        string
	region     string
	visibility time.Duration
}

// longPoll is how long an empty queue keeps a request waiting, the most there is.
const longPoll = 20 // seconds

// Run works until ctx ends, and then until the invocations that run have ended.
// Its error is that the queue cannot be read at all: at the start, or later for
// what no waiting mends.
func (w *Worker) Run(ctx context.Context) error {
	if w.BatchSize < 1 || w.BatchSize > 10 || w.Concurrency < 1 {
		return fmt.Errorf("worker: batch size %d and concurrency %d: want 1 to 10, and 1 or more", w.BatchSize, w.Concurrency)
	}
	if err := w.describe(ctx); err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var pollers sync.WaitGroup
	failed := make(chan error, w.Concurrency)
	for range w.Concurrency {
		pollers.Go(func() {
			if err := w.poll(ctx); err != nil {
				failed <- err
				stop(err)
			}
		})
	}
	pollers.Wait()
	close(failed)
	if err := <-failed; err != nil {
		return fmt.Errorf("worker: %w", err)
	}
	return nil
}

func (w *Worker) describe(ctx context.Context) error {
	out, err := w.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl:       &w.QueueURL,
		AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameQueueArn, types.QueueAttributeNameVisibilityTimeout},
	})
	if err != nil {
		return err
	}
	seconds, err := strconv.Atoi(out.Attributes["VisibilityTimeout"])
	if err != nil {
		return fmt.Errorf("visibility timeout: %w", err)
	}
	// A timeout of 0 would show a message to others while it is worked on.
	w.source = source{out.Attributes["QueueArn"], w.SQS.Options().Region, max(time.Duration(seconds)*time.Second, time.Minute)}
	return nil
}

// poll takes batches, one after the other.
func (w *Worker) poll(ctx context.Context) error {
	for failures := 0; ctx.Err() == nil; {
		batch, err := w.receive(ctx)
		switch {
		case ctx.Err() != nil && len(batch) == 0:
			return nil
		case permanent(err):
			return err
		case err != nil:
			failures++
			slog.WarnContext(ctx, "receive", "error", err)
			if backoff.Pause(ctx, failures) != nil {
				return nil
			}
			continue
		}
		failures = 0
		if len(batch) > 0 {
			w.work(context.WithoutCancel(ctx), batch)
		}
	}
	return nil
}

func (w *Worker) receive(ctx context.Context) ([]types.Message, error) {
	out, err := w.SQS.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
		QueueUrl: &w.QueueURL, MaxNumberOfMessages: int32(w.BatchSize), WaitTimeSeconds: longPoll,
		VisibilityTimeout:           int32(w.source.visibility / time.Second),
		MessageAttributeNames:       []string{"All"},
		MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
	})
	if err != nil {
		return nil, err
	}
	return out.Messages, nil
}

// permanent says that asking again will not help.
func permanent(err error) bool {
	var gone *types.QueueDoesNotExist
	var address *types.InvalidAddress
	return errors.As(err, &gone) || errors.As(err, &address)
}

// work invokes the function with a batch, keeps the batch hidden meanwhile, and
// deletes what the function has done with.
func (w *Worker) work(ctx context.Context, batch []types.Message) {
	hiding, done := context.WithCancel(ctx)
	var hide sync.WaitGroup
	hide.Go(func() { w.hide(hiding, batch) })
	failed, err := w.invoke(ctx, batch)
	done()
	hide.Wait()
	if err != nil {
		slog.ErrorContext(ctx, "the function failed; its messages come again", "messages", len(batch), "error", err)
		return
	}
	var finished []types.Message
	for _, m := range batch {
		if !failed[aws.ToString(m.MessageId)] {
			finished = append(finished, m)
		}
	}
	if err := w.delete(ctx, finished); err != nil {
		slog.ErrorContext(ctx, "delete; the messages come again", "error", err)
	}
}

// hide renews the visibility timeout of a batch whenever half of it has passed,
// until ctx ends.
func (w *Worker) hide(ctx context.Context, batch []types.Message) {
	t := time.NewTicker(w.source.visibility / 2)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		in := &sqs.ChangeMessageVisibilityBatchInput{QueueUrl: &w.QueueURL}
		for i, m := range batch {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{
				Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle,
				VisibilityTimeout: int32(w.source.visibility / time.Second),
			})
		}
		out, err := w.SQS.ChangeMessageVisibilityBatch(ctx, in)
		if err == nil && len(out.Failed) > 0 {
			err = fmt.Errorf("%d messages: %s", len(out.Failed), aws.ToString(out.Failed[0].Message))
		}
		if err != nil && ctx.Err() == nil {
			slog.WarnContext(ctx, "hide messages for longer", "error", err)
		}
	}
}

// deleteAttempts is how often what was finished is deleted before it is left to
// come again.
const deleteAttempts = 5

func (w *Worker) delete(ctx context.Context, messages []types.Message) error {
	for attempt := 1; len(messages) > 0; attempt++ {
		in := &sqs.DeleteMessageBatchInput{QueueUrl: &w.QueueURL}
		for i, m := range messages {
			in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
		out, err := w.SQS.DeleteMessageBatch(ctx, in)
		if err == nil {
			if len(out.Failed) == 0 {
				return nil
			}
			messages = failedOf(messages, out.Failed)
			err = fmt.Errorf("%d messages: %s", len(messages), aws.ToString(out.Failed[0].Message))
		}
		if attempt == deleteAttempts {
			return err
		}
		if err := backoff.Pause(ctx, attempt); err != nil {
			return err
		}
	}
	return nil
}

func failedOf(messages []types.Message, failed []types.BatchResultErrorEntry) (left []types.Message) {
	for _, f := range failed {
		if i, err := strconv.Atoi(aws.ToString(f.Id)); err == nil && i >= 0 && i < len(messages) {
			left = append(left, messages[i])
		}
	}
	return left
}
