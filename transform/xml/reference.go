package xml

import "unicode/utf8"

// entities are those that XML itself has.
var entities = []struct {
	text string
	r    rune
}{{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}}

// reference reads the reference at i.
func (p *parser) reference(i int) (r rune, next int, ok bool) {
	if yes, _ := p.starts(i, "&#"); yes {
		return p.characterReference(i)
	}
	for _, e := range entities {
		if yes, _ := p.starts(i, e.text); yes {
			return e.r, i + len(e.text), true
		}
	}
	end := p.nameEnd(i + 1)
	long := end-i > p.limits.Name
	switch {
	case end == len(p.buf) && !long:
		return 0, 0, p.cut("a reference")
	case long, end == i+1, p.buf[end] != ';', badInName(string(p.buf[i+1:end])) >= 0:
		return 0, 0, p.fail(i, "& begins a reference: write &amp; for the character")
	}
	return 0, 0, p.fail(i, "the entity "+string(p.buf[i:end+1])+" is not known: there are &lt; &gt; &amp; &quot; &apos; and numbers such as &#233; alone")
}

// longestReference is more than any number of a character takes, but for zeros
// before it.
const longestReference = 100

// characterReference reads the reference by number at i.
func (p *parser) characterReference(at int) (r rune, next int, ok bool) {
	b, i, base := p.buf, at+len("&#"), rune(10)
	if i < len(b) && b[i] == 'x' {
		i, base = i+1, 16
	}
	first := i
	for ; i < len(b) && i-at < longestReference; i++ {
		d := digit(b[i])
		if d < 0 || d >= base {
			break
		}
		r = min(r*base+d, utf8.MaxRune+1)
	}
	switch {
	case i == len(b):
		return 0, 0, p.cut("a reference")
	case i == first, b[i] != ';':
		return 0, 0, p.fail(at, "a reference by number that is not one: write &#233; or &#xE9;")
	case !isChar(r):
		return 0, 0, p.fail(at, "the reference "+string(b[at:i+1])+" is to no character that XML allows")
	}
	return r, i + 1, true
}

// digit is what a hexadecimal digit counts, -1 if it is none.
func digit(c byte) rune {
	switch {
	case c >= '0' && c <= '9':
		return rune(c - '0')
	case c >= 'a' && c <= 'f':
		return rune(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return rune(c-'A') + 10
	}
	return -1
}
