package sqs

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/store"
)

const (
	retentionTimer = "sqs.retention" // id: the queue's number and name
	expireBatch    = 500             // messages that one transaction removes
	expireBytes    = 4 << 20         // bytes after which it removes no more: it holds up all others
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
	if at := backlog.Nanos(t); r.Expiry == 0 || at < r.Expiry {
		r.Expiry = at
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
	r := s.rowsOf(tx, q)
	r.Expiry = 0
	bodies := r.Bodies()
	r.Oldest = tx.NextID()
	n, size := 0, 0
	for seq, row := range bodies {
		sent, visible, err := stampOf(row)
		if err != nil {
			return err
		}
		if end := sent.Add(q.retention); end.After(tx.Now()) || n == expireBatch || size >= expireBytes {
			r.Oldest = seq
			r.expireAt(end)
			break
		}
		if err := r.expireOne(seq, row, visible); err != nil {
			return err
		}
		n++
		size += len(row)
	}
	return r.Save()
}

// expireOne removes a message, given when it first was to be visible.
func (r *rows) expireOne(seq uint64, row []byte, visible time.Time) error {
	group := ""
	if r.q.fifo {
		m, err := decodeMessage(row)
		if err != nil {
			return err
		}
		group = m.group
	}
	r.Remove(r.Locate(backlog.Position{At: backlog.Nanos(visible), Seq: seq}, group))
	return nil
}
