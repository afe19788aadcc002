package codec

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// SetText reads a value from a header, parameter, form or XML text.
func (n *Node) SetText(v reflect.Value, s string) error {
	switch n.Kind {
	case KindPointer:
		p := reflect.New(n.Elem.Type)
		if err := n.Elem.SetText(p.Elem(), s); err != nil {
			return err
		}
		v.Set(p)
	case KindString:
		v.SetString(s)
	case KindBool:
		b, err := strconv.ParseBool(strings.ToLower(s))
		if err != nil {
			return err
		}
		v.SetBool(b)
	case KindInt, KindUint:
		if _, err := strconv.ParseInt(s, 10, 64); err != nil {
			return err // "1.5" and "NaN" are no integers in text
		}
		return setNumber(n, v, s)
	case KindFloat:
		return setNumber(n, v, s)
	case KindBlob:
		b, err := decodeBase64(s)
		if err != nil {
			return err
		}
		v.SetBytes(b)
	case KindTime:
		t, err := parseTime(s)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(t))
	default:
		return cannot("", n)
	}
	return nil
}

// setNumber puts a number's text in v; a fraction is cut off from an integer, as
// AWS does.
func setNumber(n *Node, v reflect.Value, s string) error {
	switch n.Kind {
	case KindFloat:
		f, err := strconv.ParseFloat(s, v.Type().Bits())
		if err != nil {
			return cannot("NUMBER_VALUE", n)
		}
		v.SetFloat(f)
	case KindUint:
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

// appendText writes a scalar as XML text.
func appendText(b []byte, n *Node, v reflect.Value) []byte {
	switch n.Kind {
	case KindPointer:
		return appendText(b, n.Elem, v.Elem())
	case KindString:
		return appendEscaped(b, v.String())
	case KindBool:
		return strconv.AppendBool(b, v.Bool())
	case KindInt:
		return strconv.AppendInt(b, v.Int(), 10)
	case KindUint:
		return strconv.AppendUint(b, v.Uint(), 10)
	case KindFloat:
		f := appendFloat(nil, v.Float(), n.Type.Bits())
		return append(b, strings.Trim(string(f), `"`)...)
	case KindBlob:
		return base64.StdEncoding.AppendEncode(b, v.Bytes())
	case KindTime:
		f := n.time
		if f == 0 {
			f = ISO8601
		}
		return appendTime(b, v.Interface().(time.Time), f)
	}
	return b
}

// Text is a value as a header or an attribute has it.
func (n *Node) Text(v reflect.Value) string {
	switch n.Kind {
	case KindPointer:
		return n.Elem.Text(v.Elem())
	case KindTime:
		f := n.time
		if f == 0 {
			f = HTTPDate
		}
		return string(appendTime(nil, v.Interface().(time.Time), f))
	case KindList:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = n.Elem.Text(v.Index(i))
		}
		return strings.Join(parts, ",")
	case KindString:
		return v.String()
	}
	return string(appendText(nil, n, v))
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
