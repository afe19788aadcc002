package filter

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// rule is a condition that a value meets or not.
type rule interface {
	match(v any, present bool) bool
}

// each makes a rule for a single value of a test: a list meets it when one of
// its items does.
type each func(v any) bool

func (e each) match(v any, present bool) bool {
	if !present {
		return false
	}
	if list, ok := v.([]any); ok {
		return slices.ContainsFunc(list, e)
	}
	return e(v)
}

// exists is the rule that sees what is not there.
type exists bool

func (e exists) match(_ any, present bool) bool { return present == bool(e) }

func compileRule(v any) (rule, error) {
	switch v := v.(type) {
	case map[string]any:
		return compileOperator(v)
	case []any:
		return nil, errors.New("a list of rules holds no lists")
	}
	return equals(v)
}

// equals matches a string, a number, true, false or null.
func equals(want any) (each, error) {
	number, ok := want.(json.Number)
	if !ok {
		return func(v any) bool { return v == want }, nil
	}
	n, err := number.Float64()
	if err != nil {
		return nil, err
	}
	return func(v any) bool { m, ok := float(v); return ok && m == n }, nil
}

func float(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

func compileOperator(object map[string]any) (rule, error) {
	if len(object) != 1 {
		return nil, errors.New("a rule has one operator")
	}
	for name, arg := range object {
		switch name {
		case "exists":
			want, ok := arg.(bool)
			if !ok {
				return nil, errors.New("exists takes true or false")
			}
			return exists(want), nil
		case "numeric":
			return compileNumeric(arg)
		case "anything-but":
			return compileNot(arg)
		}
		return compileText(name, arg)
	}
	panic("unreachable")
}

// compileText compiles what holds for strings.
func compileText(name string, arg any) (each, error) {
	if inner, ok := arg.(map[string]any); ok && (name == "prefix" || name == "suffix") {
		want, ok := inner["equals-ignore-case"].(string)
		if !ok || len(inner) != 1 {
			return nil, fmt.Errorf("%s takes a string", name)
		}
		return textTest(name+"-ignore-case", want)
	}
	want, ok := arg.(string)
	if !ok {
		return nil, fmt.Errorf("%s takes a string", name)
	}
	return textTest(name, want)
}

func textTest(name, want string) (each, error) {
	var test func(s string) bool
	switch name {
	case "prefix":
		test = func(s string) bool { return strings.HasPrefix(s, want) }
	case "suffix":
		test = func(s string) bool { return strings.HasSuffix(s, want) }
	case "equals-ignore-case":
		test = func(s string) bool { return strings.EqualFold(s, want) }
	case "prefix-ignore-case":
		test = func(s string) bool { return len(s) >= len(want) && strings.EqualFold(s[:len(want)], want) }
	case "suffix-ignore-case":
		test = func(s string) bool { return len(s) >= len(want) && strings.EqualFold(s[len(s)-len(want):], want) }
	default:
		return nil, fmt.Errorf("there is no operator %q", name)
	}
	return func(v any) bool { s, ok := v.(string); return ok && test(s) }, nil
}

// compileNot compiles anything-but, of values or of an operator on strings.
func compileNot(arg any) (each, error) {
	var tests []each
	switch arg := arg.(type) {
	case map[string]any:
		if len(arg) != 1 {
			return nil, errors.New("anything-but takes one operator")
		}
		for name, inner := range arg {
			list, ok := inner.([]any)
			if !ok {
				list = []any{inner}
			}
			for _, want := range list {
				t, err := compileText(name, want)
				if err != nil {
					return nil, err
				}
				tests = append(tests, t)
			}
		}
	case []any:
		for _, want := range arg {
			t, err := equalsScalar(want)
			if err != nil {
				return nil, err
			}
			tests = append(tests, t)
		}
	default:
		t, err := equalsScalar(arg)
		if err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	if len(tests) == 0 {
		return nil, errors.New("anything-but takes at least one value")
	}
	return func(v any) bool {
		return !slices.ContainsFunc(tests, func(t each) bool { return t(v) })
	}, nil
}

func equalsScalar(want any) (each, error) {
	switch want.(type) {
	case string, json.Number:
		return equals(want)
	}
	return nil, errors.New("anything-but takes strings and numbers")
}

// compileNumeric compiles ["=", 5] and ranges such as [">", 0, "<=", 5].
func compileNumeric(arg any) (each, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 && len(list) != 4 {
		return nil, errors.New("numeric takes one or two pairs of an operator and a number")
	}
	var tests []func(n float64) bool
	for pair := range slices.Chunk(list, 2) {
		op, _ := pair[0].(string)
		n, ok := float(pair[1])
		test := compare(op, n)
		if !ok || test == nil || len(list) == 4 && op == "=" {
			return nil, fmt.Errorf("numeric does not take %v %v", pair[0], pair[1])
		}
		tests = append(tests, test)
	}
	return func(v any) bool {
		n, ok := float(v)
		return ok && !slices.ContainsFunc(tests, func(t func(float64) bool) bool { return !t(n) })
	}, nil
}

func compare(op string, m float64) func(float64) bool {
	switch op {
	case "=":
		return func(n float64) bool { return n == m }
	case "<":
		return func(n float64) bool { return n < m }
	case "<=":
		return func(n float64) bool { return n <= m }
	case ">":
		return func(n float64) bool { return n > m }
	case ">=":
		return func(n float64) bool { return n >= m }
	}
	return nil
}
