package rule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"go/ast"
	goparser "go/parser"
	"go/token"
	"strings"
	"testing"
	"time"
)

// documented is the rule of the package's documentation.
func documented(t testing.TB) string {
	f, err := goparser.ParseFile(token.NewFileSet(), "doc.go", nil, goparser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	return codeOf(f.Doc)
}

func codeOf(doc *ast.CommentGroup) string {
	var b strings.Builder
	for line := range strings.Lines(doc.Text()) {
		if strings.HasPrefix(line, "\t") {
			b.WriteString(line)
		} else if b.Len() > 0 {
			break
		}
	}
	return b.String()
}

func TestDocumentation(t *testing.T) {
	r := mustParse(t, documented(t))
	for _, c := range r.Test(t.Context()) {
		if c.Reason != "" {
			t.Error(c)
		}
	}
	if p := r.Lint(); len(p) > 0 {
		t.Error(p)
	}
}

// FuzzParse reads rules that strangers write.
func FuzzParse(f *testing.F) {
	f.Add([]byte(documented(f)))
	for _, text := range []string{
		`{}`, `{"map": {"a": ".a", "b.\"c\"": "@x \"\\(.a)\""}, "output": {"schema": {"$ref": "#"}}}`,
		`{"input": {"format": "csv", "separator": "tab", "columns": ["a"]}, "onError": "quarantine", "cases": [{"inputBase64": "YQ==", "quarantined": 1}]}`,
		`{"map": {"a": "def f: .b; .a as {b: $x} | f // $x"}, "required": ["a.b"], "defaults": {"c": null}}`,
		"{\"id\": \"\\ud83d\\ude00\", \"map\": {\"\\u00e9\": \"\\ud83d\\ude00 }\"}}",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := Parse(text)
		var problems Problems
		switch {
		case errors.As(err, &problems):
			for _, p := range problems {
				if p.Reason == "" || p.Line < 1 || p.Column < 1 || p.Line > bytes.Count(text, []byte{'\n'})+1 || p.Column > len(text)+2 {
					t.Errorf("%+v", p)
				}
			}
			return
		case err != nil:
			t.Fatal(err)
		}
		r.Lint()
		for i := range r.cases[:min(len(r.cases), 3)] {
			r.cases[i].run(context.Background(), r, time.Millisecond)
		}
	})
}

// FuzzRun converts documents that strangers send.
func FuzzRun(f *testing.F) {
	const fields = `"map": {"id": ".[\"@id\"]?", "n.x": ".a.b | length", "n.y": ".a // empty", "all": "."}, "required": ["all"]`
	var rules []*Rule
	for _, text := range []string{
		`{}`, `{` + fields + `}`,
		`{"input": {"each": "a/b", "schema": {"maxProperties": 3}}, "onError": "quarantine", ` + fields + `}`,
		`{"input": {"format": "json", "schema": {"type": "object"}}, ` + fields + `}`,
		`{"input": {"format": "json", "each": "a"}, "onError": "quarantine", "output": {"format": "dynamodb"}, ` + fields + `}`,
		`{"input": {"format": "ndjson"}, "onError": "quarantine", "output": {"format": "ndjson", "schema": {"properties": {"n": {"multipleOf": 0.1}}}}, ` + fields + `}`,
		`{"input": {"format": "csv", "charset": "windows-1252"}, "onError": "quarantine", ` + fields + `}`,
	} {
		rules = append(rules, mustParse(f, text))
	}
	for i, text := range []string{order, order, "<a><b id='1'>x</b><b><a><b/></a></b></a>", `{"a": {"b": [1]}}`, `{"a": [1, {"@id": 1.5e300}]}`, "{}\n[\n1e999\n", "@id,a\n1,\x80\n"} {
		f.Add(uint8(i), []byte(text))
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		r := rules[int(which)%len(rules)]
		var out bytes.Buffer
		summary, err := r.Run(context.Background(), bytes.NewReader(text), &out, Options{Quarantine: func(q Quarantined) error {
			if len(q.Failures) == 0 || !json.Valid(q.Input) {
				t.Errorf("left out %+v", q)
			}
			return nil
		}})
		var rejected *Rejected
		switch {
		case errors.As(err, &rejected):
			if len(rejected.Failures) == 0 || len(rejected.Failures) > maxFailures || rejected.Failures[0].Reason == "" {
				t.Errorf("%+v", rejected)
			}
		case err != nil:
			t.Error(err)
		default:
			wrote, err := r.decodeOutput(out.Bytes())
			if list, ok := wrote.([]any); err != nil || r.input.records() && (!ok || len(list) != summary.Records) {
				t.Errorf("%+v, %v, wrote %s", summary, err, out.Bytes())
			}
		}
	})
}
