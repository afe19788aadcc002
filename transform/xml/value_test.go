package xml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/xml"
)

func at(line, column int) transform.Position { return transform.Position{Line: line, Column: column} }

func TestGet(t *testing.T) {
	v, err := xml.Parse([]byte("<r id='7'\n n='&lt;'>\n <i>1</i> text <i>2</i><e/> &amp; more<o><k>é</k></o></r>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path string
		kind xml.Kind
		json string
		at   transform.Position
	}{
		{"", xml.Object, `{"r":{"@id":"7","@n":"<","i":["1","2"],"e":null,"o":{"k":"é"},"#text":"text  & more"}}`, at(1, 1)},
		{"r/@id", xml.Text, `"7"`, at(1, 4)},
		{"r/@n", xml.Text, `"<"`, at(2, 2)},
		{"r/i", xml.List, `["1","2"]`, at(3, 2)},
		{"r/i/1", xml.Text, `"2"`, at(3, 16)},
		{"r/e", xml.Null, `null`, at(3, 24)},
		{"r/e/any/thing", xml.Null, `null`, at(0, 0)},
		{"r/o", xml.Object, `{"k":"é"}`, at(3, 39)},
		{"r/o/k", xml.Text, `"é"`, at(3, 42)},
		{"r/o/#text", xml.Null, `null`, at(0, 0)},
		{"r/#text", xml.Text, `"text  & more"`, at(1, 1)},
		{"r/x", xml.Null, `null`, at(0, 0)},
		{"r/k", xml.Null, `null`, at(0, 0)},
	} {
		got := v
		for _, key := range strings.FieldsFunc(test.path, func(r rune) bool { return r == '/' }) {
			if got.Kind() == xml.List {
				got = got.At(int(key[0] - '0'))
				continue
			}
			var ok bool
			if got, ok = got.Get(key); !ok {
				t.Errorf("%s: no object at %s", test.path, key)
			}
		}
		if json := string(got.AppendJSON(nil)); got.Kind() != test.kind || json != test.json || got.Position() != test.at {
			t.Errorf("%s: kind %d, %s, %v", test.path, got.Kind(), json, got.Position())
		}
		if want := strings.Trim(test.json, `"`); test.kind == xml.Text && got.Text() != want || test.kind != xml.Text && got.Text() != "" {
			t.Errorf("%s: text %q", test.path, got.Text())
		}
		checkAny(t, got)
	}
	r, _ := v.Get("r")
	list, _ := r.Get("i")
	if _, ok := list.Get("x"); ok {
		t.Error("a list has keys")
	}
	if text, _ := r.Get("@id"); text.Len() != 0 {
		t.Error("a text has elements")
	}
	if _, ok := list.At(0).Get("x"); ok {
		t.Error("a text has keys")
	}
}

func TestGetDeclarations(t *testing.T) {
	v, err := xml.Parse([]byte("<r xmlns='u'>\n<s xmlns='' xmlns:p='w' a='1'/></r>"), &xml.Options{Namespaces: xml.Namespaces{Map: map[string]string{"u": "v"}}})
	if err != nil {
		t.Fatal(err)
	}
	r, _ := v.Get("v:r")
	s, _ := r.Get("s")
	declared, _ := s.Get("@xmlns")
	checkAny(t, v)
	checkAny(t, declared)
	p, _ := declared.Get("p")
	none, _ := declared.Get("")
	absent, _ := declared.Get("q")
	if p.Text() != "w" || p.Position() != at(2, 13) || none.Kind() != xml.Null || absent.Kind() != xml.Null || declared.Position() != at(2, 1) {
		t.Errorf("%s: %q at %v, %v", declared.AppendJSON(nil), p.Text(), p.Position(), declared.Position())
	}
	for _, d := range []xml.Value{p, none} {
		checkAny(t, d)
	}
}

func TestNull(t *testing.T) {
	var null xml.Value
	got, ok := null.Get("x")
	if !ok || got.Kind() != xml.Null || null.Any() != nil || null.Text() != "" || string(null.AppendJSON(nil)) != "null" || null.Position() != at(0, 0) {
		t.Error("the zero Value is not null")
	}
}

// TestStrings: strings of a record stay when the next is read.
func TestStrings(t *testing.T) {
	r, err := xml.NewReader(strings.NewReader("<r><i a='1'>one</i><i a='2'>two</i></r>"), "r/i", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []any
	for range 2 {
		v, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		text, _ := v.Get("#text")
		got = append(got, v.Any(), text.Text())
	}
	if fmt.Sprint(got) != "[map[#text:one @a:1] one map[#text:two @a:2] two]" {
		t.Error(got)
	}
}

// TestSlow reads documents that would take minutes if anything took time that
// grows with the square of their size.
func TestSlow(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 50 MB and more")
	}
	const n = 250_000
	numbered := func(format string, args func(i int) []any) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, args(i)...)
		}
		return "<r>" + b.String() + "</r>"
	}
	twice := func(i int) []any { return []any{i % (n / 2)} }
	nested := func(i int) []any { return []any{i % (n / 2), (i + 1) % (n / 2), i % (n / 2)} }
	for name, document := range map[string]string{
		"many siblings of many names":    numbered("<n%d/>", twice),
		"names that change place":        numbered("<n%d><n%d/></n%d>", nested),
		"a text of many pieces":          "<r>" + strings.Repeat("x<b/>", n*3) + "</r>",
		"many references":                "<r>" + strings.Repeat("&lt;", n*3) + "</r>",
		"many comments":                  "<r>x" + strings.Repeat("<!---->y", n*2) + "</r>",
		"brackets":                       "<r>" + strings.Repeat("]", n*10) + "</r>",
		"a line end of CR alone":         "<r>" + strings.Repeat("\r", n*10) + "</r>",
		"elements in elements, repeated": "<r>" + strings.Repeat(strings.Repeat("<a>", 100)+strings.Repeat("</a>", 100), n/100) + "</r>",
	} {
		for _, ns := range []xml.Namespaces{{}, {Strip: true}} {
			o := &xml.Options{Namespaces: ns}
			v, err := xml.Parse([]byte(document), o)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			v.AppendJSON(nil)
			read(strings.NewReader(document), o)
		}
	}
}

// TestList asks for the elements of a long list in turn, and then at random.
func TestList(t *testing.T) {
	const n = 200_000
	v, err := xml.Parse([]byte("<r>"+strings.Repeat("<i/><j>x</j>", n)+"</r>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := v.Get("r")
	list, _ := r.Get("j")
	if list.Len() != n {
		t.Fatal(list.Len())
	}
	for i := range n {
		if list.At(i).Text() != "x" {
			t.Fatal(i)
		}
	}
	if list.At(3).Position() != at(1, 3+4+12*3+1) {
		t.Error(list.At(3).Position())
	}
}

// TestDepth: no depth overflows the stack.
func TestDepth(t *testing.T) {
	deep := strings.Repeat("<a>", 1<<20) + strings.Repeat("</a>", 1<<20)
	o := &xml.Options{Limits: xml.Limits{Depth: 1 << 30}}
	if got := parse(deep, o); got != "line 1, column 30001: more than 10000 elements within each other" {
		t.Error(got)
	}
	v, err := xml.Parse([]byte(strings.Repeat("<a>", 10000)+strings.Repeat("</a>", 10000)), o)
	if err != nil {
		t.Fatal(err)
	}
	if v.AppendJSON(nil); v.Any() == nil {
		t.Error("nothing")
	}
	if got := parse(deep, nil); got != "line 1, column 769: more than 256 elements within each other" {
		t.Error(got)
	}
}

func TestManyNames(t *testing.T) {
	var b strings.Builder
	b.WriteString("<r>")
	for i := range 1_000_000 {
		fmt.Fprintf(&b, "<n%d/>", i)
	}
	if got := parse(b.String(), nil); !strings.HasSuffix(got, "too many different names") {
		t.Error(got)
	}
}
