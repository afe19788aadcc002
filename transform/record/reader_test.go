package record

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// read writes what a reader gives, a record or error a line.
func read(r Reader) string {
	var out strings.Builder
	for {
		v, at, err := r.Next()
		var bad *BadRecord
		switch {
		case err == io.EOF:
			return out.String()
		case errors.As(err, &bad):
			fmt.Fprintf(&out, "%v: %.50q\n", bad, bad.Text)
		case err != nil:
			fmt.Fprintln(&out, "end:", err)
			return out.String()
		default:
			fmt.Fprintf(&out, "%d:%d %s\n", at.Line, at.Column, AppendJSON(nil, v))
		}
	}
}

// both reads a text at once and byte by byte, which must not differ.
func both(t *testing.T, in string, reader func(io.Reader) Reader) string {
	t.Helper()
	got := read(reader(strings.NewReader(in)))
	if slow := read(reader(iotest.OneByteReader(strings.NewReader(in)))); slow != got {
		t.Errorf("byte by byte:\n%sat once:\n%s", slow, got)
	}
	return got
}

func TestJSON(t *testing.T) {
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct{ name, in, want string }{
		{"object", `{"b":1,"a":[true,false,null,"x"]}`, `1:1 {"a":[true,false,null,"x"],"b":1}`},
		{"scalar", "\n  7 \n", "2:3 7"},
		{"string", `"é\u00e9\n\"\\"`, `1:1 "éé\n\"\\"`},
		{"backslashes before the quote", `["\\","\\\"","a\\\\"]`, `1:1 ["\\","\\\"","a\\\\"]`},
		{"empty collections", `[{},[],""]`, `1:1 [{},[],""]`},
		{"spaces everywhere", " [ 1 ,\t{ \"a\" : 2 } ]\r\n", `1:2 [1,{"a":2}]`},
		{"byte order mark", "\xEF\xBB\xBF{}", "1:1 {}"},
		{"numbers stay as written", `[1.10,-0,1E400,123456789012345678901234567890.5,1e-9999]`,
			`1:1 [1.10,-0,1E400,123456789012345678901234567890.5,1e-9999]`},
		{"surrogate pair", `"\ud83d\ude00"`, `1:1 "😀"`},
		{"key by its escape", `{"\u0061":1}`, `1:1 {"a":1}`},
		{"deep", nested(256), "1:1 " + nested(256)},
		{"longest number", strings.Repeat("9", 4096), "1:1 " + strings.Repeat("9", 4096)},
		{"exponent with zeros", `[1e00000001,1E-00009]`, `1:1 [1e00000001,1E-00009]`},

		{"empty", "", "end: line 1, column 1: the document is empty"},
		{"blank", " \n ", "end: line 1, column 1: the document is empty"},
		{"truncated object", "{\n \"a\": [1,", "end: line 2, column 10: the text ends in the middle of a value"},
		{"truncated string", `"abc`, "end: line 1, column 5: the text ends in the middle of a value"},
		{"truncated literal", `[tru`, "end: line 1, column 5: the text ends in the middle of a value"},
		{"not JSON", "<order/>", "end: line 1, column 1: invalid character '<' at start of value"},
		{"trailing comma", "{\"é\":1,}", "end: line 1, column 8: invalid character '}' at start of string (expecting '\"')"},
		{"missing comma", "[1\n 2]", "end: line 2, column 2: invalid character '2' after array element (expecting ',' or ']')"},
		{"single quotes", "{'a':1}", "end: line 1, column 2: invalid character '\\'' at start of string (expecting '\"')"},
		{"leading zero", "[01]", "end: line 1, column 3: invalid character '1' after array element (expecting ',' or ']')"},
		{"plus sign", "[+1]", "end: line 1, column 2: invalid character '+' at start of value"},
		{"NaN", "[NaN]", "end: line 1, column 2: invalid character 'N' at start of value"},
		{"line end in a string", "[\"a\nb\"]", `end: line 1, column 4: invalid character '\n' in string (expecting non-control character)`},
		{"two documents", "{}\n{}", "end: line 2, column 1: more after the end of the value"},
		{"text after the document", "{} x", "end: line 1, column 4: invalid character 'x' at start of value"},
		{"comma after the document", "{},", "end: line 1, column 3: invalid character ',' at start of value"},
		{"duplicate key", "{\"a\":1,\n\"b\":{\"x\":1,\"\\u0078\":2}}", `end: line 2, column 12: the key "x" is there twice`},
		{"not UTF-8", "{\"a\":\"é\xff\"}", "end: line 1, column 8: not UTF-8 text"},
		{"cut character", "\"\xe2\x82\"", "end: line 1, column 2: not UTF-8 text"},
		{"half a surrogate pair", `["\ud83d"]`, "end: line 1, column 2: half of a surrogate pair in a string"},
		{"half a pair in a key", `{"\udc00":1}`, "end: line 1, column 2: half of a surrogate pair in a string"},
		{"bad escape", `"\x"`, "end: line 1, column 2: invalid escape sequence `\\x` in string"},
		{"too deep", nested(257), "end: line 1, column 257: arrays and objects within each other too deeply"},
		{"far too deep", strings.Repeat("[", 20000), "end: line 1, column 10001: exceeded max depth"},
		{"long number", "[" + strings.Repeat("9", 4097) + "]", "end: line 1, column 2: a number of 4097 characters, more than 4096"},
		{"exponent", "[1e10000]", "end: line 1, column 2: a number outside 1E-9999 to 1E+9999"},
		{"negative exponent", "[1.5E-10000]", "end: line 1, column 2: a number outside 1E-9999 to 1E+9999"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := both(t, test.in, func(r io.Reader) Reader { return NewJSON(r, nil, Limits{}) })
			if want := test.want + "\n"; got != want {
				t.Errorf("got  %swant %s", got, want)
			}
		})
	}
}

func TestJSONEach(t *testing.T) {
	tests := []struct{ name, each, in, want string }{
		{"the document", "", "[1,\n {\"a\":2}]", "1:2 1\n2:2 {\"a\":2}\n"},
		{"none", "", "[ ]", ""},
		{"null", "", "null", ""},
		{"a key", "orders", `{"head":{"x":[{}]},"orders":["é",2],"tail":[[3]]}`, "1:30 \"é\"\n1:34 2\n"},
		{"a path", "a/b", "{\"b\":[0],\"a\":{\"c\":1,\"b\":[1,\n[2]],\"d\":null},\"z\":1}", "1:26 1\n2:1 [2]\n"},
		{"null at a path", "a/b", `{"a":{"b":null}}`, ""},
		{"the same key elsewhere", "a", `{"b":{"a":[9]},"a":[1],"c":{"a":[8]}}`, "1:21 1\n"},
		{"duplicates beside the path", "a", `{"b":1,"b":2,"a":[1]}`, "1:19 1\n"},
		{"a bad record", "", `[1,{"a":1,"a":2},3]`, "1:2 1\nline 1, column 11: the key \"a\" is there twice: \"{\\\"a\\\":1,\\\"a\\\":2}\"\n1:18 3\n"},
		{"a record that is not UTF-8", "", "[\"\xff\",3]", "line 1, column 3: not UTF-8 text: \"\\\"\\xff\\\"\"\n1:6 3\n"},
		{"a deep record", "", "[1," + strings.Repeat("[", 300) + strings.Repeat("]", 300) + "]", "1:2 1\nline 1, column 260: arrays and objects within each other too deeply: \"" + strings.Repeat("[", 50) + "\"\n"},

		{"empty", "a", "", "end: line 1, column 1: the document is empty\n"},
		{"empty array", "", "", "end: line 1, column 1: the document is empty\n"},
		{"not JSON", "a", "<a/>", "end: line 1, column 1: invalid character '<' at start of value\n"},
		{"not an object", "a", "[1]", "end: line 1, column 1: the document is an array, not an object\n"},
		{"not an array", "a/b", `{"a":{"b":{}}}`, "end: line 1, column 11: \"a/b\" is an object, not an array\n"},
		{"not an object on the way", "a/b", `{"a":"b"}`, "end: line 1, column 6: \"a\" is a string, not an object\n"},
		{"no such key", "a/b", "{\"a\":{\"c\":1\n}}", "end: line 2, column 1: there is no \"a/b\" before the end of this object\n"},
		{"twice", "a", `{"a":[1],"a":[2]}`, "1:7 1\nend: line 1, column 13: \"a\" is there twice\n"},
		{"truncated", "a", "{\"a\":[1,\n", "1:7 1\nend: line 2, column 1: the text ends in the middle of a value\n"},
		{"truncated before", "a", `{"b":[1`, "end: line 1, column 8: the text ends in the middle of a value\n"},
		{"truncated after", "a", `{"a":[1]`, "1:7 1\nend: line 1, column 9: the text ends in the middle of a value\n"},
		{"broken record", "", "[1,{\"a\"},2]", "1:2 1\nend: line 1, column 8: invalid character '}' after object name (expecting ':')\n"},
		{"broken after", "a", `{"a":[1],"b":tru}`, "1:7 1\nend: line 1, column 17: invalid character '}' in literal true (expecting 'e')\n"},
		{"mixed up brackets", "a", `{"a":[1}`, "1:7 1\nend: line 1, column 8: invalid character '}' after array element (expecting ',' or ']')\n"},
		{"more after", "", "[1]\n[2]", "1:2 1\nend: line 2, column 1: more after the end of the value\n"},
		{"not UTF-8 beside", "a", "{\"b\":[\"é\xff\"],\"a\":[1]}", "end: line 1, column 9: not UTF-8 text\n"},
		{"not UTF-8 in a key", "a", "{\"b\xff\":1,\"a\":[1]}", "end: line 1, column 2: not UTF-8 text\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := both(t, test.in, func(r io.Reader) Reader { return NewJSON(r, &test.each, Limits{}) })
			if got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestNDJSON(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"lines", "{\"a\":1}\n[2]\n\"x\"\n", "1:1 {\"a\":1}\n2:1 [2]\n3:1 \"x\"\n"},
		{"no end of the last line", "1\n2", "1:1 1\n2:1 2\n"},
		{"CR LF and blank lines", "\r\n1\r\n \t\r\n\n  2\r\n", "2:1 1\n5:3 2\n"},
		{"byte order mark", "\xEF\xBB\xBF1\n2\n", "1:1 1\n2:1 2\n"},
		{"empty", "", ""},
		{"byte order mark only", "\xEF\xBB\xBF", ""},

		{"bad lines", "{\"é\":}\n1\nnope\n2\n", "line 1, column 6: invalid character '}' at start of value: \"{\\\"é\\\":}\"\n2:1 1\n" +
			"line 3, column 2: invalid character 'o' in literal null (expecting 'u'): \"nope\"\n4:1 2\n"},
		{"a value over two lines", "{\n}\n1", "line 1, column 2: the text ends in the middle of a value: \"{\"\n" +
			"line 2, column 1: invalid character '}' at start of value: \"}\"\n3:1 1\n"},
		{"two values", "{} {}\n", "line 1, column 4: more after the end of the value: \"{} {}\"\n"},
		{"an array's comma", "{},\n", "line 1, column 3: invalid character ',' at start of value: \"{},\"\n"},
		{"duplicate key", ` {"a":1,"a":2}`, "line 1, column 9: the key \"a\" is there twice: \" {\\\"a\\\":1,\\\"a\\\":2}\"\n"},
		{"not UTF-8", "\"\xff\"\n1\n", "line 1, column 2: not UTF-8 text: \"\\\"\\xff\\\"\"\n2:1 1\n"},
		{"truncated at the end", "1\n{\"a\":", "1:1 1\nline 2, column 6: the text ends in the middle of a value: \"{\\\"a\\\":\"\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := both(t, test.in, func(r io.Reader) Reader { return NewNDJSON(r, Limits{}) })
			if got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestCSV(t *testing.T) {
	tests := []struct{ name, separator, in, want string }{
		{"rows", "comma", "id, name\n1,\"a\nb\"\n2,c\n", "2:1 {\"id\":\"1\",\"name\":\"a\\nb\"}\n4:1 {\"id\":\"2\",\"name\":\"c\"}\n"},
		{"found separator", "auto", "id;name\n1;x\n", "2:1 {\"id\":\"1\",\"name\":\"x\"}\n"},
		{"column without a name", ",", "id,,name\n1,2,3\n", "2:1 {\"id\":\"1\",\"name\":\"3\"}\n"},
		{"bad rows", "", "id,name\n1\n2,b\n\"x\"y,1\n", "line 2, column 1: 1 field, the header has 2: \"1\"\n3:1 {\"id\":\"2\",\"name\":\"b\"}\n" +
			"line 4, column 1: text after a field's closing quote: \"\\\"x\\\"y,1\"\n"},
		{"not UTF-8", "", "id,name\n\xff,1\n", "line 2, column 1: not UTF-8 text: \"\\xff,1\"\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := both(t, test.in, func(r io.Reader) Reader {
				rows, err := NewCSV(r, test.separator, []string{"id"})
				if err != nil {
					t.Fatal(err)
				}
				return rows
			})
			if got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

func TestCSVHeader(t *testing.T) {
	broken := errors.New("disk on fire")
	tests := []struct {
		name, separator string
		in              io.Reader
		want            string
	}{
		{"empty", "", strings.NewReader(""), "line 1, column 1: the file is empty"},
		{"missing column", "", strings.NewReader("a,b\n"), "line 1, column 1: the header lacks id"},
		{"separator", "space", strings.NewReader("id\n"), `csv: separator "space": want auto, comma, semicolon, tab or pipe`},
		{"reading", "", iotest.ErrReader(broken), "csv: reading after line 0: disk on fire"},
	}
	for _, test := range tests {
		if _, err := NewCSV(test.in, test.separator, []string{"id"}); err == nil || err.Error() != test.want {
			t.Errorf("%s: %v, want %s", test.name, err, test.want)
		}
	}
}

func TestLimits(t *testing.T) {
	all := ""
	document := func(r io.Reader) Reader { return NewJSON(r, nil, Limits{Depth: 2, Size: 10}) }
	elements := func(r io.Reader) Reader { return NewJSON(r, &all, Limits{Depth: 2, Size: 10}) }
	ndjson := func(r io.Reader) Reader { return NewNDJSON(r, Limits{Depth: 2, Size: 10}) }
	ten := `"01234567"`
	tests := []struct {
		name   string
		reader func(io.Reader) Reader
		in     string
		want   string
	}{
		{"depth", document, "[[]]", "1:1 [[]]\n"},
		{"too deep", document, "[[[]]]", "end: line 1, column 3: arrays and objects within each other too deeply\n"},
		{"size", document, "  " + ten + "  ", "1:3 " + ten + "\n"},
		{"number of that size", document, "0123456789"[1:] + "0", "1:1 1234567890\n"},
		{"too long", document, ` "012345678"`, "end: line 1, column 2: a value longer than 10 bytes\n"},
		{"number too long", document, "12345678901", "end: line 1, column 1: a value longer than 10 bytes\n"},
		{"elements", elements, "[" + ten + ",\n" + ten + "," + strings.Repeat(" ", 9) + ten + "]", "1:2 " + ten + "\n2:1 " + ten + "\n2:21 " + ten + "\n"},
		{"element too long", elements, "[" + ten + `,["234","678"]]`, "1:2 " + ten + "\nend: line 1, column 13: a value longer than 10 bytes\n"},
		{"spaces without end", elements, "[1," + strings.Repeat(" ", 100) + "2]", "1:2 1\nend: line 1, column 14: a value longer than 10 bytes\n"},
		{"element too deep", elements, "[[[[]]],1]", "line 1, column 4: arrays and objects within each other too deeply: \"[[[]]]\"\n1:9 1\n"},
		{"lines", ndjson, ten + "\n" + ten, "1:1 " + ten + "\n2:1 " + ten + "\n"},
		{"lines too long", ndjson, ten + " \n" + ten + "\n" + ten + " ", "line 1, column 1: a line longer than 10 bytes; its first 11 are shown: \"\\\"01234567\\\" \"\n" +
			"2:1 " + ten + "\nline 3, column 1: a line longer than 10 bytes; its first 11 are shown: \"\\\"01234567\\\" \"\n"},
		{"a very long line", ndjson, strings.Repeat("é", 100_000) + "\n1\n", "line 1, column 1: a line longer than 10 bytes; its first 1024 are shown: \"" + strings.Repeat("é", 50) + "\"\n2:1 1\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if got := read(test.reader(strings.NewReader(test.in))); got != test.want {
				t.Errorf("got\n%swant\n%s", got, test.want)
			}
		})
	}
}

// A failing reader gives a text and with the end of it an error, which it tells
// once.
type failing struct {
	text string
	err  error
}

func (f *failing) Read(b []byte) (n int, err error) {
	n = copy(b, f.text)
	if f.text = f.text[n:]; f.text == "" {
		err, f.err = f.err, io.EOF
	}
	return n, err
}

// A reader that fails is no fault of the text, wherever in it that is and
// whatever the error: that of a body which was cut off is like that of a text.
func TestReadingFails(t *testing.T) {
	all, path := "", "a"
	readers := map[string]func(io.Reader) Reader{
		"document":       func(r io.Reader) Reader { return NewJSON(r, nil, Limits{}) },
		"elements":       func(r io.Reader) Reader { return NewJSON(r, &all, Limits{}) },
		"elements below": func(r io.Reader) Reader { return NewJSON(r, &path, Limits{}) },
		"lines":          func(r io.Reader) Reader { return NewNDJSON(r, Limits{}) },
		"rows":           func(r io.Reader) Reader { rows, _ := NewCSV(r, "", nil); return rows },
	}
	texts := map[string][]string{
		"document":       {"[1,\n", "[1", `["x`, "[\"\xc3", "[tr", `{"a":{"b`, `["\u00`, `[1]`, " "},
		"elements":       {"[1,\n", "[1", `["x`, "[\"\xc3", "[tr", `[{"b`, `["\u00`, `[1]`, "[", " "},
		"elements below": {`{"b":[1,"x`, `{"b":tr`, `{"b"`, `{"b":1,"a":[1]`, `{"b":1,"a":[1],"c":[2,"x`, `{"a":nul`, `{"a":null`},
		"lines":          {"[1,\n", "1\n", "1\n[1", "1\n\"\xc3"},
		"rows":           {"a\n1", "a\n\"1", "a\n\xc3"},
	}
	for name, reader := range readers {
		for _, text := range texts[name] {
			for _, broken := range []error{errors.New("disk on fire"), io.ErrUnexpectedEOF} {
				in := reader(&failing{text, broken})
				var err error
				for err == nil || isBad(err) {
					_, _, err = in.Next()
				}
				var syntax *SyntaxError
				if !errors.Is(err, broken) || errors.As(err, &syntax) {
					t.Errorf("%s, %q: %v", name, text, err)
				}
				if !strings.Contains(err.Error(), "line") {
					t.Errorf("%s: %v does not say where", name, err)
				}
			}
		}
	}
}

func isBad(err error) bool {
	var bad *BadRecord
	return errors.As(err, &bad)
}

// What ended a stream ends it for good.
func TestEndStays(t *testing.T) {
	all := ""
	for name, in := range map[string]Reader{
		"whole":           NewJSON(strings.NewReader("1"), nil, Limits{}),
		"broken whole":    NewJSON(strings.NewReader("[1"), nil, Limits{}),
		"elements":        NewJSON(strings.NewReader("[1]"), &all, Limits{}),
		"lines":           NewNDJSON(strings.NewReader("1"), Limits{}),
		"broken elements": NewJSON(strings.NewReader("[1,x,2]"), &all, Limits{}),
	} {
		var first error
		for first == nil {
			_, _, first = in.Next()
		}
		if _, _, second := in.Next(); first != second {
			t.Errorf("%s: %v, then %v", name, first, second)
		}
	}
}
