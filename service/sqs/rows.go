package sqs

import (
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/store"
)

// rows are the messages of one queue inside one transaction. There is at most
// one at a time for a queue; it ends with Save, if anything was written.
type rows struct {
	backlog.Backlog
	tx *store.Tx
	q  *queue

	metrics event.Metrics
	uses    *uses
	usage   usage
}

func (s *Service) rowsOf(tx *store.Tx, q *queue) *rows {
	return &rows{Backlog: backlog.Open(tx, q.backlog()), tx: tx, q: q, metrics: s.cfg.Metrics, uses: &s.uses}
}

func (q *queue) backlog() backlog.Queue {
	return backlog.Queue{ID: q.ID, Name: q.Name, Topic: q.topic, FIFO: q.fifo, Delay: q.delay}
}

// insert adds an encoded message, to become visible after a delay. A FIFO
// queue's delay is what it is at any time, also for messages sent before.
func (r *rows) insert(seq uint64, row []byte, group string, sent time.Time, delay time.Duration) {
	visible := sent.Add(delay)
	if r.q.fifo {
		visible = sent
	}
	stamp(row, sent, visible)
	r.Insert(seq, row, visible, group)
	r.expireAt(sent.Add(r.q.retention))
}
