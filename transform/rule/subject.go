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

	*allowance
}

// How long the jq of one record may take: long enough for any on a busy machine,
// for what has no end alone is meant. A case is small, and somebody waits for it.
const (
	patience     = time.Minute
	casePatience = 5 * time.Second
)

// An allowance is the time that the jq of a record may take. It begins when it is
// first asked for: plain paths take none worth measuring. The records of a run
// have one after another, since a timer of its own costs as much as an
// expression.
type allowance struct {
	whole    context.Context // of the run
	patience time.Duration
	begun    bool            // for the present record
	ctx      context.Context // ends when the time is over, nil where there is none yet
	stop     context.CancelCauseFunc
	timer    *time.Timer
	late     bool // a record has taken longer
}

func (a *allowance) context() context.Context {
	if a.begun {
		return a.ctx
	}
	a.begun = true
	if a.ctx != nil {
		a.timer.Reset(a.patience)
		return a.ctx
	}
	a.ctx, a.stop = context.WithCancelCause(a.whole)
	stop, cause := a.stop, overtime(a.patience)
	a.timer = time.AfterFunc(a.patience, func() { stop(cause) })
	return a.ctx
}

// over says that the time has begun and is over.
func (a *allowance) over() bool { return a.begun && a.ctx.Err() != nil }

// rest ends the time of a record. Where it has run out the next begins anew.
func (a *allowance) rest() {
	if a.begun && !a.timer.Stop() {
		a.end()
	}
	a.begun = false
}

func (a *allowance) end() {
	if a.ctx != nil {
		a.timer.Stop()
		a.stop(nil)
		a.ctx = nil
	}
}

// overtime is what is wrong with a record that takes longer than it may.
type overtime time.Duration

func (o overtime) Error() string {
	return fmt.Sprintf("takes longer than the %v that a record may", time.Duration(o))
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
