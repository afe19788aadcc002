package expr

import (
	"slices"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// Condition is what an item must fulfil. A nil *Condition holds for all items.
type Condition struct {
	root  test
	paths []Path // all paths that it looks at
}

// Match reports whether the condition holds for item; an item that does not
// exist is nil.
func (c *Condition) Match(item attr.Item) bool { return c == nil || c.root.holds(item) }

// Paths are the paths that the condition looks at.
func (c *Condition) Paths() []Path {
	if c == nil {
		return nil
	}
	return c.paths
}

// test is a node of a condition.
type test interface{ holds(item attr.Item) bool }

type (
	and struct{ left, right test }
	or  struct{ left, right test }
	not struct{ test }

	// comparison is one of =, <>, <, <=, > and >=.
	comparison struct {
		op          string
		left, right operand
	}
	between struct{ of, low, high operand }
	in      struct {
		of   operand
		list []operand
	}

	exists     struct{ path operand }
	hasType    struct{ of, name operand }
	beginsWith struct{ of, prefix operand }
	contains   struct{ of, part operand }

	// sizeOf is the function size, an operand.
	sizeOf struct{ of operand }
	// never stands for what has a fault.
	never struct{}
)

func (t and) holds(item attr.Item) bool { return t.left.holds(item) && t.right.holds(item) }
func (t or) holds(item attr.Item) bool  { return t.left.holds(item) || t.right.holds(item) }
func (t not) holds(item attr.Item) bool { return !t.test.holds(item) }
func (never) holds(attr.Item) bool      { return false }

func (t comparison) holds(item attr.Item) bool {
	left, right := t.left.value(item), t.right.value(item)
	switch t.op {
	case "=":
		return left != nil && right != nil && attr.Equal(left, right)
	case "<>":
		return left == nil || right == nil || !attr.Equal(left, right)
	}
	order, ok := attr.Compare(left, right)
	return ok && ordered(t.op, order)
}

func ordered(op string, order int) bool {
	switch op {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (t between) holds(item attr.Item) bool {
	v := t.of.value(item)
	low, ok := attr.Compare(t.low.value(item), v)
	high, too := attr.Compare(v, t.high.value(item))
	return ok && too && low <= 0 && high <= 0
}

func (t in) holds(item attr.Item) bool {
	v := t.of.value(item)
	return v != nil && slices.ContainsFunc(t.list, func(o operand) bool {
		w := o.value(item)
		return w != nil && attr.Equal(v, w)
	})
}

func (t exists) holds(item attr.Item) bool { return t.path.value(item) != nil }

func (t hasType) holds(item attr.Item) bool {
	v := t.of.value(item)
	s, ok := t.name.value(item).(*types.AttributeValueMemberS)
	return ok && v != nil && attr.TypeOf(v) == s.Value
}

func (t beginsWith) holds(item attr.Item) bool {
	return attr.HasPrefix(t.of.value(item), t.prefix.value(item))
}

func (t contains) holds(item attr.Item) bool {
	part := t.part.value(item)
	return part != nil && attr.Contains(t.of.value(item), part)
}

func (s sizeOf) value(item attr.Item) attr.Value {
	n, ok := attr.Length(s.of.value(item))
	if !ok {
		return nil
	}
	return &types.AttributeValueMemberN{Value: strconv.Itoa(n)}
}

func (s sizeOf) kind() string { return "N" }
