package backlog

import (
	"encoding/binary"
	"time"

	"github.com/runnel/runnel/store"
)

// What a FIFO queue remembers for five minutes, even of messages that were
// deleted:
//
//	memory    q key      when, and a value
//	memoryage q at n     the key: for forgetting
//
// Each new memory forgets two that are old, so that there are never many more
// than five minutes' worth.
var (
	memorySpace = store.K("sqs", "memory")
	memoryAges  = store.K("sqs", "memoryage")
)

// remembered is the deduplication interval, and how long an attempt to receive
// can be repeated.
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/FIFO-key-terms.html
const remembered = 5 * time.Minute

// memoryKey is the key of what is remembered under words.
func (b *Backlog) memoryKey(words []string) store.Key {
	k := Key(memorySpace, b.q.ID)
	for _, w := range words {
		k = k.Str(w)
	}
	return k
}

// Recall returns what was remembered under words.
func (b *Backlog) Recall(words ...string) ([]byte, bool) {
	v, ok := b.tx.Get(b.memoryKey(words))
	if !ok {
		return nil, false
	}
	at, value, err := decodeMemory(v)
	b.Fail(err)
	return value, err == nil && !b.isOld(at)
}

// memoryVersion is that of the row: version, time, value.
const memoryVersion = 1

func encodeMemory(at uint64, value []byte) []byte {
	b := make([]byte, 1, 9+len(value))
	b[0] = memoryVersion
	return append(binary.BigEndian.AppendUint64(b, at), value...)
}

func decodeMemory(b []byte) (at uint64, value []byte, err error) {
	if len(b) < 9 || b[0] != memoryVersion {
		return 0, nil, ErrRow
	}
	return binary.BigEndian.Uint64(b[1:]), b[9:], nil
}

func (b *Backlog) isOld(at uint64) bool { return at+uint64(remembered) <= b.now }

// Remember remembers a value under words.
func (b *Backlog) Remember(value []byte, words ...string) {
	b.forget()
	k := b.memoryKey(words)
	b.tx.Set(k, encodeMemory(b.now, value))
	p := Position{b.now, b.tx.NextID()}
	b.tx.Set(Key(memoryAges, b.q.ID, p.At, p.Seq), k)
	b.memories.add(p)
}

// forget forgets two memories that are old.
func (b *Backlog) forget() {
	if b.memories.rows == 0 || !b.isOld(b.memories.first.At) {
		return
	}
	n := 0
	for k, key := range b.tx.Scan(b.from(memoryAges, &b.memories, b.now-uint64(remembered))) {
		if v, ok := b.tx.Get(key); ok {
			at, _, err := decodeMemory(v)
			b.Fail(err)
			if b.isOld(at) { // it was not renewed since
				b.tx.Delete(store.Key(key).Clone())
			}
		}
		p := positionOf(k)
		b.tx.Delete(k.Clone())
		b.memories.remove(p)
		if n++; n == 2 {
			break
		}
	}
	b.find(memoryAges, &b.memories)
}
