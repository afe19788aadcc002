package backlog

import (
	"encoding/binary"
	"time"

	"github.com/runnel/runnel/store"
)

// Position is where a message, or a group, stands in a space.
type Position struct {
	At  uint64 // in nanoseconds since 1970
	Seq uint64
}

func (p Position) before(o Position) bool {
	return p.At < o.At || p.At == o.At && p.Seq < o.Seq
}

// Time is when what stands there becomes visible.
func (p Position) Time() time.Time { return time.Unix(0, int64(p.At)).UTC() }

// positionOf reads a position from the end of a key.
func positionOf(k store.Key) Position {
	return Position{binary.BigEndian.Uint64(k[len(k)-16:]), binary.BigEndian.Uint64(k[len(k)-8:])}
}

// Tally is the row of numbers of a queue.
type Tally struct {
	fresh, held space
	Oldest      uint64 // no body has a smaller seq
	Expiry      uint64 // when the retention timer is due, in nanoseconds; 0: not set

	// Of FIFO queues.
	open, shut space  // groups
	memories   space  // by age
	delayFrom  uint64 // no second is counted before this one
}

// space is what the tally knows of a space.
type space struct {
	rows  uint64
	first Position // if there are rows

	// moved says that the transaction removed the first row, and first has yet
	// to be found; until then no row comes before it.
	moved bool
}

func (s *space) add(p Position) {
	if s.rows == 0 || p.before(s.first) {
		s.first, s.moved = p, false
	}
	s.rows++
}

func (s *space) remove(p Position) {
	s.rows--
	s.moved = s.moved || p == s.first
}

// Versions of the row. That of a FIFO queue has more numbers.
const (
	tallyVersion     = 1
	tallyVersionFIFO = 2
	tallyNumbers     = 8
	tallyNumbersFIFO = 18
)

func (t *Tally) numbers() [tallyNumbersFIFO]*uint64 {
	return [...]*uint64{
		&t.fresh.rows, &t.fresh.first.At, &t.fresh.first.Seq,
		&t.held.rows, &t.held.first.At, &t.held.first.Seq,
		&t.Oldest, &t.Expiry,
		&t.open.rows, &t.open.first.At, &t.open.first.Seq,
		&t.shut.rows, &t.shut.first.At, &t.shut.first.Seq,
		&t.memories.rows, &t.memories.first.At, &t.memories.first.Seq, &t.delayFrom,
	}
}

func (t *Tally) encode(fifo bool) []byte {
	version, n := byte(tallyVersion), tallyNumbers
	if fifo {
		version, n = tallyVersionFIFO, tallyNumbersFIFO
	}
	b := make([]byte, 1, 1+8*n)
	b[0] = version
	numbers := t.numbers()
	for _, number := range numbers[:n] {
		b = binary.BigEndian.AppendUint64(b, *number)
	}
	return b
}

func (t *Tally) decode(b []byte) error {
	n := 0
	switch {
	case len(b) == 1+8*tallyNumbers && b[0] == tallyVersion:
		n = tallyNumbers
	case len(b) == 1+8*tallyNumbersFIFO && b[0] == tallyVersionFIFO:
		n = tallyNumbersFIFO
	default:
		return ErrRow
	}
	numbers := t.numbers()
	for i, number := range numbers[:n] {
		*number = binary.BigEndian.Uint64(b[1+8*i:])
	}
	return nil
}

// State is the row of a message that was received.
type State struct {
	At       uint64 // its position in held
	Count    uint64 // how often it was received from this queue
	Received uint64 // when last, in nanoseconds
	First    time.Time

	Group string // of a FIFO queue's message
	// Lent says that the process itself had the message when it was received
	// last, to feed it to a function. What it had when it died it has no more.
	Lent bool
}

// Versions of the row. The second one has more after what the first one has: a
// byte of flags, and the group.
const (
	stateVersion     = 1
	stateVersionMore = 2
	stateSize        = 1 + 4*8

	flagLent = 1
)

func (s State) encode() []byte {
	b := make([]byte, 1, stateSize+1+len(s.Group))
	b[0] = stateVersion
	b = binary.BigEndian.AppendUint64(b, s.At)
	b = binary.BigEndian.AppendUint64(b, s.Count)
	b = binary.BigEndian.AppendUint64(b, s.Received)
	first := uint64(0)
	if !s.First.IsZero() {
		first = uint64(s.First.UnixMilli())
	}
	b = binary.BigEndian.AppendUint64(b, first)
	if s.Group == "" && !s.Lent {
		return b
	}
	b[0] = stateVersionMore
	flags := byte(0)
	if s.Lent {
		flags |= flagLent
	}
	return append(append(b, flags), s.Group...)
}

func decodeState(b []byte) (State, error) {
	more := len(b) > stateSize && b[0] == stateVersionMore
	if !more && (len(b) != stateSize || b[0] != stateVersion) {
		return State{}, ErrRow
	}
	s := State{
		At:       binary.BigEndian.Uint64(b[1:]),
		Count:    binary.BigEndian.Uint64(b[9:]),
		Received: binary.BigEndian.Uint64(b[17:]),
	}
	if ms := int64(binary.BigEndian.Uint64(b[25:])); ms != 0 {
		s.First = time.UnixMilli(ms).UTC()
	}
	if more {
		s.Lent = b[stateSize]&flagLent != 0
		s.Group = string(b[stateSize+1:])
	}
	return s, nil
}
