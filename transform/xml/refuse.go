package xml

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// fail ends the parse at an offset of the window.
func (p *parser) fail(at int, reason string) bool {
	p.err = &SyntaxError{p.places.at(at), reason}
	return false
}

// cut is a token that the window cuts off: there is more to be read, or the
// document ends where it must not.
func (p *parser) cut(within string) bool {
	switch {
	case !p.ended:
		return false
	case p.readErr != nil:
		p.err = p.readErr
		return false
	case p.invalid:
		return p.fail(len(p.buf), fmt.Sprintf("the byte 0x%02X is not UTF-8; a document in another encoding says so in its first line", p.data[len(p.buf)]))
	}
	reason := "the document ends"
	if within != "" {
		reason += " within " + within
	}
	if len(p.open) > 0 {
		reason += ": " + p.opened() + " is not closed"
	}
	return p.fail(len(p.buf), reason)
}

// opened names the innermost open element.
func (p *parser) opened() string {
	f := &p.open[len(p.open)-1]
	place := f.place
	if f.at >= 0 {
		place = p.places.at(f.at)
	}
	return "<" + p.names.all[f.name].text + "> of " + place.String()
}

// badCharacter fails for the character at an offset, which XML does not allow.
func (p *parser) badCharacter(at int) bool {
	r, _ := utf8.DecodeRune(p.buf[at:])
	return p.fail(at, fmt.Sprintf("the character U+%04X is not allowed in XML", r))
}

// expect fails for what stands at an offset instead of what should.
func (p *parser) expect(at int, what string) bool {
	r, _ := utf8.DecodeRune(p.buf[at:])
	return p.fail(at, "found "+shown(r)+" instead of "+what)
}

// checkCharacters fails if a character between two offsets is not allowed.
func (p *parser) checkCharacters(from, to int) bool {
	for i, c := range p.buf[from:to] {
		if class[c]&valueStop == 0 || isSpace(c) {
			continue
		}
		if c < ' ' || isNonCharacter(p.buf[from+i:]) {
			return p.badCharacter(from + i)
		}
	}
	return true
}

// shown is a character as an error shows it.
func shown(r rune) string {
	switch {
	case r == '\n' || r == '\r':
		return "the end of the line"
	case r == ' ':
		return "a space"
	case unicode.IsPrint(r):
		return string(r)
	}
	return fmt.Sprintf("U+%04X", r)
}
