package backlog

import (
	"cmp"
	"encoding/binary"
	"slices"
	"time"

	"github.com/runnel/runnel/store"
)

// Candidate is a message and where it stands.
type Candidate struct {
	Position
	Held  bool
	Group string // of a FIFO queue's message
}

// Due returns the first messages that are visible, up to limit, in the order
// in which they became so; of a FIFO queue those of one group after the other,
// each in its order. more says that there may be others.
func (b *Backlog) Due(limit int) (list []Candidate, more bool) {
	if b.q.FIFO {
		list = b.dueInGroups(limit)
		return list, len(list) == limit
	}
	list = b.scan(list, Candidate{Held: true}, heldSpace, &b.held, limit)
	n := len(list)
	list = b.scan(list, Candidate{}, freshSpace, &b.fresh, limit)
	more = n == limit || len(list)-n == limit || len(list) > limit
	if n > 0 && n < len(list) {
		slices.SortFunc(list, func(a, b Candidate) int {
			return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
		})
	}
	return list[:min(limit, len(list))], more
}

// scan appends the first rows of a space that are due, up to limit of them.
func (b *Backlog) scan(list []Candidate, c Candidate, key store.Key, s *space, limit int) []Candidate {
	if s.rows == 0 || s.first.At > b.now {
		return list
	}
	for k := range b.tx.Scan(b.from(key, s, b.now)) {
		c.Position = positionOf(k)
		list = append(list, c)
		if limit--; limit == 0 {
			break
		}
	}
	return list
}

// from is the rows of a space up to a time.
func (b *Backlog) from(key store.Key, s *space, to uint64) store.Range {
	return store.Range{
		From: Key(key, b.q.ID, s.first.At, s.first.Seq),
		To:   Key(key, b.q.ID, to+1),
	}
}

// after is the rows of a space that are after a time.
func (b *Backlog) after(key store.Key, t uint64) store.Range {
	span := store.Prefix(Key(key, b.q.ID))
	span.From = Key(key, b.q.ID, t+1)
	return span
}

// Messages counts all messages.
func (b *Backlog) Messages() uint64 { return b.fresh.rows + b.held.rows }

// NextVisible is when a message is, or was, to become visible; the zero time
// if there is none. It is right only before anything is removed, or after
// Settle.
func (b *Backlog) NextVisible() time.Time {
	first, second := b.fresh, b.held
	if b.q.FIFO {
		first, second = b.open, b.shut
		first.first.At += uint64(b.q.Delay)
	}
	switch {
	case first.rows == 0 && second.rows == 0:
		return time.Time{}
	case second.rows == 0 || first.rows > 0 && first.first.before(second.first):
		return first.first.Time()
	}
	return second.first.Time()
}

// NextReturn is when the first of the messages in flight becomes visible; the
// zero time if there is none.
func (b *Backlog) NextReturn() time.Time {
	for k := range b.tx.Scan(b.after(heldSpace, b.now)) {
		return positionOf(k).Time()
	}
	return time.Time{}
}

// Hidden returns the messages in flight that become visible after a position,
// up to limit of them, without their groups.
func (b *Backlog) Hidden(after Position, limit int) (list []Candidate) {
	span := b.after(heldSpace, b.now)
	if after.At > b.now {
		span.From = Key(heldSpace, b.q.ID, after.At, after.Seq+1)
	}
	for k := range b.tx.Scan(span) {
		list = append(list, Candidate{Position: positionOf(k), Held: true})
		if len(list) == limit {
			break
		}
	}
	return list
}

// InFlight counts the messages that were received and are hidden. Its cost
// grows at most with their number.
func (b *Backlog) InFlight() uint64 { return b.hidden(heldSpace, &b.held) }

// GroupsInFlight counts the groups of which messages are in flight.
func (b *Backlog) GroupsInFlight() uint64 { return b.hidden(shutSpace, &b.shut) }

func (b *Backlog) hidden(key store.Key, s *space) uint64 {
	if s.rows == 0 || s.first.At > b.now {
		return s.rows
	}
	return b.count(b.after(key, b.now))
}

// Room is how many more messages may be in flight, up to limit of them. Most
// of what was received before is in flight, so that it counts what is not.
func (b *Backlog) Room(most uint64, limit int) int {
	if b.held.rows+uint64(limit) <= most {
		return limit
	}
	if b.held.rows > 2*most {
		return int(min(uint64(limit), most-min(most, b.InFlight())))
	}
	visible, enough := uint64(0), b.held.rows+uint64(limit)-most
	if b.held.first.At <= b.now {
		for range b.tx.Scan(b.from(heldSpace, &b.held, b.now)) {
			if visible++; visible == enough {
				break
			}
		}
	}
	return limit - int(min(uint64(limit), enough-visible))
}

// Held counts the messages that were received before.
func (b *Backlog) Held() uint64 { return b.held.rows }

func (b *Backlog) count(span store.Range) (n uint64) {
	for range b.tx.Scan(span) {
		n++
	}
	return n
}

// delayKept is how long a FIFO queue's messages are counted by the second of
// their sending, since its delay may become as long.
const delayKept = 900 * time.Second

// delayHorizon is the time before which delays are not counted.
func (b *Backlog) delayHorizon() uint64 {
	if !b.q.FIFO {
		return b.now
	}
	return b.now - uint64(delayKept)
}

func (b *Backlog) countsDelay(at uint64) bool { return at > b.delayHorizon() }

// Delayed counts the messages that were not visible yet. Its cost grows with
// the seconds that messages are delayed for, and those of this second.
func (b *Backlog) Delayed() uint64 {
	if b.q.FIFO && b.q.Delay == 0 {
		return 0
	}
	ripe := b.ripe()
	second := ripe / uint64(time.Second)
	rest := store.Range{
		From: Key(freshSpace, b.q.ID, ripe+1),
		To:   Key(freshSpace, b.q.ID, (second+1)*uint64(time.Second)),
	}
	n := uint64(0)
	span := store.Prefix(Key(delaySpace, b.q.ID))
	span.From = Key(delaySpace, b.q.ID, second)
	for k, v := range b.tx.Scan(span) {
		switch {
		case len(v) != 8:
			b.Fail(ErrRow)
		case binary.BigEndian.Uint64(k[len(k)-8:]) == second:
			n += b.count(rest)
		default:
			n += binary.BigEndian.Uint64(v)
		}
	}
	return n
}

// countDelay adds to the number of messages that become visible at a time,
// and removes some of the numbers that are past.
func (b *Backlog) countDelay(at uint64, by int64) {
	second := at / uint64(time.Second)
	b.delayFrom = min(b.delayFrom, second)
	key := Key(delaySpace, b.q.ID, second)
	n := uint64(0)
	switch v, ok := b.tx.Get(key); {
	case ok && len(v) != 8:
		b.Fail(ErrRow)
	case ok:
		n = binary.BigEndian.Uint64(v)
	case by > 0:
		b.dropDelays()
	}
	b.tx.Set(key, binary.BigEndian.AppendUint64(nil, uint64(int64(n)+by)))
}

// dropDelays removes two numbers that are past: one more than are added, so
// there are never many. A FIFO queue, which counts every second, knows where
// they begin.
func (b *Backlog) dropDelays() {
	end := b.delayHorizon() / uint64(time.Second)
	if b.delayFrom >= end {
		return
	}
	past := store.Range{From: Key(delaySpace, b.q.ID, b.delayFrom), To: Key(delaySpace, b.q.ID, end)}
	n := 0
	for k := range b.tx.Scan(past) {
		b.tx.Delete(k.Clone())
		if n++; n == 2 {
			end = binary.BigEndian.Uint64(k[len(k)-8:]) + 1
			break
		}
	}
	b.delayFrom = end
}
