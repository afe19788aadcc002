package sqs

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/runnel/runnel/store"
)

// How a queue lies in the store, q being the number it was given when it was
// made and seq the number that the message was given when it arrived:
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
// Deleting rows from the front of a space leaves tombstones there until the
// engine compacts. The tally knows the first row of each space, so that no
// receive steps over them, and whoever waits knows until when without looking.
// It is read and written with the rows: it holds even when a transaction
// fails, needs no rebuilding at start, and costs no memory.
var (
	bodySpace  = store.K("sqs", "body")
	freshSpace = store.K("sqs", "fresh")
	heldSpace  = store.K("sqs", "held")
	stateSpace = store.K("sqs", "state")
	delaySpace = store.K("sqs", "delay")
	tallySpace = store.K("sqs", "tally")
)

// rowKey appends numbers to the key of a space, in one allocation.
func rowKey(space store.Key, numbers ...uint64) store.Key {
	k := make(store.Key, len(space), len(space)+8*len(numbers))
	copy(k, space)
	for _, n := range numbers {
		k = binary.BigEndian.AppendUint64(k, n)
	}
	return k
}

// position is where a message stands in fresh or held.
type position struct {
	at  uint64 // when it becomes visible, in nanoseconds since 1970
	seq uint64
}

func (p position) before(o position) bool {
	return p.at < o.at || p.at == o.at && p.seq < o.seq
}

func (p position) time() time.Time { return time.Unix(0, int64(p.at)).UTC() }

func stampNanos(t time.Time) uint64 { return uint64(max(0, t.UnixNano())) }

// tally is the row of numbers of a queue.
type tally struct {
	fresh, held space
	oldest      uint64 // no body has a smaller seq
	expiry      uint64 // when the retention timer is due, in nanoseconds; 0: not set
}

// space is what the tally knows of fresh or held.
type space struct {
	rows  uint64
	first position // if there are rows

	// moved says that the transaction removed the first row, and first has yet
	// to be found; until then no row comes before it.
	moved bool
}

func (s *space) add(p position) {
	if s.rows == 0 || p.before(s.first) {
		s.first, s.moved = p, false
	}
	s.rows++
}

func (s *space) remove(p position) {
	s.rows--
	s.moved = s.moved || p == s.first
}

const tallyVersion = 1

func (t *tally) numbers() []*uint64 {
	return []*uint64{
		&t.fresh.rows, &t.fresh.first.at, &t.fresh.first.seq,
		&t.held.rows, &t.held.first.at, &t.held.first.seq,
		&t.oldest, &t.expiry,
	}
}

func (t *tally) encode() []byte {
	b := make([]byte, 1, 1+8*8)
	b[0] = tallyVersion
	for _, n := range t.numbers() {
		b = binary.BigEndian.AppendUint64(b, *n)
	}
	return b
}

func (t *tally) decode(b []byte) error {
	if len(b) != 1+8*8 || b[0] != tallyVersion {
		return errRow
	}
	for i, n := range t.numbers() {
		*n = binary.BigEndian.Uint64(b[1+8*i:])
	}
	return nil
}

// state is the row of a message that was received.
type state struct {
	at       uint64 // its position in held
	count    uint64 // how often it was received from this queue
	received uint64 // when last, in nanoseconds
	first    time.Time
}

const (
	stateVersion = 1
	stateSize    = 1 + 4*8
)

func (s state) encode() []byte {
	b := make([]byte, 1, stateSize)
	b[0] = stateVersion
	b = binary.BigEndian.AppendUint64(b, s.at)
	b = binary.BigEndian.AppendUint64(b, s.count)
	b = binary.BigEndian.AppendUint64(b, s.received)
	return binary.BigEndian.AppendUint64(b, uint64(millis(s.first)))
}

func decodeState(b []byte) (state, error) {
	if len(b) != stateSize || b[0] != stateVersion {
		return state{}, errRow
	}
	return state{
		at:       binary.BigEndian.Uint64(b[1:]),
		count:    binary.BigEndian.Uint64(b[9:]),
		received: binary.BigEndian.Uint64(b[17:]),
		first:    fromMillis(int64(binary.BigEndian.Uint64(b[25:]))),
	}, nil
}

// rows are the messages of one queue inside one transaction. There is at most
// one at a time for a queue; it ends with save, if anything was written.
type rows struct {
	tx  *store.Tx
	q   *queue
	now uint64
	tally
	wake bool  // who waits for messages is to look again
	err  error // the first malformed row: it fails the transaction
}

func rowsOf(tx *store.Tx, q *queue) *rows {
	r := &rows{tx: tx, q: q, now: stampNanos(tx.Now())}
	if b, ok := tx.Get(rowKey(tallySpace, q.ID)); ok {
		r.fail(r.decode(b))
	}
	return r
}

func (r *rows) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// save writes the tally, and wakes who waits if there is reason to. It returns
// the first fault met.
func (r *rows) save() error {
	r.settle()
	if r.wake {
		r.tx.Wake(r.q.topic)
	}
	r.tx.Set(rowKey(tallySpace, r.q.ID), r.encode())
	return r.err
}

// settle finds what is first now in each space.
func (r *rows) settle() {
	r.find(freshSpace, &r.fresh)
	r.find(heldSpace, &r.held)
}

// find finds the first row of a space if it was removed. A tombstone is
// stepped over here once: afterwards it lies before the first row.
func (r *rows) find(key store.Key, s *space) {
	if !s.moved || s.rows == 0 {
		return
	}
	span := store.Prefix(rowKey(key, r.q.ID))
	span.From = rowKey(key, r.q.ID, s.first.at, s.first.seq)
	for k := range r.tx.Scan(span) {
		s.first, s.moved = positionOf(k), false
		return
	}
	r.fail(fmt.Errorf("%w: queue %s counts %d messages too many", errRow, r.q.Name, s.rows))
}

// insert adds an encoded message, to become visible at visible.
func (r *rows) insert(seq uint64, row []byte, sent, visible time.Time) {
	stamp(row, sent, visible)
	r.tx.Set(rowKey(bodySpace, r.q.ID, seq), row)
	p := position{stampNanos(visible), seq}
	r.tx.Set(rowKey(freshSpace, r.q.ID, p.at, p.seq), nil)
	r.fresh.add(p)
	r.oldest = min(r.oldest, seq)
	if p.at > r.now {
		r.countDelay(p.at, +1)
	}
	r.expireAt(sent.Add(r.q.retention))
	r.wake = true
}

// state returns the state of a message that was received and is still there.
func (r *rows) state(seq uint64) (state, bool) {
	b, ok := r.tx.Get(rowKey(stateSpace, r.q.ID, seq))
	if !ok {
		return state{}, false
	}
	s, err := decodeState(b)
	r.fail(err)
	return s, err == nil
}

// hold files a message that is in neither fresh nor held.
func (r *rows) hold(seq uint64, s state) {
	r.tx.Set(rowKey(heldSpace, r.q.ID, s.at, seq), nil)
	r.tx.Set(rowKey(stateSpace, r.q.ID, seq), s.encode())
	r.held.add(position{s.at, seq})
}

// unhold takes a message out of held. Its state row remains, to be
// overwritten or removed.
func (r *rows) unhold(p position) {
	r.tx.Delete(rowKey(heldSpace, r.q.ID, p.at, p.seq))
	r.held.remove(p)
}

// unfresh takes a message out of fresh.
func (r *rows) unfresh(p position) {
	r.tx.Delete(rowKey(freshSpace, r.q.ID, p.at, p.seq))
	r.fresh.remove(p)
	if p.at > r.now {
		r.countDelay(p.at, -1)
	}
}

// remove takes a message out of the queue, wherever it stands.
func (r *rows) remove(c candidate) {
	if c.held {
		r.unhold(c.position)
		r.tx.Delete(rowKey(stateSpace, r.q.ID, c.seq))
	} else {
		r.unfresh(c.position)
	}
	r.tx.Delete(rowKey(bodySpace, r.q.ID, c.seq))
}

// clear removes all messages.
func (r *rows) clear() {
	for _, key := range []store.Key{bodySpace, freshSpace, heldSpace, stateSpace, delaySpace} {
		r.tx.DeleteRange(store.Prefix(rowKey(key, r.q.ID)))
	}
	r.tally = tally{oldest: r.tx.NextID(), expiry: r.expiry}
}
