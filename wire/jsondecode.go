package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// jsonDecoder reads a JSON document into values of a codec's types. Unknown members
// are ignored, null is absent, the last of two equal names counts.
type jsonDecoder struct {
	jsonScanner
}

// decodeJSON reads doc into v, which must be settable. An empty document is an
// empty object, as AWS takes it.
func (c *codec) decodeJSON(doc []byte, v reflect.Value) error {
	n, err := c.plan(v.Type())
	if err != nil {
		return err
	}
	return decodeJSONNode(n, doc, v)
}

func decodeJSONNode(n *node, doc []byte, v reflect.Value) error {
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

func (d *jsonDecoder) value(n *node, v reflect.Value) error {
	c := d.peek()
	if c == 'n' {
		return d.literal("null")
	}
	switch n.kind {
	case kindPointer:
		p := reflect.New(n.elem.typ)
		if err := d.value(n.elem, p.Elem()); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case kindStruct:
		return d.object(n, v, c)
	case kindList:
		return d.list(n, v, c)
	case kindMap:
		return d.mapping(n, v, c)
	case kindUnion:
		if c != '{' {
			return d.mismatch(n, c)
		}
		return n.union.codec.decode(d, n.union, v)
	}
	return d.scalar(n, v, c)
}

func (d *jsonDecoder) object(n *node, v reflect.Value, c byte) error {
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
			f := &n.fields[m]
			err = d.value(f.node, v.Field(f.index))
		}
		if err != nil {
			return err
		}
	}
}

func (d *jsonDecoder) list(n *node, v reflect.Value, c byte) error {
	if c != '[' {
		return d.mismatch(n, c)
	}
	if n.elem.kind == kindUnion {
		return n.elem.union.codec.decodeList(d, n.elem.union, v)
	}
	if err := d.open('['); err != nil {
		return err
	}
	v.Set(reflect.MakeSlice(n.typ, 0, 0))
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
		if err := d.value(n.elem, v.Index(i)); err != nil {
			return err
		}
	}
}

func (d *jsonDecoder) mapping(n *node, v reflect.Value, c byte) error {
	if c != '{' {
		return d.mismatch(n, c)
	}
	if n.elem.kind == kindUnion {
		return n.elem.union.codec.decodeMap(d, n.elem.union, v)
	}
	if err := d.open('{'); err != nil {
		return err
	}
	m := reflect.MakeMap(n.typ)
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
		item := reflect.New(n.elem.typ).Elem()
		if err := d.value(n.elem, item); err != nil {
			return err
		}
		m.SetMapIndex(reflect.ValueOf(d.keep(key)).Convert(n.typ.Key()), item)
	}
}

func (d *jsonDecoder) scalar(n *node, v reflect.Value, c byte) error {
	switch {
	case n.kind == kindTime:
		return d.time(n, v, c)
	case n.kind == kindFloat && c == '"':
		return d.floatText(n, v)
	case n.kind == kindString && c == '"':
		s, err := d.str()
		if err == nil {
			v.SetString(s)
		}
		return err
	case n.kind == kindBool && c == 't':
		v.SetBool(true)
		return d.literal("true")
	case n.kind == kindBool && c == 'f':
		v.SetBool(false)
		return d.literal("false")
	case n.kind == kindBlob && c == '"':
		return d.blob(v)
	case isNumber(c) && (n.kind == kindInt || n.kind == kindUint || n.kind == kindFloat):
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

// decodeBase64 reads the standard alphabet, with padding or without.
func decodeBase64(s string) ([]byte, error) {
	b := make([]byte, base64.StdEncoding.DecodedLen(len(s)))
	n, err := base64.StdEncoding.Decode(b, []byte(s))
	if err != nil {
		return base64.RawStdEncoding.DecodeString(s)
	}
	return b[:n], nil
}

// time reads epoch seconds, or a date in either of the text forms.
func (d *jsonDecoder) time(n *node, v reflect.Value, c byte) error {
	switch {
	case isNumber(c):
		s, err := d.number()
		if err != nil {
			return err
		}
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.Abs(f) > 1e15 {
			return &Error{Code: errSyntax.Code, Message: "invalid timestamp " + s}
		}
		t := time.UnixMilli(int64(math.Round(f * 1000)))
		if n.time == EpochMS {
			t = time.UnixMilli(int64(f))
		}
		v.Set(reflect.ValueOf(t.UTC()))
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
func (d *jsonDecoder) floatText(n *node, v reflect.Value) error {
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

// setNumber puts a number's text in v; a fraction is cut off from an integer, as
// AWS does.
func setNumber(n *node, v reflect.Value, s string) error {
	switch n.kind {
	case kindFloat:
		f, err := strconv.ParseFloat(s, v.Type().Bits())
		if err != nil {
			return cannot("NUMBER_VALUE", n)
		}
		v.SetFloat(f)
	case kindUint:
		u, err := strconv.ParseUint(s, 10, v.Type().Bits())
		if err != nil {
			return cannot("NUMBER_VALUE", n)
		}
		v.SetUint(u)
	default:
		i, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			f, ferr := strconv.ParseFloat(s, 64)
			if ferr != nil || math.Abs(f) >= 1<<63 {
				return cannot("NUMBER_VALUE", n)
			}
			i = int64(f)
		}
		if v.OverflowInt(i) {
			return cannot("NUMBER_VALUE", n)
		}
		v.SetInt(i)
	}
	return nil
}

// mismatch is the error for a value that begins with c where n is due. The texts
// are those of AWS's framework, as clients report them, for example in
// https://github.com/async-aws/aws/issues/1667.
func (d *jsonDecoder) mismatch(n *node, c byte) error {
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

func serialization(text string) error {
	return &Error{Code: errSyntax.Code, Message: text}
}

func cannot(token string, n *node) error {
	switch n.kind {
	case kindList:
		return serialization("Expected list or null")
	case kindStruct, kindMap, kindUnion:
		return serialization("Expected map or null")
	}
	return serialization(token + " can not be converted to " + awsType(n))
}

// awsType is a type as AWS's texts name it, with its article.
func awsType(n *node) string {
	switch n.kind {
	case kindString:
		return "a String"
	case kindBool:
		return "a Boolean"
	case kindBlob:
		return "a Blob"
	case kindTime:
		return "a Timestamp"
	case kindFloat:
		if n.typ.Bits() == 32 {
			return "a Float"
		}
		return "a Double"
	}
	if n.typ.Bits() == 64 {
		return "a Long"
	}
	return "an Integer"
}
