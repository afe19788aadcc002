package sqs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// The metrics of queues, with names and units of
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
// (2026-11-20). What happens is counted once it is durable; levels are measured
// once a minute.

// activeFor is how long after its last use the levels of an empty queue are
// measured.
const activeFor = 6 * time.Hour

// gauges are the metrics of one queue, made once so that counting makes nothing.
type gauges struct {
	sent, size, deduplicated, received, empty, deleted event.Metric
	visible, hidden, delayed, age, groups              event.Metric
}

func newGauges(queue string) *gauges {
	of := func(name, unit string) event.Metric {
		return event.Metric{Namespace: "AWS/SQS", Name: name, Unit: unit, Dimensions: event.Dimensions{{Name: "QueueName", Value: queue}}}
	}
	return &gauges{
		sent:         of("NumberOfMessagesSent", "Count"),
		size:         of("SentMessageSize", "Bytes"),
		deduplicated: of("NumberOfDeduplicatedSentMessages", "Count"),
		received:     of("NumberOfMessagesReceived", "Count"),
		empty:        of("NumberOfEmptyReceives", "Count"),
		deleted:      of("NumberOfMessagesDeleted", "Count"),
		visible:      of("ApproximateNumberOfMessagesVisible", "Count"),
		hidden:       of("ApproximateNumberOfMessagesNotVisible", "Count"),
		delayed:      of("ApproximateNumberOfMessagesDelayed", "Count"),
		age:          of("ApproximateAgeOfOldestMessage", "Seconds"),
		groups:       of("ApproximateNumberOfGroupsWithInflightMessages", "Count"),
	}
}

// usage is what a transaction did to a queue.
type usage struct {
	sizes                           []int // of the messages sent, in bytes
	few                             [maxBatch]int
	deduplicated, received, deleted int
	noted                           bool
}

// note has what is being counted become metrics once it is durable.
func (r *rows) note() *usage {
	if u := &r.usage; !u.noted {
		u.noted, u.sizes = true, u.few[:0]
		r.tx.OnCommit(r.observe)
	}
	return &r.usage
}

func (r *rows) observe() {
	u, g, m := &r.usage, r.q.gauges, r.metrics
	r.uses.touch(r.q.Name, r.tx.Now())
	if n := len(u.sizes); n > 0 {
		m.Observe(g.sent, float64(n))
	}
	for _, n := range u.sizes {
		m.Observe(g.size, float64(n))
	}
	if u.deduplicated > 0 {
		m.Observe(g.deduplicated, float64(u.deduplicated))
	}
	if u.received > 0 {
		m.Observe(g.received, float64(u.received))
	}
	if u.deleted > 0 {
		m.Observe(g.deleted, float64(u.deleted))
	}
}

// countEmpty counts a receive that got nothing.
func (s *Service) countEmpty(name string) {
	if q, ok := s.cache.Load(name); ok {
		s.uses.touch(name, s.store.Clock().Now())
		s.cfg.Metrics.Observe(q.(*queue).gauges.empty, 1)
	}
}

// uses is when each queue was used last, by name.
type uses struct{ byQueue sync.Map }

func (u *uses) touch(queue string, now time.Time) {
	v, ok := u.byQueue.Load(queue)
	if !ok {
		v, _ = u.byQueue.LoadOrStore(queue, new(atomic.Int64))
	}
	v.(*atomic.Int64).Store(now.UnixNano())
}

func (u *uses) since(queue string, t time.Time) bool {
	v, ok := u.byQueue.Load(queue)
	return ok && v.(*atomic.Int64).Load() > t.UnixNano()
}

func (u *uses) forget(queue string) { u.byQueue.Delete(queue) }

// sample measures the levels of all queues that have messages or were used
// lately. One that is damaged does not keep it from the others.
func (s *Service) sample(ctx context.Context) error {
	names, err := s.allNames(ctx)
	if err != nil {
		return err
	}
	var faults []error
	for _, name := range names {
		err := s.store.View(ctx, func(tx *store.Tx) error {
			if q := s.load(tx, name); q != nil {
				return s.measure(tx, q)
			}
			return nil
		})
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			faults = append(faults, fmt.Errorf("queue %s: %w", name, err))
		}
	}
	return errors.Join(faults...)
}

func (s *Service) allNames(ctx context.Context) (names []string, err error) {
	err = s.store.View(ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(store.Prefix(store.K("sqs", "queue"))) {
			names = append(names, nameOfKey(k))
		}
		return nil
	})
	return names, err
}

func (s *Service) measure(tx *store.Tx, q *queue) error {
	r := s.rowsOf(tx, q)
	if r.Messages() == 0 && !s.uses.since(q.Name, tx.Now().Add(-activeFor)) {
		return r.Err()
	}
	n, g, m := r.count(), q.gauges, s.cfg.Metrics
	m.Observe(g.visible, float64(n.visible))
	m.Observe(g.hidden, float64(n.inFlight))
	m.Observe(g.delayed, float64(n.delayed))
	m.Observe(g.age, r.age().Seconds())
	if q.fifo {
		m.Observe(g.groups, float64(r.GroupsInFlight()))
	}
	return r.Err()
}

// age is how long the oldest message has been there.
func (r *rows) age() time.Duration {
	for _, row := range r.Bodies() {
		sent, _, err := stampOf(row)
		if err != nil {
			r.Fail(err)
			break
		}
		return r.tx.Now().Sub(sent)
	}
	return 0
}
