package sqs

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/runnel/runnel/store"
)

// candidate is a message that is visible.
type candidate struct {
	position
	held bool
}

// due returns the first messages that are visible, up to limit, in the order
// in which they became so. more says that there may be others.
func (r *rows) due(limit int) (list []candidate, more bool) {
	list = r.scan(list, candidate{held: true}, heldSpace, &r.held, limit)
	n := len(list)
	list = r.scan(list, candidate{}, freshSpace, &r.fresh, limit)
	more = n == limit || len(list)-n == limit || len(list) > limit
	if n > 0 && n < len(list) {
		slices.SortFunc(list, func(a, b candidate) int {
			return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.seq, b.seq))
		})
	}
	return list[:min(limit, len(list))], more
}

// scan appends the first rows of a space that are due, up to limit of them.
func (r *rows) scan(list []candidate, c candidate, key store.Key, s *space, limit int) []candidate {
	if s.rows == 0 || s.first.at > r.now {
		return list
	}
	span := store.Range{
		From: rowKey(key, r.q.ID, s.first.at, s.first.seq),
		To:   rowKey(key, r.q.ID, r.now+1),
	}
	for k := range r.tx.Scan(span) {
		c.position = positionOf(k)
		list = append(list, c)
		if limit--; limit == 0 {
			break
		}
	}
	return list
}

// positionOf reads a position from the end of a key.
func positionOf(k store.Key) position {
	return position{binary.BigEndian.Uint64(k[len(k)-16:]), binary.BigEndian.Uint64(k[len(k)-8:])}
}

// nextVisible is when a message is, or was, to become visible; the zero time
// if there is none. It is right only before anything is removed, or after save.
func (r *rows) nextVisible() time.Time {
	switch {
	case r.fresh.rows == 0 && r.held.rows == 0:
		return time.Time{}
	case r.held.rows == 0 || r.fresh.rows > 0 && r.fresh.first.before(r.held.first):
		return r.fresh.first.time()
	}
	return r.held.first.time()
}

// inFlight counts the messages that were received and are hidden. Its cost
// grows at most with their number.
func (r *rows) inFlight() uint64 {
	if r.held.rows == 0 || r.held.first.at > r.now {
		return r.held.rows
	}
	span := store.Prefix(rowKey(heldSpace, r.q.ID))
	span.From = rowKey(heldSpace, r.q.ID, r.now+1)
	return r.count(span)
}

func (r *rows) count(span store.Range) (n uint64) {
	for range r.tx.Scan(span) {
		n++
	}
	return n
}

// delayed counts the messages that were not visible yet. Its cost grows with
// the seconds that messages are delayed for, and those of this second.
func (r *rows) delayed() uint64 {
	second := r.now / uint64(time.Second)
	rest := store.Range{
		From: rowKey(freshSpace, r.q.ID, r.now+1),
		To:   rowKey(freshSpace, r.q.ID, (second+1)*uint64(time.Second)),
	}
	n := uint64(0)
	span := store.Prefix(rowKey(delaySpace, r.q.ID))
	span.From = rowKey(delaySpace, r.q.ID, second)
	for k, v := range r.tx.Scan(span) {
		switch {
		case len(v) != 8:
			r.fail(errRow)
		case binary.BigEndian.Uint64(k[len(k)-8:]) == second:
			n += r.count(rest)
		default:
			n += binary.BigEndian.Uint64(v)
		}
	}
	return n
}

// countDelay adds to the number of messages that become visible at a time,
// and removes some of the numbers that are past.
func (r *rows) countDelay(at uint64, by int64) {
	key := rowKey(delaySpace, r.q.ID, at/uint64(time.Second))
	n := uint64(0)
	switch b, ok := r.tx.Get(key); {
	case ok && len(b) != 8:
		r.fail(errRow)
	case ok:
		n = binary.BigEndian.Uint64(b)
	case by > 0:
		r.dropDelays()
	}
	r.tx.Set(key, binary.BigEndian.AppendUint64(nil, uint64(int64(n)+by)))
}

// dropDelays removes two numbers that are past: one more than are added, so
// there are never many.
func (r *rows) dropDelays() {
	past := store.Range{
		From: rowKey(delaySpace, r.q.ID),
		To:   rowKey(delaySpace, r.q.ID, r.now/uint64(time.Second)),
	}
	n := 0
	for k := range r.tx.Scan(past) {
		r.tx.Delete(k.Clone())
		if n++; n == 2 {
			return
		}
	}
}
