package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"math/big"
	"strings"
	"testing"
)

func TestWriters(t *testing.T) {
	document := func(w io.Writer) Writer { return NewJSONWriter(w, false) }
	array := func(w io.Writer) Writer { return NewJSONWriter(w, true) }
	tests := []struct {
		name   string
		writer func(io.Writer) Writer
		in     []string
		want   string
	}{
		{"document", document, []string{"{\n  \"a\": 1\n}"}, "{\n  \"a\": 1\n}\n"},
		{"no document", document, nil, ""},
		{"array", array, []string{`{"a":1}`, `2`}, "[\n{\"a\":1},\n2\n]\n"},
		{"array of one", array, []string{`1`}, "[\n1\n]\n"},
		{"empty array", array, nil, "[]\n"},
		{"lines", NewNDJSONWriter, []string{`{"a":1}`, "{\r\n\"a\": \"\\n\"\n}"}, "{\"a\":1}\n{  \"a\": \"\\n\" }\n"},
		{"no lines", NewNDJSONWriter, nil, ""},
		{"items", NewItemWriter, []string{"{\"id\":\n\"1\"}", `{"id":2}`}, `{"Item":{"id":{"S":"1"}}}` + "\n" + `{"Item":{"id":{"N":"2"}}}` + "\n"},
		{"no items", NewItemWriter, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			w := test.writer(&out)
			for _, text := range test.in {
				if err := w.Write([]byte(text)); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Close(); err != nil || out.String() != test.want {
				t.Errorf("got %q, %v, want %q", out.String(), err, test.want)
			}
		})
	}
}

func TestSecondDocument(t *testing.T) {
	w := NewJSONWriter(io.Discard, false)
	if err := w.Write([]byte("1")); err != nil {
		t.Fatal(err)
	}
	if err := w.Write([]byte("2")); err != errSecond {
		t.Errorf("a second document: %v", err)
	}
}

func TestItemWriterGoesOn(t *testing.T) {
	var out bytes.Buffer
	w := NewItemWriter(&out)
	var refused *ItemError
	for _, text := range []string{`{"id":1}`, `{"id":2,"n":[1,1e200]}`, `{"id":3}`} {
		if err := w.Write([]byte(text)); err != nil && !errors.As(err, &refused) {
			t.Fatal(err)
		}
	}
	w.Close()
	if want := `{"Item":{"id":{"N":"1"}}}` + "\n" + `{"Item":{"id":{"N":"3"}}}` + "\n"; out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	if want := "/n/1: a number outside 1E-130 to 9.99E+125"; refused == nil || refused.Error() != want {
		t.Errorf("got %v, want %v", refused, want)
	}
}

var errFull = errors.New("disk full")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

// A write that fails is told, at the latest when the file is closed, and stays.
func TestWritingFails(t *testing.T) {
	big := []byte(`{"id":"` + strings.Repeat("x", 2*writeBuffer) + `"}`)
	for name, w := range map[string]Writer{
		"document": NewJSONWriter(fullDisk{}, false), "array": NewJSONWriter(fullDisk{}, true),
		"lines": NewNDJSONWriter(fullDisk{}), "items": NewItemWriter(fullDisk{}),
	} {
		if err := w.Write(big); err != errFull {
			t.Errorf("%s: write: %v", name, err)
		}
		if err := w.Close(); err != errFull {
			t.Errorf("%s: close: %v", name, err)
		}
	}
}

func TestAppendJSON(t *testing.T) {
	huge, _ := new(big.Int).SetString("-123456789012345678901234567890", 10)
	tests := []struct {
		in   any
		want string
	}{
		{nil, "null"}, {true, "true"}, {false, "false"},
		{0, "0"}, {math.MinInt64, "-9223372036854775808"}, {huge, "-123456789012345678901234567890"},
		{json.Number("1.10"), "1.10"}, {json.Number("1E400"), "1E400"},
		{0.0, "0"}, {math.Copysign(0, -1), "-0"}, {1.5, "1.5"}, {100.0, "100"}, {0.30000000000000004, "0.30000000000000004"},
		{1e20, "100000000000000000000"}, {1e21, "1e+21"}, {1e-6, "0.000001"}, {1e-7, "1e-7"}, {1.25e-10, "1.25e-10"}, {-1e-100, "-1e-100"},
		{math.NaN(), "null"}, {math.Inf(1), "1.7976931348623157e+308"}, {math.Inf(-1), "-1.7976931348623157e+308"},
		{"", `""`}, {"<a href=\"x\">&\u2028é😀</a>", `"<a href=\"x\">&` + "\u2028" + `é😀</a>"`},
		{"\b\f\n\r\t\x00\x1f\x7f\\", `"\b\f\n\r\t\u0000\u001f` + "\x7f" + `\\"`}, {"a\xffb", `"a` + "\ufffd" + `b"`},
		{[]any{}, "[]"}, {[]any(nil), "[]"}, {[]any{1, []any{"x"}}, `[1,["x"]]`},
		{map[string]any{}, "{}"}, {map[string]any(nil), "{}"},
		{map[string]any{"b": 1, "a": map[string]any{"d": 1, "c": nil}, "": 2, "é": 3, "Z": 4}, `{"":2,"Z":4,"a":{"c":null,"d":1},"b":1,"é":3}`},
	}
	for _, test := range tests {
		if got := string(AppendJSON([]byte("x"), test.in)); got != "x"+test.want {
			t.Errorf("%#v: got %s, want %s", test.in, got, test.want)
		}
	}
}

func TestAppendJSONTakesPlainValuesOnly(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("an int64 was written")
		}
	}()
	AppendJSON(nil, []any{int64(1)})
}

func TestAppendItem(t *testing.T) {
	nested := func(n int) string {
		return `{"a":` + strings.Repeat("[", n-1) + "1" + strings.Repeat("]", n-1) + "}"
	}
	lists := func(n int) string {
		return `{"Item":{"a":` + strings.Repeat(`{"L":[`, n-1) + `{"N":"1"}` + strings.Repeat("]}", n-1) + "}}"
	}
	long := func(n int) string { return `{"a":"` + strings.Repeat("x", n) + `"}` }
	digits := strings.Repeat("9", 38)
	tests := []struct{ name, in, want string }{
		{"types", `{"s":"x","n":1.50,"t":true,"f":false,"z":null,"l":[],"m":{}}`,
			`{"Item":{"s":{"S":"x"},"n":{"N":"1.50"},"t":{"BOOL":true},"f":{"BOOL":false},"z":{"NULL":true},"l":{"L":[]},"m":{"M":{}}}}`},
		{"order of keys", `{"b":1,"a":{"d":[1,"x"],"c":null}}`,
			`{"Item":{"b":{"N":"1"},"a":{"M":{"d":{"L":[{"N":"1"},{"S":"x"}]},"c":{"NULL":true}}}}}`},
		{"strings as they stand", `{"\u0061\"":"\u00e9<\/\\\""}`, `{"Item":{"\u0061\"":{"S":"\u00e9<\/\\\""}}}`},
		{"empty string", `{"a":""}`, `{"Item":{"a":{"S":""}}}`},
		{"spaces", "\n{ \"a\" : [ 1 , 2 ] }\n", `{"Item":{"a":{"L":[{"N":"1"},{"N":"2"}]}}}`},
		{"numbers", `{"a":[-0,1E+125,-9.99e-130,` + digits + `]}`,
			`{"Item":{"a":{"L":[{"N":"-0"},{"N":"1E+125"},{"N":"-9.99e-130"},{"N":"` + digits + `"}]}}}`},
		{"deep", nested(32), lists(32)},
		{"largest", long(400<<10 - 1), `{"Item":{"a":{"S":"` + strings.Repeat("x", 400<<10-1) + `"}}}`},

		{"not an object", `[{"a":1}]`, "an item is an object"},
		{"scalar", `1`, "an item is an object"},
		{"no keys", `{}`, "an object without keys; an item has at least its primary key"},
		{"empty key", `{"a":{"":1}}`, "/a: a key that is empty; an attribute has a name"},
		{"digits", `{"a/b":{"c~d":[0,` + digits + `1]}}`, "/a~1b/c~0d/1: a number of 39 digits, more than 38"},
		{"magnitude", `{"a":1e126}`, "/a: a number outside 1E-130 to 9.99E+125"},
		{"smallness", `{"a":1e-131}`, "/a: a number outside 1E-130 to 9.99E+125"},
		{"too deep", nested(33), "/a" + strings.Repeat("/0", 32) + ": values within values at more than 32 levels"},
		{"too large", long(400 << 10), "409601 bytes as DynamoDB counts them; an item has at most 409600"},
		{"not JSON", `{"a":}`, "not a JSON value, in UTF-8 and with each key once"},
		{"nothing", ``, "not a JSON value, in UTF-8 and with each key once"},
		{"two values", `{"a":1}{"a":1}`, "not a JSON value, in UTF-8 and with each key once"},
		{"duplicate key", `{"a":1,"\u0061":2}`, "not a JSON value, in UTF-8 and with each key once"},
		{"not UTF-8", "{\"a\":\"\xff\"}", "not a JSON value, in UTF-8 and with each key once"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			b, err := AppendItem([]byte("x"), []byte(test.in))
			got := strings.TrimPrefix(string(b), "x")
			var refused *ItemError
			if errors.As(err, &refused) {
				if got != "" {
					t.Errorf("%.100s was written", got)
				}
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got  %.300s\nwant %.300s", got, test.want)
			}
		})
	}
}

// Sizes as the Developer Guide, page CapacityUnitCalculations, counts them (2026-11-21).
func TestItemSize(t *testing.T) {
	for in, want := range map[string]int{
		`{"a":"é"}`:           3,
		`{"\u00e9":"\u00e9"}`: 4,
		`{"a":true,"b":null}`: 4,
		`{"a":12345}`:         1 + 4,
		`{"a":-120.50e3}`:     1 + 4,
		`{"a":0}`:             2,
		`{"a":[]}`:            4,
		`{"a":["x",{"b":1}]}`: 1 + 3 + 1 + 1 + 1 + (3 + 1 + 1 + 2),
	} {
		i := itemizer{scanner: scanner{text: in}}
		i.next()
		if _, err := i.object(1); err != nil || i.size != want {
			t.Errorf("%s: %d, %v, want %d", in, i.size, err, want)
		}
	}
}
