package xml

import (
	"bytes"
	"unicode/utf8"
)

// characters reads text up to the next tag.
func (p *parser) characters() bool {
	b, i := p.buf, p.pos
	if p.open[len(p.open)-1].pieces == len(p.pieces) {
		// White space before any text goes in the end.
		i = skipSpace(b, i)
		if i < len(b) && b[i] == '<' {
			p.pos = i
			return true
		}
	}
	for from := i; ; i++ {
		for i < len(b) && class[b[i]]&textStop == 0 {
			i++
		}
		if i == len(b) {
			return p.cut("")
		}
		switch b[i] {
		case '<':
			p.piece(from, i)
			p.pos = i
			return true
		case '&', '\r':
			return p.decodeText(from, i)
		}
		if !p.plain(i) {
			return false
		}
	}
}

// plain says whether the character at i, at which a run of text stopped, is text
// after all.
func (p *parser) plain(i int) bool {
	switch p.buf[i] {
	case ']':
		yes, cut := p.starts(i, "]]>")
		if yes {
			return p.fail(i, "]]> in text: write ]]&gt;")
		}
		return !cut || p.cut("")
	case nonCharacter[0]:
		if !isNonCharacter(p.buf[i:]) {
			return true
		}
	}
	return p.badCharacter(i)
}

// decodeText goes on with text at i, where it is not what is meant.
func (p *parser) decodeText(from, i int) bool {
	b, start := p.buf, len(p.side)
	side := append(p.side, b[from:i]...)
	for {
		run := i
		for i < len(b) && class[b[i]]&textStop == 0 {
			i++
		}
		side = append(side, b[run:i]...)
		if i == len(b) {
			return p.cut("")
		}
		switch b[i] {
		case '<':
			p.side = side
			p.sidePiece(start)
			p.pos = i
			return true
		case '&':
			r, next, ok := p.reference(i)
			if !ok {
				return false
			}
			side, i = utf8.AppendRune(side, r), next
		case '\r':
			if i+1 == len(b) {
				return p.cut("")
			}
			if b[i+1] != '\n' {
				side = append(side, '\n')
			}
			i++
		default:
			if !p.plain(i) {
				return false
			}
			side = append(side, b[i])
			i++
		}
	}
}

// piece adds a part of the window to the text of the open element.
func (p *parser) piece(from, to int) {
	if p.building && from < to {
		p.pieces = append(p.pieces, span{uint32(from - p.origin), uint32(to - p.origin)})
	}
}

// sidePiece adds what side has from an offset on.
func (p *parser) sidePiece(from int) {
	if p.building && from < len(p.side) {
		p.pieces = append(p.pieces, sideSpan(from, len(p.side)))
		return
	}
	p.side = p.side[:from]
}

func sideSpan(from, to int) span { return span{uint32(from) | sideBit, uint32(to) | sideBit} }

// join makes one text of pieces, and takes the white space off its ends.
func (p *parser) join(pieces []span) span {
	if len(pieces) == 0 {
		return span{}
	}
	s := pieces[0]
	if len(pieces) > 1 {
		from := len(p.side)
		for _, piece := range pieces {
			p.side = append(p.side, p.spanned(piece)...)
		}
		s = sideSpan(from, len(p.side))
	}
	from, to := trim(p.spanned(s))
	if from == to {
		return span{}
	}
	return span{s.from + uint32(from), s.from + uint32(to)}
}

// spanned are the bytes of a span while the document is read.
func (p *parser) spanned(s span) []byte {
	if s.from&sideBit != 0 {
		return p.side[s.from&^sideBit : s.to&^sideBit]
	}
	return p.buf[p.origin+int(s.from) : p.origin+int(s.to)]
}

const cdataStart = "<![CDATA["

// cdata reads a CDATA section, which is text as it stands.
func (p *parser) cdata() bool {
	from := p.pos + len(cdataStart)
	n := bytes.Index(p.buf[from:], cdataEnd)
	to := from + n
	if n < 0 {
		to = len(p.buf)
	}
	if !p.checkCharacters(from, to) {
		return false
	}
	if n < 0 {
		return p.cut("a CDATA section")
	}
	if bytes.IndexByte(p.buf[from:to], '\r') < 0 {
		p.piece(from, to)
	} else {
		start := len(p.side)
		p.side = appendLines(p.side, p.buf[from:to])
		p.sidePiece(start)
	}
	p.pos = to + len(cdataEnd)
	return true
}

var cdataEnd = []byte("]]>")

// appendLines appends text with its line ends made LF.
func appendLines(b, text []byte) []byte {
	for i, c := range text {
		switch {
		case c != '\r':
			b = append(b, c)
		case i+1 == len(text) || text[i+1] != '\n':
			b = append(b, '\n')
		}
	}
	return b
}
