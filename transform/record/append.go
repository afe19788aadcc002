package record

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// AppendJSON appends a plain value as JSON, keys sorted. As jq has it, NaN is
// null, an infinity the largest float, and nothing is escaped that need not be.
// It panics for a value that is not plain.
func AppendJSON(b []byte, v any) []byte {
	var few [32]string
	a := appender{b: b, keys: few[:0]}
	a.value(v)
	return a.b
}

type appender struct {
	b    []byte
	keys []string // of the objects that are being written, innermost last
}

func (a *appender) value(v any) {
	switch v := v.(type) {
	case nil:
		a.b = append(a.b, "null"...)
	case bool:
		a.b = strconv.AppendBool(a.b, v)
	case string:
		a.b = appendString(a.b, v)
	case json.Number:
		a.b = append(a.b, v...)
	case int:
		a.b = strconv.AppendInt(a.b, int64(v), 10)
	case float64:
		a.b = appendFloat(a.b, v)
	case *big.Int:
		a.b = v.Append(a.b, 10)
	case []any:
		a.array(v)
	case map[string]any:
		a.object(v)
	default:
		panic(fmt.Sprintf("record: a %T is not a plain value", v))
	}
}

func (a *appender) array(list []any) {
	a.b = append(a.b, '[')
	for i, v := range list {
		if i > 0 {
			a.b = append(a.b, ',')
		}
		a.value(v)
	}
	a.b = append(a.b, ']')
}

func (a *appender) object(m map[string]any) {
	outer := len(a.keys)
	for key := range m {
		a.keys = append(a.keys, key)
	}
	keys := a.keys[outer:]
	slices.Sort(keys)
	a.b = append(a.b, '{')
	for i, key := range keys {
		if i > 0 {
			a.b = append(a.b, ',')
		}
		a.b = append(appendString(a.b, key), ':')
		a.value(m[key])
	}
	a.b = append(a.b, '}')
	a.keys = a.keys[:outer]
}

// appendString writes U+FFFD for what is not UTF-8, which is all that the error
// would say.
func appendString(b []byte, s string) []byte {
	b, _ = jsontext.AppendQuote(b, s)
	return b
}

// appendFloat writes a float as ECMAScript does, and so jq: without an exponent
// from 1e-6 to 1e21.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) {
		return append(b, "null"...)
	}
	f = min(max(f, -math.MaxFloat64), math.MaxFloat64)
	if size := math.Abs(f); size == 0 || size >= 1e-6 && size < 1e21 {
		return strconv.AppendFloat(b, f, 'f', -1, 64)
	}
	b = strconv.AppendFloat(b, f, 'e', -1, 64)
	if n := len(b); b[n-2] == '0' && b[n-3] == '-' { // e-07 is written e-7
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}
