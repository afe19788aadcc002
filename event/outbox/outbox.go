// Package outbox delivers what must leave the process: a message to an HTTP
// subscriber, which no transaction reaches.
//
// What is to be delivered is put in the transaction that caused it, on the lane
// of its destination; a [Courier], the service that owns the outbox, makes the
// attempts and knows the retry plan.
//
// What holds:
//
//   - What was put is delivered at least once, or given up by the courier, or
//     dropped with its lane. A crash at any instant changes neither how often it
//     was attempted nor when it is due; an attempt that ran at the crash counts
//     as not made, and is made at once.
//   - An outcome is filed in one transaction: the next attempt's time, or the
//     removal together with the dead letter.
//   - Lanes are independent. Each always has an attempt of its own, whatever the
//     others do; what it may have beyond that is bounded by its [Limits] and by
//     the memory that all share.
//   - What waits takes disk, not memory. Memory holds a few words for each lane
//     that has something waiting, and a window of what is due. See rows.go.
//   - Nothing polls: a commit wakes the outbox, and the clock does when the next
//     row is due.
//
// Rows of one lane are attempted in about the order in which they were put, and
// several at a time: a lane keeps no order.
package outbox

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	"github.com/runnel/runnel/store"
)

// Delivery is something that was put, on its way to its destination.
type Delivery struct {
	Lane    string
	ID      uint64 // unique in the data directory; the same for every attempt
	Payload []byte // as it was put; not to be changed
	Put     time.Time
	Attempt int // 1 for the first, whatever crashed since
}

// Limits bound what a lane has in hand.
type Limits struct {
	Attempts  int // how many run at once; 0: 16
	PerSecond int // how many may begin each second, evenly spaced; 0: any number
}

// Courier is what an outbox needs of the service that owns it. Its methods may
// be called at once. Those that take a transaction run under the store's lock.
type Courier interface {
	// Limits is asked in a View whenever rows of the lane are read, so that a
	// change shows within a few attempts.
	Limits(tx *store.Tx, lane string) Limits

	// Deliver makes one attempt, outside of any transaction; nil says that it
	// arrived. It bounds its own time, and returns soon after ctx ended: the
	// outbox stops then, and the attempt counts as not made.
	Deliver(ctx context.Context, d Delivery) error

	// Next is the retry plan: how long after the failed attempt d the next one
	// is made, or false if there is none. It is asked in the transaction that
	// files the outcome.
	Next(tx *store.Tx, d Delivery, cause error) (time.Duration, bool)

	// GiveUp is called in the transaction that removes d, for its dead letter. An
	// error undoes that transaction, and d is attempted again after a while.
	GiveUp(ctx context.Context, tx *store.Tx, d Delivery, cause error) error

	// Done is called once the removal of a d that arrived is durable, for metrics.
	Done(d Delivery)
}

// Options adjust an outbox. The zero value is what a runtime has.
type Options struct {
	Memory int64         // bytes in hand, all lanes together; 0: 64 MiB
	Grace  time.Duration // how long Run lets attempts end that run; 0: 5 s
	Logger *slog.Logger  // nil: slog.Default()
}

// What the zero values of Options and Limits stand for.
const (
	defaultMemory   = 64 << 20
	defaultGrace    = 5 * time.Second
	defaultAttempts = 16
)

// Outbox holds what is to be delivered by one courier.
type Outbox struct {
	store   *store.Store
	rows    spaces
	courier Courier
	memory  int64
	grace   time.Duration
	log     *slog.Logger
	mail    mailbox
}

// New is the outbox of a name, such as "sns". Nothing is delivered before Run.
func New(st *store.Store, name string, c Courier, o Options) *Outbox {
	out := &Outbox{
		store:   st,
		rows:    spacesOf(name),
		courier: c,
		memory:  cmp.Or(o.Memory, defaultMemory),
		grace:   cmp.Or(o.Grace, defaultGrace),
		log:     cmp.Or(o.Logger, slog.Default()).With("outbox", name),
	}
	out.mail.init()
	return out
}

// Put adds a delivery to a lane; it is due at once. The first on a lane opens it.
func (o *Outbox) Put(tx *store.Tx, lane string, payload []byte) {
	l, ok := o.rows.lane(tx, lane)
	if !ok {
		l = o.rows.open(tx, lane)
	}
	p := position{nanos(tx.Now()), tx.NextID()}
	o.rows.put(tx, l.id, p, payload)
	tx.OnCommit(func() { o.mail.arrive(l, p) })
}

// Drop closes a lane, and forgets what waits there, however much it is. Attempts
// that run are let end; their outcome is nobody's any more.
func (o *Outbox) Drop(tx *store.Tx, lane string) {
	if l, ok := o.rows.lane(tx, lane); ok {
		o.rows.close(tx, l)
		tx.OnCommit(func() { o.mail.close(l) })
	}
}
