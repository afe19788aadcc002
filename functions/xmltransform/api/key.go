package api

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/runnel/runnel/functions/xmltransform/place"
)

// maxKey is how long a file's key may be in bytes. Keys have 1,024 (S3 User
// Guide, object key names), and those of its reports are longer than its own.
const maxKey = 900

// checkKey tells whether a file can have the key. What S3 takes and others read
// as something else, it cannot: a path that leads elsewhere, a name that no
// screen shows.
func checkKey(key string) error {
	switch {
	case key == "":
		return bad("file is missing, the name that the file is to have: ask for upload?file=orders/1.xml")
	case len(key) > maxKey:
		return bad("file has %d bytes; it may have %d", len(key), maxKey)
	case !utf8.ValidString(key), strings.ContainsRune(key, utf8.RuneError): // that API Gateway puts there
		return bad("file is not UTF-8")
	case strings.ContainsFunc(key, unicode.IsControl):
		return bad("file has a control character: %.100q", key)
	case strings.HasPrefix(key, "/"):
		return bad("file begins with a slash")
	}
	for segment := range strings.SplitSeq(key, "/") {
		switch segment {
		case "":
			return bad("file has a folder or name that is empty: %.100q", key)
		case ".", "..":
			return bad("file has a folder or name that is %q", segment)
		}
	}
	if place.Reserved(key) {
		return bad("file begins with %s or %s, where reports lie", place.Errors, place.Quarantine)
	}
	return nil
}

// link leads to how far a file is, from the API's root.
func link(key string) string {
	segments := strings.Split(key, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return "upload/" + strings.Join(segments, "/")
}

// location is a link from the API's root as a reference relative to the request
// (RFC 9110, 10.2.2). The root itself is not known here: its URL has as many
// forms as there are ways to reach a stage.
func (r request) location(link string) string {
	if strings.HasSuffix(r.Path, "/") {
		return "../" + link
	}
	return link
}
