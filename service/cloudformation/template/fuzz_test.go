package template

import (
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"pgregory.net/rapid"
)

// FuzzTemplate: whatever a stranger sends is read or refused, without a panic
// and in bounded space.
func FuzzTemplate(f *testing.F) {
	for _, path := range []string{"testdata/functions.txt", "testdata/errors.txt", "testdata/parameters.txt"} {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range archive.Files {
			f.Add(string(file.Data))
		}
	}
	f.Add(strings.Repeat("[", 300))
	f.Add("{" + strings.Repeat(`"a":{`, 300))
	f.Add("a: " + strings.Repeat("!Sub ", 50))
	f.Fuzz(func(_ *testing.T, body string) { resolve(body) })
}

// TestOrder draws random dependencies: a circle is found exactly where no order
// exists, and its members all lie on circles.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ids := []string{"a", "b", "c", "d", "e", "f"}
		needs := map[string][]string{}
		for _, id := range ids {
			needs[id] = rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, 2, rapid.ID[string]).Draw(t, id)
		}
		circle := circular(needs)
		if (len(circle) == 0) != orders(needs) {
			t.Fatalf("circle %v in %v", circle, needs)
		}
		for _, id := range circle {
			if !reaches(needs, id, id, map[string]bool{}) {
				t.Fatalf("%s lies on no circle in %v", id, needs)
			}
		}
	})
}

// orders removes what needs nothing until nothing is left.
func orders(needs map[string][]string) bool {
	done := map[string]bool{}
	for progress := true; progress; {
		progress = false
		for id, of := range needs {
			if !done[id] && !slices.ContainsFunc(of, func(n string) bool { return !done[n] }) {
				done[id], progress = true, true
			}
		}
	}
	return len(done) == len(needs)
}

func reaches(needs map[string][]string, from, to string, seen map[string]bool) bool {
	for _, next := range needs[from] {
		if next == to {
			return true
		}
		if !seen[next] {
			seen[next] = true
			if reaches(needs, next, to, seen) {
				return true
			}
		}
	}
	return false
}
