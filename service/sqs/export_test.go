package sqs

import (
	"encoding/binary"
	"fmt"

	"github.com/runnel/runnel/store"
)

// LimitInFlight sets how many messages of a queue may be in flight.
func (s *Service) LimitInFlight(n uint64) { s.maxInFlight = n }

// Verify walks all rows of a queue and checks that the tally says what is
// there, and that each message stands in one place.
func (s *Service) Verify(tx *store.Tx, name string) error {
	q := s.load(tx, name)
	if q == nil {
		return fmt.Errorf("no queue %s", name)
	}
	r := rowsOf(tx, q)
	bodies := map[uint64]bool{}
	for k := range tx.Scan(store.Prefix(rowKey(bodySpace, q.ID))) {
		seq := binary.BigEndian.Uint64(k[len(k)-8:])
		bodies[seq] = true
		if seq < r.oldest {
			return fmt.Errorf("body %d lies before the oldest, %d", seq, r.oldest)
		}
	}
	if len(bodies) > 0 && r.expiry == 0 {
		return fmt.Errorf("there are messages, and no retention timer")
	}
	states := 0
	for range tx.Scan(store.Prefix(rowKey(stateSpace, q.ID))) {
		states++
	}
	if uint64(states) != r.held.rows {
		return fmt.Errorf("%d states of %d held messages", states, r.held.rows)
	}
	for _, sp := range []struct {
		key  store.Key
		have space
	}{{freshSpace, r.fresh}, {heldSpace, r.held}} {
		if err := r.verifySpace(sp.key, sp.have, bodies); err != nil {
			return err
		}
	}
	if len(bodies) > 0 {
		return fmt.Errorf("%d bodies stand nowhere", len(bodies))
	}
	return r.err
}

func (r *rows) verifySpace(key store.Key, have space, bodies map[uint64]bool) error {
	n := uint64(0)
	for k := range r.tx.Scan(store.Prefix(rowKey(key, r.q.ID))) {
		p := positionOf(k)
		if n == 0 && p != have.first {
			return fmt.Errorf("first of %q is %v, the tally says %v", key, p, have.first)
		}
		if !bodies[p.seq] {
			return fmt.Errorf("%v in %q has no body, or stands elsewhere too", p, key)
		}
		delete(bodies, p.seq)
		n++
	}
	if n != have.rows {
		return fmt.Errorf("%d rows in %q, the tally says %d", n, key, have.rows)
	}
	return nil
}
