package input

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// template is a text with variables in it.
type template struct {
	parts []part
	paths map[string]*Path
	json  bool
}

// part is a piece of text and the variable behind it, if its name is not empty.
type part struct {
	text, name string
	quoted     bool // the variable stands within a JSON string
}

// Names of the variables that need no path.
const (
	ruleARN   = "aws.events.rule-arn"
	ruleName  = "aws.events.rule-name"
	ingestion = "aws.events.event.ingestion-time"
	noDetail  = "aws.events.event"
	whole     = "aws.events.event.json"
)

// PlaceholderError names a variable of a template that has no path.
type PlaceholderError string

func (e PlaceholderError) Error() string { return fmt.Sprintf("invalid placeholder %s", string(e)) }

var variable = regexp.MustCompile(`<([a-zA-Z0-9_.-]+)>`)

// Template gives a text in which <name> stands for the value at the name's
// path. The error is a [PlaceholderError] or says which path is none.
//
// A value stands in the text as JSON, and within quotes bare: a string without
// its own quotes, an object or a list without any quotes at all, so that the
// string around it remains one. What is not there leaves nothing.
func Template(text string, paths map[string]string) (*Maker, error) {
	t := &template{paths: make(map[string]*Path), json: isJSON(text)}
	for name, path := range paths {
		p, err := ParsePath(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %q is %w", name, path, err)
		}
		t.paths[name] = p
	}
	last, quoted := 0, false
	for _, m := range variable.FindAllStringSubmatchIndex(text, -1) {
		p := part{text: text[last:m[0]], name: text[m[2]:m[3]]}
		if t.paths[p.name] == nil && !predefined(p.name) {
			return nil, PlaceholderError(p.name)
		}
		quoted = endsQuoted(p.text, quoted)
		p.quoted = quoted
		t.parts = append(t.parts, p)
		last = m[1]
	}
	t.parts = append(t.parts, part{text: text[last:]})
	return &Maker{template: t}, nil
}

func predefined(name string) bool {
	switch name {
	case ruleARN, ruleName, ingestion, noDetail, whole:
		return true
	}
	return false
}

// endsQuoted reports whether a text leaves a JSON string open, if one was open
// before it or not.
func endsQuoted(text string, open bool) bool {
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] == '\\' && open:
			i++
		case text[i] == '"':
			open = !open
		}
	}
	return open
}

func (t *template) fill(e Event) ([]byte, error) {
	var out []byte
	for _, p := range t.parts {
		out = append(out, p.text...)
		if p.name != "" {
			out = append(out, t.value(p, e)...)
		}
		if len(out) > MaxSize {
			return nil, ErrSize
		}
	}
	if t.json && !jsontext.Value(out).IsValid(jsontext.AllowDuplicateNames(true)) {
		return nil, ErrJSON
	}
	return out, nil
}

// value is what stands in the place of a variable.
func (t *template) value(p part, e Event) []byte {
	v := t.lookup(p.name, e)
	switch {
	case !p.quoted || p.name == whole || p.name == noDetail:
		return v
	case v.Kind() == '"':
		return v[1 : len(v)-1] // still escaped
	}
	return unquoted(v)
}

// unquoted is a JSON text without its quotes, those that are escaped included;
// other escapes remain.
func unquoted(v jsontext.Value) []byte {
	out := make([]byte, 0, len(v))
	for i := 0; i < len(v); i++ {
		switch {
		case v[i] == '\\' && i+1 < len(v):
			if i++; v[i] != '"' {
				out = append(out, '\\', v[i])
			}
		case v[i] != '"':
			out = append(out, v[i])
		}
	}
	return out
}

func (t *template) lookup(name string, e Event) jsontext.Value {
	switch name {
	case ruleARN:
		return text(e.RuleARN)
	case ruleName:
		return text(e.RuleName)
	case ingestion:
		return text(e.Ingested)
	case whole:
		return compact(e.JSON)
	case noDetail:
		return withoutDetail(e.JSON)
	}
	v := t.paths[name].find(e.JSON)
	if v == nil {
		return nil
	}
	return compact(v)
}

func text(s string) jsontext.Value {
	b, err := jsontext.AppendQuote(nil, strings.ToValidUTF8(s, "\uFFFD"))
	if err != nil {
		panic(err) // valid UTF-8 always encodes
	}
	return b
}

// withoutDetail is an event's envelope.
func withoutDetail(event []byte) jsontext.Value {
	out := jsontext.Value("{")
	for name, v := range members(event) {
		if name == "detail" {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, text(name)...), ':'), v...)
	}
	return compact(append(out, '}'))
}
