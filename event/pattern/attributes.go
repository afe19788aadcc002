package pattern

import (
	"encoding/json"
	"strings"

	"github.com/runnel/runnel/event"
)

// MatchAttributes is Match for a message's attributes: a Number is a number, a
// String.Array a list of the values in it, and Binary is not there, as
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
// says. A String.Array that is no JSON list is the string that it is.
func (p *Pattern) MatchAttributes(attributes map[string]event.Attribute) bool {
	object := make(map[string]any, len(attributes))
	for name, a := range attributes {
		if v, ok := attributeValue(a); ok {
			object[name] = v
		}
	}
	return p.root.match(&matching{root: object}, object)
}

// attributeValue is an attribute as a JSON value, if it is to be seen at all.
func attributeValue(a event.Attribute) (any, bool) {
	kind, _, _ := strings.Cut(a.DataType, ".")
	switch {
	case kind == "Binary":
		return nil, false
	case kind == "Number":
		return json.Number(strings.TrimSpace(a.String)), true
	case a.DataType == "String.Array":
		v, err := Decode([]byte(a.String))
		if list, ok := v.([]any); ok && err == nil {
			return list, true
		}
	}
	return a.String, true
}
