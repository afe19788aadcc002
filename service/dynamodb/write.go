package dynamodb

import (
	"bytes"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/capacity"
	"github.com/runnel/runnel/store"
)

// writer changes items of one table in a transaction, and with them the rows of
// its indexes, its expiries and its counts. close must be called at the end.
type writer struct {
	tx     *store.Tx
	t      *table
	counts map[uint64]counter // what is to be added, by table or index
	used   capacity.Used
}

func newWriter(tx *store.Tx, t *table) *writer {
	return &writer{tx: tx, t: t, counts: make(map[uint64]counter, 1+len(t.Indexes))}
}

// get returns the row at a primary key, or nil.
func (w *writer) get(primary []byte) []byte {
	row, _ := w.tx.Get(w.t.rows.Raw(primary))
	return row
}

// put stores row, the encoding of item, in place of old, which may be nil.
func (w *writer) put(primary []byte, old []byte, item attr.Item, row []byte) error {
	w.tx.Set(w.t.rows.Raw(primary), row)
	w.count(w.t.ID, old, row)
	w.used.Table += capacity.WriteUnits(max(rowSize(old), rowSize(row)))
	return w.derive(primary, old, item, row)
}

// delete removes the item whose row is old; if that is nil there is none.
func (w *writer) delete(primary []byte, old []byte) error {
	w.used.Table += capacity.WriteUnits(rowSize(old))
	if old == nil {
		return nil
	}
	w.tx.Delete(w.t.rows.Raw(primary))
	w.count(w.t.ID, old, nil)
	return w.derive(primary, old, nil, nil)
}

// derive brings the indexes and expiries, if there are any, from the old row to
// the new item.
func (w *writer) derive(primary []byte, old []byte, item attr.Item, row []byte) error {
	if len(w.t.Indexes) == 0 && w.t.TTL == nil {
		return nil
	}
	before, err := w.t.decodeOld(old)
	if err != nil {
		return err
	}
	for _, x := range w.t.Indexes {
		w.reindex(x, primary, projected{before, old}, projected{item, row})
	}
	if w.t.TTL != nil {
		w.reexpire(primary, before, item)
	}
	return nil
}

// projected is an item and its row; both are nil if there is none.
type projected struct {
	item attr.Item
	row  []byte
}

// reindex replaces the row that an index has of an item.
func (w *writer) reindex(x *index, primary []byte, before, after projected) {
	oldKey, oldRow := x.entry(w.t, primary, before)
	newKey, newRow := x.entry(w.t, primary, after)
	if bytes.Equal(oldKey, newKey) && bytes.Equal(oldRow, newRow) {
		return
	}
	if x.Filling && oldKey != nil && !w.tx.Has(oldKey) {
		oldKey, oldRow = nil, nil // not there yet, so not counted yet
	}
	moved := !bytes.Equal(oldKey, newKey)
	if oldKey != nil && moved {
		w.tx.Delete(oldKey)
	}
	if newKey != nil {
		w.tx.Set(newKey, newRow)
	}
	w.count(x.ID, oldRow, newRow)
	w.used.Add(x.Name, x.Global, indexUnits(oldRow, newRow, moved))
}

// indexUnits is what a change of an index takes: a row that moves is deleted and
// written (Developer Guide, GSI.ThroughputConsiderations.Writes).
func indexUnits(oldRow, newRow []byte, moved bool) float64 {
	switch {
	case oldRow == nil && newRow == nil:
		return 0
	case oldRow != nil && newRow != nil && moved:
		return capacity.WriteUnits(rowSize(oldRow)) + capacity.WriteUnits(rowSize(newRow))
	}
	return capacity.WriteUnits(max(rowSize(oldRow), rowSize(newRow)))
}

// entry is the row of an item in the index: nil if it lacks a key of it, or has
// one that is not fit for it, as items from before the index may.
func (x *index) entry(t *table, primary []byte, p projected) (key store.Key, row []byte) {
	if p.item == nil || !x.valid(t, p.item) {
		return nil, nil
	}
	key = x.rowOf(p.item, primary)
	if item, whole := x.project(t, p.item); !whole {
		row, _ = encodeRow(item)
		return key, row
	}
	return key, p.row
}

// project returns what the index holds of item, and whether that is all.
func (x *index) project(t *table, item attr.Item) (attr.Item, bool) {
	if x.holdsAll() {
		return item, true
	}
	out := make(attr.Item, 4+len(x.Include))
	for name, v := range item {
		if x.holds(t, name) {
			out[name] = v
		}
	}
	return out, len(out) == len(item)
}

// count adds the change of a row to the counts of a table or an index.
func (w *writer) count(id uint64, old, row []byte) {
	c := w.counts[id]
	if old != nil {
		c.items--
		c.bytes -= int64(rowSize(old))
	}
	if row != nil {
		c.items++
		c.bytes += int64(rowSize(row))
	}
	w.counts[id] = c
}

// close writes the counts.
func (w *writer) close() {
	for id, change := range w.counts {
		if change != (counter{}) {
			c := readCount(w.tx, id)
			counter{c.items + change.items, c.bytes + change.bytes}.write(w.tx, id)
		}
	}
}
