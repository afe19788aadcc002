package codec

import (
	"encoding/binary"
	"math"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"
)

// AppendCBOR appends v to b, less the members that are absent, as AppendJSON does.
func (n *Node) AppendCBOR(b []byte, v reflect.Value) []byte {
	switch n.Kind {
	case KindPointer:
		if v.IsNil() {
			return appendSimple(b, cborNull)
		}
		return n.Elem.AppendCBOR(b, v.Elem())
	case KindStruct:
		b = append(b, cborMap<<5|cborIndefinite)
		return append(n.AppendCBORMembers(b, v), cborBreak)
	case KindList:
		b = appendHead(b, cborArray, uint64(v.Len()))
		for i := range v.Len() {
			b = n.Elem.AppendCBOR(b, v.Index(i))
		}
		return b
	case KindMap:
		b = appendHead(b, cborMap, uint64(v.Len()))
		for _, k := range sortedKeys(v) {
			b = AppendCBORText(b, k.String())
			b = n.Elem.AppendCBOR(b, v.MapIndex(k))
		}
		return b
	case KindUnion:
		return n.union.appendCBOR(b, v)
	}
	return n.appendScalarCBOR(b, v)
}

func (n *Node) appendScalarCBOR(b []byte, v reflect.Value) []byte {
	switch n.Kind {
	case KindString:
		return AppendCBORText(b, v.String())
	case KindBool:
		if v.Bool() {
			return appendSimple(b, cborTrue)
		}
		return appendSimple(b, cborFalse)
	case KindInt:
		return appendInteger(b, v.Int())
	case KindUint:
		return appendHead(b, cborUint, v.Uint())
	case KindFloat:
		if n.Type.Bits() == 32 {
			return binary.BigEndian.AppendUint32(appendSimple(b, cborSingle), math.Float32bits(float32(v.Float())))
		}
		return appendDouble(b, v.Float())
	case KindBlob:
		return append(appendHead(b, cborBytes, uint64(v.Len())), v.Bytes()...)
	case KindTime:
		return appendTimeCBOR(b, v.Interface().(time.Time))
	}
	return appendSimple(b, cborNull)
}

// AppendCBORMembers appends the members of a struct without what encloses them.
func (n *Node) AppendCBORMembers(b []byte, v reflect.Value) []byte {
	for i := range n.Fields {
		f := &n.Fields[i]
		if m := v.Field(f.Index); !f.Absent(m) {
			b = AppendCBORText(b, f.json)
			b = f.AppendCBOR(b, m)
		}
	}
	return b
}

// AppendCBORText appends a string. What is not UTF-8 becomes U+FFFD.
func AppendCBORText(b []byte, s string) []byte {
	if !utf8.ValidString(s) {
		s = strings.ToValidUTF8(s, "\uFFFD")
	}
	return append(appendHead(b, cborText, uint64(len(s))), s...)
}

func (u *unionPlan) appendCBOR(b []byte, v reflect.Value) []byte {
	m, value := u.memberOf(v)
	if m == nil {
		return appendSimple(b, cborNull)
	}
	b = AppendCBORText(appendHead(b, cborMap, 1), m.name)
	return m.node.AppendCBOR(b, value)
}

// appendHead appends what an item begins with, as short as it can be.
func appendHead(b []byte, major byte, arg uint64) []byte {
	major <<= 5
	switch {
	case arg < cborOneByte:
		return append(b, major|byte(arg))
	case arg <= math.MaxUint8:
		return append(b, major|cborOneByte, byte(arg))
	case arg <= math.MaxUint16:
		return binary.BigEndian.AppendUint16(append(b, major|cborTwoBytes), uint16(arg))
	case arg <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(b, major|cborFourBytes), uint32(arg))
	}
	return binary.BigEndian.AppendUint64(append(b, major|cborEightBytes), arg)
}

func appendSimple(b []byte, info byte) []byte { return append(b, cborSimple<<5|info) }

func appendInteger(b []byte, i int64) []byte {
	if i < 0 {
		return appendHead(b, cborNegative, uint64(-1-i))
	}
	return appendHead(b, cborUint, uint64(i))
}

func appendDouble(b []byte, f float64) []byte {
	return binary.BigEndian.AppendUint64(appendSimple(b, cborDouble), math.Float64bits(f))
}

// appendTimeCBOR appends seconds since 1970, with milliseconds if there are any.
func appendTimeCBOR(b []byte, t time.Time) []byte {
	b = appendHead(b, cborTag, 1)
	ms := t.UnixMilli()
	if ms%1000 == 0 {
		return appendInteger(b, ms/1000)
	}
	return appendDouble(b, float64(ms)/1000)
}
