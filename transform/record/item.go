package record

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform"
)

// An ItemError is why a record cannot be an item of a DynamoDB table.
type ItemError struct {
	Path   string // of the value in the record, as a JSON pointer
	Reason string
}

func (e *ItemError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Path + ": " + e.Reason
}

// What an item may be (DynamoDB Developer Guide, page ServiceQuotas). Numbers are
// those of [transform.Decimal].
const (
	maxItemSize  = 400 << 10 // bytes as the itemizer counts them
	maxItemDepth = 32        // of values within values, an attribute's own being at 1
)

// AppendItem appends a record as DynamoDB JSON: {"Item":{"id":{"S":"1"}}}. JSON
// text in, JSON text out; the order of keys stays. Sets and binary values, which
// JSON does not have, are never made. The error is an *ItemError, and then b is
// as it was.
func AppendItem(b, json []byte) ([]byte, error) {
	if !jsontext.Value(json).IsValid() {
		return b, &ItemError{Reason: "not a JSON value, in UTF-8 and with each key once"}
	}
	i := itemizer{scanner: scanner{text: string(json)}, b: append(b, `{"Item":`...)}
	if i.next() != '{' {
		return b, &ItemError{Reason: "an item is an object"}
	}
	n, err := i.object(1)
	switch {
	case err != nil:
		return b, err
	case n == 0:
		return b, &ItemError{Reason: "an object without keys; an item has at least its primary key"}
	case i.size > maxItemSize:
		return b, &ItemError{Reason: fmt.Sprintf("%d bytes as DynamoDB counts them; an item has at most %d", i.size, maxItemSize)}
	}
	return append(i.b, '}'), nil
}

// An itemizer writes values with their types.
type itemizer struct {
	scanner
	b    []byte
	size int // of what was written, as an item (Developer Guide, CapacityUnitCalculations)
}

// Bytes that a list or map counts, and each of its elements.
const (
	collectionSize = 3
	elementSize    = 1
)

func (i *itemizer) value(level int) error {
	c := i.next()
	if level > maxItemDepth {
		return &ItemError{Reason: fmt.Sprintf("values within values at more than %d levels", maxItemDepth)}
	}
	switch c {
	case '"':
		raw, escaped := i.quoted()
		i.size += stringSize(raw, escaped)
		i.write(`{"S":`, raw, `}`)
	case 'n':
		i.plain()
		i.size++
		i.write(`{"NULL":true}`)
	case 't', 'f':
		i.size++
		i.write(`{"BOOL":`, i.plain(), `}`)
	case '[':
		return i.collection(`{"L":`, i.array, level)
	case '{':
		return i.collection(`{"M":`, i.object, level)
	default:
		return i.number()
	}
	return nil
}

func (i *itemizer) write(parts ...string) {
	for _, s := range parts {
		i.b = append(i.b, s...)
	}
}

func (i *itemizer) collection(begin string, elements func(int) (int, error), level int) error {
	i.write(begin)
	n, err := elements(level + 1)
	i.size += collectionSize + n*elementSize
	i.write(`}`)
	return err
}

// array writes an array's elements, of a level, and tells how many there are.
func (i *itemizer) array(level int) (n int, err error) {
	i.write(`[`)
	for i.at++; i.next() != ']'; n++ {
		if n > 0 {
			i.write(`,`)
		}
		if err := i.value(level); err != nil {
			return n, within(strconv.Itoa(n), err)
		}
	}
	i.at++
	i.write(`]`)
	return n, nil
}

// object writes an object's keys and values, of a level, and tells how many there
// are.
func (i *itemizer) object(level int) (n int, err error) {
	i.write(`{`)
	for i.at++; i.next() != '}'; n++ {
		if n > 0 {
			i.write(`,`)
		}
		key, escaped := i.quoted()
		if key == `""` {
			return n, &ItemError{Reason: "a key that is empty; an attribute has a name"}
		}
		i.size += stringSize(key, escaped)
		i.write(key, `:`)
		if err := i.value(level); err != nil {
			return n, within(unquote(key), err)
		}
	}
	i.at++
	i.write(`}`)
	return n, nil
}

func (i *itemizer) number() error {
	n, err := transform.Decimal(i.plain())
	if err != nil {
		return &ItemError{Reason: err.Error()}
	}
	i.size += numberSize(n)
	i.write(`{"N":"`, n, `"}`)
	return nil
}

// within puts the key of a value before the path of what is wrong in it.
func within(key string, err error) error {
	var e *ItemError
	if errors.As(err, &e) {
		e.Path = string(jsontext.Pointer("").AppendToken(key)) + e.Path
	}
	return err
}

func unquote(raw string) string {
	s, _ := jsontext.AppendUnquote(nil, raw)
	return string(s)
}

// stringSize is the bytes of a string in UTF-8.
func stringSize(raw string, escaped bool) int {
	if escaped {
		return len(unquote(raw))
	}
	return len(raw) - len(`""`)
}

// numberSize is a byte for every two significant digits, one more, and one for a
// minus sign; the guide calls that approximate.
func numberSize(n string) int {
	mantissa, _, _ := strings.Cut(strings.ToLower(n), "e")
	digits := strings.Trim(strings.Replace(strings.TrimPrefix(mantissa, "-"), ".", "", 1), "0")
	size := 1 + (len(digits)+1)/2
	if n[0] == '-' {
		size++
	}
	return size
}
