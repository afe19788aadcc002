package input

import (
	"bytes"
	"iter"

	"github.com/go-json-experiment/json/jsontext"
)

func decoder(v jsontext.Value) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewReader(v), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// member is a member of an object, the last of its name, or nil.
func member(v jsontext.Value, name string) jsontext.Value {
	var out jsontext.Value
	for key, value := range members(v) {
		if key == name {
			out = append(out[:0], value...)
		}
	}
	return out
}

// members yields the members of an object; none of anything else. A value is
// valid until the next one is yielded.
func members(v jsontext.Value) iter.Seq2[string, jsontext.Value] {
	return func(yield func(string, jsontext.Value) bool) {
		d := decoder(v)
		if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
			return
		}
		for d.PeekKind() == '"' {
			name, err := d.ReadToken()
			if err != nil {
				return
			}
			key := name.String()
			value, err := d.ReadValue()
			if err != nil || !yield(key, value) {
				return
			}
		}
	}
}

// items yields the items of a list, as members does.
func items(v jsontext.Value) iter.Seq2[int, jsontext.Value] {
	return func(yield func(int, jsontext.Value) bool) {
		d := decoder(v)
		if t, err := d.ReadToken(); err != nil || t.Kind() != '[' {
			return
		}
		for i := 0; d.PeekKind() != ']'; i++ {
			value, err := d.ReadValue()
			if err != nil || !yield(i, value) {
				return
			}
		}
	}
}
