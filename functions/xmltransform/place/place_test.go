package place

import (
	"strings"
	"testing"
	"time"
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
		{Copy("in/a.xml"), "errors/in/a.xml"},
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
	if Copy("a.xml.report.json") == Report("a.xml") {
		t.Error("a copy has the key of another file's report")
	}
	for _, key := range []string{Result(long), Copy(long), Report(long), LeftOut(long)} {
		if len(key) > 100 {
			t.Errorf("the key %q of a long one", key)
		}
	}
	if key := Result(long[:1015] + ".xml"); len(key) != 1020 {
		t.Errorf("a long key that fits became %q", key)
	}
}

// What is made of a file is of that state alone.
func TestMade(t *testing.T) {
	file := Object{Bucket: "b", Key: "ü.xml", ETag: "1", Version: "v", Modified: time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)}
	metadata := file.Metadata()
	if !file.Made(metadata) || metadata[SourceModified] != "20261121T020000Z" || metadata[SourceVersion] != "v" {
		t.Errorf("the metadata is %v", metadata)
	}
	for name, change := range map[string]func(*Object){
		"key":     func(o *Object) { o.Key = "ü" },
		"content": func(o *Object) { o.ETag = "2" },
		"time":    func(o *Object) { o.Modified = o.Modified.Add(time.Second) },
	} {
		other := file
		if change(&other); other.Made(metadata) {
			t.Errorf("it was made of a file with another %s too", name)
		}
	}
	null, etag := "null", `"1"`
	if got, want := ObjectOf("b", "k", &etag, &null, 2), (Object{Bucket: "b", Key: "k", ETag: "1", Size: 2}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// The metadata of a result fits what S3 takes, whatever its file is called.
func TestMetadataFits(t *testing.T) {
	for _, c := range []string{"a", "\n", "é", "小", "😀"} {
		for before := range 46 {
			o := Object{
				Bucket: strings.Repeat("b", 63), Key: strings.Repeat("a", before) + strings.Repeat(c, (1024-before)/len(c)),
				ETag: strings.Repeat("0", 32) + "-10000", Version: strings.Repeat("v", 32),
			}
			size := len(RuleID) + 64 + len(RuleVersion) + 4 + len(Records) + 12 + len(LeftOutCount) + 12
			for name, value := range o.Metadata() {
				size += len(name) + len(value)
			}
			if size > 2<<10 {
				t.Errorf("the metadata of %d times a and then %q has %d bytes", before, c, size)
			}
		}
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
