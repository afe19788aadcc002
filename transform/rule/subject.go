package rule

import (
	"context"
	"fmt"
	"time"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/record"
	"github.com/runnel/runnel/transform/xml"
)

// A subject is a record that is being converted.
type subject struct {
	isTree bool
	tree   xml.Value
	at     transform.Position // of one that is no tree
	value  any                // the record as a plain value, once it is made
	made   bool
	head   any
	size   int // the most bytes of the result
	read   int // bytes, of a document that was read as a whole

	allowance
}

// An allowance is the time that the jq of a record may take. It begins when it is
// first asked for: plain paths take none worth measuring.
type allowance struct {
	whole    context.Context // of the run
	patience time.Duration
	ctx      context.Context // ends when the time is over, nil before it begins
	stop     context.CancelFunc
}

func (a *allowance) context() context.Context {
	if a.ctx == nil {
		a.ctx, a.stop = context.WithTimeoutCause(a.whole, a.patience, late(a.patience))
	}
	return a.ctx
}

// over says that the time has begun and is over.
func (a *allowance) over() bool { return a.ctx != nil && a.ctx.Err() != nil }

func (a *allowance) end() {
	if a.stop != nil {
		a.stop()
	}
}

// late is a record that takes longer than it may.
type late time.Duration

func (l late) Error() string {
	return fmt.Sprintf("takes longer than the %v that a record may", time.Duration(l))
}

// any is the record as a plain value.
func (s *subject) any() any {
	if s.isTree && !s.made {
		s.value, s.made = s.tree.Any(), true
	}
	return s.value
}

// follow is the value at a path. ok is false where jq does not follow.
func (s *subject) follow(p path) (value any, ok bool) {
	if !s.isTree {
		return p.plain(s.value)
	}
	v, ok := p.tree(s.tree)
	if !ok {
		return nil, false
	}
	return v.Any(), true
}

// position is where the record begins.
func (s *subject) position() transform.Position {
	if s.isTree {
		return s.tree.Position()
	}
	return s.at
}

// place is where a part of the record begins, or where it does itself if there
// is no such part.
func (s *subject) place(v xml.Value) transform.Position {
	if at := v.Position(); at != (transform.Position{}) {
		return at
	}
	return s.position()
}

// json is the record as it was read.
func (s *subject) json() []byte {
	if s.isTree {
		return s.tree.AppendJSON(nil)
	}
	return record.AppendJSON(nil, s.value)
}
