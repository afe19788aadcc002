package pattern

import "slices"

// bodyKind is what a pattern expects of a message's body.
type bodyKind int

const (
	bodyAny bodyKind = iota
	bodyText
	bodyJSON
	bodyEither // by alternatives, of which some do not say the same
)

func (f fields) bodyKind() bodyKind {
	switch {
	case f.object("body") >= 0:
		return bodyJSON
	case slices.Contains(f.names, "body"):
		return bodyText
	case len(f.or) == 0:
		return bodyAny
	}
	kind := f.or[0][0].bodyKind()
	for _, a := range f.or[0][1:] {
		if a.bodyKind() != kind {
			return bodyEither
		}
	}
	return kind
}

// MatchMessage is Match for a queue's message, whose body is text in the
// record: a pattern that looks into the body takes it for JSON and passes no
// message whose body is none, and the other way round, as
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html says.
// The record is changed while it is looked at.
func (p *Pattern) MatchMessage(record map[string]any) bool {
	text, ok := record["body"].(string)
	if p.body == bodyAny || !ok {
		return p.Match(record)
	}
	v, err := Decode([]byte(text))
	_, list := v.([]any)
	_, object := v.(map[string]any)
	isJSON := err == nil && (list || object)
	if p.body != bodyEither && isJSON != (p.body == bodyJSON) {
		return false
	}
	if isJSON {
		record["body"] = v
		defer func() { record["body"] = text }()
	}
	return p.Match(record)
}
