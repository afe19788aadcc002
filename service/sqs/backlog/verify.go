package backlog

import (
	"encoding/binary"
	"fmt"

	"github.com/runnel/runnel/store"
)

// Verify walks all rows and reports where the tally does not say what is there,
// or a message or a group does not stand in its one place. It is for tests.
func (b *Backlog) Verify() error {
	bodies, groups := map[uint64]bool{}, map[string]bool{}
	for seq := range b.Bodies() {
		bodies[seq] = true
	}
	n := uint64(len(bodies))
	if all := b.count(store.Prefix(Key(bodySpace, b.q.ID))); all != n {
		return fmt.Errorf("%d bodies lie before the oldest, %d", all-n, b.Oldest)
	}
	if n > 0 && b.Expiry == 0 {
		return fmt.Errorf("there are messages, and no retention timer")
	}
	if states := b.count(store.Prefix(Key(stateSpace, b.q.ID))); states != b.held.rows {
		return fmt.Errorf("%d states of %d held messages", states, b.held.rows)
	}
	for _, sp := range []struct {
		key  store.Key
		have space
		each func(p Position, value []byte) error
	}{
		{freshSpace, b.fresh, func(p Position, _ []byte) error { return b.verifyBody(p, bodies) }},
		{heldSpace, b.held, func(p Position, _ []byte) error { return b.verifyBody(p, bodies) }},
		{openSpace, b.open, func(p Position, name []byte) error { return b.verifyGroup(p, string(name), false, groups) }},
		{shutSpace, b.shut, func(p Position, name []byte) error { return b.verifyGroup(p, string(name), true, groups) }},
		{memoryAges, b.memories, func(Position, []byte) error { return nil }},
	} {
		if err := b.verifySpace(sp.key, sp.have, sp.each); err != nil {
			return err
		}
	}
	if len(bodies) > 0 {
		return fmt.Errorf("%d bodies stand nowhere", len(bodies))
	}
	return b.verifyLines(n, groups)
}

func (b *Backlog) verifySpace(key store.Key, have space, each func(Position, []byte) error) error {
	n := uint64(0)
	for k, v := range b.tx.Scan(store.Prefix(Key(key, b.q.ID))) {
		p := positionOf(k)
		if n == 0 && p != have.first {
			return fmt.Errorf("first of %q is %v, the tally says %v", key, p, have.first)
		}
		if err := each(p, v); err != nil {
			return err
		}
		n++
	}
	if n != have.rows {
		return fmt.Errorf("%d rows in %q, the tally says %d", n, key, have.rows)
	}
	return nil
}

func (b *Backlog) verifyBody(p Position, bodies map[uint64]bool) error {
	if !bodies[p.Seq] {
		return fmt.Errorf("%v has no body, or stands elsewhere too", p)
	}
	delete(bodies, p.Seq)
	return nil
}

// verifyGroup checks that a group stands where its row says, behind all of its
// messages that are in flight.
func (b *Backlog) verifyGroup(p Position, name string, shut bool, groups map[string]bool) error {
	g := b.group(name)
	if g == nil || groups[name] || g.at != p || g.shut != shut {
		return fmt.Errorf("group %s has no row, or stands elsewhere too", name)
	}
	groups[name] = true
	for i, c := range b.line(g, nil, 1<<30) {
		if i == 0 && c.Seq != p.Seq {
			return fmt.Errorf("group %s stands by %d, its first message is %d", name, p.Seq, c.Seq)
		}
		if c.Held && c.At > b.now && (!shut || c.At > p.At) {
			return fmt.Errorf("group %s is not behind message %d, which is in flight", name, c.Seq)
		}
	}
	return nil
}

// verifyLines checks that each message stands in the line of a group, and each
// group somewhere.
func (b *Backlog) verifyLines(messages uint64, groups map[string]bool) error {
	if !b.q.FIFO {
		return b.err
	}
	rows, lined := b.count(store.Prefix(Key(groupSpace, b.q.ID))), uint64(0)
	if rows != uint64(len(groups)) {
		return fmt.Errorf("%d groups, and %d of them stand somewhere", rows, len(groups))
	}
	for k, v := range b.tx.Scan(store.Prefix(Key(lineSpace, b.q.ID))) {
		p := Position{binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(k[len(k)-8:])}
		if !b.tx.Has(Key(bodySpace, b.q.ID, p.Seq)) {
			return fmt.Errorf("%d stands in line and has no body", p.Seq)
		}
		lined++
	}
	if lined != messages {
		return fmt.Errorf("%d of %d messages stand in line", lined, messages)
	}
	return b.err
}
