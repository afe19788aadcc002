// Package backlog is the messages of a queue as they lie in the store.
//
// q being the number that a queue was given when it was made and seq the one
// that a message was given when it arrived, a queue has these rows:
//
//	body  q seq      the message; written once
//	fresh q at seq   nothing: a message never received, visible from at on
//	held  q at seq   nothing: a message received before, visible from at on
//	state q seq      of a message received before: at, count, first time
//	delay q second   how many messages become visible first in that second
//	tally q          the numbers of rows, and where each space begins
//
// A receive takes the first rows of fresh and held up to now and files them
// under held at the end of their timeout. Visible, hidden and delayed are thus
// a matter of the clock: no row changes when a timeout ends.
//
// A FIFO queue has those too, except that its delay goes for the messages that
// it has already: at in fresh is when the message was sent. In addition:
//
//	line  q group seq   the messages of a group, in order
//	group q group       where the group stands, and what of it was received
//	open  q at seq      a group that can be received from its delay after at on
//	shut  q at seq      a group that can be received from at on
//
// A group stands in open or in shut, with seq of its first message: in shut
// while messages of it are in flight, until the last of them becomes visible,
// and after that, until it is empty. A receive takes the groups that are first,
// and of each as many messages as it can, from the head of its line. So neither
// a million groups nor a million messages in one make it slower, and groups
// take turns.
//
// What a FIFO queue remembers for five minutes are rows as well; see memory.go.
//
// Deleting rows from the front of a space leaves tombstones there until the
// engine compacts. The tally knows the first row of each space, so that no
// receive steps over them, and whoever waits knows until when without looking.
// It is read and written with the rows: it holds even when a transaction
// fails, needs no rebuilding at start, and costs no memory.
package backlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/runnel/runnel/store"
)

var (
	bodySpace  = store.K("sqs", "body")
	freshSpace = store.K("sqs", "fresh")
	heldSpace  = store.K("sqs", "held")
	stateSpace = store.K("sqs", "state")
	delaySpace = store.K("sqs", "delay")
	tallySpace = store.K("sqs", "tally")
)

// ErrRow says that a row is not what was written.
var ErrRow = errors.New("sqs: malformed row")

// Key appends numbers to the key of a space, in one allocation.
func Key(space store.Key, numbers ...uint64) store.Key {
	k := make(store.Key, len(space), len(space)+8*len(numbers))
	copy(k, space)
	for _, n := range numbers {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}

// Nanos is a time as rows have it.
func Nanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

// Queue is what a backlog must know of its queue.
type Queue struct {
	ID    uint64
	Name  string
	Topic string // woken when there may be more to receive than before
	FIFO  bool
	Delay time.Duration // of a FIFO queue
}

// Backlog is the messages of one queue inside one transaction. There is at most
// one at a time for a queue; it ends with Save, if anything was written.
type Backlog struct {
	tx  *store.Tx
	q   Queue
	now uint64
	Tally
	groups  map[string]*group // those that were looked at
	changed bool              // groups were found to stand in the wrong place
	wake    bool              // who waits for messages is to look again
	err     error             // the first malformed row: it fails the transaction
}

// Open begins with the messages of a queue.
func Open(tx *store.Tx, q Queue) Backlog {
	b := Backlog{tx: tx, q: q, now: Nanos(tx.Now())}
	if v, ok := tx.Get(Key(tallySpace, q.ID)); ok {
		b.Fail(b.decode(v))
	}
	return b
}

// Now is the time of the transaction.
func (b *Backlog) Now() uint64 { return b.now }

// ripe is the time up to which fresh messages are visible: those of a FIFO
// queue are filed under when they were sent.
func (b *Backlog) ripe() uint64 {
	if !b.q.FIFO {
		return b.now
	}
	return b.now - uint64(b.q.Delay)
}

// Fail makes the transaction fail.
func (b *Backlog) Fail(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Err is the first fault met.
func (b *Backlog) Err() error { return b.err }

// Wake has whoever waits for messages look again.
func (b *Backlog) Wake() { b.wake = true }

// Changed reports whether there is something to save though nobody wrote.
func (b *Backlog) Changed() bool { return b.changed }

// Save writes the tally, and wakes who waits if there is reason to. It returns
// the first fault met.
func (b *Backlog) Save() error {
	b.Settle()
	if b.wake {
		b.tx.Wake(b.q.Topic)
	}
	b.tx.Set(Key(tallySpace, b.q.ID), b.encode(b.q.FIFO))
	return b.err
}

// Settle finds what is first now in each space.
func (b *Backlog) Settle() {
	if b.q.FIFO {
		b.place()
		b.find(openSpace, &b.open)
		b.find(shutSpace, &b.shut)
		b.find(memoryAges, &b.memories)
	}
	b.find(freshSpace, &b.fresh)
	b.find(heldSpace, &b.held)
}

// find finds the first row of a space if it was removed. A tombstone is
// stepped over here once: afterwards it lies before the first row.
func (b *Backlog) find(key store.Key, s *space) {
	if !s.moved || s.rows == 0 {
		return
	}
	span := store.Prefix(Key(key, b.q.ID))
	span.From = Key(key, b.q.ID, s.first.At, s.first.Seq)
	for k := range b.tx.Scan(span) {
		s.first, s.moved = positionOf(k), false
		return
	}
	b.Fail(fmt.Errorf("%w: queue %s counts %d rows too many in %q", ErrRow, b.q.Name, s.rows, key))
}

// Insert adds an encoded message, to become visible at a time; for a FIFO queue
// that is when it was sent, and it has a group.
func (b *Backlog) Insert(seq uint64, row []byte, at time.Time, group string) {
	b.tx.Set(Key(bodySpace, b.q.ID, seq), row)
	p := Position{Nanos(at), seq}
	b.tx.Set(Key(freshSpace, b.q.ID, p.At, p.Seq), nil)
	b.fresh.add(p)
	b.Oldest = min(b.Oldest, seq)
	if b.countsDelay(p.At) {
		b.countDelay(p.At, +1)
	}
	if b.q.FIFO {
		b.lineUp(p, group)
	}
	b.wake = true
}

// Body is the row of a message.
func (b *Backlog) Body(seq uint64) ([]byte, bool) { return b.tx.Get(Key(bodySpace, b.q.ID, seq)) }

// Bodies are the rows of all messages, the oldest first. They are valid until
// the next one.
func (b *Backlog) Bodies() iter.Seq2[uint64, []byte] {
	span := store.Prefix(Key(bodySpace, b.q.ID))
	span.From = Key(bodySpace, b.q.ID, b.Oldest)
	return func(yield func(uint64, []byte) bool) {
		for k, row := range b.tx.Scan(span) {
			if !yield(binary.BigEndian.Uint64(k[len(k)-8:]), row) {
				return
			}
		}
	}
}

// State returns the state of a message that was received and is still there.
func (b *Backlog) State(seq uint64) (State, bool) {
	v, ok := b.tx.Get(Key(stateSpace, b.q.ID, seq))
	if !ok {
		return State{}, false
	}
	s, err := decodeState(v)
	b.Fail(err)
	return s, err == nil
}

// Hold files a message that was taken.
func (b *Backlog) Hold(seq uint64, s State) {
	b.tx.Set(Key(heldSpace, b.q.ID, s.At, seq), nil)
	b.tx.Set(Key(stateSpace, b.q.ID, seq), s.encode())
	p := Position{s.At, seq}
	b.held.add(p)
	if b.q.FIFO {
		b.keepOut(p, s.Group)
	}
}

// Take takes a message out of its place. It is filed again with Hold.
func (b *Backlog) Take(c Candidate) {
	b.pick(c)
	if b.q.FIFO {
		b.callOut(c.Group)
	}
}

// pick removes the row of a message in fresh or held.
func (b *Backlog) pick(c Candidate) {
	if c.Held {
		b.tx.Delete(Key(heldSpace, b.q.ID, c.At, c.Seq))
		b.held.remove(c.Position)
		return
	}
	b.tx.Delete(Key(freshSpace, b.q.ID, c.At, c.Seq))
	b.fresh.remove(c.Position)
	if b.countsDelay(c.At) {
		b.countDelay(c.At, -1)
	}
}

// Remove takes a message out of the queue, wherever it stands.
func (b *Backlog) Remove(c Candidate) {
	b.pick(c)
	if c.Held {
		b.tx.Delete(Key(stateSpace, b.q.ID, c.Seq))
	}
	b.tx.Delete(Key(bodySpace, b.q.ID, c.Seq))
	if b.q.FIFO {
		b.leaveLine(c)
	}
}

// Locate finds where a message stands, given where it stood at first.
func (b *Backlog) Locate(first Position, group string) Candidate {
	if s, ok := b.State(first.Seq); ok {
		return Candidate{Position{s.At, first.Seq}, true, group}
	}
	return Candidate{first, false, group}
}

// Clear removes all messages. What is remembered of them remains.
func (b *Backlog) Clear() {
	for _, key := range []store.Key{bodySpace, freshSpace, heldSpace, stateSpace, delaySpace, lineSpace, groupSpace, openSpace, shutSpace} {
		b.tx.DeleteRange(store.Prefix(Key(key, b.q.ID)))
	}
	b.groups = nil
	b.Tally = Tally{Oldest: b.tx.NextID(), Expiry: b.Expiry, memories: b.memories}
}

// Drop removes all rows of the queue.
func (b *Backlog) Drop() {
	b.Clear()
	b.tx.DeleteRange(store.Prefix(Key(memorySpace, b.q.ID)))
	b.tx.DeleteRange(store.Prefix(Key(memoryAges, b.q.ID)))
	b.tx.Delete(Key(tallySpace, b.q.ID))
}
