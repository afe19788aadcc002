package async

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
func space(kind, name string) store.Key { return store.K("lambda", "async", kind, name) }

func bodyKey(name string, seq uint64) store.Key  { return space("body", name).Uint(seq) }
func readyKey(name string, seq uint64) store.Key { return space("ready", name).Uint(seq) }
func lateKey(name string, due time.Time, seq uint64) store.Key {
	return space("late", name).Time(due).Uint(seq)
}

// Invocation is what was asked of a function.
type Invocation struct {
	Name, Qualifier string // of the function
	ID              string // of the request
	Trace           string
	Context         string // ClientContext, JSON
	Payload         []byte
	At              time.Time // when it was accepted; not for [Queue.Add]
}

// Attempts counts what happened to an invocation so far.
type Attempts struct {
	Failures uint64 // the function returned an error
	Faults   uint64 // it could not be run
}

const rowVersion = 1

var errRow = errors.New("async: malformed row of an asynchronous invocation")

func (a Attempts) encode() []byte {
	b := []byte{rowVersion}
	b = binary.AppendUvarint(b, a.Failures)
	return binary.AppendUvarint(b, a.Faults)
}

func decodeAttempts(b []byte) (Attempts, error) {
	r := rowReader{rest: b}
	r.version()
	a := Attempts{Failures: r.uint(), Faults: r.uint()}
	return a, r.end()
}

// encodeBody is what was asked for, and when; the payload is what is left of
// the row.
func encodeBody(c *Invocation, at time.Time) []byte {
	b := make([]byte, 0, 128+len(c.Payload))
	b = append(b, rowVersion)
	b = binary.AppendUvarint(b, uint64(at.UnixMilli()))
	for _, s := range []string{c.Qualifier, c.ID, c.Trace, c.Context} {
		b = binary.AppendUvarint(b, uint64(len(s)))
		b = append(b, s...)
	}
	return append(b, c.Payload...)
}

func decodeBody(name string, b []byte) (*Invocation, error) {
	r := rowReader{rest: b}
	r.version()
	c := &Invocation{Name: name, At: time.UnixMilli(int64(r.uint())).UTC()}
	for _, s := range []*string{&c.Qualifier, &c.ID, &c.Trace, &c.Context} {
		*s = r.string()
	}
	c.Payload, r.rest = r.rest, nil
	return c, r.end()
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

// Place is an invocation's place in line.
type Place struct {
	name string
	key  store.Key
	seq  uint64
	Attempts
}

// Wait is how long after an attempt that failed the next one comes. After the
// function's first failure that is a minute, after the second it is two; after
// a fault of the runtime's own it is from a second to five minutes.
func (a Attempts) Wait(fault bool) time.Duration {
	const most = 5 * time.Minute
	switch {
	case !fault:
		return time.Duration(a.Failures) * time.Minute
	case a.Faults > 9:
		return most
	}
	return min(most, time.Second<<(a.Faults-1))
}
