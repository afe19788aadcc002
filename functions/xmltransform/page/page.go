// Package page is the pipeline's page for people: files are sent and followed
// until they are JSON, rules are written and tried on a sample.
//
// It is plain HTML, CSS and JavaScript modules as the browser takes them, with
// nothing to build and nothing from another host. All its addresses are relative,
// so that it works under the stage of any API; the address of the page itself
// must therefore end with a slash. What it does, it does by the pipeline's API.
package page

import (
	"embed"
	"path"
	"strings"
)

//go:embed web
var web embed.FS

// types are the content types of the page's files, by extension. They are here
// because package mime asks the machine, and a browser runs no module that a
// machine thinks is text/plain.
var types = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
}

// Get is a file of the page, "" for the page itself, and its content type.
func Get(name string) (content []byte, contentType string, ok bool) {
	if name == "" {
		name = "index.html"
	}
	if strings.ContainsAny(name, `/\`) {
		return nil, "", false
	}
	content, err := web.ReadFile("web/" + name)
	if err != nil {
		return nil, "", false
	}
	contentType, ok = types[path.Ext(name)]
	return content, contentType, ok
}
