package expr

import (
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

var errTypeMismatch = errors.New("Type mismatch for attribute to update")

func invalidParameter(format string, args ...any) error {
	return fmt.Errorf("One or more parameter values were invalid: "+format, args...)
}

// LegacyProjection is the projection of AttributesToGet, whose names are no
// paths.
func LegacyProjection(attributes []string) (*Projection, error) {
	var paths []Path
	for i, a := range attributes {
		if slices.Contains(attributes[:i], a) {
			return nil, invalidParameter("Duplicate value in attribute name: %s", a)
		}
		paths = append(paths, Path{named(a)})
	}
	return NewProjection(paths), nil
}

// LegacyFilter is the condition of ScanFilter or QueryFilter, joined by
// operator: AND if it is empty, or OR.
func LegacyFilter(filter map[string]types.Condition, operator types.ConditionalOperator) (*Condition, error) {
	if err := checkOperator(operator, len(filter)); err != nil {
		return nil, err
	}
	var j joint
	for _, name := range sortedKeys(filter) {
		f := filter[name]
		if err := checkLegacy(f.ComparisonOperator, f.AttributeValueList); err != nil {
			return nil, err
		}
		j.add(name, legacyTest(name, f.ComparisonOperator, f.AttributeValueList), operator)
	}
	return j.condition(), nil
}

// LegacyExpected is the condition of Expected; see [LegacyFilter].
func LegacyExpected(expected map[string]types.ExpectedAttributeValue, operator types.ConditionalOperator) (*Condition, error) {
	if err := checkOperator(operator, len(expected)); err != nil {
		return nil, err
	}
	var j joint
	for _, name := range sortedKeys(expected) {
		t, err := expectedTest(name, expected[name])
		if err != nil {
			return nil, err
		}
		j.add(name, t, operator)
	}
	return j.condition(), nil
}

// checkOperator refuses a ConditionalOperator that joins nothing.
func checkOperator(operator types.ConditionalOperator, conditions int) error {
	switch {
	case operator == "" || conditions > 1:
		return nil
	case conditions == 0:
		return errors.New("ConditionalOperator cannot be used without Filter or Expected")
	}
	return errors.New("ConditionalOperator can only be used when Filter or Expected has two or more elements")
}

// joint gathers tests into one condition.
type joint struct{ c Condition }

func (j *joint) add(name string, t test, operator types.ConditionalOperator) {
	j.c.paths = append(j.c.paths, Path{named(name)})
	switch {
	case j.c.root == nil:
		j.c.root = t
	case operator == types.ConditionalOperatorOr:
		j.c.root = or{j.c.root, t}
	default:
		j.c.root = and{j.c.root, t}
	}
}

func (j *joint) condition() *Condition {
	if j.c.root == nil {
		return nil
	}
	return &j.c
}

func expectedTest(name string, e types.ExpectedAttributeValue) (test, error) {
	path := Path{named(name)}
	switch {
	case e.AttributeValueList != nil && e.Value != nil:
		return nil, invalidParameter("Value and AttributeValueList cannot be used together for Attribute: %s", name)
	case e.ComparisonOperator != "":
		return expectedComparison(name, e)
	case e.AttributeValueList != nil:
		return nil, invalidParameter("AttributeValueList can only be used with a ComparisonOperator for Attribute: %s", name)
	case e.Exists != nil && !*e.Exists:
		if e.Value != nil {
			return nil, invalidParameter("Value cannot be used when Exists is false for Attribute: %s", name)
		}
		return not{exists{path}}, nil
	case e.Value == nil:
		exists := "null"
		if e.Exists != nil {
			exists = "true"
		}
		return nil, invalidParameter("Value must be provided when Exists is %s for Attribute: %s", exists, name)
	}
	if err := attr.Normalize(e.Value); err != nil {
		return nil, err
	}
	return comparison{"=", path, literal{e.Value}}, nil
}

func expectedComparison(name string, e types.ExpectedAttributeValue) (test, error) {
	op, list := e.ComparisonOperator, e.AttributeValueList
	if e.Exists != nil {
		return nil, invalidParameter("Exists and ComparisonOperator cannot be used together for Attribute: %s", name)
	}
	if list == nil && e.Value == nil && op != types.ComparisonOperatorNull && op != types.ComparisonOperatorNotNull {
		return nil, invalidParameter("Value or AttributeValueList must be used with ComparisonOperator: %s for Attribute: %s", op, name)
	}
	if e.Value != nil {
		list = []attr.Value{e.Value}
	}
	if err := checkLegacy(op, list); err != nil {
		return nil, err
	}
	return legacyTest(name, op, list), nil
}

// checkLegacy checks number and types of the values of a legacy condition, and
// normalizes them.
func checkLegacy(op types.ComparisonOperator, list []attr.Value) error {
	for _, v := range list {
		if err := attr.Normalize(v); err != nil {
			return err
		}
	}
	low, high := 1, 1
	switch op {
	case types.ComparisonOperatorNull, types.ComparisonOperatorNotNull:
		low, high = 0, 0
	case types.ComparisonOperatorBetween:
		low, high = 2, 2
	case types.ComparisonOperatorIn:
		high = len(list)
	}
	if len(list) < low || len(list) > high {
		return invalidParameter("Invalid number of argument(s) for the %s ComparisonOperator", op)
	}
	return checkLegacyTypes(op, list)
}

func checkLegacyTypes(op types.ComparisonOperator, list []attr.Value) error {
	allowed := []string{"S", "N", "B"}
	switch op {
	case types.ComparisonOperatorEq, types.ComparisonOperatorNe:
		allowed = nil
	case types.ComparisonOperatorBeginsWith:
		allowed = []string{"S", "B"}
	}
	for _, v := range list {
		kind := attr.TypeOf(v)
		if kind != attr.TypeOf(list[0]) {
			return invalidParameter("AttributeValues inside AttributeValueList must be of same type")
		}
		if allowed != nil && !slices.Contains(allowed, kind) {
			return invalidParameter("ComparisonOperator %s is not valid for %s AttributeValue type", op, kind)
		}
	}
	if op == types.ComparisonOperatorBetween {
		if order, _ := attr.Compare(list[0], list[1]); order > 0 {
			return errors.New("The BETWEEN condition was provided a range where the lower bound is greater than the upper bound")
		}
	}
	return nil
}

// comparators are the operators of expressions by their legacy names.
func comparator(op types.ComparisonOperator) string {
	switch op {
	case types.ComparisonOperatorEq:
		return "="
	case types.ComparisonOperatorNe:
		return "<>"
	case types.ComparisonOperatorLt:
		return "<"
	case types.ComparisonOperatorLe:
		return "<="
	case types.ComparisonOperatorGt:
		return ">"
	case types.ComparisonOperatorGe:
		return ">="
	}
	return ""
}

func legacyTest(name string, op types.ComparisonOperator, list []attr.Value) test {
	path := Path{named(name)}
	values := make([]operand, len(list))
	for i, v := range list {
		values[i] = literal{v}
	}
	switch op {
	case types.ComparisonOperatorNull:
		return not{exists{path}}
	case types.ComparisonOperatorNotNull:
		return exists{path}
	case types.ComparisonOperatorBetween:
		return between{path, values[0], values[1]}
	case types.ComparisonOperatorIn:
		return in{path, values}
	case types.ComparisonOperatorBeginsWith:
		return beginsWith{path, values[0]}
	case types.ComparisonOperatorContains:
		return contains{path, values[0]}
	case types.ComparisonOperatorNotContains:
		return and{exists{path}, not{contains{path, values[0]}}}
	}
	return comparison{comparator(op), path, values[0]}
}

// LegacyKeyConditions are the conditions of KeyConditions, in the order of
// their names.
func LegacyKeyConditions(conditions map[string]types.Condition) ([]KeyCondition, error) {
	var keys []KeyCondition
	for _, name := range sortedKeys(conditions) {
		c := conditions[name]
		if err := checkLegacy(c.ComparisonOperator, c.AttributeValueList); err != nil {
			return nil, err
		}
		op := comparator(c.ComparisonOperator)
		switch c.ComparisonOperator {
		case types.ComparisonOperatorBetween:
			op = "BETWEEN"
		case types.ComparisonOperatorBeginsWith:
			op = "begins_with"
		case types.ComparisonOperatorNe:
			op = ""
		}
		if op == "" {
			return nil, errors.New("Attempted conditional constraint is not an indexable operation")
		}
		keys = append(keys, KeyCondition{Name: name, Op: op, Values: c.AttributeValueList})
	}
	if len(keys) != 1 && len(keys) != 2 {
		return nil, errors.New("Conditions can be of length 1 or 2 only")
	}
	return keys, nil
}

// LegacyUpdates is the update of AttributeUpdates.
func LegacyUpdates(updates map[string]types.AttributeValueUpdate) (*Update, error) {
	u := &Update{legacy: true}
	for _, name := range sortedKeys(updates) {
		if err := u.addLegacy(Path{named(name)}, updates[name]); err != nil {
			return nil, err
		}
	}
	return u, nil
}

func (u *Update) addLegacy(path Path, a types.AttributeValueUpdate) error {
	if a.Value == nil && a.Action != types.AttributeActionDelete {
		return invalidParameter("Only DELETE action is allowed when no attribute value is specified")
	}
	if a.Value != nil {
		if err := attr.Normalize(a.Value); err != nil {
			return err
		}
	}
	u.paths = append(u.paths, path)
	kind := attr.TypeOf(a.Value)
	switch a.Action {
	case "", types.AttributeActionPut:
		u.sets = append(u.sets, setAction{path, operandSource{literal{a.Value}}})
	case types.AttributeActionAdd:
		if !slices.Contains([]string{"N", "SS", "NS", "BS", "L"}, kind) {
			return invalidParameter("ADD action is not supported for the type %s", kind)
		}
		u.actions = append(u.actions, action{"ADD", path, a.Value})
	case types.AttributeActionDelete:
		if a.Value == nil {
			u.actions = append(u.actions, action{verb: "REMOVE", path: path})
			break
		}
		if !slices.Contains([]string{"SS", "NS", "BS"}, kind) {
			return invalidParameter("DELETE action with value is not supported for the type %s", kind)
		}
		u.actions = append(u.actions, action{"DELETE", path, a.Value})
	}
	return nil
}
