package xml

import (
	"strconv"
	"unicode/utf8"
)

// attributes reads the attributes of a tag, whose name ended at i, and its end.
// Their keys are the ids of their names for now.
func (p *parser) attributes(t *tag, i int) bool {
	for {
		before := i
		i = skipSpace(p.buf, i)
		if i == len(p.buf) {
			return p.cut(p.within(t))
		}
		switch c := p.buf[i]; {
		case c == '>':
			t.end = i + 1
			return true
		case c == '/':
			yes, cut := p.starts(i, "/>")
			if yes {
				t.end, t.empty = i+2, true
				return true
			}
			if cut {
				return p.cut(p.within(t))
			}
			return p.expect(i+1, "> after /")
		case i == before:
			return p.expect(i, "a space, / or >")
		}
		if len(p.attrs)-t.attr == p.limits.Attributes {
			return p.fail(i, "more than "+strconv.Itoa(p.limits.Attributes)+" attributes in one element")
		}
		var ok bool
		if i, ok = p.attribute(t, i); !ok {
			return false
		}
	}
}

func (p *parser) within(t *tag) string { return "the tag <" + p.names.all[t.name].text + ">" }

// attribute reads the attribute at i.
func (p *parser) attribute(t *tag, at int) (next int, ok bool) {
	i := p.nameEnd(at)
	if i == len(p.buf) {
		return 0, p.cutName(at)
	}
	id, ok := p.name(at, i)
	if !ok {
		return 0, false
	}
	n := &p.names.all[id]
	if n.tag == p.tag {
		return 0, p.fail(at, "the attribute "+n.text+" is there twice")
	}
	n.tag = p.tag
	if i = skipSpace(p.buf, i); i == len(p.buf) {
		return 0, p.cut(p.within(t))
	}
	if p.buf[i] != '=' {
		return 0, p.expect(i, "= and a value for the attribute "+n.text)
	}
	if i = skipSpace(p.buf, i+1); i == len(p.buf) {
		return 0, p.cut(p.within(t))
	}
	if c := p.buf[i]; c != '"' && c != '\'' {
		return 0, p.expect(i, "a value in quotes for the attribute "+n.text)
	}
	value, next, ok := p.value(i)
	p.attrs = append(p.attrs, attribute{key: id, at: uint32(at - p.origin), value: value})
	return next, ok
}

// value reads the attribute value whose quote is at i.
func (p *parser) value(i int) (_ span, next int, ok bool) {
	b, quote := p.buf, p.buf[i]
	from := i + 1
	for i = from; i < len(b); i++ {
		c := b[i]
		if class[c]&valueStop == 0 {
			continue
		}
		if c == quote {
			return span{uint32(from - p.origin), uint32(i - p.origin)}, i + 1, true
		}
		if c != '"' && c != '\'' && (c != nonCharacter[0] || isNonCharacter(b[i:])) {
			return p.decodeValue(from, i, quote)
		}
	}
	return span{}, 0, p.cut("the value of an attribute")
}

// decodeValue goes on with a value at i, where it is not what is meant: white
// space is a space each, a reference the character.
func (p *parser) decodeValue(from, i int, quote byte) (_ span, next int, ok bool) {
	b, start := p.buf, len(p.side)
	side := append(p.side, b[from:i]...)
	for ; i < len(b); i++ {
		switch c := b[i]; {
		case class[c]&valueStop == 0:
			side = append(side, c)
		case c == quote:
			p.side = side
			return sideSpan(start, len(side)), i + 1, true
		case c == '&':
			r, after, ok := p.reference(i)
			if !ok {
				return span{}, 0, false
			}
			side, i = utf8.AppendRune(side, r), after-1
		case c == '\r' && i+1 < len(b) && b[i+1] == '\n':
		case isSpace(c):
			side = append(side, ' ')
		case c == '<':
			return span{}, 0, p.fail(i, "< in the value of an attribute: write &lt;, or close the quote before")
		case c < ' ', isNonCharacter(b[i:]):
			return span{}, 0, p.badCharacter(i)
		default:
			side = append(side, c)
		}
	}
	return span{}, 0, p.cut("the value of an attribute")
}

// attributeKeys makes the keys of a tag's attributes of their names.
func (p *parser) attributeKeys(t *tag) bool {
	if len(p.pending) > 0 {
		p.names.keys[p.names.key(declarationsKey)].tag = p.tag
	}
	attrs := p.attrs[t.attr:]
	for i := range attrs {
		a := &attrs[i]
		name, at := a.key, p.origin+int(a.at)
		key, ok := p.attributeKey(name, at)
		if !ok {
			return false
		}
		k := &p.names.keys[key]
		if k.tag == p.tag {
			return p.fail(at, "the attribute "+p.names.all[name].text+" has the same key "+k.text+" as another of this element")
		}
		k.tag = p.tag
		a.key = key
	}
	return true
}
