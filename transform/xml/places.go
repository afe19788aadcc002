package xml

import (
	"bytes"
	"unicode/utf8"

	"github.com/runnel/runnel/transform"
)

// places tells the positions of offsets in a window of a text. It counts from
// where it was asked last, so that asking in order costs one pass over the text.
type places struct {
	window     []byte
	start, now mark
}

// A mark is an offset whose position is known.
type mark struct {
	offset int
	transform.Position
	cr bool // the character before is a CR: an LF here is of the same line end
}

func newPlaces(window []byte) *places {
	first := mark{Position: transform.Position{Line: 1, Column: 1}}
	return &places{window: window, start: first, now: first}
}

// at is the position of an offset.
func (p *places) at(offset int) transform.Position {
	if offset < p.now.offset {
		p.now = p.start
	}
	p.now.advance(p.window[p.now.offset:offset])
	return p.now.Position
}

// move drops the first n bytes of the window.
func (p *places) move(n int) {
	p.at(n)
	p.now.offset = 0
	p.start = p.now
}

// advance goes on over text, whose line ends are LF, CR LF or CR.
func (m *mark) advance(text []byte) {
	m.offset += len(text)
	if m.cr && len(text) > 0 && text[0] == '\n' {
		text, m.cr = text[1:], false
	}
	if len(text) == 0 {
		return
	}
	lines := bytes.Count(text, lf)
	if crs := bytes.Count(text, cr); crs > 0 {
		lines += crs - bytes.Count(text, crlf)
	}
	if lines > 0 {
		m.Line, m.Column = m.Line+lines, 1
		text = text[bytes.LastIndexAny(text, "\r\n")+1:]
	}
	m.Column += utf8.RuneCount(text)
	m.cr = len(text) == 0
}

var lf, cr, crlf = []byte("\n"), []byte("\r"), []byte("\r\n")
