package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// encodeJSON appends v to b. Absent members (nil, and the empty strings that stand
// for absent enums) are left out; maps are written in the order of their keys, so
// that equal answers are equal text.
func (c *codec) encodeJSON(b []byte, v reflect.Value) ([]byte, error) {
	n, err := c.plan(v.Type())
	if err != nil {
		return b, err
	}
	return n.appendJSON(b, v), nil
}

func (n *node) appendJSON(b []byte, v reflect.Value) []byte {
	switch n.kind {
	case kindPointer:
		if v.IsNil() {
			return append(b, "null"...)
		}
		return n.elem.appendJSON(b, v.Elem())
	case kindStruct:
		return n.appendMembers(append(b, '{'), v, '}')
	case kindList:
		return n.appendList(b, v)
	case kindMap:
		return n.appendMap(b, v)
	case kindUnion:
		return n.union.codec.encode(b, n.union, v)
	case kindString:
		return appendQuoted(b, v.String())
	case kindBool:
		return strconv.AppendBool(b, v.Bool())
	case kindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case kindUint:
		return strconv.AppendUint(b, v.Uint(), 10)
	case kindFloat:
		return appendFloat(b, v.Float(), n.typ.Bits())
	case kindBlob:
		b = append(b, '"')
		b = base64.StdEncoding.AppendEncode(b, v.Bytes())
		return append(b, '"')
	case kindTime:
		return n.appendTime(b, v.Interface().(time.Time))
	}
	return append(b, "null"...)
}

// appendMembers writes the members of a struct and the byte that ends them.
func (n *node) appendMembers(b []byte, v reflect.Value, end byte) []byte {
	first := b[len(b)-1] == '{'
	for i := range n.fields {
		f := &n.fields[i]
		m := v.Field(f.index)
		if absent(f.node, m) {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(b, f.quoted...)
		b = f.node.appendJSON(b, m)
	}
	return append(b, end)
}

// absent reports whether a member is not there: nil, or an enum without a value.
// Zero numbers and booleans are there.
func absent(n *node, v reflect.Value) bool {
	switch n.kind {
	case kindPointer, kindList, kindMap, kindUnion, kindBlob:
		return v.IsNil()
	case kindString:
		return v.Len() == 0
	case kindTime:
		return v.IsZero()
	case kindStream:
		return true
	}
	return false
}

func (n *node) appendList(b []byte, v reflect.Value) []byte {
	b = append(b, '[')
	for i := range v.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		b = n.elem.appendJSON(b, v.Index(i))
	}
	return append(b, ']')
}

func (n *node) appendMap(b []byte, v reflect.Value) []byte {
	if n.elem.kind == kindUnion {
		return n.elem.union.codec.encodeMap(b, n.elem.union, v)
	}
	b = append(b, '{')
	for i, k := range sortedKeys(v) {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendQuoted(b, k.String()), ':')
		b = n.elem.appendJSON(b, v.MapIndex(k))
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

func (n *node) appendTime(b []byte, t time.Time) []byte {
	switch n.time {
	case 0, Epoch:
		return appendEpoch(b, t.UnixMilli())
	case EpochMS:
		return appendTime(b, t, EpochMS)
	}
	return append(appendTime(append(b, '"'), t, n.time), '"')
}

// appendQuoted writes a JSON string. What is not UTF-8 becomes U+FFFD.
func appendQuoted(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

func appendFloat(b []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, `"NaN"`...)
	case math.IsInf(f, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(f, -1):
		return append(b, `"-Infinity"`...)
	}
	return strconv.AppendFloat(b, f, 'g', -1, bits)
}
