package dynamodb

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/store"
)

// A row's key, after the space of its table or index, is a partition and, if
// there is one, the sort key. A partition is the CRC-32C of the encoded hash
// key, then that key: scans go through the partitions in an order that has
// nothing to do with their names, as AWS's do, and the segments of a parallel
// scan are even. Rows of an index end with the key of the item that they are of.
//
// A row's value is the size of the item as DynamoDB counts it, an unsigned
// varint, then the item.

// partitionTable is part of the format of data directories.
var partitionTable = crc32.MakeTable(crc32.Castagnoli)

// appendPartition appends the key of the partition that hash names.
func appendPartition(dst []byte, hash attr.Value) []byte {
	start := len(dst)
	dst = attr.AppendKey(append(dst, 0, 0, 0, 0), hash)
	binary.BigEndian.PutUint32(dst[start:], crc32.Checksum(dst[start+4:], partitionTable))
	return dst
}

// appendKey appends the row key of an item by one of its keys.
func appendKey(dst []byte, k schema, item attr.Item) []byte {
	dst = appendPartition(dst, item[k.Hash])
	if k.Range != "" {
		dst = attr.AppendKey(dst, item[k.Range])
	}
	return dst
}

// primary is the row key of the item in its table, without the space.
func (t *table) primary(item attr.Item) []byte { return appendKey(nil, t.Key, item) }

// rowOf is the key of an item's row in the index, given its primary key.
func (x *index) rowOf(item attr.Item, primary []byte) store.Key {
	k := make([]byte, 0, len(x.rows)+2*len(primary)+32)
	return append(appendKey(append(k, x.rows...), x.Key, item), primary...)
}

// segment is the part of a space that one of total workers scans.
func segment(space store.Key, number, total int) store.Range {
	r := store.Prefix(space)
	if total <= 1 {
		return r
	}
	r.From = space.Raw(segmentStart(number, total))
	if number < total-1 {
		r.To = space.Raw(segmentStart(number+1, total))
	}
	return r
}

func segmentStart(number, total int) []byte {
	const partitions = math.MaxUint32 + 1
	return binary.BigEndian.AppendUint32(nil, uint32(partitions*uint64(number)/uint64(total)))
}

// encodeRow makes a row's value of an item.
func encodeRow(item attr.Item) (row []byte, size int) {
	size = attr.ItemSize(item)
	return attr.AppendItem(binary.AppendUvarint(make([]byte, 0, size+size/4+32), uint64(size)), item), size
}

// rowSize reads the item's size from a row.
func rowSize(row []byte) int {
	n, _ := binary.Uvarint(row)
	return int(n)
}

// decodeRow reads the item from a row of the table or of one of its indexes.
// Rows are only ever what encodeRow wrote, so that an error is a fault of the
// disk or of this program: it fails the transaction.
func (t *table) decodeRow(row []byte) (attr.Item, error) {
	_, n := binary.Uvarint(row)
	item, err := attr.DecodeItem(row[max(n, 0):])
	if err != nil {
		return nil, fmt.Errorf("dynamodb: row of table %s: %w", t.Name, err)
	}
	return item, nil
}

// decodeOld is decodeRow of a row that may be nil, for which there is no item.
func (t *table) decodeOld(row []byte) (attr.Item, error) {
	if row == nil {
		return nil, nil
	}
	return t.decodeRow(row)
}

// counter is the number of items in a table or index, and their size.
type counter struct{ items, bytes int64 }

func readCount(tx *store.Tx, id uint64) counter {
	row, _ := tx.Get(countKey(id))
	items, n := binary.Varint(row)
	if n <= 0 {
		return counter{}
	}
	size, _ := binary.Varint(row[n:])
	return counter{items, size}
}

func (c counter) write(tx *store.Tx, id uint64) {
	tx.Set(countKey(id), binary.AppendVarint(binary.AppendVarint(nil, c.items), c.bytes))
}
