package backlog

import (
	"cmp"
	"encoding/binary"
	"slices"

	"github.com/runnel/runnel/store"
)

var (
	lineSpace  = store.K("sqs", "line")
	groupSpace = store.K("sqs", "group")
	openSpace  = store.K("sqs", "open")
	shutSpace  = store.K("sqs", "shut")
)

// group is a message group of a FIFO queue.
type group struct {
	name  string
	shut  bool     // where its position is
	at    Position // Seq is that of its first message
	out   []Position
	isNew bool // it stands nowhere yet

	// What the transaction did to it. Its row, and where it stands, are written
	// at the end.
	dirty   bool
	headOff bool // its first message was removed
	free    bool // none of it is in flight any more
	taken   int  // messages that were taken and have yet to be filed
}

const groupVersion = 1

// encode is the row of a group: version, space, position, and the positions of
// those of its messages that were received last.
func (g *group) encode() []byte {
	b := make([]byte, 2, 2+16*(1+len(g.out)))
	b[0] = groupVersion
	if g.shut {
		b[1] = 1
	}
	for _, p := range append([]Position{g.at}, g.out...) {
		b = binary.BigEndian.AppendUint64(b, p.At)
		b = binary.BigEndian.AppendUint64(b, p.Seq)
	}
	return b
}

func (g *group) decode(b []byte) error {
	if len(b) < 18 || (len(b)-2)%16 != 0 || b[0] != groupVersion || b[1] > 1 {
		return ErrRow
	}
	g.shut = b[1] == 1
	g.at = positionOf(b[:18])
	for b = b[18:]; len(b) > 0; b = b[16:] {
		g.out = append(g.out, positionOf(b[:16]))
	}
	return nil
}

func (b *Backlog) groupKey(name string) store.Key { return Key(groupSpace, b.q.ID).Str(name) }
func (b *Backlog) lineKey(name string) store.Key  { return Key(lineSpace, b.q.ID).Str(name) }

// group returns the group of a name, or nil if it has no messages.
func (b *Backlog) group(name string) *group {
	if g := b.groups[name]; g != nil {
		return g
	}
	v, ok := b.tx.Get(b.groupKey(name))
	if !ok {
		return nil
	}
	g := &group{name: name}
	if err := g.decode(v); err != nil {
		b.Fail(err)
		return nil
	}
	b.know(g)
	return g
}

func (b *Backlog) know(g *group) {
	if b.groups == nil {
		b.groups = make(map[string]*group)
	}
	b.groups[g.name] = g
}

// lineUp adds a message at the end of its group.
func (b *Backlog) lineUp(p Position, name string) {
	b.tx.Set(b.lineKey(name).Uint(p.Seq), binary.BigEndian.AppendUint64(nil, p.At))
	if b.group(name) == nil {
		b.know(&group{name: name, at: p, isNew: true, dirty: true})
	}
}

// member is the group of a message that is there.
func (b *Backlog) member(name string) *group {
	g := b.group(name)
	if g == nil {
		b.Fail(ErrRow)
		return &group{name: name}
	}
	return g
}

// callOut notes that a message of a group was taken.
func (b *Backlog) callOut(name string) {
	g := b.member(name)
	if g.taken == 0 {
		// Those of an earlier receive are visible, or else the group could not
		// be received; but a message whose timeout changes is taken alone.
		g.out = slices.DeleteFunc(g.out, func(p Position) bool { return p.At <= b.now })
	}
	g.taken++
	g.dirty = true
}

// keepOut notes where a message stands that was taken.
func (b *Backlog) keepOut(p Position, name string) {
	g := b.member(name)
	g.taken--
	g.drop(p.Seq)
	g.out = append(g.out, p)
}

func (g *group) drop(seq uint64) {
	g.out = slices.DeleteFunc(g.out, func(p Position) bool { return p.Seq == seq })
}

// leaveLine notes that a message was removed.
func (b *Backlog) leaveLine(c Candidate) {
	b.tx.Delete(b.lineKey(c.Group).Uint(c.Seq))
	g := b.member(c.Group)
	before := len(g.out)
	g.drop(c.Seq)
	g.headOff = g.headOff || c.Seq == g.at.Seq
	g.free = g.free || before > 0 && len(g.out) == 0
	g.dirty = true
}

// place writes the groups that changed where they stand now.
func (b *Backlog) place() {
	for _, g := range b.groups {
		if g.dirty && g.taken == 0 {
			b.placeGroup(g)
		}
	}
}

func (b *Backlog) placeGroup(g *group) {
	was := *g
	head, ok := b.head(g)
	if !was.isNew {
		key, s := b.spaceOf(&was)
		b.tx.Delete(Key(key, b.q.ID, was.at.At, was.at.Seq))
		s.remove(was.at)
	}
	if !ok {
		b.tx.Delete(b.groupKey(g.name))
		delete(b.groups, g.name)
		return
	}
	g.settle(b, head)
	g.isNew, g.dirty, g.headOff, g.free = false, false, false, false
	key, s := b.spaceOf(g)
	b.tx.Set(Key(key, b.q.ID, g.at.At, g.at.Seq), []byte(g.name))
	b.tx.Set(b.groupKey(g.name), g.encode())
	s.add(g.at)
}

// settle says where a group with the first message head belongs, and wakes who
// waits if it can be received.
func (g *group) settle(b *Backlog, head Candidate) {
	was := g.at
	g.at.Seq = head.Seq
	switch late := !head.Held && head.At > b.ripe(); {
	case len(g.out) > 0:
		g.shut, g.at.At = true, 0
		for _, p := range g.out {
			g.at.At = max(g.at.At, p.At)
		}
	case late || g.isNew && !head.Held:
		g.shut, g.at.At = false, head.At
	case g.free || was.Seq != head.Seq:
		g.shut, g.at.At = true, b.now
	}
	b.wake = b.wake || g.shut && g.at.At <= b.now
}

func (b *Backlog) spaceOf(g *group) (store.Key, *space) {
	if g.shut {
		return shutSpace, &b.shut
	}
	return openSpace, &b.open
}

// head is the first message of a group, if it has any. Which one it is can be
// known without looking; where it stands matters if nothing is in flight.
func (b *Backlog) head(g *group) (Candidate, bool) {
	switch {
	case g.headOff:
	case g.isNew:
		return Candidate{Position: g.at, Group: g.name}, true
	case len(g.out) > 0:
		return Candidate{Position: Position{Seq: g.at.Seq}, Held: true, Group: g.name}, true
	}
	for _, c := range b.line(g, nil, 1) {
		return c, true
	}
	return Candidate{}, false
}

// line appends the first messages of a group, up to limit in all, whether they
// are visible or not.
func (b *Backlog) line(g *group, list []Candidate, limit int) []Candidate {
	span := store.Prefix(b.lineKey(g.name))
	span.From = b.lineKey(g.name).Uint(g.at.Seq)
	for k, v := range b.tx.Scan(span) {
		if len(list) >= limit {
			break
		}
		if len(v) != 8 {
			b.Fail(ErrRow)
			break
		}
		first := Position{binary.BigEndian.Uint64(v), binary.BigEndian.Uint64(k[len(k)-8:])}
		list = append(list, b.Locate(first, g.name))
	}
	return list
}

// dueInGroups returns messages of the first groups that can be received.
func (b *Backlog) dueInGroups(limit int) (list []Candidate) {
	b.Settle()
	for _, name := range b.dueGroups(limit) {
		if len(list) >= limit {
			break
		}
		g := b.member(name)
		from := len(list)
		list = b.line(g, list, limit)
		visible := from
		for visible < len(list) && b.visible(list[visible]) {
			visible++
		}
		if list = list[:visible]; visible == from {
			g.dirty, b.changed = true, true // the queue's delay has become longer
		}
	}
	return list
}

func (b *Backlog) visible(c Candidate) bool {
	if c.Held {
		return c.At <= b.now
	}
	return c.At <= b.ripe()
}

// dueGroups returns the names of the first groups that can be received, in the
// order in which they became so, without those of which messages were taken.
func (b *Backlog) dueGroups(limit int) []string {
	type standing struct {
		Position
		name string
	}
	var found []standing
	look := func(key store.Key, s *space, to, delay uint64) {
		if s.rows == 0 || s.first.At > to {
			return
		}
		n := 0
		for k, name := range b.tx.Scan(b.from(key, s, to)) {
			if g := b.groups[string(name)]; g != nil && g.taken > 0 {
				continue
			}
			p := positionOf(k)
			p.At += delay
			found = append(found, standing{p, string(name)})
			if n++; n == limit {
				break
			}
		}
	}
	look(openSpace, &b.open, b.ripe(), uint64(b.q.Delay))
	look(shutSpace, &b.shut, b.now, 0)
	slices.SortFunc(found, func(a, b standing) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Seq, b.Seq))
	})
	names := make([]string, min(limit, len(found)))
	for i := range names {
		names[i] = found[i].name
	}
	return names
}
