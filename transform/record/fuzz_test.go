package record

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// standard is what encoding/json makes of a text that is one value.
func standard(text []byte) (any, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	_, err := d.Token()
	return v, err == io.EOF
}

var seeds = []string{
	`{"a":{"b":[1,"x",null,{"c":[]}]}}`, `[1.5e-7,"\ud83d\ude00\\",true]`, `{"a":1,"a":2}`, "\"\xff\"", `"\ud800"`, `[[[[`, "1\n2", `"\\\\"`, "\xEF\xBB\xBF1",
}

// What is read is what encoding/json reads; what is not read is not JSON, or not
// as strict as it must be.
func FuzzJSON(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, _, err := NewJSON(bytes.NewReader(text), nil, Limits{}).Next()
		text = bytes.TrimPrefix(text, []byte(byteOrderMark))
		want, ok := standard(text)
		if err == nil {
			if !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("got %#v, want %#v, %v", got, want, ok)
			}
			return
		}
		reason := err.(*SyntaxError).Reason
		strict := !utf8.Valid(text)
		for _, word := range []string{"there twice", "surrogate", "too deeply", "a number"} {
			strict = strict || strings.Contains(reason, word)
		}
		if ok && !strict {
			t.Errorf("%v, but it is %#v", err, want)
		}
	})
}

// invalid is a reason that shows the text it is about, as far as that was read.
var invalid = regexp.MustCompile(`invalid (character|escape sequence) .*`)

// The elements one by one are the elements of the whole.
func FuzzJSONEach(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		each := "a/b"
		got := read(NewJSON(bytes.NewReader(text), &each, Limits{}))
		slow := read(NewJSON(iotest.OneByteReader(bytes.NewReader(text)), &each, Limits{}))
		if invalid.ReplaceAllString(slow, "") != invalid.ReplaceAllString(got, "") {
			t.Errorf("byte by byte:\n%sat once:\n%s", slow, got)
		}
		whole, _, err := NewJSON(bytes.NewReader(text), nil, Limits{}).Next()
		if err != nil {
			return
		}
		outer, _ := whole.(map[string]any)
		inner, _ := outer["a"].(map[string]any)
		list, isList := inner["b"].([]any)
		_, isNull := inner["b"]
		isNull = isNull && inner["b"] == nil
		if ended := strings.Contains(got, "end: "); ended == (isList || isNull) {
			t.Errorf("%#v: got %s", whole, got)
		}
		if isList && strings.Count(got, "\n") != len(list) {
			t.Errorf("%d elements: got %s", len(list), got)
		}
	})
}

// Every line is a record, a bad record or blank, and a record is that of the line
// alone.
func FuzzNDJSON(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r := NewNDJSON(bytes.NewReader(text), Limits{})
		all := strings.Split(strings.TrimPrefix(string(text), byteOrderMark), "\n")
		for {
			got, at, err := r.Next()
			if err == io.EOF {
				return
			}
			if isBad(err) {
				continue
			}
			want, ok := standard([]byte(all[at.Line-1]))
			if err != nil || !ok || !reflect.DeepEqual(got, want) {
				t.Errorf("line %d: got %#v, %v, want %#v", at.Line, got, err, want)
			}
		}
	})
}

func FuzzCSV(f *testing.F) {
	f.Add([]byte("a,b\n1,2\n"))
	f.Add([]byte("a;b\n\"1\n\";2;3\n\xff;1\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := NewCSV(bytes.NewReader(text), "auto", nil)
		if err != nil {
			return
		}
		for {
			v, _, err := r.Next()
			if err == io.EOF {
				return
			}
			if isBad(err) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			for name, field := range v.(map[string]any) {
				if name == "" || !utf8.ValidString(field.(string)) {
					t.Errorf("%q: %q", name, field)
				}
			}
		}
	})
}

// An item is its record with types.
func FuzzAppendItem(f *testing.F) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		b, err := AppendItem(nil, text)
		if err != nil {
			if len(b) > 0 {
				t.Errorf("%v, with %q", err, b)
			}
			return
		}
		want, _ := standard(text)
		got, ok := standard(b)
		if !ok {
			t.Fatalf("%s is not JSON", b)
		}
		if plain := untyped(map[string]any{"M": got.(map[string]any)["Item"]}); !reflect.DeepEqual(plain, want) {
			t.Errorf("%s is the item of %#v, not of %#v", b, plain, want)
		}
	})
}

func untyped(v any) any {
	for kind, v := range v.(map[string]any) {
		switch kind {
		case "NULL":
			return nil
		case "N":
			return json.Number(v.(string))
		case "L":
			list := []any{}
			for _, e := range v.([]any) {
				list = append(list, untyped(e))
			}
			return list
		case "M":
			m := map[string]any{}
			for key, e := range v.(map[string]any) {
				m[key] = untyped(e)
			}
			return m
		default:
			return v
		}
	}
	return nil
}

// plainValue draws a value that can be read.
func plainValue() *rapid.Generator[any] {
	text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z"\\/\n\x00-\x1f]{0,8}`))
	scalar := rapid.OneOf(
		rapid.Just[any](nil),
		rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(text, func(s string) any { return s }),
		rapid.Map(rapid.StringMatching(`-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,9})?([eE][-+]?[0-9]{1,3})?`), func(s string) any { return json.Number(s) }),
	)
	return rapid.Custom(func(t *rapid.T) any {
		switch rapid.IntRange(0, 3).Draw(t, "kind") {
		case 0:
			return append([]any{}, rapid.SliceOfN(plainValue(), 0, 4).Draw(t, "list")...)
		case 1:
			return rapid.MapOfN(text, plainValue(), 0, 4).Draw(t, "object")
		}
		return scalar.Draw(t, "scalar")
	})
}

// What AppendJSON writes is what encoding/json writes, and every reader reads it
// as it was.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(plainValue(), 1, 5).Draw(t, "values")
		var array, lines bytes.Buffer
		a, l := NewJSONWriter(&array, true), NewNDJSONWriter(&lines)
		for _, v := range values {
			text := AppendJSON(nil, v)
			if back, ok := standard(text); !ok || !reflect.DeepEqual(back, v) {
				t.Fatalf("%s is %#v to encoding/json, not %#v", text, back, v)
			}
			a.Write(text)
			l.Write(text)
		}
		a.Close()
		l.Close()
		all := ""
		for name, in := range map[string]Reader{
			"array": NewJSON(iotest.HalfReader(&array), &all, Limits{}), "lines": NewNDJSON(iotest.HalfReader(&lines), Limits{}),
		} {
			for i, want := range values {
				if got, _, err := in.Next(); err != nil || !reflect.DeepEqual(got, want) {
					t.Fatalf("%s %d: %#v, %v, want %#v", name, i, got, err, want)
				}
			}
			if _, _, err := in.Next(); err != io.EOF {
				t.Fatalf("%s: %v at the end", name, err)
			}
		}
	})
}
