package rule

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCases(t *testing.T) {
	const each = `"input": {"each": "a/b"}, "map": {"n": "tonumber"}, "onError": "quarantine"`
	for _, c := range []struct{ name, rule, want string }{
		{"same value", `{"map": {"x": ".a | tonumber", "y": "1"}, "cases": [{"input": "<a>1</a>", "output": {"y": 1.0e0, "x": 10e-1}}]}`, ""},
		{"another value", `{"map": {"x.y": "[1, {z: .a}]"}, "cases": [{"input": "<a>1</a>", "output": {"x": {"y": [1, {"z": 1}]}}}]}`, `at /x/y/1/z: want 1, got "1"`},
		{"a key more", `{"map": {"x": "1", "y": "2"}, "cases": [{"input": "<a/>", "output": {"x": 1}}]}`, `at /y: want nothing, got 2`},
		{"a key less", `{"map": {"x": "1"}, "cases": [{"input": "<a/>", "output": {"x": 1, "y/z": null}}]}`, `at /y~1z: want null, got nothing`},
		{"fewer elements", `{"map": {"x": "[1]"}, "cases": [{"input": "<a/>", "output": {"x": [1, 2]}}]}`, `at /x: want 2 elements, got 1`},
		{"another kind", `{"map": {"x": "[1]"}, "cases": [{"input": "<a/>", "output": []}]}`, `want [], got {"x":[1]}`},
		{"large numbers", `{"map": {"x": "1"}, "constants": {"n": 12345678901234567890}, "cases": [{"input": "<a/>", "output": {"x": 1, "n": 12345678901234567891}}]}`, `at /n: want 12345678901234567891, got 12345678901234567890`},
		{"fails", `{"map": {"x": "error(\"no\")"}, "cases": [{"input": "<a/>", "output": 1}]}`, `failed: line 1, column 1: map.x: error: no`},
		{"fails as expected", `{"map": {"x": "error(\"no\")"}, "cases": [{"input": "<a/>", "error": "map.x: error: no"}]}`, ``},
		{"fails otherwise", `{"map": {"x": "error(\"no\")"}, "cases": [{"input": "<a/>", "error": "yes"}]}`, `want the error "yes", got line 1, column 1: map.x: error: no`},
		{"does not fail", `{"map": {"x": "1"}, "cases": [{"input": "<a/>", "error": "yes"}]}`, `want the error "yes", got {"x":1}`},
		{"quarantine", `{` + each + `, "cases": [{"input": "<a><b>1</b><b>x</b></a>", "output": [{"n": 1}], "quarantined": 1}]}`, ``},
		{"quarantine alone", `{` + each + `, "cases": [{"input": "<a><b>1</b><b>x</b></a>", "quarantined": 1}]}`, ``},
		{"quarantine too many", `{` + each + `, "cases": [{"input": "<a><b>1</b><b>x</b></a>", "output": [{"n": 1}]}]}`, `want 0 quarantined, got 1`},
		{"lines", `{"output": {"format": "ndjson"}, ` + each + `, "cases": [{"input": "<a><b>1</b><b>2</b></a>", "output": [{"n": 1}, {"n": 2}]}]}`, ``},
		{"items", `{"output": {"format": "dynamodb"}, ` + each + `, "cases": [{"input": "<a><b>1</b></a>", "output": [{"Item": {"n": {"N": "1"}}}]}]}`, ``},
		{"base64", `{"cases": [{"inputBase64": "PGE+MTwvYT4=", "output": {"a": "1"}}]}`, ``},
		{"file", `{"cases": [{"inputFile": "a.xml", "output": {"a": "1"}}]}`, `the file a.xml is not here: run the case where the file is, or bundle the rule`},
	} {
		t.Run(c.name, func(t *testing.T) {
			results := mustParse(t, c.rule).Test(t.Context())
			if len(results) != 1 || results[0].Reason != c.want || results[0].Name != "case 1" {
				t.Errorf("got %+v, want %s", results, c.want)
			}
		})
	}
}

func TestSameNumber(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"1", "1.0", true}, {"100", "1e2", true}, {"1E+2", "1e2", true}, {"-0", "0.00", true}, {"0.001", "1e-3", true}, {"1200", "12e2", true},
		{"1", "-1", false}, {"1", "10", false}, {"0.1", "0.10000000000000001", false}, {"1e99999999999999999999", "1", false},
		{"9007199254740993", "9007199254740992", false}, {"1e1000000", "1e1000000", true}, {"1e1000000", "10e999999", true},
	} {
		if got := sameNumber(c.a, c.b); got != c.want {
			t.Errorf("%s and %s: %v", c.a, c.b, got)
		}
	}
}

// write makes files in a new folder, named by path.
func write(t *testing.T, files map[string]string) string {
	folder := t.TempDir()
	for name, text := range files {
		name = filepath.Join(folder, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return folder
}

func TestParseFile(t *testing.T) {
	folder := write(t, map[string]string{
		"rules/order.json": `{
  "map": {"n": ".a.b"},
  "cases": [
    {"name": "one", "inputFile": "cases/one.xml", "outputFile": "cases/one.json"},
    {"name": "latin", "inputFile": "cases/latin.xml", "output": {"n": "é"}}
  ]
}`,
		"rules/cases/one.xml":   "<a><b>x \"y\"</b></a>",
		"rules/cases/one.json":  "{\n  \"n\": \"x \\\"y\\\"\"\n}\n",
		"rules/cases/latin.xml": "<?xml version='1.0' encoding='ISO-8859-1'?><a><b>\xe9</b></a>",
	})
	name := filepath.Join(folder, "rules", "order.json")
	r, err := ParseFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Test(t.Context()) {
		if c.Reason != "" {
			t.Error(c)
		}
	}
	bundle, err := Bundle(name)
	if err != nil {
		t.Fatal(err)
	}
	want := `{
  "map": {"n": ".a.b"},
  "cases": [
    {"name": "one", "input": "<a><b>x \"y\"</b></a>", "output": {"n":"x \"y\""}},
    {"name": "latin", "inputBase64": "PD94bWwgdmVyc2lvbj0nMS4wJyBlbmNvZGluZz0nSVNPLTg4NTktMSc/PjxhPjxiPuk8L2I+PC9hPg==", "output": {"n": "é"}}
  ]
}`
	if string(bundle) != want {
		t.Errorf("got\n%s", bundle)
	}
	for _, c := range mustParse(t, string(bundle)).Test(t.Context()) {
		if c.Reason != "" {
			t.Error(c)
		}
	}
}

func TestParseFileRefuses(t *testing.T) {
	folder := write(t, map[string]string{"secret.xml": "<a/>", "lines.ndjson": "1\n2\n", "rules/lines.txt": "1\n2\n"})
	if err := os.Symlink(filepath.Join(folder, "secret.xml"), filepath.Join(folder, "rules", "link.xml")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ rule, want string }{
		{`{"cases": [{"inputFile": "../secret.xml", "output": 1}]}`, `line 1, column 26: cases.1.inputFile: `},
		{`{"cases": [{"inputFile": "link.xml", "output": 1}]}`, `line 1, column 26: cases.1.inputFile: `},
		{`{"cases": [{"inputFile": "/etc/passwd", "output": 1}]}`, `line 1, column 26: cases.1.inputFile: `},
		{`{"cases": [{"inputFile": "none.xml", "output": 1}]}`, `line 1, column 26: cases.1.inputFile: `},
		{`{"cases": [{"inputFile": ".", "output": 1}]}`, `line 1, column 26: cases.1.inputFile: `},
		{`{"cases": [{"input": "", "outputFile": "lines.txt"}]}`, `line 1, column 40: cases.1.outputFile: is not what the rule writes: it has 2 JSON values, not 1`},
	} {
		name := filepath.Join(folder, "rules", "rule.json")
		if err := os.WriteFile(name, []byte(c.rule), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ParseFile(name); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.rule, err)
		}
		if _, err := Bundle(name); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: %v", c.rule, err)
		}
	}
	if _, err := ParseFile(filepath.Join(folder, "none.json")); !os.IsNotExist(err) {
		t.Error(err)
	}
}

func TestLint(t *testing.T) {
	const cased = `, "cases": [{"input": "<a/>", "output": 1}]`
	for _, c := range []struct{ name, rule, want string }{
		{"no cases", `{}`, "line 1, column 1: cases: the rule has no cases: nobody knows whether it does what is meant"},
		{"fine", `{"map": {"x": ".a"}` + cased + `}`, ""},
		{"now", `{"map": {"x": "now | todate"}` + cased + `}`, "line 1, column 15: map.x: now/0 is another at every run, so that no case can expect it"},
		{"a now of its own", `{"map": {"x": "def now: 1; now"}` + cased + `}`, ""},
		{"zone", `{"map": {"x": "0 | localtime"}` + cased + `}`, "line 1, column 15: map.x: localtime/0 depends on the time zone of the machine"},
		{"default of nothing", `{"map": {"x": ".a"}, "defaults": {"y": 1}` + cased + `}`, "line 1, column 40: defaults.y: nothing in map sets the key, so that it is a constant"},
		{"forceList", `{"input": {"forceList": ["a", "a/c/d"]}, "map": {"x": ".a"}` + cased + `}`, "line 1, column 31: input.forceList: no expression uses d"},
		{"forceList of a schema", `{"input": {"forceList": ["d"], "schema": {"required": ["d"]}}, "map": {"x": ".a"}` + cased + `}`, ""},
		{"numbers", `{"input": {"schema": {"properties": {"type": {"type": "number"}, "b": {"type": ["string", "number"]}, "c": {"enum": [{"type": "number"}]}}}}` + cased + `}`,
			"line 1, column 55: input.schema: no text of XML is a number: convert it in map, and check it in output.schema"},
		{"numbers of JSON", `{"input": {"format": "json", "schema": {"type": "number"}}` + cased + `}`, ""},
		{"lists", `{"input": {}, "map": {"x": ".a.b"}, "cases": [{"input": "<a><b>1</b></a>", "output": 1}, {"input": "<a><b/><b/><c/></a>", "output": 1}, {"input": "<a><c/><c/></a>", "output": 1}]}`,
			"line 1, column 11: input.forceList: a/b is a list in case 2 and none in case 1: name it in forceList"},
		{"lists of records", `{"input": {"each": "r/a"}, "cases": [{"input": "<r><a><b/></a><a><b/><b/></a></r>", "output": 1}]}`,
			"line 1, column 11: input.forceList: r/a/b is a list in case 1 and none in case 1: name it in forceList"},
		{"lists that are forced", `{"input": {"each": "r/a", "forceList": ["b"]}, "cases": [{"input": "<r><a><b/></a><a><b/><b/></a></r>", "output": 1}]}`, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := mustParse(t, c.rule).Lint().Error(); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
