package template

import (
	"errors"
	"slices"
	"strings"
)

// Rule is one member of the Rules section: assertions about parameters.
type Rule struct {
	Condition  any // nil where the rule always applies
	Assertions []Assertion
}

// Assertion is what a rule demands.
type Assertion struct {
	Assert      any
	Description string
}

func (t *Template) loadConditions(tree map[string]any) error {
	m, err := section(tree, "Conditions")
	if err != nil {
		return err
	}
	for _, name := range Keys(m) {
		c, ok := m[name].(map[string]any)
		if !ok || len(c) != 1 {
			return formatError("Every Conditions member must be an object with a condition function. [/Conditions/%s]", name)
		}
	}
	t.Conditions = m
	return nil
}

func (t *Template) loadRules(tree map[string]any) error {
	m, err := section(tree, "Rules")
	if err != nil {
		return err
	}
	t.Rules = make(map[string]*Rule, len(m))
	for _, name := range Keys(m) {
		r, _ := m[name].(map[string]any)
		list, ok := r["Assertions"].([]any)
		if !ok || len(without(r, []string{"RuleCondition", "Assertions"})) > 0 {
			return formatError("Every Rules member must contain a list of Assertions. [/Rules/%s]", name)
		}
		rule := &Rule{Condition: r["RuleCondition"]}
		for _, item := range list {
			a, _ := item.(map[string]any)
			if a["Assert"] == nil {
				return formatError("Every Assertions member must contain an Assert. [/Rules/%s]", name)
			}
			description, _ := Text(a["AssertDescription"])
			rule.Assertions = append(rule.Assertions, Assertion{a["Assert"], description})
		}
		t.Rules[name] = rule
	}
	return nil
}

// judge evaluates the Conditions section, each condition after those that it
// names.
type judge struct {
	*scope
	defined map[string]any
	open    []string // conditions under evaluation, to find a circle
}

func (t *Template) decide(s *scope) error {
	j := &judge{scope: s, defined: t.Conditions}
	for _, name := range Keys(t.Conditions) {
		if _, err := j.condition(name); err != nil {
			var missing *unresolved
			if errors.As(err, &missing) {
				return formatError("Unresolved dependencies [%s]. Cannot reference resources in the Conditions block of the template", missing.name)
			}
			return err
		}
	}
	return nil
}

func (j *judge) condition(name string) (bool, error) {
	if holds, ok := j.conditions[name]; ok {
		return holds, nil
	}
	v, ok := j.defined[name]
	if !ok {
		return false, formatError("Unresolved condition dependency %s in the Conditions block of the template", name)
	}
	if slices.Contains(j.open, name) {
		return false, formatError("Circular dependency between conditions: [%s]", strings.Join(j.open, ", "))
	}
	j.open = append(j.open, name)
	holds, err := j.holds(v)
	j.open = j.open[:len(j.open)-1]
	if err != nil {
		return false, err
	}
	j.conditions[name] = holds
	return holds, nil
}

// holds evaluates a boolean expression.
func (j *judge) holds(v any) (bool, error) {
	m, ok := v.(map[string]any)
	if !ok || len(m) != 1 {
		return false, errCondition
	}
	for name, arg := range m {
		switch name {
		case "Condition":
			other, ok := arg.(string)
			if !ok {
				return false, errCondition
			}
			return j.condition(other)
		case "Fn::Equals":
			first, second, err := j.pair(arg, functionError("Fn::Equals requires a list argument with two elements"))
			if err != nil {
				return false, err
			}
			return equal(first, second), nil
		case "Fn::Not":
			return j.not(arg)
		case "Fn::And", "Fn::Or":
			return j.several(name, arg)
		case "Fn::Contains", "Fn::EachMemberEquals", "Fn::EachMemberIn":
			return j.members(name, arg)
		}
	}
	return false, errCondition
}

var errCondition = formatError("Conditions can only be boolean operations on parameters and other conditions")

// equal compares as CloudFormation does: scalars by their text.
func equal(a, b any) bool {
	first, ok1 := Text(a)
	second, ok2 := Text(b)
	if ok1 && ok2 {
		return first == second
	}
	x, err1 := JSON(a)
	y, err2 := JSON(b)
	return err1 == nil && err2 == nil && x == y
}

func (j *judge) not(arg any) (bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 1 {
		return false, functionError("Fn::Not requires a list argument with one element")
	}
	holds, err := j.holds(list[0])
	return !holds, err
}

func (j *judge) several(name string, arg any) (bool, error) {
	list, ok := arg.([]any)
	if !ok || len(list) < 2 || len(list) > 10 {
		return false, functionError("every %s object requires a list of at least 2 and at most 10 boolean parameters.", name)
	}
	result := name == "Fn::And"
	for _, item := range list {
		holds, err := j.holds(item)
		if err != nil {
			return false, err
		}
		if holds != (name == "Fn::And") {
			result = holds
		}
	}
	return result, nil
}

// members are the functions that only rules may use.
func (j *judge) members(name string, arg any) (bool, error) {
	wrong := functionError("%s requires a list of strings and a value", name)
	first, second, err := j.pair(arg, wrong)
	if err != nil {
		return false, err
	}
	list, ok := texts(first)
	if !ok {
		return false, wrong
	}
	if name == "Fn::EachMemberIn" {
		among, ok := texts(second)
		if !ok {
			return false, wrong
		}
		return !slices.ContainsFunc(list, func(s string) bool { return !slices.Contains(among, s) }), nil
	}
	value, ok := Text(second)
	if !ok {
		return false, wrong
	}
	if name == "Fn::Contains" {
		return slices.Contains(list, value), nil
	}
	return !slices.ContainsFunc(list, func(s string) bool { return s != value }), nil
}

// obey checks the Rules section.
func (t *Template) obey(s *scope) error {
	j := &judge{scope: s, defined: t.Conditions}
	for _, name := range Keys(t.Rules) {
		rule := t.Rules[name]
		if rule.Condition != nil {
			applies, err := j.holds(rule.Condition)
			if err != nil {
				return err
			}
			if !applies {
				continue
			}
		}
		for _, a := range rule.Assertions {
			holds, err := j.holds(a.Assert)
			if err != nil {
				return err
			}
			if !holds {
				return &Error{"Template validation error: Rule " + name + " failed: " + a.Description}
			}
		}
	}
	return nil
}
