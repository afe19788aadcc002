package sqs

import (
	"context"
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/runnel/runnel/store"
)

const (
	retentionTimer = "sqs.retention" // id: the queue's number and name
	expireBatch    = 500             // messages that one transaction removes
)

// timerID names a queue in timers. Its number is there so that the timers of a
// queue that was deleted do nothing to one of the same name.
func (q *queue) timerID() string { return strconv.FormatUint(q.ID, 10) + " " + q.Name }

// byTimer finds the queue of a timer, or nil.
func (s *Service) byTimer(tx *store.Tx, id string) *queue {
	var number uint64
	var name string
	if _, err := fmt.Sscan(id, &number, &name); err != nil {
		return nil
	}
	if q := s.load(tx, name); q != nil && q.ID == number {
		return q
	}
	return nil
}

// expireAt has the retention timer fire at t, or before.
func (r *rows) expireAt(t time.Time) {
	if at := stampNanos(t); r.expiry == 0 || at < r.expiry {
		r.expiry = at
		r.tx.SetTimer(retentionTimer, r.q.timerID(), t)
	}
}

// expire removes messages that are older than the retention period. A timer
// fires when the oldest of all is, not one for each.
func (s *Service) expire(_ context.Context, tx *store.Tx, id string) error {
	q := s.byTimer(tx, id)
	if q == nil {
		return nil
	}
	r := rowsOf(tx, q)
	r.expiry = 0
	span := store.Prefix(rowKey(bodySpace, q.ID))
	span.From = rowKey(bodySpace, q.ID, r.oldest)
	r.oldest = tx.NextID()
	n := 0
	for k, row := range tx.Scan(span) {
		seq := binary.BigEndian.Uint64(k[len(k)-8:])
		sent, visible, err := stampOf(row)
		if err != nil {
			return err
		}
		if end := sent.Add(q.retention); end.After(tx.Now()) || n == expireBatch {
			r.oldest = seq
			r.expireAt(end)
			break
		}
		r.remove(r.locate(seq, visible))
		n++
	}
	return r.save()
}

// locate finds where a message stands, given when it first was to be visible.
func (r *rows) locate(seq uint64, visible time.Time) candidate {
	if s, ok := r.state(seq); ok {
		return candidate{position{s.at, seq}, true}
	}
	return candidate{position{stampNanos(visible), seq}, false}
}
