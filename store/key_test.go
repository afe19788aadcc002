package store

import (
	"bytes"
	"cmp"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestKeyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		short := rapid.StringOf(rapid.RuneFrom([]rune{0, 1, 0xff, 'a', 'b'}))
		a, b := short.Draw(t, "a"), short.Draw(t, "b")
		m, n := rapid.Uint64().Draw(t, "m"), rapid.Uint64().Draw(t, "n")
		want := cmp.Or(cmp.Compare(a, b), cmp.Compare(m, n))
		got := bytes.Compare(K("x").Str(a).Uint(m), K("x").Str(b).Uint(n))
		if got != want {
			t.Fatalf("(%q,%d) against (%q,%d): %d, want %d", a, m, b, n, got, want)
		}
	})
}

func TestKeyParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, n := rapid.String().Draw(t, "s"), rapid.Uint64().Draw(t, "n")
		b := rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		at := time.Unix(0, rapid.Int64Range(0, 1<<62).Draw(t, "at")).UTC()
		k := K("x").Str(s).Uint(n).Bytes(b).Time(at).Raw(b)
		p := k.Parts(K("x"))
		if got := p.Str(); got != s {
			t.Fatalf("Str = %q, want %q", got, s)
		}
		if got := p.Uint(); got != n {
			t.Fatalf("Uint = %d, want %d", got, n)
		}
		if got := p.Bytes(); !bytes.Equal(got, b) {
			t.Fatalf("Bytes = %q, want %q", got, b)
		}
		if got := p.Time(); !got.Equal(at) {
			t.Fatalf("Time = %v, want %v", got, at)
		}
		if got := p.Raw(); !bytes.Equal(got, b) || p.Err() != nil {
			t.Fatalf("Raw = %q, %v, want %q", got, p.Err(), b)
		}
	})
}

func TestKeyStrPrefix(t *testing.T) {
	r := Prefix(K("x").StrPrefix("a\x00"))
	for s, want := range map[string]bool{"a": false, "a\x00": true, "a\x00b": true, "a\x01": false, "b": false} {
		k := K("x").Str(s)
		if got := bytes.Compare(k, r.From) >= 0 && bytes.Compare(k, r.To) < 0; got != want {
			t.Errorf("%q in range: %v, want %v", s, got, want)
		}
	}
}

func FuzzParts(f *testing.F) {
	f.Add([]byte(K("s").Uint(7)))
	f.Fuzz(func(t *testing.T, b []byte) {
		p := Key(b).Parts(nil)
		p.Str()
		p.Uint()
		p.Bytes()
		if p.Err() == nil && len(p.Raw()) > len(b) {
			t.Fatal("more read than there is")
		}
	})
}
