package xml

import (
	"io"

	"github.com/runnel/runnel/transform"
)

// A parser reads a document token by token out of a window, and builds the tree.
type parser struct {
	document
	limits     Limits
	namespaces Namespaces
	force      []string
	each       string
	charset    string

	// The window: data is what was read, buf that of it which is UTF-8.
	in      io.Reader // nil if the window is the document
	data    []byte
	buf     []byte
	pos     int   // of the token to be read
	origin  int   // of the tree's offsets
	ended   bool  // nothing comes after buf
	invalid bool  // since it is not UTF-8 there
	readErr error // since it cannot be read
	slid    bool  // the document does not begin in the window

	// What is open.
	open    []frame
	pieces  []span        // of text, each frame's above those of the frames around it
	bound   []bound       // to take back in names.keys, likewise
	scope   scope         // of namespaces
	pending []declaration // that no element carries yet
	steps   []step        // of the paths to look out for
	last    uint32        // of the document itself, as a frame has it
	tag     uint64        // a number for each start tag

	// How far it is.
	rooted   bool      // the root has begun
	building bool      // what is read is put into the tree
	headed   bool      // the first record has begun
	head     *document // what stood before it
	record   int       // frames that are open when a record is, 0 when none is
	read     part      // the largest since run was called
	err      error
}

// A part of a document is what was read to its end.
type part int

const (
	aToken part = iota // and nothing larger
	aRecord
	theDocument
)

// A frame is an open element.
type frame struct {
	name    uint32
	element uint32             // in the tree, if it is there
	last    uint32             // of its children, the first of the latest name
	at      int                // of its start tag in the window, -1 if that has moved on
	place   transform.Position // of its start tag then
	step    int                // in the paths, offPaths if on none

	// How many there were of each before it.
	pieces, bound, undo int
}

// A bound is what a key was bound to before.
type bound struct {
	key uint32
	binding
}

func newParser(o *Options) *parser {
	p := &parser{
		limits:     o.Limits.orDefault(),
		namespaces: o.Namespaces,
		force:      o.ForceList,
		charset:    o.Charset,
		building:   true,
		scope:      newScope(),
	}
	p.names = newNames()
	p.reset()
	return p
}

// run reads tokens until a record or the document is whole.
func (p *parser) run() error {
	for p.read = aToken; p.read == aToken; {
		if p.token() {
			continue
		}
		if p.err != nil {
			return p.err
		}
		if err := p.fill(); err != nil {
			p.err = err
			return err
		}
	}
	return nil
}

// token reads the token at pos. It says whether it could: if not, err is why, or
// there is more to be read before.
func (p *parser) token() bool {
	if p.pos == len(p.buf) {
		return p.end()
	}
	if p.buf[p.pos] != '<' {
		if len(p.open) == 0 {
			return p.outside()
		}
		return p.characters()
	}
	if p.pos+1 == len(p.buf) {
		return p.cut("a tag")
	}
	switch p.buf[p.pos+1] {
	case '/':
		return p.endTag()
	case '!':
		return p.markup()
	case '?':
		return p.instruction()
	}
	return p.startTag()
}

// end is the end of the window.
func (p *parser) end() bool {
	switch {
	case !p.ended || p.invalid || p.readErr != nil || len(p.open) > 0:
		return p.cut("")
	case !p.rooted && len(p.data) == 0 && !p.slid:
		return p.fail(p.pos, "the document is empty")
	case !p.rooted:
		return p.fail(p.pos, "the document ends before its first element")
	}
	p.read = theDocument
	return true
}

// outside reads what stands before or after the root.
func (p *parser) outside() bool {
	for i, c := range p.buf[p.pos:] {
		if isSpace(c) {
			continue
		}
		p.pos += i
		if c == '<' {
			return true
		}
		if p.rooted {
			return p.fail(p.pos, "text after the root element")
		}
		return p.fail(p.pos, "text before the root element: is this XML?")
	}
	p.pos = len(p.buf)
	return true
}

// skipSpace is the offset after the white space at i.
func skipSpace(b []byte, i int) int {
	for i < len(b) && isSpace(b[i]) {
		i++
	}
	return i
}

// starts says whether the window goes on with a text at i; cut, that the window
// ends within it.
func (p *parser) starts(i int, text string) (yes, cut bool) {
	rest := p.buf[i:]
	if len(rest) < len(text) {
		return false, string(rest) == text[:len(rest)]
	}
	return string(rest[:len(text)]) == text, false
}
