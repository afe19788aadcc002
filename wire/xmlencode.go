package wire

import (
	"encoding/base64"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

const xmlHeader = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

// encodeQuery appends the answer of a query operation.
func (c *codec) encodeQuery(b []byte, op, namespace, requestID string, v reflect.Value) ([]byte, error) {
	n, err := c.plan(v.Type())
	if err != nil {
		return b, err
	}
	b = append(append(append(b, '<'), op...), "Response"...)
	if namespace != "" {
		b = appendAttr(b, "xmlns", namespace)
	}
	b = append(b, '>')
	if wrap := or(n.root.Wrap, op+"Result"); wrap == "-" {
		b = n.appendChildren(b, v)
	} else {
		b = append(append(append(b, '<'), wrap...), '>')
		b = n.appendChildren(b, v)
		b = appendEnd(b, wrap)
	}
	b = append(b, "<ResponseMetadata>"...)
	b = appendElement(b, "RequestId", requestID)
	b = append(b, "</ResponseMetadata>"...)
	return append(append(append(b, "</"...), op...), "Response>"...), nil
}

// appendRoot writes v as a document. The root's name is what Names says of the
// type, or the type's. "-" means that the only member is the root (S3's
// GetBucketLocation).
func (n *node) appendRoot(b []byte, v reflect.Value, namespace string) []byte {
	if n.root.Name == "-" && len(n.fields) == 1 {
		f := &n.fields[0]
		names := f.xml
		names.XMLNS = or(names.XMLNS, namespace)
		if absent(f.node, v.Field(f.index)) {
			b = appendStart(b, &names, nil, v)
			return appendEnd(b, names.Name)
		}
		return f.node.appendXML(b, &names, v.Field(f.index))
	}
	names := n.root
	names.Name = or(names.Name, strings.TrimSuffix(n.typ.Name(), "Output"))
	names.XMLNS = or(names.XMLNS, namespace)
	return n.appendXML(b, &names, v)
}

// appendXML writes v as an element; names are those of the member that holds it.
func (n *node) appendXML(b []byte, names *Name, v reflect.Value) []byte {
	switch n.kind {
	case kindPointer:
		if v.IsNil() {
			return b
		}
		return n.elem.appendXML(b, names, v.Elem())
	case kindList:
		return n.appendItems(b, names, v)
	case kindMap:
		return n.appendEntries(b, names, v)
	}
	b = appendStart(b, names, n, v)
	if n.kind == kindStruct {
		b = n.appendChildren(b, v)
	} else {
		b = appendText(b, n, v)
	}
	return appendEnd(b, names.Name)
}

// appendStart writes a start tag with the attributes that are members of v.
func appendStart(b []byte, names *Name, n *node, v reflect.Value) []byte {
	b = append(append(b, '<'), names.Name...)
	if ns := names.XMLNS; ns != "" {
		if prefix, uri, ok := strings.Cut(ns, "="); ok && !strings.ContainsAny(prefix, ":/") {
			b = appendAttr(b, "xmlns:"+prefix, uri)
		} else {
			b = appendAttr(b, "xmlns", ns)
		}
	}
	if n != nil && n.kind == kindStruct {
		for i := range n.fields {
			if f := &n.fields[i]; f.xml.Attr && !absent(f.node, v.Field(f.index)) {
				b = appendAttr(b, f.xml.Name, headerText(f.node, v.Field(f.index)))
			}
		}
	}
	return append(b, '>')
}

func (n *node) appendChildren(b []byte, v reflect.Value) []byte {
	for i := range n.fields {
		f := &n.fields[i]
		if m := v.Field(f.index); !f.xml.Attr && !absent(f.node, m) {
			b = f.node.appendXML(b, &f.xml, m)
		}
	}
	return b
}

func (n *node) appendItems(b []byte, names *Name, v reflect.Value) []byte {
	item := Name{Name: names.Item, Item: "member", Key: "key", Value: "value"}
	if names.Flat {
		item.Name = names.Name
		item.XMLNS = names.XMLNS
	} else {
		b = appendStart(b, names, nil, v)
	}
	for i := range v.Len() {
		b = n.elem.appendXML(b, &item, v.Index(i))
	}
	if !names.Flat {
		b = appendEnd(b, names.Name)
	}
	return b
}

func (n *node) appendEntries(b []byte, names *Name, v reflect.Value) []byte {
	entry := "entry"
	if names.Flat {
		entry = names.Name
	} else {
		b = appendStart(b, names, nil, v)
	}
	value := Name{Name: names.Value, Item: "member", Key: "key", Value: "value"}
	for _, k := range sortedKeys(v) {
		b = append(append(append(b, '<'), entry...), '>')
		b = appendElement(b, names.Key, k.String())
		b = n.elem.appendXML(b, &value, v.MapIndex(k))
		b = appendEnd(b, entry)
	}
	if !names.Flat {
		b = appendEnd(b, names.Name)
	}
	return b
}

// appendText writes a scalar as XML text.
func appendText(b []byte, n *node, v reflect.Value) []byte {
	switch n.kind {
	case kindPointer:
		return appendText(b, n.elem, v.Elem())
	case kindString:
		return appendEscaped(b, v.String())
	case kindBool:
		return strconv.AppendBool(b, v.Bool())
	case kindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case kindUint:
		return strconv.AppendUint(b, v.Uint(), 10)
	case kindFloat:
		f := appendFloat(nil, v.Float(), n.typ.Bits())
		return append(b, strings.Trim(string(f), `"`)...)
	case kindBlob:
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	case kindTime:
		f := n.time
		if f == 0 {
			f = ISO8601
		}
		return appendTime(b, v.Interface().(time.Time), f)
	}
	return b
}

func appendElement(b []byte, name, text string) []byte {
	b = append(append(append(b, '<'), name...), '>')
	b = appendEscaped(b, text)
	return appendEnd(b, name)
}

func appendEnd(b []byte, name string) []byte {
	return append(append(append(b, "</"...), name...), '>')
}

func appendAttr(b []byte, name, value string) []byte {
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

// sorted ranges over a map in the order of its keys.
func sorted(m map[string]string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
