package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Tx is a transaction. It is used by one goroutine, and not after fn returned.
type Tx struct {
	store  *Store
	reader pebble.Reader
	batch  *pebble.Batch // nil in a View
	now    time.Time
	err    error // the first read or write error: it fails the transaction

	hooks  []func()
	topics []string
	timer  bool // a timer was set: the scheduler must look
}

func (s *Store) begin() *Tx {
	b := s.db.NewIndexedBatch()
	return &Tx{store: s, reader: b, batch: b, now: s.clock.Now()}
}

// run calls fn; the store's own error outweighs fn's.
func (tx *Tx) run(fn func(*Tx) error) error {
	done := false
	defer func() {
		if !done && tx.batch != nil {
			tx.discard() // fn panicked
		}
	}()
	err := fn(tx)
	done = true
	if tx.err != nil {
		return tx.err
	}
	return err
}

func (tx *Tx) discard() {
	tx.fail(tx.batch.Close())
	tx.batch = nil
}

// finish runs what waited for the commit, and gives the batch back for the
// next transaction.
func (tx *Tx) finish() {
	for _, hook := range tx.hooks {
		hook()
	}
	for _, topic := range tx.topics {
		tx.store.watch.wake(topic)
	}
	if tx.timer {
		tx.store.timers.wake()
	}
	if tx.batch != nil {
		_ = tx.batch.Close() // it is committed: nothing is left that could fail
	}
}

func (tx *Tx) fail(err error) {
	if tx.err == nil && err != nil {
		tx.err = fmt.Errorf("store: %w", err)
	}
}

// Now is the time at which the transaction began, in UTC.
func (tx *Tx) Now() time.Time { return tx.now }

// NextID is [Store.NextID].
func (tx *Tx) NextID() uint64 { return tx.store.NextID() }

// OnCommit has hook called once the transaction is durable. It is not called
// if the transaction fails. Hooks of different transactions may run in another
// order than they, and at once: drop what a cache holds, rather than put there
// what was written.
func (tx *Tx) OnCommit(hook func()) { tx.hooks = append(tx.hooks, hook) }

// Wake wakes all who [Store.Watch] topic, once the transaction is durable.
func (tx *Tx) Wake(topic string) { tx.topics = append(tx.topics, topic) }

// Get returns a copy of the value at key, and whether there is one.
func (tx *Tx) Get(key Key) ([]byte, bool) {
	v, closer, err := tx.reader.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, false
	}
	if err != nil {
		tx.fail(err)
		return nil, false
	}
	v = bytes.Clone(v)
	tx.fail(closer.Close())
	return v, true
}

// Has reports whether there is a value at key.
func (tx *Tx) Has(key Key) bool {
	_, closer, err := tx.reader.Get(key)
	if err == nil {
		tx.fail(closer.Close())
		return true
	}
	if !errors.Is(err, pebble.ErrNotFound) {
		tx.fail(err)
	}
	return false
}

// Set puts value at key. Both are copied.
func (tx *Tx) Set(key Key, value []byte) { tx.fail(tx.batch.Set(key, value, nil)) }

// Delete removes the value at key, if there is one.
func (tx *Tx) Delete(key Key) { tx.fail(tx.batch.Delete(key, nil)) }

// DeleteRange removes all in r. Its cost does not depend on how much that is.
func (tx *Tx) DeleteRange(r Range) { tx.fail(tx.batch.DeleteRange(r.From, r.To, nil)) }

// Scan yields the keys and values in r, in the order of keys. Both are valid
// until the next one is yielded. What the transaction writes while it scans
// is not seen by that scan.
func (tx *Tx) Scan(r Range) iter.Seq2[Key, []byte] {
	return func(yield func(Key, []byte) bool) {
		it, err := tx.reader.NewIter(&pebble.IterOptions{LowerBound: r.From, UpperBound: r.To})
		if err != nil {
			tx.fail(err)
			return
		}
		defer func() { tx.fail(it.Close()) }()
		first, next := it.First, it.Next
		if r.Reverse {
			first, next = it.Last, it.Prev
		}
		for ok := first(); ok; ok = next() {
			v, err := it.ValueAndErr()
			if err != nil {
				tx.fail(err)
				return
			}
			if !yield(it.Key(), v) {
				return
			}
		}
	}
}

// GetJSON decodes the value at key into v, and reports whether there is one.
// A value that is not what PutJSON wrote fails the transaction.
func (tx *Tx) GetJSON(key Key, v any) bool {
	b, ok := tx.Get(key)
	if !ok {
		return false
	}
	if err := json.Unmarshal(b, v); err != nil {
		tx.fail(fmt.Errorf("row %q: %w", key, err))
		return false
	}
	return true
}

// PutJSON puts v at key, for rows that are few and read by people.
func (tx *Tx) PutJSON(key Key, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		tx.fail(fmt.Errorf("row %q: %w", key, err))
		return
	}
	tx.Set(key, b)
}
