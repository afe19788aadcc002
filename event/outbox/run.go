package outbox

import (
	"cmp"
	"container/heap"
	"context"
	"sync"
	"time"

	"github.com/runnel/runnel/store"
)

// attemptCost is what a delivery in hand takes besides its payload, in bytes: a
// goroutine, a connection.
const attemptCost = 8 << 10

// runner is a Run. Its fields belong to one goroutine; attempts have their own
// and report by the mailbox.
type runner struct {
	*Outbox
	lanes  map[uint64]*lane
	agenda agenda
	inHand int64 // bytes

	ctx      context.Context // of attempts: it outlives that of Run by the grace
	halt     context.CancelFunc
	attempts sync.WaitGroup
}

// Run delivers until ctx ends and the attempts that run have, or have been
// stopped. It is called once, and returns why it ended.
func (o *Outbox) Run(ctx context.Context) error {
	r := &runner{Outbox: o, lanes: make(map[uint64]*lane)}
	r.ctx, r.halt = context.WithCancel(context.WithoutCancel(ctx))
	defer r.stop()
	if err := r.open(ctx); err != nil {
		return err
	}
	for {
		if err := r.sort(o.mail.take()); err != nil {
			return err
		}
		if err := r.work(ctx); err != nil {
			return err
		}
		if err := r.rest(ctx); err != nil {
			return err
		}
	}
}

// stop lets what runs end, for a while.
func (r *runner) stop() {
	timer := time.AfterFunc(r.grace, r.halt)
	r.attempts.Wait()
	timer.Stop()
	r.halt()
}

// open finds what waits from earlier runs.
func (r *runner) open(ctx context.Context) error {
	return r.store.View(ctx, func(tx *store.Tx) error {
		r.rows.each(tx, func(id laneID, first position, err error) {
			if err != nil {
				r.log.Error("lane could not be opened", "lane", id.name, "err", err)
				return
			}
			r.arrive(id, first)
		})
		return nil
	})
}

func (r *runner) arrive(id laneID, p position) {
	l := r.lanes[id.id]
	if l == nil {
		l = newLane(id)
		r.lanes[id.id] = l
	}
	l.arrive(p)
	r.agenda.place(l)
}

// sort does what letters say.
func (r *runner) sort(m letters) error {
	for id, p := range m.arrived {
		r.arrive(id, p)
	}
	for _, o := range m.ended {
		if o.err != nil {
			return o.err
		}
		l := r.lanes[o.lane.id] // it is there as long as something of it is in hand
		r.release(l, o.row)
		if o.again != nil {
			l.arrive(*o.again)
		}
		r.agenda.place(l)
	}
	for _, id := range m.closed {
		if l := r.lanes[id.id]; l != nil {
			r.close(l)
		}
	}
	return nil
}

// close lets go of what a closed lane has in hand; what runs ends by itself.
func (r *runner) close(l *lane) {
	for _, w := range l.window {
		r.release(l, w)
	}
	l.window, l.cursor, l.next, l.pace = nil, end, never, 0
	r.agenda.place(l)
}

func (r *runner) hold(l *lane, w row) {
	l.held[w.seq] = struct{}{}
	r.inHand += attemptCost + int64(len(w.payload))
}

func (r *runner) release(l *lane, w row) {
	delete(l.held, w.seq)
	l.full = false
	r.inHand -= attemptCost + int64(len(w.payload))
}

// work begins all that may begin now. One View serves all lanes that need rows.
func (r *runner) work(ctx context.Context) error {
	for {
		now := nanos(r.store.Clock().Now())
		var empty []*lane
		for r.agenda.first() <= now {
			l := r.agenda[0]
			switch {
			case len(l.window) > 0:
				r.begin(l, l.begin(now))
				r.agenda.place(l)
			case l.next == never:
				r.agenda.remove(l)
				delete(r.lanes, l.id)
			default:
				empty = append(empty, heap.Pop(&r.agenda).(*lane))
			}
		}
		if len(empty) == 0 {
			return nil
		}
		if err := r.fill(ctx, empty); err != nil {
			return err
		}
	}
}

// begin makes an attempt.
func (r *runner) begin(l *lane, w row) {
	id := l.laneID
	r.attempts.Go(func() {
		o := outcome{lane: id, row: w}
		cause := r.courier.Deliver(r.ctx, w.delivery(id.name))
		if cause == nil || r.ctx.Err() == nil {
			o.again, o.err = r.settle(context.WithoutCancel(r.ctx), id, w, cause)
		}
		r.mail.end(o)
	})
}

// fill reads what is due in lanes.
func (r *runner) fill(ctx context.Context, lanes []*lane) error {
	return r.store.View(ctx, func(tx *store.Tx) error {
		for _, l := range lanes {
			if err := r.read(tx, l); err != nil {
				r.log.Error("lane could not be read, it is tried again", "lane", l.name, "err", err)
				l.pace = nanos(tx.Now().Add(putOff))
			}
			r.agenda.place(l)
		}
		return nil
	})
}

// read fills the window of a lane.
func (r *runner) read(tx *store.Tx, l *lane) error {
	l.limits = r.courier.Limits(tx, l.name)
	now, from := nanos(tx.Now()), l.cursor
	l.cursor, l.next = end, never
	var damaged error
	err := r.rows.scan(tx, l.id, from, func(w row) bool {
		if _, ok := l.held[w.seq]; ok {
			return true
		}
		if w.at <= now && r.roomFor(l) {
			if damaged = r.rows.body(tx, l.id, &w); damaged == nil {
				r.hold(l, w)
				l.window = append(l.window, w)
				return true
			}
		}
		l.cursor, l.next = w.position, w.at
		return false
	})
	if err != nil {
		l.arrive(from)
	}
	return cmp.Or(err, damaged)
}

// roomFor reports whether a lane may have one more row in hand. One it always
// may, or a lane would wait for what others do.
func (r *runner) roomFor(l *lane) bool {
	l.full = r.inHand >= r.memory && len(l.held) > 0
	return !l.full && len(l.window) < l.attempts()
}

// rest waits until there is something to do.
func (r *runner) rest(ctx context.Context) error {
	var due <-chan struct{}
	if at := r.agenda.first(); at != never {
		alarm := r.store.Clock().Alarm(fromNanos(at))
		defer alarm.Stop()
		due = alarm.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-r.mail.c:
	case <-due:
	}
	return nil
}
