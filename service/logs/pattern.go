package logs

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
)

// pattern is a filter pattern, after "Filter pattern syntax for metric
// filters, subscription filters, filter log events, and Live Tail" (CloudWatch
// Logs User Guide, 2026-11-20): terms, phrases, optional (?) and excluded (-)
// terms, regular expressions between per cent signs, and JSON conditions in
// braces. Space-delimited patterns in brackets are refused.
type pattern struct {
	all, any, none []term
	json           condition // set for a pattern in braces, alone
}

// term matches a part of a text.
type term func(text string) bool

const maxPattern = 1024

func parsePattern(s string) (*pattern, error) {
	s = strings.TrimSpace(s)
	switch {
	case len(s) > maxPattern:
		return nil, errConstraint(s, "filterPattern", "Member must have length less than or equal to 1024")
	case strings.HasPrefix(s, "{"):
		c, err := parseJSONPattern(s)
		return &pattern{json: c}, err
	case strings.HasPrefix(s, "["):
		return nil, errParameter("Invalid filter pattern: space-delimited patterns ([...]) are not supported by Runnel")
	}
	p := new(pattern)
	for s != "" {
		var err error
		if s, err = p.addTerm(s); err != nil {
			return nil, err
		}
		s = strings.TrimLeft(s, " \t\n")
	}
	return p, nil
}

// addTerm reads one term and returns what follows it.
func (p *pattern) addTerm(s string) (rest string, err error) {
	list := &p.all
	switch s[0] {
	case '?':
		list, s = &p.any, s[1:]
	case '-':
		list, s = &p.none, s[1:]
	}
	var t term
	switch {
	case strings.HasPrefix(s, `"`):
		t, rest, err = phrase(s)
	case strings.HasPrefix(s, "%"):
		t, rest, err = regex(s)
	default:
		end := strings.IndexAny(s+" ", " \t\n")
		t, rest = contains(s[:end]), s[end:]
	}
	*list = append(*list, t)
	return rest, err
}

func contains(part string) term {
	return func(text string) bool { return strings.Contains(text, part) }
}

func phrase(s string) (term, string, error) {
	part, rest, err := quoted(s)
	return contains(part), rest, err
}

// quoted reads a string in double quotes; a backslash takes the next byte as
// it is.
func quoted(s string) (string, string, error) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:], nil
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return "", "", errParameter("Invalid filter pattern: unclosed quote")
}

func regex(s string) (term, string, error) {
	expr, rest, closed := strings.Cut(s[1:], "%")
	re, err := regexp.Compile(expr)
	if !closed || err != nil {
		return nil, "", errParameter("Invalid filter pattern: %s is not a regular expression", s)
	}
	return re.MatchString, rest, nil
}

func (p *pattern) matches(text string) bool {
	if p.json != nil {
		var doc any
		return json.Unmarshal([]byte(text), &doc) == nil && p.json(doc)
	}
	in := func(t term) bool { return t(text) }
	for _, t := range p.all {
		if !t(text) {
			return false
		}
	}
	return !slices.ContainsFunc(p.none, in) && (len(p.any) == 0 || slices.ContainsFunc(p.any, in))
}
