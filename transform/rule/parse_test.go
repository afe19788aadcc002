package rule

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func problemsOf(t *testing.T, text string) Problems {
	t.Helper()
	_, err := Parse([]byte(text))
	if err == nil {
		return nil
	}
	var p Problems
	if !errors.As(err, &p) {
		t.Fatalf("%v is not Problems", err)
	}
	return p
}

func TestParseProblems(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", ``, `line 1, column 1: not JSON: the text ends before the rule does`},
		{"no object", `[]`, `line 1, column 1: want an object, not an array`},
		{"not JSON", "{\n \"id\": x}", `line 2, column 8: not JSON: invalid character 'x' at start of value`},
		{"cut short", `{"id": "a"`, `line 1, column 11: not JSON: the text ends before the rule does`},
		{"two", `{} {}`, `line 1, column 4: not JSON: something follows the rule`},
		{"not UTF-8", "{\"description\": \"\xff\"}", `line 1, column 18: not JSON: invalid UTF-8`},
		{"twice", "{\"id\": \"a\",\n\"id\": \"b\"}", `line 2, column 1: id: is there twice, first at line 1, column 2`},
		{"typo", `{"input": {"forcelist": []}}`, `line 1, column 12: input.forcelist: there is no such member: did you mean forceList?`},
		{"unknown", `{"output": {"indentation": 2}}`, `line 1, column 13: output.indentation: there is no such member; there are format, schema`},
		{"id", `{"id": "Order"}`, `line 1, column 8: id: want 1 to 64 small letters, digits, dots, hyphens and underscores, the first a letter or a digit`},
		{"id of another kind", `{"id": 1}`, `line 1, column 8: id: want a string, not a number`},
		{"version", `{"version": 1.5}`, `line 1, column 13: version: want a whole number from 0 to 9007199254740992`},
		{"format", `{"input": {"format": "yaml"}}`, `line 1, column 22: input.format: "yaml" is not one of xml, csv, json, ndjson`},
		{"charset", `{"input": {"charset": "klingon"}}`, `line 1, column 23: input.charset: charset "klingon" is not known: want auto, utf-8, utf-16, windows-1252 or another label of the WHATWG encodings`},
		{"separator", `{"input": {"format": "csv", "separator": "dot"}}`, `line 1, column 42: input.separator: separator "dot": want auto, comma, semicolon, tab or pipe`},
		{"separator of XML", `{"input": {"separator": "tab"}}`, `line 1, column 12: input.separator: goes with format csv`},
		{"namespaces of JSON", `{"input": {"format": "json", "namespaces": "strip"}}`, `line 1, column 30: input.namespaces: goes with format xml`},
		{"namespaces", `{"input": {"namespaces": "none"}}`, `line 1, column 26: input.namespaces: "none" is not one of keep, strip`},
		{"prefix", `{"input": {"namespaces": {"urn:x": 1}}}`, `line 1, column 36: input.namespaces.urn:x: want the prefix of the namespace, a string`},
		{"prefix no name", `{"input": {"namespaces": {"urn:x": "a b"}}}`, `line 1, column 26: input.namespaces: namespace "urn:x" is mapped to "a b", which is not a name`},
		{"each of lines", `{"input": {"format": "ndjson", "each": "a"}}`, `line 1, column 32: input.each: goes with formats xml and json: of the others each line is a record`},
		{"each of nothing", `{"input": {"each": ""}}`, `line 1, column 20: input.each: want the path of the repeated element from the root, such as orders/order`},
		{"forceList", `{"input": {"forceList": ["item", 1]}}`, `line 1, column 34: input.forceList: want an array of strings, and this is a number`},
		{"forceList of a slash", `{"input": {"forceList": ["/a/b"]}}`, `line 1, column 26: input.forceList: want the name of an element, or its path from the root without a slash at either end`},
		{"limits", `{"input": {"limits": {"depth": 1001}}}`, `line 1, column 32: input.limits.depth: want a whole number from 1 to 1000`},
		{"constants alone", `{"constants": {"a": 1}}`, `line 1, column 2: constants: goes with a map: without one the output is the dictionary itself`},
		{"empty map", `{"map": {}}`, `line 1, column 9: map: is empty: name a key of the output and the jq expression of its value`},
		{"no expression", `{"map": {"a": 1}}`, `line 1, column 15: map.a: want a jq expression, a string, not a number; a value that is always the same stands among the constants`},
		{"path", `{"map": {"a..b": "."}}`, `line 1, column 10: map.a..b: want keys separated by dots; a key with a dot or a double quote in it, or an empty one, stands in double quotes: customer."first.name"`},
		{"within", `{"map": {"a": ".", "a.b": "."}}`, `line 1, column 20: map.a.b: lies within a, which map.a sets`},
		{"has keys", `{"map": {"a.b": ".", "a": "."}}`, `line 1, column 22: map.a: has keys of its own, such as a.b`},
		{"same path", `{"map": {"a": ".", "\"a\"": "."}}`, `line 1, column 20: map."a": is set by map.a already`},
		{"constant of the same path", `{"map": {"a": "."}, "constants": {"a": 1}}`, `line 1, column 35: constants.a: is set by map.a already`},
		{"default within", `{"map": {"a": "."}, "defaults": {"a.b": 1}}`, `line 1, column 34: defaults.a.b: lies within a, which map.a sets`},
		{"required", `{"map": {"a": "."}, "required": ["b"]}`, `line 1, column 34: required.b: nothing in map or constants sets the key`},
		{"onError", `{"onError": "skip"}`, `line 1, column 13: onError: "skip" is not one of reject, quarantine`},
		{"quarantine of one", `{"onError": "quarantine"}`, `line 1, column 13: onError: quarantine takes a document of records: say what they are in input.each, or read csv or ndjson`},
		{"case without input", `{"cases": [{"output": 1}]}`, `line 1, column 12: cases.1: has no input: say input or inputFile`},
		{"case rejected and quarantined", `{"input": {"each": "a"}, "onError": "quarantine", "cases": [{"input": "<a/>", "error": "x", "quarantined": 1}]}`, `line 1, column 108: cases.1.quarantined: does not go with error`},
		{"case without output", `{"cases": [{"input": "<a/>"}]}`, `line 1, column 12: cases.1: expects nothing: say output, outputFile, error or quarantined`},
		{"case of two inputs", `{"cases": [{"input": "", "inputFile": "x", "output": 1}]}`, `line 1, column 39: cases.1.inputFile: does not go with input`},
		{"case of two outputs", `{"cases": [{"input": "", "output": 1, "error": "x"}]}`, `line 1, column 48: cases.1.error: does not go with output`},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := problemsOf(t, c.text).Error(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestParseSaysAll(t *testing.T) {
	got := problemsOf(t, `{
  "id": "A",
  "maps": {},
  "map": {"a": ".a |", "b": 1, "c": "nosuch", "d": ".x"},
  "required": ["e"]
}`).Error()
	want := `line 2, column 9: id: want 1 to 64 small letters, digits, dots, hyphens and underscores, the first a letter or a digit
line 3, column 3: maps: there is no such member: did you mean map?
line 4, column 21: map.a (jq at 5): unexpected EOF
line 4, column 29: map.b: want a jq expression, a string, not a number; a value that is always the same stands among the constants
line 4, column 38: map.c (jq at 1): function not defined: nosuch/0
line 5, column 16: required.e: nothing in map or constants sets the key`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestProblemsHaveAnEnd(t *testing.T) {
	for _, text := range []string{
		`{"map": {` + strings.Repeat(`"": "nosuch", `, 50_000) + `"a": 1}}`,
		`{` + strings.Repeat(`"a": 1, `, 50_000) + `"b": 1}`,
		`{"input": {"schema": {` + strings.Repeat(`"a": 1, `, 10_000) + `"b": 1}}}`,
		`{"cases": [` + strings.Repeat(`{"x": 1}, `, 50_000) + `{}]}`,
	} {
		if p := problemsOf(t, text); len(p) != maxProblems {
			t.Errorf("%.20s: %d problems", text, len(p))
		}
	}
}

func TestQueryProblems(t *testing.T) {
	for _, c := range []struct {
		query  string // as JSON
		column int
		offset int
		reason string
	}{
		{`".a }"`, 17, 4, `unexpected token "}"`},
		{`""`, 14, 1, `missing query (try ".")`},
		{`".é + }"`, 15, 2, `unexpected token "é"`},
		{`"\"é\" + }"`, 22, 7, `unexpected token "}"`},
		{`"\"\\u00e9\\n\" | }"`, 31, 14, `unexpected token "}"`},
		{`".a | tonumbr"`, 19, 6, `function not defined: tonumbr/0: did you mean tonumber?`},
		{`".a | map(zzzzzzz)"`, 23, 10, `function not defined: zzzzzzz/0`},
		{`"$x"`, 14, 1, `variable not defined: $x`},
		{`"@x"`, 14, 1, `format not defined: @x`},
		{`"env.PATH"`, 14, 1, `env/0: a rule sees no environment`},
		{`".a, $ENV"`, 18, 5, `$ENV/0: a rule sees no environment`},
		{`"[.a, input]"`, 19, 6, `input/0: a rule sees one record at a time`},
		{`"[inputs]"`, 15, 2, `inputs/0: a rule sees one record at a time`},
		{`"halt"`, 14, 1, `halt/0: a rule cannot halt: say error("...") to refuse a record`},
		{`".a | debug"`, 19, 6, `debug/0: a rule writes nothing but its output`},
		{`"import \"a\" as a; ."`, 14, 1, `a rule has no modules`},
		{`"input_line_number"`, 14, 1, `function not defined: input_line_number/0`},
	} {
		t.Run(c.query, func(t *testing.T) {
			p := problemsOf(t, `{"map":{"k":`+c.query+`}}`)
			if len(p) != 1 || p[0].Reason != c.reason || p[0].Offset != c.offset || p[0].Column != c.column || p[0].Key != "map.k" {
				t.Errorf("got %+v", p)
			}
		})
	}
}

func TestParseBounds(t *testing.T) {
	deep := strings.Repeat("(", maxQuery/2) + strings.Repeat(")", maxQuery/2)
	for name, text := range map[string]string{
		"large":         `{"description": "` + strings.Repeat("x", maxDocument) + `"}`,
		"long query":    `{"map": {"a": ".` + strings.Repeat(" ", maxQuery) + `"}}`,
		"deep query":    `{"map": {"a": "` + deep + `"}}`,
		"deep document": strings.Repeat(`{"map":`, 20_000),
		"deep schema":   `{"input": {"schema": ` + strings.Repeat(`{"not":`, 5_000) + `{}` + strings.Repeat(`}`, 5_000) + `}, "map": 1}`,
	} {
		t.Run(name, func(t *testing.T) {
			if p := problemsOf(t, text); len(p) == 0 || len(p.Error()) > 1000 {
				t.Errorf("got %.2000s", p.Error())
			}
		})
	}
}

func TestDeepQueriesCompile(t *testing.T) {
	n := (maxQuery - 1) / 2
	for _, q := range []string{
		strings.Repeat("(", n) + "." + strings.Repeat(")", n),
		strings.Repeat("[", n) + "." + strings.Repeat("]", n),
		strings.Repeat("-", 2*n) + "1",
		"." + strings.Repeat("?", 2*n),
		"1" + strings.Repeat("|.", n),
	} {
		if _, err := Parse(fmt.Appendf(nil, `{"map": {"a": %q}}`, q)); err != nil {
			t.Errorf("%.10s: %v", q, err)
		}
	}
}

func TestParsePath(t *testing.T) {
	for _, c := range []struct {
		path string
		want string
	}{
		{"a", "[a]"},
		{"customer.first name", "[customer first name]"},
		{`a."b.c".d`, "[a b.c d]"},
		{`"".a`, "[ a]"},
		{`"a\"b\u00e9"`, `[a"bé]`},
		{"@id", "[@id]"},
		{"", ""}, {".", ""}, {"a.", ""}, {".a", ""}, {`a"b`, ""}, {`"a`, ""}, {`"a"b`, ""}, {`"a".`, ""}, {`"\x"`, ""}, {`"`, ""},
	} {
		got, err := parsePath(c.path)
		if text := fmt.Sprint(got); (err != nil) != (c.want == "") || err == nil && text != c.want {
			t.Errorf("%s: %q, %v", c.path, got, err)
		}
		if err == nil {
			if again, err := parsePath(joinPath(got)); err != nil || fmt.Sprint(again) != fmt.Sprint(got) {
				t.Errorf("%s: joined %s", c.path, joinPath(got))
			}
		}
	}
}
