package api

import (
	"net/http"
	"strconv"
	"strings"
)

// etag is the entity tag of a version of a rule.
func etag(version int) string { return `"` + strconv.Itoa(version) + `"` }

// A tag is an entity tag (RFC 9110, 8.8.3).
type tag struct {
	weak   bool
	opaque string // with its quotes
}

// readTags reads the value of If-Match or If-None-Match: a list of tags, or * for
// any.
func readTags(header, value string) (tags []tag, all bool, err error) {
	malformed := bad(`%s: %.100q is not *, nor entity tags such as "3"`, header, value)
	rest := strings.Trim(value, " \t")
	if rest == "*" {
		return nil, true, nil
	}
	for {
		var t tag
		rest, t.weak = strings.CutPrefix(strings.Trim(rest, " \t"), "W/")
		end := strings.IndexByte(strings.TrimPrefix(rest, `"`), '"')
		if !strings.HasPrefix(rest, `"`) || end < 0 {
			return nil, false, malformed
		}
		t.opaque, rest = rest[:end+2], strings.Trim(rest[end+2:], " \t")
		tags = append(tags, t)
		if rest == "" {
			return tags, false, nil
		}
		var more bool
		if rest, more = strings.CutPrefix(rest, ","); !more {
			return nil, false, malformed
		}
	}
}

// maxTags is how many versions a request may name.
const maxTags = 50

// versions are those that If-Match names, nil for any. A weak tag matches
// nothing here (RFC 9110, 13.1.1), and neither does one that no version has.
func versions(ifMatch string) ([]int, error) {
	tags, all, err := readTags("If-Match", ifMatch)
	switch {
	case err != nil:
		return nil, err
	case all:
		return nil, nil
	case len(tags) > maxTags:
		return nil, bad("If-Match has %d entity tags; it may have %d", len(tags), maxTags)
	}
	named := []int{}
	for _, t := range tags {
		n, err := strconv.Atoi(strings.Trim(t.opaque, `"`))
		if err == nil && n > 0 && !t.weak && t.opaque == etag(n) {
			named = append(named, n)
		}
	}
	return named, nil
}

// isKnown tells whether the client has what the tag is of already.
func (r request) isKnown(tag string) bool {
	header := r.header("If-None-Match")
	if header == "" {
		return false
	}
	tags, all, err := readTags("If-None-Match", header)
	if err != nil {
		return false // a condition on reading that cannot be read is none
	}
	for _, t := range tags {
		all = all || t.opaque == tag
	}
	return all
}

var errUnconditional = &refusal{http.StatusPreconditionRequired, `say which version is to be replaced, as in If-Match: "3", or If-None-Match: * to create the rule`}
