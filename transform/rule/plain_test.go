package rule

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/itchyny/gojq"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/transform/record"
	"github.com/runnel/runnel/transform/xml"
)

// What jq says of a query on the whole dictionary is what every shorter way must
// come to.
func oracle(query string, dictionary any) (string, string) {
	q, err := gojq.Parse(query)
	if err != nil {
		return "", err.Error()
	}
	code, err := gojq.Compile(q, gojq.WithVariables([]string{headVariable}))
	if err != nil {
		return "", err.Error()
	}
	v, r, err := first(context.Background(), code, dictionary, []any{nil})
	switch {
	case err != nil:
		return "", err.Error()
	case r == absent:
		return "absent", ""
	}
	return string(record.AppendJSON(nil, v)), ""
}

func agree(t interface {
	Helper()
	Fatalf(string, ...any)
}, query string, s *subject) {
	t.Helper()
	e, ok := expressionOf(query)
	if !ok {
		t.Fatalf("%s does not compile", query)
	}
	dictionary := s.value
	if s.isTree {
		dictionary = s.tree.Any()
	}
	want, wantErr := oracle(query, dictionary)
	b, r, f := e.append(nil, s)
	got, gotErr := string(b), ""
	switch {
	case f != nil:
		got, gotErr = "", f.Reason
	case r == absent:
		got = "absent"
	default:
		got = string(record.AppendJSON(nil, decode(b))) // in the order of keys
	}
	if got != want || gotErr != wantErr {
		t.Fatalf("%s of %s:\ngot  %s %s\nwant %s %s", query, s.json(), got, gotErr, want, wantErr)
	}
}

func expressionOf(query string) (*expression, bool) {
	p := &parser{}
	n, problem := readDocument(fmt.Appendf(nil, "%q", query))
	if problem != nil {
		return nil, false
	}
	e := p.expression("map.x", n)
	return e, e != nil
}

func subjectOf(t interface{ Fatal(...any) }, text string, isXML bool) *subject {
	s := &subject{size: 1 << 20, allowance: &allowance{whole: context.Background(), patience: time.Minute}}
	if !isXML {
		s.value = decode([]byte(text))
		return s
	}
	v, err := xml.Parse([]byte(text), &xml.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s.isTree, s.tree = true, v
	return s
}

const oracleXML = `<a x="1"><b>one</b><b>two</b><c><d>3</d><d y="z">4</d><e/></c><f>5</f><g-h>6</g-h></a>`

var oracleQueries = []string{
	".", ".a", ".a.b", ".a.b[0]", ".a.b[-1]", ".a.b[2]", ".a.b[-3]", ".a.b[1.5]", `.a["b"][0]`, `."a"."@x"`, `.a."g-h"`,
	".a | .b | .[1]", "(.a | .c).d", "((.a)).f", ".a.f[0]", ".a.f.x", ".a.b.x", ".a[0]", ".x.y.z", ".a.c.e.x[0]", ".[0]", ".a.b[1e0]",
	".a.f?", ".a.f.x?", ".a.f.x? // 1", ".a.f.x // 1", ".a.z // .a.f", "try .a.f.x catch .", "[.a.b[]]", ".a.b | length", ".a.b[]",
	"{f: .a.f, b: .a.b}", "{a}", `{"a"}`, `{"a": .a.f}`, `{"x\(.a.f)": 1}`, `{(.a.f): .a.b}`, `{"x\(.a.f)"}`, "{a, z}", "{$__x: 1}?",
	`"\(.a.f) and \(.a.b[0])"`, `@json "x\(.a.b)"`, "@json", ".a.f | @base64", `@base64 "\(.a.f)"`,
	".a.f as $x | .a.b[0] + $x", ". as $r | $r.a.f", ".a as {f: $f} | $f", ".a as {(.f): $f} | 1", ".a as [$x] ?// {b: $x} | $x", ".a.c as {d: [$x, $y]} | [$y, $x]",
	"if .a.f == \"5\" then .a.b else .a.c end", "if .a.f == \"6\" then 1 end", "if .a.z then 1 elif .a.f then .a.b[0] else . end",
	"reduce .a.b[] as $x (\"\"; . + $x)", "reduce .a.b[] as $x (.a.f; . + $x)", "[foreach .a.c.d[] as $x (0; . + 1; [., $x])]", "reduce .a.f.x as $x (0; 1)",
	".a.b[.a.f | tonumber - 4]", ".a.b[:1]", ".a.b[.a.f:]", ".a.b[(.a.f|tonumber) - 5:]", ".. | numbers", "-(.a.f | tonumber)", "-.a.f",
	".a.f = 1", ".a.f |= tonumber", ".a.f += \"x\"", "del(.a.b)", "path(.a.b)", "[paths] | length", ".a | keys", "to_entries", "label $f | .a.b[] | ., break $f",
	"first(.a.b[])", "[limit(1; .a.b[])]", "isempty(.a.b[])", "add(.a.b[])", "[range(.a.f | tonumber)]", "error(.a.f)", "def f: .a.f; f", "def first(g): 1; first(.a)",
	"def now: 1; now + (.a.f | tonumber)", "empty", ".a.f | empty", "null", "1", "\"x\"", "[.a.f, .a.x, .a.b[5]]", ".a.f, .a.f", "select(.a.f == \"5\") | .a.b", "$head", "$head.x // .a.f",
	".a.b | map(. + \"!\")", ".a.c.d | map(if type == \"object\" then .\"#text\" else . end | tonumber) | add", "[.a.b, .a.b] | .[0][0]", "(.a.b | length) > 1 and .a.f == \"5\"",
	".a.b | .[0] as $x | [$x, .[1]]", "try error({x: .a.f}) catch .x", "(.a.f | tonumber) as $n | [.a.b[] | . * $n]", "$__loc__?", "[splits(\"a\")]?", ".a.f | ltrimstr(\"5\") | length",
	". as [$a] ?// $a | $a.a.f", "[.[] | .f]", ".[]", ".a[]?", "..", "not", ".a | not", "input_line_number?", "getpath([\"a\",\"f\"])", "@text", "@sh \"x \\(.a.f)\"",
}

func TestShortcutsAgreeWithJQ(t *testing.T) {
	for _, s := range []*subject{subjectOf(t, oracleXML, true), subjectOf(t, string(subjectOf(t, oracleXML, true).json()), false)} {
		for _, q := range oracleQueries {
			if _, ok := expressionOf(q); ok {
				agree(t, q, s)
			} else if _, reason := oracle(q, nil); reason == "" {
				t.Errorf("%s does not compile", q)
			}
		}
	}
}

func TestShortcutsAreTaken(t *testing.T) {
	for query, want := range map[string]string{
		".a.b":                                   "plain",
		".a.b[0]":                                "plain",
		`.a | ."b c" | .["@d"]`:                  "plain",
		".":                                      "plain",
		".a.b | tonumber":                        "paths 1",
		".a.b // .a.c":                           "paths 2",
		".a.b + .a.b":                            "paths 1",
		".a.b[]":                                 "paths 1",
		".a.b?":                                  "paths 1",
		`"\(.a) \(.b)"`:                          "paths 2",
		"{a, b: .c}":                             "paths 2",
		".a as $x | .b + $x":                     "paths 2",
		"if .a then .b else .c end":              "paths 3",
		"now":                                    "paths 0",
		"$head.x":                                "paths 0",
		"first(.a[])":                            "paths 1",
		"if .a then .b end":                      "record",
		"map(.a)":                                "record",
		".[]":                                    "record",
		". as $x | $x.a":                         "record",
		".a |= 1":                                "record",
		"def f: 1; f":                            "record",
		`"$runnel0" | .a`:                        "record",
		"reduce .a[] as $x (0; . + ($x | .b.c))": "paths 1",
	} {
		e, ok := expressionOf(query)
		if !ok {
			t.Fatal(query)
		}
		got := "record"
		if e.plain {
			got = "plain"
		} else if e.rewritten != nil {
			got = fmt.Sprint("paths ", len(e.paths))
		}
		if got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
}

func TestNumbersAgreeWithJQ(t *testing.T) {
	for _, text := range []string{
		"0", "7", "-7", "007", "-0", "1.50", "-0.0", "0.1", "00.10", "123456789012345678", "1234567890123456789", "99999999999999999999",
		"0.1234567890123456", "1.0", "100.0", "12345678.12345678", "", "-", ".5", "5.", "1.2.3", "+1", "1e3", "1 ", "0x1", "--1", "-.5", "٣", "nan", "1_0", "1,5",
	} {
		for _, q := range []string{".a | tonumber", ".a|(tonumber)", ". | .a | tonumber", ".a | tonumber?", "tonumber", ".a | tonumber | . + 1"} {
			agree(t, q, subjectOf(t, "<a>"+text+"</a>", true))
		}
	}
	agree(t, ".a | tonumber", subjectOf(t, "<a><b/></a>", true))
	agree(t, ".a | tonumber", subjectOf(t, `{"a": 1.50}`, false))
	agree(t, "def tonumber: 1; .a | tonumber", subjectOf(t, "<a>2</a>", true))
}

// FuzzShortcuts looks for queries that mean something else when their paths are
// taken out.
func FuzzShortcuts(f *testing.F) {
	for _, q := range oracleQueries {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if strings.Contains(query, "now") || strings.Contains(query, "local") {
			t.Skip() // another at every run
		}
		s := subjectOf(t, oracleXML, true)
		e, ok := expressionOf(query)
		if !ok {
			t.Skip()
		}
		s.patience = 20 * time.Millisecond
		if e.run(s); s.over() {
			t.Skip()
		}
		agree(t, query, subjectOf(t, oracleXML, true))
	})
}

// Random queries on random documents: the names are few, so that they meet.
func TestShortcutsAgreeWithJQRandomly(t *testing.T) {
	name := rapid.SampledFrom([]string{"a", "b", "c", "@x", "#text"})
	stepOf := rapid.Custom(func(t *rapid.T) string {
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			return fmt.Sprintf("[%d]", rapid.IntRange(-3, 3).Draw(t, "index"))
		case 1:
			return "?"
		}
		return fmt.Sprintf(".%q", name.Draw(t, "name"))
	})
	pathOf := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf(".%q", name.Draw(t, "name")) + strings.Join(rapid.SliceOfN(stepOf, 0, 3).Draw(t, "steps"), "")
	})
	form := rapid.SampledFrom([]string{
		"%s", "%s", "%s", "%s // %s", "%s + %s", "[%s, %s]", "{x: %s, y: %s}", "%s | %s", "if %s then %s else %s end", "try (%s) catch %s", `"\(%s)-\(%s)"`,
		"%s as $v | [$v, %s]", "[%s | .[]?]", "reduce (%s, %s) as $v (%s; [., $v])", "first(%s, %s)", "(%s) == (%s)", "%s | length", "%s |= 1", "[limit(2; %s, %s)]", "%s[%s]",
	})
	rapid.Check(t, func(t *rapid.T) {
		f := form.Draw(t, "form")
		var parts []any
		for range strings.Count(f, "%s") {
			parts = append(parts, pathOf.Draw(t, "path"))
		}
		agree(t, fmt.Sprintf(f, parts...), subjectOf(t, element(t, "a", 3), true))
	})
}

// element is a random element.
func element(t *rapid.T, name string, depth int) string {
	var b strings.Builder
	b.WriteString("<" + name)
	if rapid.Bool().Draw(t, "attribute") {
		b.WriteString(` x="1"`)
	}
	b.WriteString(">")
	if rapid.Bool().Draw(t, "text") {
		b.WriteString("t")
	}
	if depth > 0 {
		for range rapid.IntRange(0, 3).Draw(t, "children") {
			b.WriteString(element(t, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name"), depth-1))
		}
	}
	return b.String() + "</" + name + ">"
}
