package lambda

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/runnel/runnel/store"
)

// An asynchronous invocation is two rows: its body, which is written once, and
// its place in line. Those that were never tried are in line by the order of
// their commits, those that are tried again by the time when they are due:
//
//	async body  NAME seq        what was asked for
//	async ready NAME seq        attempts
//	async late  NAME due seq    attempts
//
// Both stay while the invocation runs, so that a crash runs it again.
func asyncSpace(kind, name string) store.Key { return key("async", kind, name) }

func bodyKey(name string, seq uint64) store.Key  { return asyncSpace("body", name).Uint(seq) }
func readyKey(name string, seq uint64) store.Key { return asyncSpace("ready", name).Uint(seq) }
func lateKey(name string, due time.Time, seq uint64) store.Key {
	return asyncSpace("late", name).Time(due).Uint(seq)
}

// enqueue adds an asynchronous invocation, in the transaction of whatever
// caused it.
func (s *Service) enqueue(tx *store.Tx, c *call) error {
	if len(c.payload) > maxAsyncPayload {
		return fault("RequestEntityTooLargeException",
			"%d byte payload is too large for the Event invocation type (limit %d bytes)", len(c.payload), maxAsyncPayload)
	}
	seq := tx.NextID()
	name := c.ref.Name
	tx.Set(bodyKey(name, seq), encodeBody(c, tx.Now()))
	tx.Set(readyKey(name, seq), attempts{}.encode())
	tx.OnCommit(func() { s.arrived(name) })
	return nil
}

// attempts counts what happened to an invocation so far.
type attempts struct {
	failures uint64 // the function returned an error
	faults   uint64 // it could not be run
}

const rowVersion = 1

var errRow = errors.New("lambda: malformed row of an asynchronous invocation")

func (a attempts) encode() []byte {
	b := []byte{rowVersion}
	b = binary.AppendUvarint(b, a.failures)
	return binary.AppendUvarint(b, a.faults)
}

func decodeAttempts(b []byte) (attempts, error) {
	r := rowReader{rest: b}
	r.version()
	a := attempts{failures: r.uint(), faults: r.uint()}
	return a, r.end()
}

// encodeBody is what was asked for, and when; the payload is what is left of
// the row.
func encodeBody(c *call, at time.Time) []byte {
	b := make([]byte, 0, 128+len(c.payload))
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, uint64(at.UnixMilli()))
	for _, s := range []string{c.ref.Qualifier, c.id, c.trace, c.context} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return append(b, c.payload...)
}

func decodeBody(name string, b []byte) (*call, time.Time, error) {
	r := rowReader{rest: b}
	r.version()
	at := time.UnixMilli(int64(r.uint())).UTC()
	c := &call{ref: ref{Name: name}}
	for _, s := range []*string{&c.ref.Qualifier, &c.id, &c.trace, &c.context} {
		*s = r.string()
	}
	c.payload, r.rest = r.rest, nil
	return c, at, r.end()
}

// rowReader reads a compact row; after the first fault it yields zero values.
type rowReader struct {
	rest []byte
	err  error
}

func (r *rowReader) version() {
	if len(r.rest) == 0 || r.rest[0] != rowVersion {
		r.rest, r.err = nil, errRow
		return
	}
	r.rest = r.rest[1:]
}

func (r *rowReader) uint() uint64 {
	n, size := binary.Uvarint(r.rest)
	if size <= 0 {
		r.rest, r.err = nil, errRow
		return 0
	}
	r.rest = r.rest[size:]
	return n
}

func (r *rowReader) string() string {
	n := r.uint()
	if n > uint64(len(r.rest)) {
		r.rest, r.err = nil, errRow
		return ""
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s
}

func (r *rowReader) end() error {
	if r.err == nil && len(r.rest) > 0 {
		r.err = errRow
	}
	return r.err
}

// place is an invocation's place in line.
type place struct {
	key store.Key
	seq uint64
	attempts
}

// retryAfter is how long after a failure the function is tried again: a minute
// after the first, two after the second.
func retryAfter(failures uint64) time.Duration { return time.Duration(failures) * time.Minute }

// faultBackoff is how long after a fault of the runtime's own the function is
// tried again: from a second to five minutes.
func faultBackoff(faults uint64) time.Duration {
	const most = 5 * time.Minute
	if faults > 9 {
		return most
	}
	return min(most, time.Second<<(faults-1))
}
