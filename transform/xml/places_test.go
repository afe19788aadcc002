package xml_test

import (
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/xml"
	"pgregory.net/rapid"
)

// TestPlacesOfLineEnds: empty lines count wherever the window moves.
func TestPlacesOfLineEnds(t *testing.T) {
	for _, test := range []struct{ between, want string }{
		{"\n\n\n", "line 4, column 1"},
		{"\r\n\r\n", "line 3, column 1"},
		{"\r\r\n\n\r ", "line 5, column 2"},
	} {
		_, _, err := records(iotest.OneByteReader(strings.NewReader("<r><i/></r>"+test.between+"x")), "r/i", nil)
		if want := test.want + ": text after the root element"; err.Error() != want {
			t.Errorf("%q: %v, want %s", test.between, err, want)
		}
	}
}

// positions are those of the elements of a document by their offsets, as a simple
// count has them.
func positions(document string) (list []transform.Position) {
	p, cr := transform.Position{Line: 1, Column: 1}, false
	for i, r := range document {
		if r == '<' && document[i+1] != '/' {
			list = append(list, p)
		}
		switch {
		case r == '\n' && cr:
		case r == '\n', r == '\r':
			p.Line, p.Column = p.Line+1, 1
		default:
			p.Column++
		}
		cr = r == '\r'
	}
	return list
}

// TestPlacesInAnyOrder asks for the positions of the elements of a list as it
// comes.
func TestPlacesInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b strings.Builder
		b.WriteString("<r>")
		for range 300 {
			b.WriteString("<i/>")
			b.WriteString(strings.Repeat(rapid.SampledFrom([]string{"x", "é", "𝒳", "\n", "\r", "\r\n", "\n\r"}).Draw(t, "text"), rapid.IntRange(0, 99).Draw(t, "times")))
		}
		document := b.String() + "</r>"
		want := positions(document)[1:]
		list := listOf(t, document)
		for _, i := range rapid.SliceOfN(rapid.IntRange(0, 299), 1, 50).Draw(t, "asked") {
			if got := list.At(i).Position(); got != want[i] {
				t.Fatalf("element %d: %v, want %v", i, got, want[i])
			}
		}
		asked := 0
		r, err := xml.NewReader(iotest.HalfReader(strings.NewReader(document)), "r/i", nil)
		for ; err == nil; asked++ {
			var v xml.Value
			if v, err = r.Next(); err == nil && v.Position() != want[asked] {
				t.Fatalf("record %d: %v, want %v", asked, v.Position(), want[asked])
			}
		}
		if err != io.EOF {
			t.Fatal(err)
		}
	})
}

// listOf is the list r/i of a document.
func listOf(t rapid.TB, document string) xml.Value {
	v, err := xml.Parse([]byte(document), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := v.Get("r")
	list, _ := r.Get("i")
	return list
}

// TestPlacesThereAndBack asks for positions at both ends of a document in turn,
// which would take minutes if each was counted from the beginning.
func TestPlacesThereAndBack(t *testing.T) {
	const n = 200_000
	v, err := xml.Parse([]byte("<r>"+strings.Repeat("<i><k>text</k></i>", n)+"<j/></r>"), nil)
	if err != nil {
		t.Fatal(err)
	}
	r, _ := v.Get("r")
	list, _ := r.Get("i")
	last, _ := r.Get("j")
	for i := 0; i < n; i += 10 {
		if got, want := list.At(i).Position(), at(1, 4+i*len("<i><k>text</k></i>")); got != want {
			t.Fatalf("element %d: %v, want %v", i, got, want)
		}
		if got, want := last.Position(), at(1, 4+n*len("<i><k>text</k></i>")); got != want {
			t.Fatalf("the last: %v, want %v", got, want)
		}
	}
}
