package charset_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/runnel/runnel/transform/charset"
)

func TestReader(t *testing.T) {
	for _, test := range []struct {
		name, charset, in, want, read string
	}{
		{"UTF-8", "", "größe", "größe", "utf-8"},
		{"UTF-8 keeps its byte order mark", "auto", "\xEF\xBB\xBFa", "\xEF\xBB\xBFa", "utf-8"},
		{"UTF-8 that is not is handed on", "utf-8", "a\xffb", "a\xffb", "utf-8"},
		{"UTF-16 by its mark, little end first", "auto", "\xFF\xFEa\x00\xf6\x00", "aö", "utf-16le"},
		{"UTF-16 by its mark, big end first", "windows-1252", "\xFE\xFF\x00a\x00\xf6", "aö", "utf-16be"},
		{"UTF-16 by its name", "UTF-16", "a\x00\xf6\x00", "aö", "utf-16le"},
		{"half a pair of surrogates", "auto", "\xFF\xFEa\x00\x00\xd8b\x00", "a\uFFFDb", "utf-16le"},
		{"Windows", "windows-1252", "gr\xf6\x80e", "grö€e", "windows-1252"},
		{"Latin-1 is what the web takes it for", "ISO-8859-1", "\xe9", "é", "windows-1252"},
		{"empty", "auto", "", "", "utf-8"},
		{"one byte", "auto", "a", "a", "utf-8"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := charset.NewReader(iotest.OneByteReader(strings.NewReader(test.in)), test.charset)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(r)
			if err != nil || string(got) != test.want || r.Name != test.read {
				t.Errorf("got %q as %s, %v", got, r.Name, err)
			}
			if r.Converted() != (test.read != charset.UTF8) {
				t.Error("Converted says otherwise")
			}
		})
	}
	if _, err := charset.NewReader(strings.NewReader("a"), "klingon"); err == nil {
		t.Error("an unknown encoding is read")
	}
	broken := errors.New("broken")
	if _, err := charset.NewReader(iotest.ErrReader(broken), ""); err != broken {
		t.Errorf("got %v", err)
	}
}
