package dynamodb

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/store"
)

// holdsAll reports whether the index holds all attributes of its items.
func (x *index) holdsAll() bool { return x.Projection == types.ProjectionTypeAll }

// holds reports whether the index holds the attribute.
func (x *index) holds(t *table, name string) bool {
	return x.holdsAll() || x.Key.has(name) || t.Key.has(name) || slices.Contains(x.Include, name)
}

// fillTimer is the kind of the timers that fill new indexes and expiries of
// tables that have items already. Their ids are made by spaceID.
const fillTimer = "dynamodb fill"

// What one transaction of a filling looks at: little enough to hold up other
// writers for a few milliseconds only.
const (
	fillItems = 500
	fillBytes = 2 << 20
)

// spaceID names a space of a table to a timer.
func spaceID(t *table, id uint64) string { return t.Name + "/" + strconv.FormatUint(id, 10) }

// cutSpaceID splits what spaceID joined. No space has the number 0.
func cutSpaceID(id string) (table string, number uint64) {
	table, digits, _ := strings.Cut(id, "/")
	number, _ = strconv.ParseUint(digits, 10, 64)
	return table, number
}

// startFill fills what id names from the items that the table has: at once if
// they are few, in the background otherwise. It reports whether it is done.
func (s *Service) startFill(tx *store.Tx, t *table, id uint64) (done bool, err error) {
	done, err = s.fillSome(tx, t, id)
	if !done {
		tx.SetTimer(fillTimer, spaceID(t, id), tx.Now())
	}
	return done, err
}

// fill goes on with a filling.
func (s *Service) fill(_ context.Context, tx *store.Tx, id string) error {
	name, n := cutSpaceID(id)
	t := loadOwn(tx, name)
	if t == nil || !t.fills(n) {
		tx.Delete(fillKey(n))
		return nil
	}
	if done, err := s.startFill(tx, t, n); !done {
		return err
	}
	t.filled(n)
	t.save(tx)
	return nil
}

// fills reports whether id is an index or expiries under way.
func (t *table) fills(id uint64) bool {
	if t.TTL != nil && t.TTL.ID == id {
		return t.TTL.Filling
	}
	return slices.ContainsFunc(t.Indexes, func(x *index) bool { return x.ID == id && x.Filling })
}

func (t *table) filled(id uint64) {
	if t.TTL != nil && t.TTL.ID == id {
		t.TTL.Filling = false
	}
	for _, x := range t.Indexes {
		if x.ID == id {
			x.Filling = false
		}
	}
}

// fillSome takes the next items of t into the space id, and reports whether
// these were the last. Items that were written meanwhile are there already.
func (s *Service) fillSome(tx *store.Tx, t *table, id uint64) (done bool, err error) {
	w := newWriter(tx, t)
	defer w.close()
	r := store.Prefix(t.rows)
	if last, ok := tx.Get(fillKey(id)); ok {
		r = r.After(t.rows.Raw(last))
	}
	items, size := 0, 0
	for key, row := range tx.Scan(r) {
		primary := slices.Clone(key[len(t.rows):])
		if err := w.add(id, primary, slices.Clone(row)); err != nil {
			return false, err
		}
		items, size = items+1, size+len(row)
		if items == fillItems || size >= fillBytes {
			tx.Set(fillKey(id), primary)
			return false, nil
		}
	}
	tx.Delete(fillKey(id))
	return true, nil
}

// add gives an item its row in the index id, or its expiry, unless it has it.
func (w *writer) add(id uint64, primary, row []byte) error {
	item, err := w.t.decodeRow(row)
	if err != nil {
		return err
	}
	if w.t.TTL != nil && w.t.TTL.ID == id {
		w.reexpire(primary, nil, item)
		return nil
	}
	for _, x := range w.t.Indexes {
		if x.ID != id {
			continue
		}
		key, entry := x.entry(w.t, primary, projected{item, row})
		if key != nil && !w.tx.Has(key) {
			w.tx.Set(key, entry)
			w.count(x.ID, nil, entry)
		}
	}
	return nil
}
