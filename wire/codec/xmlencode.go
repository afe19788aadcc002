package codec

import (
	"cmp"
	"reflect"
	"strings"
	"unicode/utf8"
)

// XMLHeader is what documents begin with.
const XMLHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// AppendResponse appends the answer of a query operation.
func (n *Node) AppendResponse(b []byte, op, namespace, requestID string, v reflect.Value) []byte {
	b = append(append(append(b, '<'), op...), "Response"...)
	if namespace != "" {
		b = AppendAttr(b, "xmlns", namespace)
	}
	b = append(b, '>')
	if wrap := cmp.Or(n.root.Wrap, op+"Result"); wrap == "-" {
		b = n.appendChildren(b, v)
	} else {
		b = append(append(append(b, '<'), wrap...), '>')
		b = n.appendChildren(b, v)
		b = appendEnd(b, wrap)
	}
	b = append(b, "<ResponseMetadata>"...)
	b = AppendElement(b, "RequestId", requestID)
	b = append(b, "</ResponseMetadata>"...)
	return append(append(append(b, "</"...), op...), "Response>"...)
}

// HasDocument reports whether v is more than a root that Names does not name. Where it
// is not there is none: an output whose members are all in the header has no body.
func (n *Node) HasDocument(v reflect.Value) bool { return n.root.Name != "" || !n.AllAbsent(v) }

// AppendXML writes v as a document. The root's name is what Names says of the
// type, or the type's. "-" means that the only member is the root (S3's
// GetBucketLocation).
func (n *Node) AppendXML(b []byte, v reflect.Value, namespace string) []byte {
	b = append(b, XMLHeader...)
	if n.root.Name == "-" && len(n.Fields) == 1 {
		f := &n.Fields[0]
		names := f.XML
		names.XMLNS = cmp.Or(names.XMLNS, namespace)
		if f.Absent(v.Field(f.Index)) {
			b = appendStart(b, &names, nil, v)
			return appendEnd(b, names.Name)
		}
		return f.appendXML(b, &names, v.Field(f.Index))
	}
	names := n.root
	names.Name = cmp.Or(names.Name, strings.TrimSuffix(n.Type.Name(), "Output"))
	names.XMLNS = cmp.Or(names.XMLNS, namespace)
	return n.appendXML(b, &names, v)
}

// appendXML writes v as an element; names are those of the member that holds it.
func (n *Node) appendXML(b []byte, names *Name, v reflect.Value) []byte {
	switch n.Kind {
	case KindPointer:
		if v.IsNil() {
			return b
		}
		return n.Elem.appendXML(b, names, v.Elem())
	case KindList:
		return n.appendItems(b, names, v)
	case KindMap:
		return n.appendEntries(b, names, v)
	}
	b = appendStart(b, names, n, v)
	switch n.Kind {
	case KindStruct:
		b = n.appendChildren(b, v)
	case KindUnion:
		if m, value := n.union.memberOf(v); m != nil {
			b = m.node.appendXML(b, &Name{Name: m.name, Item: "member", Key: "key", Value: "value"}, value)
		}
	default:
		b = appendText(b, n, v)
	}
	return appendEnd(b, names.Name)
}

// appendStart writes a start tag with the attributes that are members of v.
func appendStart(b []byte, names *Name, n *Node, v reflect.Value) []byte {
	b = append(append(b, '<'), names.Name...)
	if ns := names.XMLNS; ns != "" {
		if prefix, uri, ok := strings.Cut(ns, "="); ok && !strings.ContainsAny(prefix, ":/") {
			b = AppendAttr(b, "xmlns:"+prefix, uri)
		} else {
			b = AppendAttr(b, "xmlns", ns)
		}
	}
	if n != nil && n.Kind == KindStruct {
		for i := range n.Fields {
			if f := &n.Fields[i]; f.XML.Attr && !f.Absent(v.Field(f.Index)) {
				b = AppendAttr(b, f.XML.Name, f.Text(v.Field(f.Index)))
			}
		}
	}
	return append(b, '>')
}

func (n *Node) appendChildren(b []byte, v reflect.Value) []byte {
	for i := range n.Fields {
		f := &n.Fields[i]
		if m := v.Field(f.Index); !f.XML.Attr && !f.Absent(m) {
			b = f.appendXML(b, &f.XML, m)
		}
	}
	return b
}

func (n *Node) appendItems(b []byte, names *Name, v reflect.Value) []byte {
	item := Name{Name: names.Item, Item: "member", Key: "key", Value: "value"}
	if names.Flat {
		item.Name = names.Name
		item.XMLNS = names.XMLNS
	} else {
		b = appendStart(b, names, nil, v)
	}
	for i := range v.Len() {
		b = n.Elem.appendXML(b, &item, v.Index(i))
	}
	if !names.Flat {
		b = appendEnd(b, names.Name)
	}
	return b
}

func (n *Node) appendEntries(b []byte, names *Name, v reflect.Value) []byte {
	entry := "entry"
	if names.Flat {
		entry = names.Name
	} else {
		b = appendStart(b, names, nil, v)
	}
	value := Name{Name: names.Value, Item: "member", Key: "key", Value: "value"}
	for _, k := range sortedKeys(v) {
		b = append(append(append(b, '<'), entry...), '>')
		b = AppendElement(b, names.Key, k.String())
		b = n.Elem.appendXML(b, &value, v.MapIndex(k))
		b = appendEnd(b, entry)
	}
	if !names.Flat {
		b = appendEnd(b, names.Name)
	}
	return b
}

// AppendElement appends an element that holds text.
func AppendElement(b []byte, name, text string) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = appendEscaped(b, text)
	return appendEnd(b, name)
}

func appendEnd(b []byte, name string) []byte {
	return append(append(append(b, "</"...), name...), '>')
}

// AppendAttr appends an attribute, after a blank.
func AppendAttr(b []byte, name, value string) []byte {
	b = append(append(append(b, ' '), name...), `="`...)
	return append(appendEscaped(b, value), '"')
}

// appendEscaped writes text. White space that a parser would change is written as
// character references; what XML 1.0 cannot hold becomes U+FFFD.
func appendEscaped(b []byte, s string) []byte {
	start := 0
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if esc := xmlEscape(r, size); esc != "" {
			b = append(append(b, s[start:i]...), esc...)
			start = i + size
		}
		i += size
	}
	return append(b, s[start:]...)
}

func xmlEscape(r rune, size int) string {
	switch r {
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '"':
		return "&quot;"
	case '\r':
		return "&#xD;"
	case '\n', '\t':
		return ""
	case utf8.RuneError:
		if size == 1 {
			return "\uFFFD"
		}
		return ""
	}
	if r < ' ' || r == 0xFFFE || r == 0xFFFF {
		return "\uFFFD"
	}
	return ""
}
