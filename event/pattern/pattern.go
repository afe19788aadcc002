// Package pattern decides which events somebody wants: the one matcher behind
// the filters of Lambda's event source mappings, the filter policies of SNS
// and the rules of EventBridge.
//
// A pattern is JSON of the event's own form, with rules where the event has
// values:
//
//	{"detail": {"method": ["POST", "PUT"], "size": [{"numeric": [">", 0, "<=", 10]}]}}
//
// All fields of a pattern must match, and of a field's rules one. Lists in an
// event are seen through: one of the items must do, and where a pattern goes
// deeper, one item must meet all that the pattern says below it. Only values
// count as being there, objects and empty lists do not: {"exists": true} on an
// object is false.
//
// The services share the language and differ in what they take of it; see
// [Dialect]. Sources:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html,
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax,
// https://docs.aws.amazon.com/sns/latest/dg/sns-subscription-filter-policies.html.
//
// Matching costs at most the product of the sizes of pattern and event,
// whatever wildcards there are; what stands beside alternatives that go into
// the same object counts once for each of them.
package pattern

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// Dialect is whose pattern it is.
type Dialect int

// The dialects.
const (
	// Lambda has neither cidr nor wildcard.
	Lambda Dialect = iota + 1

	// EventBridge has all operators.
	EventBridge

	// SNSAttributes is a filter policy of scope MessageAttributes: flat, five
	// keys, at most 150 combinations of values; ignoring case is for whole
	// values only.
	SNSAttributes

	// SNSBody is a filter policy of scope MessageBody: nested, otherwise as
	// SNSAttributes.
	SNSBody
)

func (d Dialect) sns() bool { return d == SNSAttributes || d == SNSBody }

// maxText is the length of the longest pattern, in bytes.
func (d Dialect) maxText() int {
	if d.sns() {
		return 256 << 10
	}
	return 4096
}

// Pattern is a compiled pattern. It does not change, and may be used by many
// at once.
type Pattern struct {
	root fields
	body bodyKind
}

// Error says what is wrong with a pattern. Its text is what AWS says after its
// own beginning: "Event pattern is not valid. Reason: " of EventBridge,
// "Invalid parameter: FilterPolicy: " of SNS.
type Error struct {
	Reason string
	Source string // " at [Source: ...]" as EventBridge and SNS have it, or ""
}

func (e *Error) Error() string {
	if e.Source == "" {
		return e.Reason
	}
	return e.Reason + "\n" + e.Source
}

// Compile reads a pattern. Its error is an [*Error].
func Compile(text string, d Dialect) (*Pattern, error) {
	c := newCompiler(text, d)
	root, err := c.pattern()
	if err != nil {
		return nil, err
	}
	p := &Pattern{root: root}
	p.body = root.bodyKind()
	return p, nil
}

// Decode reads one JSON value as Match wants it: numbers are [json.Number].
func Decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

// Match reports whether an event, as [Decode] reads it, is one of those asked
// for. What is no object never is.
func (p *Pattern) Match(event any) bool {
	object, ok := event.(map[string]any)
	return ok && p.root.match(&matching{root: object}, object)
}

// MatchJSON is Match of an event's text. The error is that of [Decode].
func (p *Pattern) MatchJSON(text []byte) (bool, error) {
	v, err := Decode(text)
	if err != nil {
		return false, err
	}
	return p.Match(v), nil
}
