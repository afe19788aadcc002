package math

import "math"

// context is what an expression is evaluated in.
type context struct {
	sheet *Sheet
	cell  *cell // whose expression it is
}

func (n numberNode) eval(*context) (value, error) { return float64(n), nil }
func (n textNode) eval(*context) (value, error)   { return text(n), nil }
func (n wordNode) eval(*context) (value, error)   { return word(n), nil }

func (n refNode) eval(c *context) (value, error) { return c.sheet.value(string(n)) }

// Limits of an array, and of what fills its gaps. They are Runnel's own: a list
// may name the same array many times, and another list that one, so that a few
// short expressions would else stand for more series than there is memory.
const (
	maxSeries      = 1000
	maxArrayPoints = 2_000_000
	maxMade        = 20_000_000 // by all expressions of a sheet, whose results it keeps
)

// made counts the data points that an operator or a function has made.
func (c *context) made(v value, err error) (value, error) {
	switch v := v.(type) {
	case Series:
		c.sheet.made += len(v.Points)
	case []Series:
		for _, s := range v {
			c.sheet.made += len(s.Points)
		}
	}
	if err == nil && c.sheet.made > maxMade {
		return nil, faultf("The expressions have more than %d data points in all, which is a limit of Runnel", maxMade)
	}
	return v, err
}

// eval of a list takes series, and arrays of them, together.
func (n listNode) eval(c *context) (value, error) {
	out := []Series{}
	for _, item := range n {
		v, err := item.eval(c)
		if err != nil {
			return nil, err
		}
		switch v := v.(type) {
		case Series:
			out = append(out, v)
		case []Series:
			out = append(out, v...)
		default:
			return nil, errOperands("[]", v)
		}
		if err := checkArray(out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func checkArray(list []Series) error {
	if len(list) > maxSeries {
		return faultf("An array has more than %d time series, which is a limit of Runnel", maxSeries)
	}
	points := 0
	for _, s := range list {
		points += len(s.Points)
	}
	return checkPoints(points)
}

func checkPoints(n int) error {
	if n > maxArrayPoints {
		return faultf("An array has more than %d data points, which is a limit of Runnel", maxArrayPoints)
	}
	return nil
}

func (n *unaryNode) eval(c *context) (value, error) {
	v, err := n.arg.eval(c)
	if err != nil {
		return nil, err
	}
	return c.made(c.arithmetic("-", 0.0, v, func(zero, x float64) float64 { return zero - x }))
}

func (n *binaryNode) eval(c *context) (value, error) {
	left, err := n.left.eval(c)
	if err != nil {
		return nil, err
	}
	right, err := n.right.eval(c)
	if err != nil {
		return nil, err
	}
	if f := arithmeticOperator(n.op); f != nil {
		return c.made(c.arithmetic(n.op, left, right, f))
	}
	if kindOf(left) == Array || kindOf(right) == Array {
		return nil, errOperands(n.op, left, right)
	}
	return c.made(c.arithmetic(n.op, left, right, logicalOperator(n.op)))
}

func arithmeticOperator(op string) func(a, b float64) float64 {
	switch op {
	case "+":
		return func(a, b float64) float64 { return a + b }
	case "-":
		return func(a, b float64) float64 { return a - b }
	case "*":
		return func(a, b float64) float64 { return a * b }
	case "/":
		return func(a, b float64) float64 { return a / b }
	case "^":
		return math.Pow
	}
	return nil
}

// logicalOperator is that of a comparison or a conjunction: 1 or 0.
func logicalOperator(op string) func(a, b float64) float64 {
	is := func(a, b float64) bool { return a != 0 || b != 0 } // ||
	switch op {
	case "&&":
		is = func(a, b float64) bool { return a != 0 && b != 0 }
	case "==":
		is = func(a, b float64) bool { return a == b }
	case "!=":
		is = func(a, b float64) bool { return a != b }
	case "<":
		is = func(a, b float64) bool { return a < b }
	case "<=":
		is = func(a, b float64) bool { return a <= b }
	case ">":
		is = func(a, b float64) bool { return a > b }
	case ">=":
		is = func(a, b float64) bool { return a >= b }
	}
	return func(a, b float64) float64 {
		if is(a, b) {
			return 1
		}
		return 0
	}
}

// arithmetic applies f to scalars, to the points of series, and to the series
// of an array. Points whose value is no number, such as those divided by zero,
// are dropped.
func (c *context) arithmetic(op string, left, right value, f func(a, b float64) float64) (value, error) {
	switch a := left.(type) {
	case float64:
		if b, ok := right.(float64); ok {
			return f(a, b), nil
		}
		if v, ok := each(right, func(s Series) Series {
			return s.mapped(func(b float64) (float64, bool) { return finite(f(a, b)) })
		}); ok {
			return v, nil
		}
	case Series:
		return c.withSeries(op, a, right, f)
	case []Series:
		if _, ok := right.([]Series); ok {
			break
		}
		out := make([]Series, len(a))
		for i, s := range a {
			v, err := c.withSeries(op, s, right, f)
			if err != nil {
				return nil, errOperands(op, left, right)
			}
			out[i] = v.(Series)
			out[i].ID, out[i].Label = s.ID, s.Label
		}
		return out, nil
	}
	return nil, errOperands(op, left, right)
}

func (c *context) withSeries(op string, a Series, right value, f func(a, b float64) float64) (value, error) {
	if b, ok := right.(float64); ok {
		return a.mapped(func(a float64) (float64, bool) { return finite(f(a, b)) }), nil
	}
	v, ok := each(right, func(b Series) Series {
		return c.zip([]Series{a, b}, func(at []sample) sample {
			v, ok := finite(f(at[0].value, at[1].value)) // what is missing is 0
			return sample{v, ok}
		})
	})
	if !ok {
		return nil, errOperands(op, a, right)
	}
	return v, nil
}

func finite(f float64) (float64, bool) { return f, !math.IsNaN(f) && !math.IsInf(f, 0) }

// errOperands says that an operator or a function does not take such values.
func errOperands(op string, values ...value) error {
	kinds := ""
	for i, v := range values {
		if i > 0 {
			kinds += ", "
		}
		kinds += string(kindOf(v))
	}
	return faultf("Unsupported operand type(s) for %s: '[%s]'", op, kinds)
}
