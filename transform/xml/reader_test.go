package xml_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/xml"
)

func TestReader(t *testing.T) {
	for _, test := range []struct {
		name, each, in string
		want           []string
		head, err      string
	}{
		{"records", "r/i", "<r><i>1</i><i a='2'/><i/></r>", []string{`"1"`, `{"@a":"2"}`, "null"}, `{"r":null}`, "EOF"},
		{"what stands before", "r/i", "<r a='1'> x <h><k>1</k></h><h/>y <i/><h>later</h></r>", []string{"null"}, `{"r":{"@a":"1","h":[{"k":"1"},null],"#text":"x y"}}`, "EOF"},
		{"records far within", "r/s/i", "<r><s><t/>a<i>1</i>b</s><i>no</i><s><i>2</i></s><s/></r>", []string{`"1"`, `"2"`}, `{"r":{"s":{"t":null,"#text":"a"}}}`, "EOF"},
		{"records within records", "r/i", "<r><i><r><i>1</i></r><i>2</i></i></r>", []string{`{"r":{"i":"1"},"i":"2"}`}, `{"r":null}`, "EOF"},
		{"the root is the record", "r", "<!-- x --><r><i/></r>\n", []string{`{"i":null}`}, "null", "EOF"},
		{"no record", "r/j", "<r>x<i/></r>", nil, `{"r":{"i":null,"#text":"x"}}`, "EOF"},
		{"another root", "s/i", "<r><i/></r>", nil, `{"r":{"i":null}}`, "EOF"},
		{"lists are of one record", "r/i", "<r><i><k/></i><i><k/><k/></i><i><k/></i></r>", []string{`{"k":null}`, `{"k":[null,null]}`, `{"k":null}`}, `{"r":null}`, "EOF"},
		{"wrong between records", "r/i", "<r><i>1</i><h k='1' k='2'/><i>2</i></r>", []string{`"1"`}, `{"r":null}`, "line 1, column 21: the attribute k is there twice"},
		{"wrong after the records", "r/i", "<r><i>1</i></r>x", []string{`"1"`}, `{"r":null}`, "line 1, column 16: text after the root element"},
		{"wrong within a record", "r/i", "<r>\n<i>1</i>\n<i>2<b></i></r>", []string{`"1"`}, `{"r":null}`, "line 3, column 8: </i> closes <b> of line 3, column 5"},
		{"cut off", "r/i", "<r>\n<i>1</i>\n", []string{`"1"`}, `{"r":null}`, "line 3, column 1: the document ends: <r> of line 1, column 1 is not closed"},
		{"a path with slashes around", "/r/i/", "<r><i/></r>", []string{"null"}, `{"r":null}`, "EOF"},
	} {
		for name, r := range map[string]io.Reader{
			"at once":      strings.NewReader(test.in),
			"byte by byte": iotest.OneByteReader(strings.NewReader(test.in)),
		} {
			got, head, err := records(r, test.each, nil)
			if fmt.Sprint(got) != fmt.Sprint(test.want) || head != test.head || err.Error() != test.err {
				t.Errorf("%s, %s: %s, head %s, %v", test.name, name, got, head, err)
			}
		}
	}
}

func TestReaderNamespaces(t *testing.T) {
	const document = `<o:r xmlns:o="http://o/" xmlns="http://d/"><o:i o:a="1"/><p:i xmlns:p="http://o/">x</p:i><i/></o:r>`
	for _, test := range []struct {
		each string
		ns   xml.Namespaces
		want string
	}{
		{"o:r/o:i", xml.Namespaces{}, `[{"@o:a":"1"}]`},
		{"r/i", xml.Namespaces{Strip: true}, `[{"@a":"1"} "x" null]`},
		{"r/i", xml.Namespaces{Map: map[string]string{"http://o/": ""}}, `[{"@a":"1"} "x"]`},
		{"p:r/p:i", xml.Namespaces{Map: map[string]string{"http://o/": "p"}}, `[{"@p:a":"1"} "x"]`},
	} {
		got, _, err := records(strings.NewReader(document), test.each, &xml.Options{Namespaces: test.ns})
		if fmt.Sprint(got) != test.want || err != io.EOF {
			t.Errorf("%s: %s, %v", test.each, got, err)
		}
	}
}

// TestForcedPaths: a name counts wherever it stands, a path in its place alone.
func TestForcedPaths(t *testing.T) {
	const document = "<r><i><k/></i><j><i/><k/></j></r>"
	for _, test := range []struct {
		force string
		want  string
	}{
		{"k", `{"r":{"i":{"k":[null]},"j":{"i":null,"k":[null]}}}`},
		{"r/i/k", `{"r":{"i":{"k":[null]},"j":{"i":null,"k":null}}}`},
		{"r/i", `{"r":{"i":[{"k":null}],"j":{"i":null,"k":null}}}`},
		{"r", `{"r":[{"i":{"k":null},"j":{"i":null,"k":null}}]}`},
		{"/r", `{"r":[{"i":{"k":null},"j":{"i":null,"k":null}}]}`},
		{"i/k", `{"r":{"i":{"k":null},"j":{"i":null,"k":null}}}`},
	} {
		if got := parse(document, &xml.Options{ForceList: []string{test.force}}); got != test.want {
			t.Errorf("%s: %s", test.force, got)
		}
	}
	got, _, _ := records(strings.NewReader(document), "r/i", &xml.Options{ForceList: []string{"r/i/k", "r/i"}})
	if fmt.Sprint(got) != `[{"k":[null]}]` {
		t.Errorf("a record: %s", got)
	}
}

// TestReaderPositions: of records and of what is in them, over moves of the window.
func TestReaderPositions(t *testing.T) {
	var b strings.Builder
	b.WriteString("<r>\r\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "é<i n='%d'>%s\r\n <k>x</k></i>\r\n", i, strings.Repeat("ö", i%50))
	}
	b.WriteString("</r>")
	for _, in := range []io.Reader{strings.NewReader(b.String()), iotest.HalfReader(strings.NewReader(b.String()))} {
		r, err := xml.NewReader(in, "r/i", nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 5000 {
			v, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			k, _ := v.Get("k")
			if v.Position() != (transform.Position{Line: 2 + 2*i, Column: 2}) || k.Position() != (transform.Position{Line: 3 + 2*i, Column: 2}) {
				t.Fatalf("record %d: %v, %v", i, v.Position(), k.Position())
			}
		}
	}
}

// TestReadError: that reading fails is no fault of the document, wherever in it
// that is and whatever the error: that of a body which was cut off is like that of
// a document.
func TestReadError(t *testing.T) {
	for _, broken := range []error{errors.New("broken"), io.ErrUnexpectedEOF} {
		for _, begun := range []string{
			"", "<", "<r", "<r><i>1</i>", "<r><i>1</i><i>", "<r><i>x &am", "<r><i>\xc3", "<r><i a='\xe2\x82", "<r/>", "<r/>\n", "<?xml version='1.0' enc", "\xFF\xFE<\x00r\x00>\x00<",
			"<r><i>" + strings.Repeat("x", 3*megabyte), "<!-- " + strings.Repeat("é", megabyte) + "\xc3",
		} {
			in := io.MultiReader(strings.NewReader(begun), iotest.ErrReader(broken))
			got, _, err := records(in, "r/i", nil)
			if len(got) != strings.Count(begun, "</i>") || err != broken {
				t.Errorf("%.30q: %s, %v", begun, got, err)
			}
		}
	}
}

func TestSize(t *testing.T) {
	o := &xml.Options{Limits: xml.Limits{Size: 100}}
	long := strings.Repeat("x", 90)
	for _, test := range []struct{ name, in, want string }{
		{"a record", "<r><i>" + long + "</i>\n<i>" + long + "xxxxxxx</i></r>", "line 2, column 1: a record is of more than 100 bytes, the most allowed"},
		{"a record without end", "<r><i/>\n<i>" + strings.Repeat(long, 10000), "line 2, column 1: a record is of more than 100 bytes, the most allowed"},
		{"before the first record", "<r>" + long + long + "<i/>", "line 1, column 1: the document before its first record (the path r/i) is of more than 100 bytes, the most allowed"},
		{"no record", "<r>" + strings.Repeat("<j/>", 100000), "line 1, column 1: the document before its first record (the path r/i) is of more than 100 bytes, the most allowed"},
		{"between records", "<r><i/>" + strings.Repeat("<j/>", 100000) + "</r>", "EOF"},
	} {
		if _, _, err := records(strings.NewReader(test.in), "r/i", o); err.Error() != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if got := parse("<r>"+long+"</r>", o); got != `{"r":"`+long+`"}` {
		t.Error(got)
	}
	if got := parse("<r>"+long+long+"</r>", o); got != "line 1, column 1: the document is of 187 bytes, and 100 are the most allowed" {
		t.Error(got)
	}
}

// A counted reader knows how many bytes it has given.
type counted struct {
	io.Reader
	n int
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += n
	return n, err
}

// TestSizeRead: of what is too large no more is read than shows it.
func TestSizeRead(t *testing.T) {
	for _, before := range []string{"<r><i>", "<r>", "<r><i/><j k='"} {
		in := &counted{Reader: strings.NewReader(before + strings.Repeat("x", 8*megabyte))}
		_, _, err := records(in, "r/i", &xml.Options{Limits: xml.Limits{Size: megabyte}})
		var bad *xml.SyntaxError
		if !errors.As(err, &bad) || !strings.Contains(bad.Reason, "is of more than") {
			t.Errorf("%s: %v", before, err)
		}
		if most := megabyte + megabyte/8; in.n > most {
			t.Errorf("%s: %d bytes were read, more than %d", before, in.n, most)
		}
	}
}

// An endless document of so many bytes, which never repeats a name between its
// records.
type endless struct {
	left, i int
	rest    bytes.Buffer
}

func (e *endless) Read(b []byte) (int, error) {
	for e.rest.Len() < len(b) && e.left > 0 {
		if e.i == 0 {
			e.rest.WriteString("<r xmlns:p='u'>")
		}
		n, _ := fmt.Fprintf(&e.rest, "<i p:n='%d'><k>text &amp; more</k>é<m/>text</i><j%d xmlns:q%d='v'/>%s\n", e.i, e.i, e.i, "some text between")
		e.i++
		if e.left -= n; e.left <= 0 {
			e.rest.WriteString("</r>")
		}
	}
	return e.rest.Read(b)
}

// TestConstantMemory reads 50 MB in which every record has new names beside it.
func TestConstantMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("reads 50 MB and more")
	}
	in, err := xml.NewReader(&endless{left: 50 * megabyte}, "r/i", &xml.Options{Namespaces: xml.Namespaces{Map: map[string]string{}}})
	if err != nil {
		t.Fatal(err)
	}
	var most uint64
	var out []byte
	for i := 0; ; i++ {
		v, err := in.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		out = v.AppendJSON(out[:0])
		if i%50000 == 0 {
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	}
	if most > 16*megabyte {
		t.Errorf("%d bytes are held", most)
	}
}

// TestLongText is of one text over many windows.
func TestLongText(t *testing.T) {
	text := strings.Repeat("0123456789 &amp; é\r\n", 500_000)
	in := iotest.OneByteReader(strings.NewReader("<r><i>" + text + "</i></r>"))
	got, _, err := records(in, "r/i", nil)
	want := strings.TrimSpace(strings.NewReplacer("&amp;", "&", "\r\n", "\n").Replace(text))
	if err != io.EOF || len(got) != 1 || got[0] != `"`+strings.ReplaceAll(want, "\n", `\n`)+`"` {
		t.Errorf("%d records, %v", len(got), err)
	}
}
