// Package sqs is Amazon Simple Queue Service: standard and FIFO queues, in its
// JSON and its query protocol, as
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/ has
// them.
//
// What holds:
//
//   - A message that was accepted is on disk. It leaves by being deleted, by
//     growing older than the queue's retention period, with its queue, or for
//     the dead-letter queue, in the transaction of the receive that found it
//     received too often already.
//   - A message that is hidden becomes visible at the nanosecond its timeout
//     ends, and whoever waits for it is woken then. Nobody polls.
//   - A queue takes disk, not memory: its length changes neither what an
//     operation costs nor what the process holds, and nor does the number of
//     its message groups. Package backlog says how.
//   - The approximate numbers of messages are exact.
//   - Of a message group of a FIFO queue no message is given out while one is in
//     flight, and each only after all before it were deleted or have left for
//     the dead-letter queue. Groups take turns.
//   - What was sent to a FIFO queue is remembered for five minutes, whatever
//     becomes of the message, of the process, or of the queue's contents.
//
// What a queue is told of encryption it keeps and shows, and no more: its
// messages lie on the disk as they were sent.
//
// AWS looks for groups among a FIFO queue's first 120,000 messages, and limits
// how much is sent in a second; Runnel does neither.
//
// Where AWS is vague, Runnel is strict: a receipt handle acts on a message only
// until the message is received again.
package sqs

import (
	"context"
	"log/slog"
	"sync"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Config says where the queues are.
type Config struct {
	Account string // twelve digits
	Region  string
	Logger  *slog.Logger  // nil: slog.Default()
	Metrics event.Metrics // nil: event.NoMetrics{}
}

// Service holds the queues of one account in one region.
type Service struct {
	store *store.Store
	cfg   Config
	cache sync.Map // queue name to *queue, as last read
	lines lines
	uses  uses

	maxInFlight uint64 // of each queue
}

var (
	_ event.Target = (*Service)(nil)
	_ event.Queue  = (*Service)(nil)
)

// New binds the service to the store. Its timers begin with the store's Run.
func New(st *store.Store, cfg Config) *Service {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Metrics == nil {
		cfg.Metrics = event.NoMetrics{}
	}
	s := &Service{store: st, cfg: cfg, maxInFlight: maxInFlight}
	st.OnTimer(retentionTimer, s.expire)
	st.OnTimer(moveTimer, s.moveSome)
	st.OnTimer(forgetTimer, s.forgetName)
	cfg.Metrics.Sample(s.sample)
	return s
}

// API is the table of operations.
func (s *Service) API() wire.API {
	return wire.API{
		ID:          "sqs",
		Protocols:   []wire.Protocol{wire.JSON10, wire.Query},
		Target:      "AmazonSQS",
		Version:     "2012-11-05",
		Namespace:   "http://queue.amazonaws.com/doc/2012-11-05/",
		Shapes:      "com.amazonaws.sqs",
		Names:       names(),
		QueryErrors: queryErrors(),
		PathField:   "QueueUrl",
		Operations: []wire.Operation{
			wire.Op("AddPermission", s.AddPermission),
			wire.Op("CancelMessageMoveTask", s.CancelMessageMoveTask),
			wire.Op("ChangeMessageVisibility", s.ChangeMessageVisibility),
			wire.Op("ChangeMessageVisibilityBatch", s.ChangeMessageVisibilityBatch),
			wire.Op("CreateQueue", s.CreateQueue),
			wire.Op("DeleteMessage", s.DeleteMessage),
			wire.Op("DeleteMessageBatch", s.DeleteMessageBatch),
			wire.Op("DeleteQueue", s.DeleteQueue),
			wire.Op("GetQueueAttributes", s.GetQueueAttributes),
			wire.Op("GetQueueUrl", s.GetQueueUrl),
			wire.Op("ListDeadLetterSourceQueues", s.ListDeadLetterSourceQueues),
			wire.Op("ListMessageMoveTasks", s.ListMessageMoveTasks),
			wire.Op("ListQueueTags", s.ListQueueTags),
			wire.Op("ListQueues", s.ListQueues),
			wire.Op("PurgeQueue", s.PurgeQueue),
			wire.Op("ReceiveMessage", s.ReceiveMessage),
			wire.Op("RemovePermission", s.RemovePermission),
			wire.Op("SendMessage", s.SendMessage),
			wire.Op("SendMessageBatch", s.SendMessageBatch),
			wire.Op("SetQueueAttributes", s.SetQueueAttributes),
			wire.Op("StartMessageMoveTask", s.StartMessageMoveTask),
			wire.Op("TagQueue", s.TagQueue),
			wire.Op("UntagQueue", s.UntagQueue),
		},
	}
}

// update runs fn over the queue behind a URL, in a transaction.
func (s *Service) update(ctx context.Context, url *string, fn func(tx *store.Tx, q *queue) error) error {
	name, err := s.nameOf(url)
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		q := s.load(tx, name)
		if q == nil {
			return errNoQueue()
		}
		return fn(tx, q)
	})
}

// view is update without writing.
func (s *Service) view(ctx context.Context, url *string, fn func(tx *store.Tx, q *queue) error) error {
	name, err := s.nameOf(url)
	if err != nil {
		return err
	}
	return s.store.View(ctx, func(tx *store.Tx) error {
		q := s.load(tx, name)
		if q == nil {
			return errNoQueue()
		}
		return fn(tx, q)
	})
}
