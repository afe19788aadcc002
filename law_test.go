package runnel_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/runnel/runnel"

// The dependency law: every arrow points one way,
// cmd -> runnel -> service, console -> event, wire -> store.
// A rule says what packages (by path prefix) must not import, and why. Tests
// are exempt: they wire what they need.
var law = []struct {
	packages string
	not      []string // prefixes within the module; "!" begins an exception
	because  string
}{
	{"store", []string{"", "!store"}, "the store is the ground: it knows nothing of what stands on it"},
	{"event", []string{"", "!store", "!event"}, "an event crosses between services, so it can know none of them"},
	{"wire", []string{"", "!store", "!wire"}, "the wire knows no service: what is special to one is in its table"},
	{"service", []string{"", "!store", "!event", "!wire", "!service"}, "a service is used by the runtime and never uses it"},
	{"functions", []string{"", "!functions", "!transform"}, "functions run on AWS too, where there is no Runnel"},
	{"transform", []string{"", "!transform"}, "the transform stands alone, for anybody to import"},
	{"deploy", []string{"", "!deploy"}, "deploying is a client's work: what it deploys here it could deploy to AWS"},
	{"pipelines", []string{"", "!pipelines"}, "a demonstration is a client of the AWS APIs"},
	{"transform", []string{"github.com/aws/"}, "no AWS in the transform"},
	{"store", []string{"github.com/aws/"}, "no AWS in the store"},
}

func TestDependencyLaw(t *testing.T) {
	for pkg, imports := range importsOf(t) {
		for _, imp := range imports {
			for _, rule := range law {
				if within(pkg, rule.packages) && forbidden(imp, rule.not) {
					t.Errorf("%s imports %s: %s", pkg, imp, rule.because)
				}
			}
			if mine, other := service(pkg), service(strings.TrimPrefix(imp, module+"/")); mine != "" && other != "" && mine != other {
				t.Errorf("%s imports %s: services meet in package event, and nowhere else", pkg, imp)
			}
		}
	}
}

func within(pkg, prefix string) bool {
	return prefix == "" || pkg == prefix || strings.HasPrefix(pkg, prefix+"/")
}

func forbidden(imp string, rules []string) bool {
	bad := false
	local, inModule := strings.CutPrefix(imp, module+"/")
	for _, r := range rules {
		if except, ok := strings.CutPrefix(r, "!"); ok {
			bad = bad && !(inModule && within(local, except))
		} else if strings.Contains(r, ".") {
			bad = bad || strings.HasPrefix(imp, r)
		} else {
			bad = bad || (inModule || imp == module) && within(local, r)
		}
	}
	return bad
}

// service is the service that a package belongs to, or "".
func service(pkg string) string {
	rest, ok := strings.CutPrefix(pkg, "service/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return name
}

// importsOf is what each package of the module imports, tests left out.
func importsOf(t *testing.T) map[string][]string {
	imports := make(map[string][]string)
	walkGo(t, func(file string) {
		if strings.HasSuffix(file, "_test.go") {
			return
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		pkg := path.Dir(filepath.ToSlash(file))
		for _, imp := range f.Imports {
			p, _ := strconv.Unquote(imp.Path.Value)
			imports[pkg] = append(imports[pkg], p)
		}
	})
	if len(imports) < 10 {
		t.Fatalf("only %d packages found: the law looked in the wrong place", len(imports))
	}
	return imports
}

func walkGo(t *testing.T, visit func(file string)) {
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && p != ".", d.Name() == "testdata" && d.IsDir():
			return filepath.SkipDir
		case !d.IsDir() && strings.HasSuffix(p, ".go"):
			visit(p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestForbidden(t *testing.T) {
	for _, c := range []struct {
		imp   string
		rules []string
		want  bool
	}{
		{module + "/store", []string{""}, true},
		{module, []string{""}, true},
		{"fmt", []string{""}, false},
		{module + "/wire/wiretest", []string{"", "!wire"}, false},
		{module + "/wired", []string{"", "!wire"}, true},
		{"github.com/aws/x", []string{"github.com/aws/"}, true},
	} {
		if got := forbidden(c.imp, c.rules); got != c.want {
			t.Errorf("%s under %q: %v, want %v", c.imp, c.rules, got, c.want)
		}
	}
}
