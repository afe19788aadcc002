package sqs

import (
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
)

// receipt is what a receipt handle says. Clients see it as an opaque string.
type receipt struct {
	queue uint64
	seq   uint64
	count uint64 // how often the message was received, this time included
}

const (
	receiptVersion = 1
	receiptSize    = 1 + 3*8 + 4
)

// castagnoli sums a receipt, so that a mangled one is told from one whose
// message is gone.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func (r receipt) String() string {
	b := make([]byte, 1, receiptSize)
	b[0] = receiptVersion
	b = binary.BigEndian.AppendUint64(b, r.queue)
	b = binary.BigEndian.AppendUint64(b, r.seq)
	b = binary.BigEndian.AppendUint64(b, r.count)
	b = binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
	return base64.StdEncoding.EncodeToString(b)
}

// parseReceipt reads a handle that String wrote.
func parseReceipt(handle string) (receipt, bool) {
	b, err := base64.StdEncoding.Strict().DecodeString(handle)
	if err != nil || len(b) != receiptSize || b[0] != receiptVersion {
		return receipt{}, false
	}
	body, sum := b[:receiptSize-4], b[receiptSize-4:]
	if crc32.Checksum(body, castagnoli) != binary.BigEndian.Uint32(sum) {
		return receipt{}, false
	}
	return receipt{
		queue: binary.BigEndian.Uint64(b[1:]),
		seq:   binary.BigEndian.Uint64(b[9:]),
		count: binary.BigEndian.Uint64(b[17:]),
	}, true
}

// receiptOf reads the handle of a message of queue q.
func receiptOf(q *queue, handle string) (receipt, error) {
	r, ok := parseReceipt(handle)
	switch {
	case !ok:
		return r, errReceipt(handle)
	case r.queue != q.ID:
		return r, errReceiptQueue(handle)
	}
	return r, nil
}
