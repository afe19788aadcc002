package codec

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"unicode/utf8"
)

// jsonDecoder reads a JSON document into values of a codec's types. Unknown members
// are ignored, null is absent, the last of two equal names counts.
type jsonDecoder struct {
	jsonScanner
}

// DecodeJSON reads doc into v, which must be settable. An empty document is an
// empty object, as AWS takes it.
func (n *Node) DecodeJSON(doc []byte, v reflect.Value) error {
	if len(doc) == 0 {
		return nil
	}
	if !utf8.Valid(doc) {
		return &Error{Code: errSyntax.Code, Message: errSyntax.Message + ": invalid UTF-8"}
	}
	d := jsonDecoder{newJSONScanner(string(doc))}
	if err := d.value(n, v); err != nil {
		return err
	}
	if d.peek() != 0 || d.i < len(d.s) {
		return d.syntax("text after the document")
	}
	return nil
}

func (d *jsonDecoder) value(n *Node, v reflect.Value) error {
	c := d.peek()
	if c == 'n' {
		return d.literal("null")
	}
	switch n.Kind {
	case KindPointer:
		p := reflect.New(n.Elem.Type)
		if err := d.value(n.Elem, p.Elem()); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case KindStruct:
		return d.object(n, v, c)
	case KindList:
		return d.list(n, v, c)
	case KindMap:
		return d.mapping(n, v, c)
	case KindUnion:
		if c != '{' {
			return d.mismatch(n, c)
		}
		return n.union.codec.decode(d, n.union, v)
	}
	return d.scalar(n, v, c)
}

func (d *jsonDecoder) object(n *Node, v reflect.Value, c byte) error {
	if c != '{' {
		return d.mismatch(n, c)
	}
	if err := d.open('{'); err != nil {
		return err
	}
	for i := 0; ; i++ {
		more, err := d.more(i, '}')
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

func (d *jsonDecoder) list(n *Node, v reflect.Value, c byte) error {
	if c != '[' {
		return d.mismatch(n, c)
	}
	if n.Elem.Kind == KindUnion {
		return n.Elem.union.codec.decodeList(d, n.Elem.union, v)
	}
	if err := d.open('['); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(n.Type, 0, 0))
	for i := 0; ; i++ {
		more, err := d.more(i, ']')
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

func (d *jsonDecoder) mapping(n *Node, v reflect.Value, c byte) error {
	if c != '{' {
		return d.mismatch(n, c)
	}
	if n.Elem.Kind == KindUnion {
		return n.Elem.union.codec.decodeMap(d, n.Elem.union, v)
	}
	if err := d.open('{'); err != nil {
		return err
	}
	m := reflect.MakeMap(n.Type)
	v.Set(m)
	for i := 0; ; i++ {
		more, err := d.more(i, '}')
		if err != nil || !more {
			return err
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

func (d *jsonDecoder) scalar(n *Node, v reflect.Value, c byte) error {
	switch {
	case n.Kind == KindTime:
		return d.time(n, v, c)
	case n.Kind == KindFloat && c == '"':
		return d.floatText(n, v)
	case n.Kind == KindString && c == '"':
		s, err := d.str()
		if err == nil {
			v.SetString(s)
		}
		return err
	case n.Kind == KindBool && c == 't':
		v.SetBool(true)
		return d.literal("true")
	case n.Kind == KindBool && c == 'f':
		v.SetBool(false)
		return d.literal("false")
	case n.Kind == KindBlob && c == '"':
		return d.blob(v)
	case isNumber(c) && (n.Kind == KindInt || n.Kind == KindUint || n.Kind == KindFloat):
		s, err := d.number()
		if err != nil {
			return err
		}
		return setNumber(n, v, s)
	}
	return d.mismatch(n, c)
}

func isNumber(c byte) bool { return c == '-' || '0' <= c && c <= '9' }

func (d *jsonDecoder) blob(v reflect.Value) error {
	s, err := d.str()
	if err != nil {
		return err
	}
	b, err := decodeBase64(s)
	if err != nil {
		return &Error{Code: errSyntax.Code, Message: "Invalid base64 in a blob"}
	}
	v.SetBytes(b)
	return nil
}

// time reads epoch seconds, or a date in either of the text forms.
func (d *jsonDecoder) time(n *Node, v reflect.Value, c byte) error {
	switch {
	case isNumber(c):
		s, err := d.number()
		if err != nil {
			return err
		}
		f, err := strconv.ParseFloat(s, 64)
		if n.time == EpochMS {
			f /= 1000
		}
		t, ok := epoch(f)
		if err != nil || !ok {
			return &Error{Code: errSyntax.Code, Message: "invalid timestamp " + s}
		}
		v.Set(reflect.ValueOf(t))
		return nil
	case c == '"':
		s, err := d.str()
		if err != nil {
			return err
		}
		t, err := parseTime(s)
		if err != nil {
			return &Error{Code: errSyntax.Code, Message: err.Error()}
		}
		v.Set(reflect.ValueOf(t))
		return nil
	}
	return d.mismatch(n, c)
}

// floatText reads the floats that JSON has no number for.
func (d *jsonDecoder) floatText(n *Node, v reflect.Value) error {
	s, err := d.str()
	if err != nil {
		return err
	}
	switch s {
	case "NaN":
		v.SetFloat(math.NaN())
	case "Infinity":
		v.SetFloat(math.Inf(1))
	case "-Infinity":
		v.SetFloat(math.Inf(-1))
	default:
		return cannot("STRING_VALUE", n)
	}
	return nil
}

// mismatch is the error for a value that begins with c where n is due. The texts
// are those of AWS's framework, as clients report them, for example in
// https://github.com/async-aws/aws/issues/1667.
func (d *jsonDecoder) mismatch(n *Node, c byte) error {
	switch {
	case c == '{':
		return serialization("Start of structure or map found where not expected.")
	case c == '[':
		return serialization("Start of list found where not expected")
	case c == '"':
		return cannot("STRING_VALUE", n)
	case c == 't' && strings.HasPrefix(d.s[d.i:], "true"):
		return cannot("TRUE_VALUE", n)
	case c == 'f' && strings.HasPrefix(d.s[d.i:], "false"):
		return cannot("FALSE_VALUE", n)
	case isNumber(c):
		return cannot("NUMBER_VALUE", n)
	case c == 0:
		return d.syntax("unexpected end")
	}
	return d.syntax("unexpected character")
}
