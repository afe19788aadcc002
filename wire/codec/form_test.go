package codec_test

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/runnel/runnel/wire/codec"
)

// TestFormShare: who keeps a value of a large form does not keep the form.
func TestFormShare(t *testing.T) {
	for size, want := range map[int]bool{100: true, 100_000: false} {
		doc := "Name=abc&Text=" + strings.Repeat("x", size)
		var f codec.Form
		if err := f.Parse(doc); err != nil {
			t.Fatal(err)
		}
		name := f.Get("Name")
		if name != "abc" || f.Get("Text") != doc[len("Name=abc&Text="):] {
			t.Fatalf("%d bytes: Name is %q", size, name)
		}
		start := uintptr(unsafe.Pointer(unsafe.StringData(doc)))
		at := uintptr(unsafe.Pointer(unsafe.StringData(name)))
		if shared := start <= at && at < start+uintptr(len(doc)); shared != want {
			t.Errorf("%d bytes: a value is part of the form: %v", size, shared)
		}
	}
}
