package runnel_test

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// What is larger than this is listed in testdata/large.txt, a list that only
// shrinks. Split by idea, never by line count.
const (
	maxFunction = 50   // lines
	maxFile     = 500  // lines
	maxPackage  = 4000 // lines, tests left out
)

func TestSizes(t *testing.T) {
	listed, found := readLarge(t), large(t)
	for _, name := range slices.Sorted(maps.Keys(found)) {
		if found[name] > listed[name] {
			t.Errorf("%s has %d lines: split it by idea, or list it in testdata/large.txt with a reason in the commit", name, found[name])
		}
	}
	for name, lines := range listed {
		if found[name] < lines {
			t.Errorf("%s has %d lines, and testdata/large.txt allows %d: lower the list", name, found[name], lines)
		}
	}
}

// large is what exceeds a limit, with its lines.
func large(t *testing.T) map[string]int {
	sizes, packages := make(map[string]int), make(map[string]int)
	walkGo(t, func(file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		lines := fset.File(f.Pos()).LineCount()
		packages[path.Dir(file)] += lines
		if lines > maxFile {
			sizes[file] = lines
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				if n := fset.Position(fn.End()).Line - fset.Position(fn.Pos()).Line + 1; n > maxFunction {
					sizes[file+":"+fn.Name.Name] = n
				}
			}
		}
	})
	for pkg, lines := range packages {
		if lines > maxPackage {
			sizes[pkg] = lines
		}
	}
	return sizes
}

func readLarge(t *testing.T) map[string]int {
	f, err := os.Open("testdata/large.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	listed := make(map[string]int)
	for s := bufio.NewScanner(f); s.Scan(); {
		if s.Text() == "" || strings.HasPrefix(s.Text(), "#") {
			continue
		}
		var lines int
		var name string
		if _, err := fmt.Sscan(s.Text(), &lines, &name); err != nil {
			t.Fatalf("testdata/large.txt: %q: %v", s.Text(), err)
		}
		listed[name] = lines
	}
	return listed
}
