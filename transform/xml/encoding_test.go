package xml_test

import (
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/runnel/runnel/transform/xml"
)

// utf16Of writes a text as UTF-16, the big end first or last.
func utf16Of(s string, big bool) string {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

func TestEncodings(t *testing.T) {
	const good = `{"a":"größe €"}`
	declared := func(encoding string) string { return `<?xml version="1.0" encoding="` + encoding + `"?>` }
	for _, test := range []struct{ name, charset, in, want string }{
		{"UTF-8", "", "<a>größe €</a>", good},
		{"UTF-8 declared", "", declared("utf-8") + "<a>größe €</a>", good},
		{"UTF-8 with a mark", "", "\uFEFF<a>größe €</a>", good},
		{"UTF-8 with a mark, declared", "windows-1252", "\uFEFF" + declared("UTF-8") + "<a>größe €</a>", good},
		{"windows-1252", "", declared("windows-1252") + "<a>gr\xf6\xdfe \x80</a>", good},
		{"windows-1252 asked for", "windows-1252", "<a>gr\xf6\xdfe \x80</a>", good},
		{"asked for, but declared", "windows-1252", declared("UTF-8") + "<a>größe €</a>", good},
		{"asked for, declared without an encoding", "windows-1252", "<?xml version='1.0'?><a>gr\xf6\xdfe \x80</a>", good},
		{"Latin-1", "", declared("ISO-8859-1") + "<a>\xe9</a>", `{"a":"é"}`},
		{"Latin-9", "", declared("iso-8859-15") + "<a>gr\xf6\xdfe \xa4</a>", good},
		{"UTF-16, little end first", "", "\xFF\xFE" + utf16Of("<a>größe €</a>", false), good},
		{"UTF-16, big end first", "", "\xFE\xFF" + utf16Of(declared("UTF-16")+"<a>größe €</a>", true), good},
		{"UTF-16 without a mark, little end first", "", utf16Of(declared("UTF-16")+"<a>größe €</a>", false), good},
		{"UTF-16 without a mark, big end first", "", utf16Of(declared("UTF-16")+"<a>größe €</a>", true), good},
		{"UTF-16 without a mark, undeclared", "", utf16Of("<a>größe €</a>", false), good},
		{"a pair of surrogates", "", "\xFF\xFE" + utf16Of("<a>𝒳</a>", false), `{"a":"𝒳"}`},
		{"positions are of characters", "", "\xFF\xFE" + utf16Of("<a>\n𝒳€ &</a>", false), "line 2, column 4: & begins a reference: write &amp; for the character"},
		{"U+FFFE as UTF-16", "", "\xFF\xFE" + utf16Of("<a>\uFFFE</a>", false), "line 1, column 4: the character U+FFFE is not allowed in XML"},

		{"an unknown encoding", "", declared("klingon") + "<a/>", "line 1, column 21: the encoding klingon is not known"},
		{"an encoding that is told by the mark", "", declared("auto") + "<a/>", "line 1, column 21: the encoding auto is not known"},
		{"bytes declared UTF-16", "", declared("utf-16") + "<a/>", "line 1, column 21: the document says that it is utf-16, and it is not: correct its first line"},
		{"a mark against the declaration", "", "\uFEFF" + declared("ISO-8859-1") + "<a/>", "line 1, column 21: the document says that it is ISO-8859-1, and its byte order mark that it is UTF-8: correct its first line"},
		{"UTF-32", "", "\xFF\xFE\x00\x00<\x00\x00\x00", "line 1, column 1: the document is UTF-32, which is not read; save it as UTF-8"},
		{"EBCDIC", "", "\x4C\x6F\xA7\x94", "line 1, column 1: the document is EBCDIC, which is not read; save it as UTF-8"},
		{"a bad encoding", "", declared("utf 8") + "<a/>", `line 1, column 21: an XML declaration cannot have encoding "utf 8"`},
		{"two marks", "", "\uFEFF\uFEFF<a/>", "line 1, column 1: text before the root element: is this XML?"},
		{"a mark alone", "", "\uFEFF", "line 1, column 1: the document is empty"},
	} {
		o := &xml.Options{Charset: test.charset}
		if got := parse(test.in, o); got != test.want {
			t.Errorf("%s: %s", test.name, got)
		}
		if got := read(iotest.OneByteReader(strings.NewReader(test.in)), o); got != test.want {
			t.Errorf("%s, byte by byte: %s", test.name, got)
		}
	}
}
