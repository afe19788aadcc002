package xml_test

import (
	"encoding/json"
	stdxml "encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/runnel/runnel/transform/charset"
	"github.com/runnel/runnel/transform/xml"
	"pgregory.net/rapid"
)

// texts are what stands between tags.
var texts = []string{
	"", " ", "\n\t", "\r\n  ", "x", " two words ", "ö€𝒳", "&lt;&amp;&#x41;", "a\rb\r\nc\r", "]] ]>", "\u00a0", "\u2003x\u2003", "\uFFFD\uFEFF",
	"<!-- a comment, - -->", "<?an instruction? >?>", "<![CDATA[<c> ]] &amp;\r\n]]>", "<![CDATA[]]>", "<![CDATA[ ]]>", "&#32;", "&#13;", "\u0085",
}

var values = []string{"", "1", " a\tb\r\nc\rd ", "'&quot;'", "&lt;ö&#10;>", "]]>", "𝒳\u00a0"}

// declared are attributes of documents with namespaces, of which p is declared at
// the root.
var declared = []string{`xmlns="d"`, `xmlns=""`, `xmlns:p="v"`, `xmlns:p='w'`, `xmlns:q="u"`, `p:a="1"`, `p:b="&amp;"`, `xml:lang="en"`}

// drawElement writes an element of random content.
func drawElement(t *rapid.T, b *strings.Builder, depth int, name string, namespaces bool) {
	if namespaces && rapid.Bool().Draw(t, "prefixed") {
		name = "p:" + name
	}
	b.WriteString("<" + name)
	if namespaces {
		for _, a := range rapid.SliceOfNDistinct(rapid.SampledFrom(declared), 0, 3, nameOf).Draw(t, "declared") {
			b.WriteString(" " + a)
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "attributes") {
		fmt.Fprintf(b, ` a%d = "%s"`, i, rapid.SampledFrom(values).Draw(t, "value"))
	}
	if rapid.Bool().Draw(t, "empty") {
		b.WriteString(" />")
		return
	}
	b.WriteString(">")
	drawContent(t, b, depth, namespaces)
	b.WriteString("</" + name + "\n>")
}

func nameOf(attribute string) string { return attribute[:strings.IndexByte(attribute, '=')] }

func drawContent(t *rapid.T, b *strings.Builder, depth int, namespaces bool) {
	for range rapid.IntRange(0, 5).Draw(t, "content") {
		b.WriteString(rapid.SampledFrom(texts).Draw(t, "text"))
		if depth > 0 && rapid.Bool().Draw(t, "child") {
			drawElement(t, b, depth-1, rapid.SampledFrom([]string{"b", "c", "dé", "r", "rec"}).Draw(t, "name"), namespaces)
		}
	}
}

// drawDocument is a document with the root r, most of whose children are rec.
func drawDocument(t *rapid.T) string { return drawWith(t, false) }

// drawNamespaces is the same with prefixes and declarations.
func drawNamespaces(t *rapid.T) string { return drawWith(t, true) }

func drawWith(t *rapid.T, namespaces bool) string {
	var b strings.Builder
	b.WriteString(rapid.SampledFrom([]string{"", "<?xml version='1.0'?>\n", "<!-- x --> "}).Draw(t, "prolog"))
	b.WriteString("<r at='1'")
	if namespaces {
		b.WriteString(" xmlns:p='u'")
	}
	b.WriteString(">")
	for range rapid.IntRange(0, 6).Draw(t, "records") {
		b.WriteString(rapid.SampledFrom(texts).Draw(t, "text"))
		drawElement(t, &b, 3, rapid.SampledFrom([]string{"rec", "rec", "rec", "b", "r"}).Draw(t, "name"), namespaces)
	}
	b.WriteString("</r>")
	b.WriteString(rapid.SampledFrom([]string{"", "\n", " <!-- x --><?y?>"}).Draw(t, "epilog"))
	return b.String()
}

// A drip reads as much at a time as is drawn.
type drip struct {
	t  *rapid.T
	in io.Reader
}

func (d drip) Read(b []byte) (int, error) {
	n := rapid.IntRange(1, 40).Draw(d.t, "read")
	return d.in.Read(b[:min(n, len(b))])
}

// records are the records of a document as JSON, and the error that ends them.
func records(r io.Reader, each string, o *xml.Options) (list []string, head string, err error) {
	in, err := xml.NewReader(r, each, o)
	if err != nil {
		return nil, "", err
	}
	for {
		v, err := in.Next()
		if err != nil {
			return list, string(in.Head().AppendJSON(nil)), err
		}
		list = append(list, string(v.AppendJSON(nil)))
	}
}

func TestReaderIsParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := &xml.Options{ForceList: []string{"r/rec"}}
		o.Namespaces = rapid.SampledFrom([]xml.Namespaces{{}, {Strip: true}, {Map: map[string]string{}}}).Draw(t, "namespaces")
		// With namespaces mapped, declarations at elements without attributes
		// pass from one record to the next, but not in a Reader.
		document := drawWith(t, o.Namespaces.Map == nil)
		if rapid.Bool().Draw(t, "spoiled") {
			at := rapid.IntRange(0, len(document)-1).Draw(t, "at")
			document = document[:at] + rapid.SampledFrom([]string{"", "<", "\x00", "]]>", "&", "</r>"}).Draw(t, "spoil") + document[at+1:]
		}
		if got, want := read(drip{t, strings.NewReader(document)}, o), parse(document, o); got != want {
			t.Fatalf("%q:\nreads as %s\nparses as %s", document, got, want)
		}
		got, _, end := records(drip{t, strings.NewReader(document)}, "r/rec", o)
		v, err := xml.Parse([]byte(document), o)
		if err != nil {
			if end.Error() != err.Error() {
				t.Fatalf("%q: read %v, parsed %v", document, end, err)
			}
			return
		}
		if end != io.EOF {
			t.Fatalf("%q: read %v", document, end)
		}
		if want := recordsOf(v); strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Fatalf("%q:\nreads as %s\nparses as %s", document, got, want)
		}
	})
}

// recordsOf are the elements r/rec of a dictionary that has them in a list.
func recordsOf(v xml.Value) (list []string) {
	root, _ := v.Get("r")
	if root.Kind() != xml.Object {
		return nil
	}
	found, _ := root.Get("rec")
	for i := range found.Len() {
		list = append(list, string(found.At(i).AppendJSON(nil)))
	}
	return list
}

// TestPython compares random documents with what xmltodict makes of them.
func TestPython(t *testing.T) {
	plain, prefixed := rapid.Custom(drawDocument), rapid.Custom(drawNamespaces)
	var documents []document
	for seed := range 200 {
		d := document{XML: plain.Example(seed)}
		if seed%2 == 1 {
			d.Force = []string{"b", "rec"}
		}
		documents = append(documents, d)
		d = document{XML: prefixed.Example(seed)}
		if seed%2 == 1 {
			d.Namespaces = []map[string]string{{}, {"u": "", "v": "vee"}, {"u": "x", "w": "x", "d": ""}}[seed/2%3]
		}
		documents = append(documents, d)
	}
	for i, want := range xmltodict(t, documents) {
		if got := parse(documents[i].XML, documents[i].options()); got != want {
			t.Errorf("%q:\n got %s\nwant %s", documents[i].XML, got, want)
		}
	}
}

// spoils are put into well-formed documents.
var spoils = []string{
	"", "<", ">", "/", "&", ";", "'", "\"", "=", "]]>", "--", "?>", "<!", "<?", "</", "/>", "<b>", "</r>", "<!-- ", "<![CDATA[", "&#0;", "&#xD800;", "&a;", "&#x;",
	"\x00", "\x0b", "\ufffe", "\xff", "\xc3", " ", "\n", ":", "p:", "xmlns:p='u'", "a0='1'", "xmlns:xml='u'", "<?xml version='1.0'?>", "<?XML?>", "<?a?>",
}

// TestPythonRefuses compares what is refused of random documents, each spoiled in
// one place, but not in its version: expat takes any.
func TestPythonRefuses(t *testing.T) {
	spoiled := rapid.Custom(func(t *rapid.T) string {
		text := drawNamespaces(t)
		at := rapid.IntRange(0, len(text)-1).Draw(t, "at")
		drop := rapid.IntRange(0, 1).Draw(t, "drop")
		return text[:at] + rapid.SampledFrom(spoils).Draw(t, "spoil") + text[at+drop:]
	})
	var documents []document
	for seed := range 3000 {
		d := document{XML: spoiled.Example(seed)}
		if seed%2 == 1 {
			d.Namespaces = map[string]string{}
		}
		if utf8.ValidString(d.XML) && strings.HasPrefix(d.XML, "<?xml version=") == strings.HasPrefix(d.XML, "<?xml version='1.0'") {
			documents = append(documents, d)
		}
	}
	refused := 0
	for i, answer := range xmltodict(t, documents) {
		bad := strings.HasPrefix(answer, `{"!error"`)
		if got := parse(documents[i].XML, documents[i].options()); bad == (got[0] == '{') || !bad && got != answer {
			t.Errorf("%q: %s, and xmltodict says %s", documents[i].XML, got, answer)
		}
		if bad {
			refused++
		}
	}
	if refused < len(documents)/4 {
		t.Errorf("only %d of %d documents were refused", refused, len(documents))
	}
}

// standard is the dictionary of a document in the tokens of encoding/xml.
func standard(document string) (any, error) {
	in := stdxml.NewDecoder(strings.NewReader(document))
	in.CharsetReader = func(name string, r io.Reader) (io.Reader, error) { return charset.NewReader(r, name) }
	type open struct {
		name string
		m    map[string]any
		text strings.Builder
	}
	stack := []*open{{m: map[string]any{}}}
	for {
		token, err := in.RawToken()
		if err == io.EOF {
			return stack[0].m, nil
		}
		if err != nil {
			return nil, err
		}
		top := stack[len(stack)-1]
		switch token := token.(type) {
		case stdxml.StartElement:
			e := &open{name: qualified(token.Name), m: map[string]any{}}
			for _, a := range token.Attr {
				e.m["@"+qualified(a.Name)] = spaces.Replace(a.Value)
			}
			stack = append(stack, e)
		case stdxml.CharData:
			top.text.Write(token)
		case stdxml.EndElement:
			stack = stack[:len(stack)-1]
			if qualified(token.Name) != top.name || len(stack) == 0 {
				return nil, errors.New("mixed-up tags")
			}
			put(stack[len(stack)-1].m, top.name, top.m, strings.TrimSpace(top.text.String()))
		}
	}
}

// spaces takes back what encoding/xml does not do to the values of attributes.
var spaces = strings.NewReplacer("\n", " ", "\t", " ", "\r", " ")

func qualified(n stdxml.Name) string {
	if n.Space == "" {
		return n.Local
	}
	return n.Space + ":" + n.Local
}

func put(parent map[string]any, name string, m map[string]any, text string) {
	var value any
	switch {
	case len(m) > 0:
		value = m
		if text != "" {
			m["#text"] = text
		}
	case text != "":
		value = text
	}
	switch old, ok := parent[name]; {
	case !ok:
		parent[name] = value
	default:
		list, isList := old.([]any)
		if !isList {
			list = []any{old}
		}
		parent[name] = append(list, value)
	}
}

// spaced is a dictionary with the values of attributes as standard has them.
func spaced(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = spaced(v[i])
		}
	case map[string]any:
		for k := range v {
			if s, ok := v[k].(string); ok && k[0] == '@' {
				v[k] = spaces.Replace(s)
			} else {
				v[k] = spaced(v[k])
			}
		}
	}
	return v
}

// comparable says whether encoding/xml should read a document as we do: it is ASCII, with
// the names of the fourth edition, one colon in them, and version 1.0 alone.
func comparable(document string) bool {
	for i := range len(document) {
		if document[i] >= utf8.RuneSelf || document[i] == 0 {
			return false
		}
	}
	return !strings.Contains(document, ":") && !strings.Contains(document, "<?xml")
}

func FuzzParse(f *testing.F) {
	_, documents := golden(f)
	for _, d := range documents {
		for mode := range 3 {
			f.Add(d.XML, mode)
		}
	}
	for i, s := range texts {
		f.Add("<a b='"+values[i%len(values)]+"'>"+s+"<c/>"+s+"</a>", i)
	}
	f.Add("<?xml version='1.0' encoding='windows-1252'?><a>\x80</a>", 0)
	f.Add("\xFF\xFE<\x00a\x00/\x00>\x00", 0)
	f.Fuzz(func(t *testing.T, document string, mode int) {
		o := &xml.Options{Namespaces: []xml.Namespaces{{}, {Strip: true}, {Map: map[string]string{"u": "v"}}}[uint(mode)%3], ForceList: []string{"a", "a/b"}}
		got := parse(document, o)
		if again := read(iotest.OneByteReader(strings.NewReader(document)), o); again != got {
			t.Fatalf("parses as %s\nreads as %s", got, again)
		}
		_, _, end := records(iotest.HalfReader(strings.NewReader(document)), "a/b", o)
		if o.Namespaces.Map == nil && (end == io.EOF) != (got[0] == '{') || end != io.EOF && got[0] != '{' && end.Error() != got {
			t.Fatalf("parses as %s\nreads as records to %v", got, end)
		}
		v, err := xml.Parse([]byte(document), &xml.Options{})
		if err != nil {
			return
		}
		if text := v.AppendJSON(nil); !json.Valid(text) || !utf8.Valid(text) {
			t.Fatalf("not JSON: %s", text)
		}
		checkOracle(t, document, v)
	})
}

func checkOracle(t *testing.T, document string, v xml.Value) {
	if !comparable(document) {
		return
	}
	want, err := standard(document)
	if err != nil {
		t.Fatalf("we take what encoding/xml does not: %v", err)
	}
	if got := spaced(v.Any()); !reflect.DeepEqual(got, want) {
		t.Fatalf("got %v, encoding/xml has %v", got, want)
	}
}

func TestStandard(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := drawDocument(t)
		v, err := xml.Parse([]byte(text), nil)
		if err != nil {
			t.Fatal(err)
		}
		want, err := standard(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := spaced(v.Any()); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: got %v, encoding/xml has %v", text, got, want)
		}
	})
}
