package xml

import "slices"

// A document is a tree, or that of a record. Its element 0 is the document
// itself, whose only child is the root; an index of 0 is therefore no element.
type document struct {
	text     []byte // what spans refer to
	side     []byte // what spans with sideBit refer to
	elements []element
	attrs    []attribute
	declared []declaration
	names    *names
	places   *places
	shift    int    // of text in places
	copied   string // of text, once it is asked for
	copiedTo string // of side
	cursor   cursor
}

// A span is a piece of text or, with sideBit in both, of side. None is zero.
type span struct{ from, to uint32 }

const sideBit = 1 << 31

func (s span) empty() bool { return s.from == s.to }

func (d *document) bytes(s span) []byte {
	if s.from&sideBit != 0 {
		return d.side[s.from&^sideBit : s.to&^sideBit]
	}
	return d.text[s.from:s.to]
}

// An element is one element of the tree.
//
// Its children hang on it as a list of lists: first is the first child, next
// leads from the first child of one name to the first of another, same from one
// child to another of the same name.
type element struct {
	key    uint32
	at     uint32 // of its start tag in the text
	first  uint32
	next   uint32
	same   uint32
	count  uint32 // of the elements of its name, with the first of them
	text   span
	attr   uint32 // the first of its attributes
	attrs  uint32
	forced bool // to be a list, if only of one
}

// isList says that the elements of its name, of which it is the first, are a
// list.
func (e *element) isList() bool { return e.count > 1 || e.forced }

// plain says that the element is its text, or null.
func (e *element) plain() bool { return e.first == 0 && e.attrs == 0 }

// An attribute is one attribute of an element, or under @xmlns the namespaces
// declared: value is then a range of declarations.
type attribute struct {
	key        uint32
	at         uint32 // of its name in the text
	value      span
	namespaces bool
}

// A declaration is a namespace declared: of the prefix, "" for the default. That
// the default is taken away has no uri.
type declaration struct {
	prefix, uri string
	at          uint32 // in the text
}

func (d *declaration) none() bool { return d.uri == "" }

// declaredAt is what stands under @xmlns, an attribute.
func (d *document) declaredAt(attr uint32) []declaration {
	s := d.attrs[attr].value
	return d.declared[s.from:s.to]
}

// reset empties the tree, whose arrays stay.
func (d *document) reset() {
	d.side, d.attrs, d.declared = d.side[:0], d.attrs[:0], d.declared[:0]
	d.elements = append(d.elements[:0], element{})
	d.copied, d.copiedTo, d.cursor = "", "", cursor{}
}

// clone is a copy that shares nothing that changes.
func (d *document) clone() *document {
	text := slices.Clone(d.text)
	return &document{
		text:     text,
		side:     slices.Clone(d.side),
		elements: slices.Clone(d.elements),
		attrs:    slices.Clone(d.attrs),
		declared: slices.Clone(d.declared),
		names:    d.names,
		places:   newPlaces(text),
	}
}

// strings makes strings of the text and of side, once for the whole document:
// parts of them cost nothing.
func (d *document) strings() {
	if d.copied == "" && d.copiedTo == "" {
		d.copied, d.copiedTo = string(d.text), string(d.side)
	}
}

// string is a span, after strings was called.
func (d *document) string(s span) string {
	if s.from&sideBit != 0 {
		return d.copiedTo[s.from&^sideBit : s.to&^sideBit]
	}
	return d.copied[s.from:s.to]
}

// A cursor remembers which element of a list was asked for, since the next to be
// asked for is the one after it.
type cursor struct{ list, i, element uint32 }

// at is the element of a list, which begins with head and is longer than i.
func (d *document) at(head, i uint32) uint32 {
	if d.cursor.list != head || d.cursor.i > i {
		d.cursor = cursor{list: head, element: head}
	}
	for ; d.cursor.i < i; d.cursor.i++ {
		d.cursor.element = d.elements[d.cursor.element].same
	}
	return d.cursor.element
}
