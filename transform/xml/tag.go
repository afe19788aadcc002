package xml

import (
	"strconv"
	"unicode/utf8"
)

// nameEnd is where a name that begins at i ends.
func (p *parser) nameEnd(i int) int {
	b := p.buf
	for i < len(b) && class[b[i]]&nameByte != 0 {
		i++
	}
	return i
}

// name is the id of the name between two offsets, at the second of which
// something else begins.
func (p *parser) name(from, to int) (uint32, bool) {
	if from == to {
		return 0, p.expect(from, "a name")
	}
	if id := p.names.find(p.buf[from:to]); id != 0 {
		return id, true
	}
	if to-from > p.limits.Name {
		return 0, p.longName(from)
	}
	n := name{text: string(p.buf[from:to])}
	if i := badInName(n.text); i >= 0 {
		return 0, p.badName(from, i)
	}
	if p.namespaces.processed() && !p.split(&n, from) {
		return 0, false
	}
	return p.names.add(n), true
}

func (p *parser) longName(at int) bool {
	return p.fail(at, "a name of more than "+strconv.Itoa(p.limits.Name)+" bytes")
}

// badName fails for a name with a character at i that it cannot have.
func (p *parser) badName(from, i int) bool {
	if i == 0 {
		return p.expect(from, "a name")
	}
	r, _ := utf8.DecodeRune(p.buf[from+i:])
	return p.fail(from+i, shown(r)+" cannot be in a name")
}

// cutName is a name, begun at an offset, that the window cuts off.
func (p *parser) cutName(from int) bool {
	if len(p.buf)-from > p.limits.Name {
		return p.longName(from)
	}
	return p.cut("a tag")
}

// startTag reads a start tag, or that of an empty element.
func (p *parser) startTag() bool {
	from := p.pos + 1
	i := p.nameEnd(from)
	if i == len(p.buf) {
		return p.cutName(from)
	}
	if i == from {
		return p.expect(from, "a name: the character < is written &lt;")
	}
	id, ok := p.name(from, i)
	if !ok {
		return false
	}
	t := tag{name: id, attr: len(p.attrs), side: len(p.side), undo: len(p.scope.undo), pending: len(p.pending)}
	p.tag++
	if p.buf[i] == '>' {
		t.end = i + 1
	} else if !p.attributes(&t, i) {
		p.forget(&t)
		return false
	}
	return p.begin(&t)
}

// A tag is a start tag that was read, and what there was before it.
type tag struct {
	name  uint32
	end   int // the offset after it
	empty bool

	attr, side, undo, pending int // how many there were of each
}

// forget takes back what a tag has left, for it to be read again.
func (p *parser) forget(t *tag) {
	p.attrs, p.side, p.pending = p.attrs[:t.attr], p.side[:t.side], p.pending[:t.pending]
	p.scope.unbind(t.undo)
}

// begin opens the element of a tag.
func (p *parser) begin(t *tag) bool {
	if len(p.open) == p.limits.Depth {
		return p.fail(p.pos, "more than "+strconv.Itoa(p.limits.Depth)+" elements within each other")
	}
	if p.rooted && len(p.open) == 0 {
		return p.fail(p.pos, "a second root element <"+p.names.all[t.name].text+">: a document has one")
	}
	if p.namespaces.processed() && !p.declarations(t) {
		return false
	}
	key, ok := p.elementKey(t.name, p.pos+1)
	if !ok {
		return false
	}
	step := p.follow(key)
	if step >= 0 && p.steps[step].each && p.record == 0 {
		p.forget(t)
		return p.startRecord() // and read the tag again, into a tree of its own
	}
	if len(p.attrs) > t.attr && !p.attributeKeys(t) {
		return false
	}
	if p.names.size > maxNames {
		return p.fail(p.pos, "too many different names")
	}
	f := frame{name: t.name, at: p.pos, pieces: len(p.pieces), undo: t.undo, step: step}
	if p.building {
		f.element = p.add(t, key, step)
		f.bound = len(p.bound)
	} else {
		p.attrs, p.side, p.pending = p.attrs[:t.attr], p.side[:t.side], p.pending[:t.pending]
	}
	p.open = append(p.open, f)
	p.rooted = true
	p.pos = t.end
	return !t.empty || p.close()
}

// endTag reads the end tag of the innermost open element.
func (p *parser) endTag() bool {
	b, from := p.buf, p.pos+len("</")
	if len(p.open) == 0 {
		return p.fail(p.pos, "an end tag without an element to close")
	}
	name := p.names.all[p.open[len(p.open)-1].name].text
	to := from + len(name)
	if to < len(b) && string(b[from:to]) == name && b[to] == '>' {
		p.pos = to + 1
		return p.close()
	}
	to = p.nameEnd(from)
	if to == len(b) {
		return p.cutName(from)
	}
	switch found := string(b[from:to]); {
	case found == "":
		return p.expect(from, "a name")
	case len(found) > p.limits.Name:
		return p.longName(from)
	case found != name:
		if i := badInName(found); i >= 0 {
			return p.badName(from, i)
		}
		return p.fail(p.pos, "</"+found+"> closes "+p.opened())
	}
	to = skipSpace(b, to)
	if to == len(b) {
		return p.cut("an end tag")
	}
	if b[to] != '>' {
		return p.expect(to, ">")
	}
	p.pos = to + 1
	return p.close()
}
