package xml

import "github.com/runnel/runnel/transform"

// A Value is a part of a dictionary: null, a text, an object or a list. It is
// valid as long as its document, and not for use by several goroutines at once;
// the strings that it gives are valid for good. The zero Value is null.
type Value struct {
	d    *document
	i    uint32 // in the array that kind says
	what what
}

// What a value is made of, and what its index is of.
type what uint8

const (
	ofElement      what = iota // an element
	ofList                     // the elements of a name; the first of them
	ofText                     // the #text of an element
	ofAttribute                // an attribute
	ofDeclarations             // @xmlns; an attribute
	ofDeclaration              // a declaration
)

// A Kind is what a Value is.
type Kind uint8

const (
	Null Kind = iota
	Text
	Object
	List
)

// Kind is what the value is.
func (v Value) Kind() Kind {
	if v.d == nil {
		return Null
	}
	switch v.what {
	case ofList:
		return List
	case ofDeclarations:
		return Object
	case ofDeclaration:
		if v.d.declared[v.i].none() {
			return Null
		}
		return Text
	case ofElement:
		e := &v.d.elements[v.i]
		switch {
		case !e.plain():
			return Object
		case e.text.empty():
			return Null
		}
	}
	return Text
}

// Text is the value of a Text, "" of another.
func (v Value) Text() string {
	if v.Kind() != Text {
		return ""
	}
	if v.what == ofDeclaration {
		return v.d.declared[v.i].uri
	}
	return string(v.d.bytes(v.span()))
}

// span is where a text stands that is no declaration.
func (v Value) span() span {
	if v.what == ofAttribute {
		return v.d.attrs[v.i].value
	}
	return v.d.elements[v.i].text
}

// textKey is the key of the text of an element that is an object.
const textKey = "#text"

// Get is the value under a key of an Object, a Null if it has no such key or
// if v is Null. ok is false if v is neither.
func (v Value) Get(key string) (_ Value, ok bool) {
	switch kind := v.Kind(); {
	case kind == Null:
		return Value{}, true
	case kind != Object:
		return Value{}, false
	case v.what == ofDeclarations:
		return v.getDeclaration(key), true
	}
	d, e := v.d, &v.d.elements[v.i]
	if key == textKey {
		if e.text.empty() {
			return Value{}, true
		}
		return Value{d, v.i, ofText}, true
	}
	keys := d.names.keys // comparing texts is cheaper than to hash one
	for i := e.attr; i < e.attr+e.attrs; i++ {
		if keys[d.attrs[i].key].text == key {
			return d.attribute(i), true
		}
	}
	for i := e.first; i != 0; i = d.elements[i].next {
		if keys[d.elements[i].key].text == key {
			return d.children(i), true
		}
	}
	return Value{}, true
}

// attribute is the value of an attribute.
func (d *document) attribute(i uint32) Value {
	if d.attrs[i].namespaces {
		return Value{d, i, ofDeclarations}
	}
	return Value{d, i, ofAttribute}
}

// children is the value of all the children of a name, of which i is the first.
func (d *document) children(i uint32) Value {
	if d.elements[i].isList() {
		return Value{d, i, ofList}
	}
	return Value{d, i, ofElement}
}

func (v Value) getDeclaration(prefix string) Value {
	declared := v.d.attrs[v.i].value
	for i := declared.from; i < declared.to; i++ {
		if v.d.declared[i].prefix == prefix {
			return Value{v.d, i, ofDeclaration}
		}
	}
	return Value{}
}

// Len is how many elements a List has; At is one of them.
func (v Value) Len() int {
	if v.Kind() != List {
		return 0
	}
	return int(v.d.elements[v.i].count)
}

func (v Value) At(i int) Value {
	if i < 0 || i >= v.Len() {
		panic("xml: no such element in the list")
	}
	return Value{v.d, v.d.at(v.i, uint32(i)), ofElement}
}

// Position is where in the document the value begins: an element with its start
// tag, an attribute with its name, a text with its first character, where that
// stands as it is.
func (v Value) Position() transform.Position {
	if v.d == nil {
		return transform.Position{}
	}
	at := uint32(0)
	switch v.what {
	case ofElement, ofList, ofText:
		e := &v.d.elements[v.i]
		at = e.at
		if v.what == ofText && e.text.from&sideBit == 0 {
			at = e.text.from
		}
	case ofAttribute, ofDeclarations:
		at = v.d.attrs[v.i].at
	case ofDeclaration:
		at = v.d.declared[v.i].at
	}
	return v.d.places.at(v.d.shift + int(at))
}

// Any is the value as Go's plain types: nil, string, map[string]any, []any.
func (v Value) Any() any {
	switch v.Kind() {
	case Null:
		return nil
	case Text:
		return v.Text()
	}
	v.d.strings()
	switch v.what {
	case ofList:
		return v.d.anyList(v.i)
	case ofDeclarations:
		return v.d.anyDeclarations(v.i)
	}
	return v.d.anyElement(v.i)
}

func (d *document) anyElement(i uint32) any {
	e := &d.elements[i]
	if e.plain() {
		if e.text.empty() {
			return nil
		}
		return d.string(e.text)
	}
	keys := int(e.attrs) + 1
	for i := e.first; i != 0; i = d.elements[i].next {
		keys++
	}
	m := make(map[string]any, keys)
	for i := e.attr; i < e.attr+e.attrs; i++ {
		if a := &d.attrs[i]; a.namespaces {
			m[d.names.keys[a.key].text] = d.anyDeclarations(i)
		} else {
			m[d.names.keys[a.key].text] = d.string(a.value)
		}
	}
	for i := e.first; i != 0; i = d.elements[i].next {
		child := &d.elements[i]
		if child.isList() {
			m[d.names.keys[child.key].text] = d.anyList(i)
		} else {
			m[d.names.keys[child.key].text] = d.anyElement(i)
		}
	}
	if !e.text.empty() {
		m[textKey] = d.string(e.text)
	}
	return m
}

func (d *document) anyList(head uint32) any {
	list := make([]any, 0, d.elements[head].count)
	for i := head; i != 0; i = d.elements[i].same {
		list = append(list, d.anyElement(i))
	}
	return list
}

func (d *document) anyDeclarations(attr uint32) any {
	m := make(map[string]any)
	for _, n := range d.declaredAt(attr) {
		if n.none() {
			m[n.prefix] = nil
		} else {
			m[n.prefix] = n.uri
		}
	}
	return m
}
