// Package input makes of an event what a target of a rule is given: all of it,
// a part, a constant, or a text with parts in it, as
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
// says.
package input

import (
	"bytes"
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Event is an event on its way to a target of a rule.
type Event struct {
	JSON     []byte
	RuleARN  string
	RuleName string
	Ingested string // when the bus took it, as ISO 8601
}

// ErrJSON says that a template that begins as JSON did not become any.
var ErrJSON = errors.New("the input template and the event's values make no JSON")

// ErrSize says that a template and the event's values make more than [MaxSize].
var ErrSize = errors.New("the input is larger than 256 KB")

// MaxSize is the size of the largest input that a template makes, in bytes: as
// large as an event may be.
const MaxSize = 256 << 10

// Maker makes the input of one target. It does not change, and may be used by
// many at once.
type Maker struct {
	constant []byte
	path     *Path
	template *template
}

// Constant gives the same text for all events.
func Constant(text string) *Maker { return &Maker{constant: []byte(text)} }

// Part gives the part of the event at a path; null where there is none.
func Part(p *Path) *Maker { return &Maker{path: p} }

// Make makes the input. A nil Maker gives the event itself. The errors
// are [ErrJSON] and [ErrSize].
func (m *Maker) Make(e Event) ([]byte, error) {
	switch {
	case m == nil:
		return e.JSON, nil
	case m.path != nil:
		if v := m.path.find(e.JSON); v != nil {
			return v, nil
		}
		return []byte("null"), nil
	case m.template != nil:
		return m.template.fill(e)
	}
	return m.constant, nil
}

// compact is a JSON text without the space between its tokens.
func compact(v jsontext.Value) jsontext.Value {
	v = bytes.Clone(v)
	if v.Compact(jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)) != nil {
		return nil
	}
	return v
}

// isJSON reports whether a template is meant to be a JSON document, and not a
// text.
func isJSON(text string) bool {
	text = strings.TrimSpace(text)
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}
