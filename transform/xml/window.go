package xml

import (
	"fmt"
	"io"
	"slices"
	"unicode/utf8"

	"github.com/runnel/runnel/transform"
)

// chunk is how much is read at once, at least.
const chunk = 64 << 10

// fill reads more of the document into the window, after dropping what is not
// needed any more. A token that was cut off becomes twice as long at least, so
// that reading it again and again costs no more than reading it twice; but not
// longer than it takes to see that it is too long.
func (p *parser) fill() error {
	p.slide()
	size := len(p.data)
	room := p.limits.Size + 1 - (size - p.origin)
	if room <= 0 {
		return p.tooLong()
	}
	token := min(size-p.pos, room)
	room = max(room, chunk)
	p.data = slices.Grow(p.data, min(max(token, chunk), room))
	p.readInto(p.data[size:min(cap(p.data), size+room)], max(token, 1))
	p.places.window = p.data
	p.validate()
	return nil
}

// readInto reads into the window's free part, that many bytes at least unless the
// document ends. An error is not told before the tokens that stand before it: it
// may be any, io.ErrUnexpectedEOF too.
func (p *parser) readInto(free []byte, least int) {
	for n := 0; n < least && !p.ended; {
		m, err := p.in.Read(free[n:])
		n += m
		p.data = p.data[:len(p.data)+m]
		p.ended = err != nil
		if err != io.EOF {
			p.readErr = err
		}
	}
}

// slide drops what stands before the record, or before the token where there is
// no record.
func (p *parser) slide() {
	n := p.origin
	if !p.building {
		n = p.pos
		p.compact()
	}
	if n == 0 {
		return
	}
	for i := range p.open {
		f := &p.open[i]
		switch {
		case f.at >= n:
			f.at -= n
		case f.at >= 0:
			f.place, f.at = p.places.at(f.at), -1
		}
	}
	p.places.move(n)
	valid := len(p.buf) - n
	p.data = p.data[:copy(p.data, p.data[n:])]
	p.buf = p.data[:valid]
	p.pos, p.origin, p.slid = p.pos-n, 0, true
}

// validate finds how much of the window is UTF-8, of which a character may be
// cut off at the end, unless that is the document's.
func (p *parser) validate() {
	from, to := len(p.buf), len(p.data)
	if !p.ended || p.readErr != nil {
		for back := 1; back <= min(utf8.UTFMax-1, to-from); back++ {
			if utf8.RuneStart(p.data[to-back]) {
				if !utf8.FullRune(p.data[to-back:]) {
					to -= back
				}
				break
			}
		}
	}
	if n := transform.ValidUTF8(p.data[from:to]); n < to-from {
		to = from + n
		p.ended, p.invalid, p.readErr = true, true, nil
	}
	p.buf = p.data[:to]
}

func (p *parser) tooLong() error {
	what := "a record"
	switch {
	case !p.headed:
		what = "the document before its first record (the path " + p.each + ")"
	case p.record == 0:
		what = "the text"
	}
	reason := fmt.Sprintf("%s is of more than %d bytes, the most allowed", what, p.limits.Size)
	return &SyntaxError{p.places.at(p.origin), reason}
}

// compactFrom is how much the names that are kept from one record to the next
// may take: enough for some ten thousand.
const compactFrom = 4 << 20

// compact forgets the names of the records read, lest a long document with ever
// new ones fill the memory. No tree is there that refers to them.
func (p *parser) compact() {
	if p.names.size < compactFrom {
		return
	}
	old := p.names
	p.names, p.scope = newNames(), p.scope.compact()
	p.compile()
	for i := range p.open {
		n := name{text: old.all[p.open[i].name].text}
		if p.namespaces.processed() {
			p.split(&n, 0) // which it could before
		}
		id := p.names.find([]byte(n.text))
		if id == 0 {
			id = p.names.add(n)
		}
		p.open[i].name = id
	}
}
