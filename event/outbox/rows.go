package outbox

import (
	"encoding/binary"
	"errors"
	"math"
	"time"

	"github.com/runnel/runnel/store"
)

// How an outbox lies in the store, id being the number that a lane was given
// when it was opened and seq that of the delivery:
//
//	lane name    id
//	due id at seq   how many attempts failed; the next one is due at at
//	body id seq     when it was put, and the payload; written once
//
// A row is due as a matter of the clock. It stays where it is while an attempt
// runs, and so a crash finds it there. Closing a lane removes ranges, whose cost
// does not depend on how much they hold; a lane that is opened again has another
// number.
type spaces struct{ lanes, dues, bodies store.Key }

func spacesOf(name string) spaces {
	return spaces{
		lanes:  store.K("outbox", name, "lane"),
		dues:   store.K("outbox", name, "due"),
		bodies: store.K("outbox", name, "body"),
	}
}

var errRow = errors.New("outbox: malformed row")

// position is where a delivery stands in its lane.
type position struct {
	at  uint64 // when it is due, in nanoseconds since 1970
	seq uint64
}

// never is a time that does not come.
const never = math.MaxUint64

// end is after all positions.
var end = position{never, never}

func (p position) before(o position) bool {
	return p.at < o.at || p.at == o.at && p.seq < o.seq
}

func nanos(t time.Time) uint64     { return uint64(max(0, t.UnixNano())) }
func fromNanos(n uint64) time.Time { return time.Unix(0, int64(min(n, math.MaxInt64))).UTC() }

// laneID is a lane as long as it is open.
type laneID struct {
	name string
	id   uint64
}

// row is a delivery as it is stored.
type row struct {
	position
	failed  uint32 // attempts
	put     time.Time
	payload []byte
}

func (r row) delivery(lane string) Delivery {
	return Delivery{Lane: lane, ID: r.seq, Payload: r.payload, Put: r.put, Attempt: int(r.failed) + 1}
}

const rowVersion = 1

// lane finds an open lane.
func (s spaces) lane(tx *store.Tx, name string) (laneID, bool) {
	b, ok := tx.Get(s.lanes.Str(name))
	if !ok || len(b) != 1+8 || b[0] != rowVersion {
		return laneID{}, false
	}
	return laneID{name, binary.BigEndian.Uint64(b[1:])}, true
}

func (s spaces) open(tx *store.Tx, name string) laneID {
	l := laneID{name, tx.NextID()}
	tx.Set(s.lanes.Str(name), binary.BigEndian.AppendUint64([]byte{rowVersion}, l.id))
	return l
}

func (s spaces) close(tx *store.Tx, l laneID) {
	tx.Delete(s.lanes.Str(l.name))
	tx.DeleteRange(s.due(l.id))
	tx.DeleteRange(store.Prefix(s.bodies.Uint(l.id)))
}

// each yields the open lanes on which something waits, and where to look for the
// first of it. The error is of a lane that cannot be found by its row.
func (s spaces) each(tx *store.Tx, visit func(laneID, position, error)) {
	for k, v := range tx.Scan(store.Prefix(s.lanes)) {
		p := k.Parts(s.lanes)
		l := laneID{name: p.Str()}
		if p.Err() != nil || len(v) != 1+8 || v[0] != rowVersion {
			visit(l, end, errRow)
			continue
		}
		l.id = binary.BigEndian.Uint64(v[1:])
		for k := range tx.Scan(s.due(l.id)) {
			first, err := s.positionOf(l.id, k)
			if err != nil {
				first = position{} // reading the lane will tell
			}
			visit(l, first, nil)
			break
		}
	}
}

func (s spaces) due(id uint64) store.Range { return store.Prefix(s.dues.Uint(id)) }

func (s spaces) dueKey(id uint64, p position) store.Key {
	k := make(store.Key, len(s.dues), len(s.dues)+24)
	copy(k, s.dues)
	k = binary.BigEndian.AppendUint64(k, id)
	k = binary.BigEndian.AppendUint64(k, p.at)
	return binary.BigEndian.AppendUint64(k, p.seq)
}

// positionOf reads back what dueKey made.
func (s spaces) positionOf(id uint64, k store.Key) (position, error) {
	p := k.Parts(s.dues.Uint(id))
	at := position{p.Uint(), p.Uint()}
	if p.Err() != nil || len(p.Raw()) > 0 {
		return position{}, errRow
	}
	return at, nil
}

func (s spaces) bodyKey(id, seq uint64) store.Key {
	k := make(store.Key, len(s.bodies), len(s.bodies)+16)
	copy(k, s.bodies)
	k = binary.BigEndian.AppendUint64(k, id)
	return binary.BigEndian.AppendUint64(k, seq)
}

// put adds a delivery that was never attempted.
func (s spaces) put(tx *store.Tx, id uint64, p position, payload []byte) {
	b := make([]byte, 1, 1+8+len(payload))
	b[0] = rowVersion
	b = binary.BigEndian.AppendUint64(b, nanos(tx.Now()))
	tx.Set(s.bodyKey(id, p.seq), append(b, payload...))
	s.wait(tx, id, p, 0)
}

// wait files a delivery, which has a body, under when it is due.
func (s spaces) wait(tx *store.Tx, id uint64, p position, failed uint32) {
	tx.Set(s.dueKey(id, p), binary.BigEndian.AppendUint32([]byte{rowVersion}, failed))
}

// remove takes a delivery out of where it waits, and reports whether it was
// there. Its body stays.
func (s spaces) remove(tx *store.Tx, id uint64, p position) bool {
	k := s.dueKey(id, p)
	if !tx.Has(k) {
		return false
	}
	tx.Delete(k)
	return true
}

func (s spaces) forget(tx *store.Tx, id, seq uint64) { tx.Delete(s.bodyKey(id, seq)) }

// scan yields what waits in a lane from a position on, without bodies, until
// visit returns false.
func (s spaces) scan(tx *store.Tx, id uint64, from position, visit func(row) bool) error {
	r := s.due(id)
	r.From = s.dueKey(id, from)
	for k, v := range tx.Scan(r) {
		p, err := s.positionOf(id, k)
		if err != nil || len(v) != 1+4 || v[0] != rowVersion {
			return errRow
		}
		if !visit(row{position: p, failed: binary.BigEndian.Uint32(v[1:])}) {
			return nil
		}
	}
	return nil
}

// body reads the body of a row.
func (s spaces) body(tx *store.Tx, id uint64, r *row) error {
	b, ok := tx.Get(s.bodyKey(id, r.seq))
	if !ok || len(b) < 1+8 || b[0] != rowVersion {
		return errRow
	}
	r.put, r.payload = fromNanos(binary.BigEndian.Uint64(b[1:])), b[9:]
	return nil
}
