package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"
)

// Key is an order-preserving encoding of a tuple: strings sort by their
// bytes, numbers and times by value, and a tuple before those it begins. Each
// service keeps to the key space that its own name opens: K("sqs", ...).
type Key []byte

// K is the key of a tuple of strings.
func K(parts ...string) Key {
	k := make(Key, 0, 64)
	for _, p := range parts {
		k = appendString(k, p)
	}
	return k
}

const (
	escape     = 0x00
	escapedNul = 0xff
	terminator = 0x01
)

func appendString[S string | []byte](k Key, s S) Key {
	k = appendEscaped(k, s)
	return append(k, escape, terminator)
}

func appendEscaped[S string | []byte](k Key, s S) Key {
	for i := range len(s) {
		k = append(k, s[i])
		if s[i] == escape {
			k = append(k, escapedNul)
		}
	}
	return k
}

// clip makes appending to k leave other keys made from it alone.
func (k Key) clip() Key { return k[:len(k):len(k)] }

// Str is k with s added.
func (k Key) Str(s string) Key { return appendString(k.clip(), s) }

// Bytes is k with b added, ordered as Str orders.
func (k Key) Bytes(b []byte) Key { return appendString(k.clip(), b) }

// StrPrefix is where keys begin whose next string begins with s. It is for
// ranges alone.
func (k Key) StrPrefix(s string) Key { return appendEscaped(k.clip(), s) }

// Uint is k with n added.
func (k Key) Uint(n uint64) Key { return binary.BigEndian.AppendUint64(k.clip(), n) }

// Time is k with t added, to the nanosecond. Times before 1970 sort as 1970.
func (k Key) Time(t time.Time) Key { return k.Uint(uint64(max(0, t.UnixNano()))) }

// Raw is k with b added as it is; only the last part of a key may be raw.
func (k Key) Raw(b []byte) Key { return append(k.clip(), b...) }

// Clone is a copy of k, which may be kept.
func (k Key) Clone() Key { return bytes.Clone(k) }

// end is the first key after all that begin with k.
func (k Key) end() Key {
	e := bytes.Clone(k)
	for i := len(e) - 1; i >= 0; i-- {
		if e[i] != 0xff {
			e[i]++
			return e[:i+1]
		}
	}
	return nil
}

// Next is the first key after k itself.
func (k Key) Next() Key { return append(k.clip(), 0) }

// Range is the keys from From on and before To, in their order or backwards.
type Range struct {
	From, To Key
	Reverse  bool
}

// Prefix is all keys that begin with k.
func Prefix(k Key) Range { return Range{From: k, To: k.end()} }

// Backwards is r from its last key to its first.
func (r Range) Backwards() Range { r.Reverse = true; return r }

// After is r without k and the keys before it, for paging.
func (r Range) After(k Key) Range {
	if bytes.Compare(k, r.From) >= 0 {
		r.From = k.Next()
	}
	return r
}

// Before is r without k and the keys after it, for paging backwards.
func (r Range) Before(k Key) Range {
	if r.To == nil || bytes.Compare(k, r.To) < 0 {
		r.To = k
	}
	return r
}

// Parts reads back what a key was made of. After the first fault all reads
// give zero values, and Err says that there was one.
type Parts struct {
	rest []byte
	err  error
}

var errKey = errors.New("store: malformed key")

// Parts reads the parts of k that follow prefix.
func (k Key) Parts(prefix Key) *Parts {
	rest, ok := bytes.CutPrefix(k, prefix)
	if !ok {
		return &Parts{err: errKey}
	}
	return &Parts{rest: rest}
}

// Err is the first fault met.
func (p *Parts) Err() error { return p.err }

// Str reads a string.
func (p *Parts) Str() string { return string(p.Bytes()) }

// Bytes reads what [Key.Bytes] or [Key.Str] added.
func (p *Parts) Bytes() []byte {
	var out []byte
	for i := 0; i+1 < len(p.rest); i++ {
		if p.rest[i] != escape {
			continue
		}
		out = append(out, p.rest[:i]...)
		switch p.rest[i+1] {
		case terminator:
			p.rest = p.rest[i+2:]
			return out
		case escapedNul:
			out = append(out, escape)
			p.rest = p.rest[i+2:]
			i = -1
		default:
			p.err = errKey
			return nil
		}
	}
	p.err = errKey
	return nil
}

// Uint reads a number.
func (p *Parts) Uint() uint64 {
	if len(p.rest) < 8 {
		p.err = errKey
		return 0
	}
	n := binary.BigEndian.Uint64(p.rest)
	p.rest = p.rest[8:]
	return n
}

// Time reads a time, in UTC.
func (p *Parts) Time() time.Time { return time.Unix(0, int64(p.Uint())).UTC() }

// Raw reads all that is left.
func (p *Parts) Raw() []byte { return p.rest }
