package pattern

import (
	"encoding/json"
	"math"

	"github.com/go-json-experiment/json/jsontext"
)

// numeric reads ["=", 5] and ranges such as [">", 0, "<=", 5].
func (c *compiler) numeric() (test, error) {
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	if t.Kind() != '[' {
		return nil, c.fail("Value of numeric must be an array.")
	}
	if t, err = c.next(); err != nil {
		return nil, err
	}
	if t.Kind() != '"' {
		return nil, c.fail("Invalid member in numeric match: %s", t.String())
	}
	operator := t.String()
	first := compare(operator)
	if first == nil {
		return nil, c.fail("Unrecognized numeric range operator: %s", operator)
	}
	bound, err := c.bound(operator)
	if err != nil {
		return nil, err
	}
	if t, err = c.next(); err != nil {
		return nil, err
	}
	if t.Kind() == ']' {
		return func(v any) bool { n, ok := float(v); return ok && first(n, bound) }, nil
	}
	if operator[0] != '>' && !c.loose(operator) {
		return nil, c.fail("Too many elements in numeric expression")
	}
	return c.between(first, bound, t)
}

// between reads the upper end of a range, whose operator was read.
func (c *compiler) between(above func(n, m float64) bool, bottom float64, t jsontext.Token) (test, error) {
	if t.Kind() != '"' {
		return nil, c.fail("Bad value in numeric range: %s", t.String())
	}
	operator := t.String()
	if operator != "<" && operator != "<=" && !c.loose(operator) {
		return nil, c.fail("Bad numeric range operator: %s", operator)
	}
	top, err := c.bound(operator)
	if err != nil {
		return nil, err
	}
	if t, err = c.next(); err != nil {
		return nil, err
	}
	switch {
	case t.Kind() != ']':
		return nil, c.fail("Too many terms in numeric range expression")
	case bottom >= top && c.dialect != Lambda:
		return nil, c.fail("Bottom must be less than top")
	}
	below := compare(operator)
	return func(v any) bool {
		n, ok := float(v)
		return ok && above(n, bottom) && below(n, top)
	}, nil
}

// loose reports whether the operator may stand at either end of a range.
// Lambda's documentation asks for no order, and mappings that are kept have
// ranges in any.
func (c *compiler) loose(operator string) bool {
	return c.dialect == Lambda && operator != "=" && compare(operator) != nil
}

// bound reads the number behind an operator.
func (c *compiler) bound(operator string) (float64, error) {
	t, err := c.next()
	if err != nil {
		return 0, err
	}
	if t.Kind() != '0' {
		if operator == "=" {
			operator = "equals"
		}
		return 0, c.fail("Value of %s must be numeric", operator)
	}
	most := c.dialect.maxNumber()
	n, ok := float(json.Number(t.String()))
	if !ok || math.Abs(n) > most {
		return 0, c.fail("Value must be between -%.1fE9 and %.1fE9, inclusive", most/1e9, most/1e9)
	}
	return n, nil
}

// maxNumber is how far from 0 a number may be that values are compared with.
func (d Dialect) maxNumber() float64 {
	switch d {
	case Lambda:
		return math.MaxFloat64
	case EventBridge:
		return 5e9
	}
	return 1e9
}

func compare(operator string) func(n, m float64) bool {
	switch operator {
	case "=":
		return func(n, m float64) bool { return n == m }
	case "<":
		return func(n, m float64) bool { return n < m }
	case "<=":
		return func(n, m float64) bool { return n <= m }
	case ">":
		return func(n, m float64) bool { return n > m }
	case ">=":
		return func(n, m float64) bool { return n >= m }
	}
	return nil
}
