package xml

import (
	"bytes"
	"unicode/utf8"

	"github.com/runnel/runnel/transform"
)

// stride is about how many bytes of a window there are between two marks.
const stride = 4 << 10

// places tells the positions of offsets in a window of a text. It counts on from
// where it was asked last, and leaves marks on its way for those who ask for what
// is before: whatever the order, no offset costs more than a stride, once the
// text was counted.
type places struct {
	window []byte
	marks  []mark // one a stride, as far as it was counted; the first is the beginning
	now    mark
}

// A mark is an offset whose position is known.
type mark struct {
	offset int
	transform.Position
	cr bool // the character before is a CR: an LF here is of the same line end
}

func newPlaces(window []byte) *places {
	first := mark{Position: transform.Position{Line: 1, Column: 1}}
	return &places{window: window, marks: []mark{first}, now: first}
}

// at is the position of an offset.
func (p *places) at(offset int) transform.Position {
	known := p.marks[min(offset/stride, len(p.marks)-1)]
	if offset < p.now.offset || known.offset > p.now.offset {
		p.now = known
	}
	for len(p.marks)*stride <= offset {
		p.advance(p.characterAt(len(p.marks) * stride))
		p.marks = append(p.marks, p.now)
	}
	p.advance(offset)
	return p.now.Position
}

func (p *places) advance(to int) { p.now.advance(p.window[p.now.offset:to]) }

// characterAt is where the character begins that an offset may be in the middle
// of.
func (p *places) characterAt(offset int) int {
	for offset > p.now.offset && offset < len(p.window) && !utf8.RuneStart(p.window[offset]) {
		offset--
	}
	return offset
}

// move drops the first n bytes of the window.
func (p *places) move(n int) {
	p.at(n)
	p.now.offset = 0
	p.marks = append(p.marks[:0], p.now)
}

// advance goes on over text, whose line ends are LF, CR LF or CR.
func (m *mark) advance(text []byte) {
	if len(text) == 0 {
		return
	}
	m.offset += len(text)
	last := text[len(text)-1]
	if m.cr && text[0] == '\n' {
		text = text[1:]
	}
	m.cr = last == '\r'
	lines := bytes.Count(text, lf)
	if crs := bytes.Count(text, cr); crs > 0 {
		lines += crs - bytes.Count(text, crlf)
	}
	if lines > 0 {
		m.Line, m.Column = m.Line+lines, 1
		text = text[bytes.LastIndexAny(text, "\r\n")+1:]
	}
	m.Column += utf8.RuneCount(text)
}

var lf, cr, crlf = []byte("\n"), []byte("\r"), []byte("\r\n")
