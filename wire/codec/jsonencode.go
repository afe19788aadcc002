package codec

import (
	"encoding/base64"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends v to b. Absent members (nil, and the empty strings that stand
// for absent enums) are left out; maps are written in the order of their keys, so
// that equal answers are equal text.
func (n *Node) AppendJSON(b []byte, v reflect.Value) []byte {
	switch n.Kind {
	case KindPointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return n.Elem.AppendJSON(b, v.Elem())
	case KindStruct:
		return n.AppendMembers(append(b, '{'), v, '}')
	case KindList:
		return n.appendList(b, v)
	case KindMap:
		return n.appendMap(b, v)
	case KindUnion:
		return n.union.codec.encode(b, n.union, v)
	case KindString:
		return AppendQuoted(b, v.String())
	case KindBool:
		return strconv.AppendBool(b, v.Bool())
	case KindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case KindUint:
		return strconv.AppendUint(b, v.Uint(), 10)
	case KindFloat:
		return appendFloat(b, v.Float(), n.Type.Bits())
	case KindBlob:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"')
	case KindTime:
		return n.appendTime(b, v.Interface().(time.Time))
	}
	return append(b, "null"...)
}

// AppendMembers writes the members of a struct and the byte that ends them.
func (n *Node) AppendMembers(b []byte, v reflect.Value, end byte) []byte {
	first := b[len(b)-1] == '{'
	for i := range n.Fields {
		f := &n.Fields[i]
		m := v.Field(f.Index)
		if f.Absent(m) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, f.quoted...)
		b = f.AppendJSON(b, m)
	}
	return append(b, end)
}

func (n *Node) appendList(b []byte, v reflect.Value) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = n.Elem.AppendJSON(b, v.Index(i))
	}
	return append(b, ']')
}

func (n *Node) appendMap(b []byte, v reflect.Value) []byte {
	if n.Elem.Kind == KindUnion {
		return n.Elem.union.codec.encodeMap(b, n.Elem.union, v)
	}
	b = append(b, '{')
	for i, k := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendQuoted(b, k.String()), ':')
		b = n.Elem.AppendJSON(b, v.MapIndex(k))
	}
	return append(b, '}')
}

func sortedKeys(m reflect.Value) []reflect.Value {
	keys := m.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		switch x, y := a.String(), b.String(); {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	return keys
}

func (n *Node) appendTime(b []byte, t time.Time) []byte {
	switch n.time {
	case 0, Epoch:
		return appendEpoch(b, t.UnixMilli())
	case EpochMS:
		return appendTime(b, t, EpochMS)
	}
	return append(appendTime(append(b, '"'), t, n.time), '"')
}

// AppendQuoted writes a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}
