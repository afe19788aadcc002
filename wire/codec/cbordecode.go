package codec

import (
	"math"
	"reflect"
	"unicode/utf8"
)

// cborDecoder reads a CBOR document into values of a codec's types, by the rules of
// rpcv2Cbor (https://smithy.io/2.0/additional-specs/protocols/smithy-rpc-v2.html).
// Unknown members are ignored, null and undefined are absent, the last of two equal
// names counts.
type cborDecoder struct {
	cborScanner
	structs int // decoded so far
}

// DecodeCBOR reads doc into v, which must be settable. An empty document is an empty
// structure.
func (n *Node) DecodeCBOR(doc []byte, v reflect.Value) error {
	if len(doc) == 0 {
		return nil
	}
	d := cborDecoder{cborScanner: cborScanner{s: string(doc), share: len(doc) <= shareLimit}}
	if err := d.value(n, v); err != nil {
		return err
	}
	if d.i < len(d.s) {
		return d.syntax("bytes after the document")
	}
	return nil
}

func (d *cborDecoder) value(n *Node, v reflect.Value) error {
	h, err := d.head()
	if err != nil || h.absent() {
		return err
	}
	return d.item(n, h, v)
}

// item reads the item that h began.
func (d *cborDecoder) item(n *Node, h cborHead, v reflect.Value) error {
	switch n.Kind {
	case KindPointer:
		p := reflect.New(n.Elem.Type)
		if err := d.item(n.Elem, h, p.Elem()); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case KindStruct:
		return d.object(n, h, v)
	case KindList:
		return d.list(n, h, v)
	case KindMap:
		return d.mapping(n, h, v)
	case KindUnion:
		return d.union(n, h, v)
	}
	return d.scalar(n, h, v)
}

// enter enters a map. The structures of a document are counted, as one takes a byte
// of it and some hundred of memory.
func (d *cborDecoder) enter(n *Node, h cborHead) error {
	if h.major != cborMap {
		return d.mismatch(n, h)
	}
	if d.structs++; d.structs > maxItems {
		return d.syntax("too many structures")
	}
	return d.open(h)
}

// key reads a member's name, which may share the document.
func (d *cborDecoder) key() (string, error) {
	h, err := d.head()
	if err != nil {
		return "", err
	}
	if h.major != cborText {
		return "", d.syntax("expected a member name")
	}
	return d.text(h)
}

func (d *cborDecoder) text(h cborHead) (string, error) {
	s, err := d.content(h)
	if err == nil && !utf8.ValidString(s) {
		err = d.syntax("invalid UTF-8")
	}
	return s, err
}

func (d *cborDecoder) object(n *Node, h cborHead, v reflect.Value) error {
	if err := d.enter(n, h); err != nil {
		return err
	}
	for {
		more, err := d.more(&h)
		if err != nil || !more {
			return err
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		m, ok := n.member[key]
		if !ok {
			err = d.skip()
		} else {
			f := &n.Fields[m]
			err = d.value(f.Node, v.Field(f.Index))
		}
		if err != nil {
			return err
		}
	}
}

func (d *cborDecoder) list(n *Node, h cborHead, v reflect.Value) error {
	if h.major != cborArray {
		return d.mismatch(n, h)
	}
	if err := d.open(h); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(n.Type, 0, 0))
	for i := 0; ; i++ {
		more, err := d.more(&h)
		if err != nil || !more {
			return err
		}
		if i == maxItems {
			return d.syntax("too many items")
		}
		if i >= v.Cap() {
			v.Grow(max(4, i))
		}
		v.SetLen(i + 1)
		if err := d.value(n.Elem, v.Index(i)); err != nil {
			return err
		}
	}
}

func (d *cborDecoder) mapping(n *Node, h cborHead, v reflect.Value) error {
	if err := d.enter(n, h); err != nil {
		return err
	}
	m := reflect.MakeMap(n.Type)
	v.Set(m)
	for i := 0; ; i++ {
		more, err := d.more(&h)
		if err != nil || !more {
			return err
		}
		if i == maxItems {
			return d.syntax("too many items")
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		item := reflect.New(n.Elem.Type).Elem()
		if err := d.value(n.Elem, item); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(d.keep(key)).Convert(n.Type.Key()), item)
	}
}

// union reads a map with one member. Without any the union is nil.
func (d *cborDecoder) union(n *Node, h cborHead, v reflect.Value) error {
	if err := d.enter(n, h); err != nil {
		return err
	}
	for got := 0; ; {
		more, err := d.more(&h)
		if err != nil || !more {
			return err
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		start := d.i
		value, err := d.head()
		if err != nil {
			return err
		}
		if value.absent() {
			continue
		}
		d.i = start
		got++
		if err := d.member(n.union, key, got, v); err != nil {
			return err
		}
	}
}

// member reads the member that is the got-th of a union.
func (d *cborDecoder) member(u *unionPlan, key string, got int, v reflect.Value) error {
	i, ok := u.byName[key]
	if !ok || got > 1 {
		if got > 1 {
			key = ""
		}
		p, err := u.strange(d.keep(key))
		if err != nil {
			return err
		}
		v.Set(p)
		return d.skip()
	}
	p, value := u.members[i].value()
	v.Set(p)
	return d.value(u.members[i].node, value)
}

func (d *cborDecoder) scalar(n *Node, h cborHead, v reflect.Value) error {
	switch {
	case n.Kind == KindString && h.major == cborText:
		s, err := d.text(h)
		if err == nil {
			v.SetString(d.keep(s))
		}
		return err
	case n.Kind == KindBlob && h.major == cborBytes:
		s, err := d.content(h)
		if err == nil {
			v.SetBytes([]byte(s))
		}
		return err
	case n.Kind == KindBool && h.major == cborSimple && (h.info == cborTrue || h.info == cborFalse):
		v.SetBool(h.info == cborTrue)
		return nil
	case n.Kind == KindTime && h.major == cborTag && h.arg == 1:
		return d.time(n, v)
	case n.Kind == KindFloat:
		if f, ok := h.float(); ok && (math.IsInf(f, 0) || !v.OverflowFloat(f)) {
			v.SetFloat(f)
			return nil
		}
	case h.major == cborUint || h.major == cborNegative:
		if setInteger(n, h, v) {
			return nil
		}
	}
	return d.mismatch(n, h)
}

// setInteger reports whether the integer that h is fits in v.
func setInteger(n *Node, h cborHead, v reflect.Value) bool {
	switch {
	case n.Kind == KindUint && h.major == cborUint && !v.OverflowUint(h.arg):
		v.SetUint(h.arg)
		return true
	case n.Kind == KindInt && h.arg <= math.MaxInt64:
		i := int64(h.arg)
		if h.major == cborNegative {
			i = -1 - i
		}
		if !v.OverflowInt(i) {
			v.SetInt(i)
			return true
		}
	}
	return false
}

// time reads the seconds since 1970 after their tag, to the millisecond.
func (d *cborDecoder) time(n *Node, v reflect.Value) error {
	h, err := d.head()
	if err != nil {
		return err
	}
	f, ok := h.float()
	if !ok {
		return d.mismatch(n, h)
	}
	t, ok := epoch(f)
	if !ok {
		return serialization("invalid timestamp")
	}
	v.Set(reflect.ValueOf(t))
	return nil
}

// mismatch is the error for an item where n is due, worded as for JSON.
func (d *cborDecoder) mismatch(n *Node, h cborHead) error {
	switch h.major {
	case cborMap:
		return serialization("Start of structure or map found where not expected.")
	case cborArray:
		return serialization("Start of list found where not expected")
	case cborText:
		return cannot("STRING_VALUE", n)
	case cborBytes:
		return cannot("BLOB_VALUE", n)
	case cborTag:
		return cannot("TAG", n)
	}
	switch {
	case h.major == cborSimple && h.info == cborTrue:
		return cannot("TRUE_VALUE", n)
	case h.major == cborSimple && h.info == cborFalse:
		return cannot("FALSE_VALUE", n)
	}
	return cannot("NUMBER_VALUE", n)
}
