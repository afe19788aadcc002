package expr

import (
	"fmt"
	"strings"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// KeyCondition is a condition on one key attribute.
type KeyCondition struct {
	Name   string
	Op     string // =, <, <=, >, >=, BETWEEN or begins_with
	Values []attr.Value
}

// Holds reports whether v, a key attribute's value, fulfils the condition.
func (c KeyCondition) Holds(v attr.Value) bool {
	switch c.Op {
	case "begins_with":
		return attr.HasPrefix(v, c.Values[0])
	case "BETWEEN":
		return between{literal{v}, literal{c.Values[0]}, literal{c.Values[1]}}.holds(nil)
	}
	return comparison{c.Op, literal{v}, literal{c.Values[0]}}.holds(nil)
}

// ParseKeyCondition parses a key condition expression: one condition for each
// of its attributes, in its order. Whether they are those of the key is for the
// caller to check. The error's text is for the client.
func ParseKeyCondition(text string, names *Placeholders) ([]KeyCondition, error) {
	c, err := ParseCondition(KeyConditionExpression, text, names)
	if err != nil {
		return nil, err
	}
	var keys []KeyCondition
	if fault := addKeys(&keys, c.root); fault != "" {
		return nil, fmt.Errorf("Invalid %s: %s", KeyConditionExpression, fault)
	}
	return keys, nil
}

// addKeys appends the conditions that t joins, or returns what is wrong.
func addKeys(keys *[]KeyCondition, t test) (fault string) {
	switch t := t.(type) {
	case and:
		if fault := addKeys(keys, t.left); fault != "" {
			return fault
		}
		return addKeys(keys, t.right)
	case comparison:
		if t.op == "<>" {
			return notForKeys("<>")
		}
		return addComparison(keys, t)
	case between:
		return addKey(keys, "BETWEEN", t.of, t.low, t.high)
	case beginsWith:
		return addKey(keys, "begins_with", t.of, t.prefix)
	}
	return notForKeys(nameOf(t))
}

func notForKeys(op string) string {
	return "Invalid operator used in KeyConditionExpression: " + op
}

func nameOf(t test) string {
	switch t := t.(type) {
	case or:
		return "OR"
	case in:
		return "IN"
	case exists:
		return "attribute_exists"
	case hasType:
		return "attribute_type"
	case contains:
		return "contains"
	case not:
		if _, ok := t.test.(exists); ok {
			return "attribute_not_exists"
		}
	}
	return "NOT"
}

// addComparison turns a comparison round that has its attribute on the right.
func addComparison(keys *[]KeyCondition, t comparison) string {
	if _, ok := t.left.(literal); ok {
		if _, ok := t.right.(Path); ok {
			return addKey(keys, strings.NewReplacer("<", ">", ">", "<").Replace(t.op), t.right, t.left)
		}
	}
	return addKey(keys, t.op, t.left, t.right)
}

func addKey(keys *[]KeyCondition, op string, of operand, values ...operand) string {
	path, isPath := of.(Path)
	k := KeyCondition{Op: op}
	for _, o := range append(values, of) {
		switch o := o.(type) {
		case sizeOf:
			return "KeyConditionExpressions cannot contain nested operations"
		case Path:
			if len(o) > 1 {
				return "KeyConditionExpressions cannot have conditions on nested attributes"
			}
		}
	}
	for _, o := range values {
		l, ok := o.(literal)
		switch {
		case !ok && isPath:
			return "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
		case !ok:
			return fmt.Sprintf("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", op)
		}
		k.Values = append(k.Values, l.v)
	}
	if !isPath {
		return "Invalid condition in KeyConditionExpression: No key attribute specified"
	}
	k.Name = path.Top()
	for _, other := range *keys {
		if other.Name == k.Name {
			return "KeyConditionExpressions must only contain one condition per key"
		}
	}
	*keys = append(*keys, k)
	return ""
}
