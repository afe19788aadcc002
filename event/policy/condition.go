package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// compare is how one operator compares the request's value with the policy's.
type compare func(value, want string) bool

// operators are those that this package judges
// (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html).
// ArnEquals and ArnLike are the same, as they are in AWS.
var operators = map[string]compare{
	"StringEquals":           func(v, want string) bool { return v == want },
	"StringEqualsIgnoreCase": strings.EqualFold,
	"StringLike":             func(v, want string) bool { return glob(want, v) },
	"ArnEquals":              func(v, want string) bool { return globARN(want, v) },
	"ArnLike":                func(v, want string) bool { return globARN(want, v) },
	"Bool":                   strings.EqualFold,
}

// negated maps the operators that hold where another one does not.
var negated = map[string]string{
	"StringNotEquals":           "StringEquals",
	"StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
	"StringNotLike":             "StringLike",
	"ArnNotEquals":              "ArnEquals",
	"ArnNotLike":                "ArnLike",
}

// unjudged are operators of the language that nothing here can answer.
var unjudged = []string{
	"NumericEquals", "NumericNotEquals", "NumericLessThan", "NumericLessThanEquals",
	"NumericGreaterThan", "NumericGreaterThanEquals", "DateEquals", "DateNotEquals",
	"DateLessThan", "DateLessThanEquals", "DateGreaterThan", "DateGreaterThanEquals",
	"BinaryEquals", "IpAddress", "NotIpAddress",
}

func readConditions(raw map[string]map[string]oneOrMore[scalar]) ([]Condition, error) {
	var out []Condition
	for _, op := range slices.Sorted(maps.Keys(raw)) {
		if !known(op) {
			return nil, fmt.Errorf("Condition has the operator %q", op)
		}
		for _, key := range slices.Sorted(maps.Keys(raw[op])) {
			c := Condition{Operator: op, Key: key}
			for _, v := range raw[op][key] {
				c.Values = append(c.Values, string(v))
			}
			out = append(out, c)
		}
	}
	return out, nil
}

func known(operator string) bool {
	name, _, _ := base(operator)
	return name == "Null" || operators[name] != nil || negated[name] != "" || slices.Contains(unjudged, name)
}

// base is the operator without what surrounds it: ForAllValues: and
// ForAnyValue: before, IfExists behind. All keys of a service's request have
// one value, so "all" and "any" differ only where there is none.
func base(operator string) (name string, ifExists, ifAny bool) {
	name, ifExists = strings.CutSuffix(operator, "IfExists")
	if rest, ok := strings.CutPrefix(name, "ForAllValues:"); ok {
		return rest, true, false
	}
	name, ifAny = strings.CutPrefix(name, "ForAnyValue:")
	return name, ifExists, ifAny
}

// verdict is whether a condition holds, if that can be said.
type verdict int

const (
	no verdict = iota
	yes
	unknown
)

func verdictOf(b bool) verdict {
	if b {
		return yes
	}
	return no
}

func (c Condition) holds(keys map[string]string) verdict {
	value, present := lookup(keys, c.Key)
	name, ifExists, ifAny := base(c.Operator)
	if name == "Null" {
		return verdictOf(slices.ContainsFunc(c.Values, func(v string) bool {
			return strings.EqualFold(v, "true") != present
		}))
	}
	if !present && ifExists {
		return yes
	}
	not := false
	if plain := negated[name]; plain != "" {
		name, not = plain, true
	}
	cmp := operators[name]
	switch {
	case cmp == nil:
		return unknown
	case !present:
		return verdictOf(not && !ifAny)
	}
	found := slices.ContainsFunc(c.Values, func(want string) bool { return cmp(value, want) })
	return verdictOf(found != not)
}

// lookup finds a condition key; their names are not case-sensitive.
func lookup(keys map[string]string, name string) (string, bool) {
	if v, ok := keys[name]; ok {
		return v, true
	}
	for k, v := range keys {
		if strings.EqualFold(k, name) {
			return v, true
		}
	}
	return "", false
}
