package page_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/runnel/runnel/functions/xmltransform/page"
)

func TestGet(t *testing.T) {
	for _, test := range []struct{ name, contentType, has string }{
		{"", "text/html; charset=utf-8", "<!doctype html>"},
		{"index.html", "text/html; charset=utf-8", "<!doctype html>"},
		{"style.css", "text/css; charset=utf-8", "prefers-color-scheme"},
		{"app.js", "text/javascript; charset=utf-8", "import"},
	} {
		content, contentType, ok := page.Get(test.name)
		if !ok || contentType != test.contentType || !strings.Contains(string(content), test.has) {
			t.Errorf("%q: %v, %q, %.40q", test.name, ok, contentType, content)
		}
	}
	for _, name := range []string{"/", ".", "..", "../page.go", "web/app.js", `..\page.go`, "app.js/", "app", "\x00", strings.Repeat("a", 1<<20)} {
		if content, contentType, ok := page.Get(name); ok || content != nil || contentType != "" {
			t.Errorf("%.20q: found %q", name, contentType)
		}
	}
}

// What the page refers to is there, and is the page's own: no other host, no
// absolute path (the stage stands before it), and no markup made of data.
func TestReferences(t *testing.T) {
	references := regexp.MustCompile(`(?:(?:src|href)="|from "\./)([^"#{]+)"`)
	never := regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|https?://|(?:src|href)="/|fetch\("/|\sstyle="|\son[a-z]+="`)
	files := os.DirFS("web")
	names, err := fs.Glob(files, "*")
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	for _, name := range names {
		content, _, ok := page.Get(name)
		if !ok {
			t.Errorf("%s has no content type", name)
		}
		text := strings.ReplaceAll(string(content), "http://www.w3.org/2000/svg", "") // names what a picture is written in
		if bad := never.FindString(text); bad != "" {
			t.Errorf("%s has %q", name, bad)
		}
		for _, m := range references.FindAllStringSubmatch(text, -1) {
			file := strings.TrimPrefix(m[1], "page/")
			if _, _, ok := page.Get(file); !ok && !strings.HasPrefix(file, "data:") {
				t.Errorf("%s refers to %s, which is not there", name, m[1])
			}
		}
	}
}
