package place

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestKeys(t *testing.T) {
	long := strings.Repeat("k", 1020)
	for _, test := range []struct{ got, want string }{
		{Result("a.xml"), "a.json"},
		{Result("in/a.XML"), "in/a.json"},
		{Result("a"), "a.json"},
		{Result("a.json"), "a.json.json"},
		{Result(".xml"), ".json"},
		{Failed("in/a.xml"), "errors/in/a.xml"},
		{Report("in/a.xml"), "errors/in/a.xml.report.json"},
		{LeftOut("in/a.xml"), "quarantine/in/a.xml.ndjson"},
		{Folder("in/x/a.xml"), "in"},
		{Folder("a.xml"), ""},
		{Folder("/a.xml"), ""},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	for _, key := range []string{Result(long), Failed(long), Report(long), LeftOut(long)} {
		if len(key) > 100 {
			t.Errorf("the key %q of a long one", key)
		}
	}
	if key := Result(long[:1015] + ".xml"); len(key) != 1020 {
		t.Errorf("a long key that fits became %q", key)
	}
}

// What was encoded is decoded, in a header, and small enough.
func TestEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringOfN(rapid.Rune(), 0, -1, 1024).Draw(t, "text")
		e := Encode(s)
		if got := Decode(e); got != s {
			t.Fatalf("%q became %q", s, got)
		}
		if len(e) > 1700 || strings.TrimSpace(e) != e || !utf8.ValidString(e) {
			t.Fatalf("%q is encoded as %q, of %d bytes", s, e, len(e))
		}
	})
	for text, want := range map[string]string{"order/a b.xml": "order/a b.xml", " a": "=?utf-8?b?IGE=?=", "Zoë": "=?utf-8?b?Wm/Dqw==?=", "=?utf-8?q?x?=": "=?utf-8?b?PT91dGYtOD9xP3g/PQ==?="} {
		if got := Encode(text); got != want || Decode(got) != text {
			t.Errorf("Encode(%q) is %q, want %q", text, got, want)
		}
	}
}
