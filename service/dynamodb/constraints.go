package dynamodb

import (
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// constraints gathers the violations of the API's model in a request, which AWS
// reports together.
type constraints []string

// maxViolations is how many of them it reports.
const maxViolations = 10

func (c *constraints) add(value, member, rule string) {
	*c = append(*c, fmt.Sprintf("Value %s at '%s' failed to satisfy constraint: Member must %s", value, member, rule))
}

func quote(s string) string { return "'" + s + "'" }

// present requires a member.
func (c *constraints) present(member string, ok bool) {
	if !ok {
		c.add("null", member, "not be null")
	}
}

// length bounds the length of a string.
func (c *constraints) length(member, s string, low, high int) {
	if len(s) < low {
		c.add(quote(s), member, fmt.Sprintf("have length greater than or equal to %d", low))
	}
	if len(s) > high {
		c.add(quote(s), member, fmt.Sprintf("have length less than or equal to %d", high))
	}
}

// count bounds the length of a list, which AWS shows in a form of its own that
// is not imitated.
func (c *constraints) count(member string, n, low, high int) {
	rule := ""
	switch {
	case n < low:
		rule = fmt.Sprintf("greater than or equal to %d", low)
	case n > high:
		rule = fmt.Sprintf("less than or equal to %d", high)
	default:
		return
	}
	*c = append(*c, fmt.Sprintf("Value at '%s' failed to satisfy constraint: Member must have length %s", member, rule))
}

const namePattern = "[a-zA-Z0-9_.-]+"

// name requires the characters of table and index names.
func (c *constraints) name(member, s string) {
	if !isName(s) {
		c.add(quote(s), member, "satisfy regular expression pattern: "+namePattern)
	}
}

// isName reports whether s has only the characters of names; "" passes, since
// its length is what is wrong with it.
func isName(s string) bool {
	for i := range len(s) {
		b := s[i]
		if !('a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || b == '_' || b == '.' || b == '-') {
			return false
		}
	}
	return true
}

// atLeast bounds a number from below.
func (c *constraints) atLeast(member string, n, low int64) {
	if n < low {
		c.add(fmt.Sprintf("'%d'", n), member, fmt.Sprintf("have value greater than or equal to %d", low))
	}
}

// atMost bounds a number from above.
func (c *constraints) atMost(member string, n, high int64) {
	if n > high {
		c.add(fmt.Sprintf("'%d'", n), member, fmt.Sprintf("have value less than or equal to %d", high))
	}
}

// enum requires one of AWS's values, in AWS's order; an absent value passes.
func enum[T ~string](c *constraints, member string, v T, values ...T) {
	if v == "" {
		return
	}
	text := make([]string, len(values))
	for i, allowed := range values {
		if v == allowed {
			return
		}
		text[i] = string(allowed)
	}
	c.add(quote(string(v)), member, "satisfy enum value set: ["+strings.Join(text, ", ")+"]")
}

// err returns the ValidationException for what was gathered, or nil.
func (c constraints) err() error {
	switch len(c) {
	case 0:
		return nil
	case 1:
		return invalid("1 validation error detected: %s", c[0])
	}
	if len(c) > maxViolations {
		c = c[:maxViolations]
	}
	return invalid("%d validation errors detected: %s", len(c), strings.Join(c, "; "))
}

// The enums that several operations share.

func (c *constraints) capacity(v types.ReturnConsumedCapacity) {
	enum(c, "returnConsumedCapacity", v, types.ReturnConsumedCapacityIndexes, types.ReturnConsumedCapacityTotal, types.ReturnConsumedCapacityNone)
}

func (c *constraints) metrics(v types.ReturnItemCollectionMetrics) {
	enum(c, "returnItemCollectionMetrics", v, types.ReturnItemCollectionMetricsSize, types.ReturnItemCollectionMetricsNone)
}

func (c *constraints) returnValues(v types.ReturnValue) {
	enum(c, "returnValues", v, types.ReturnValueAllNew, types.ReturnValueUpdatedOld, types.ReturnValueAllOld, types.ReturnValueNone, types.ReturnValueUpdatedNew)
}

func (c *constraints) onFailure(v types.ReturnValuesOnConditionCheckFailure) {
	enum(c, "returnValuesOnConditionCheckFailure", v, types.ReturnValuesOnConditionCheckFailureAllOld, types.ReturnValuesOnConditionCheckFailureNone)
}

func (c *constraints) operator(v types.ConditionalOperator) {
	enum(c, "conditionalOperator", v, types.ConditionalOperatorOr, types.ConditionalOperatorAnd)
}

func (c *constraints) comparison(member string, v types.ComparisonOperator) {
	enum(c, member, v, types.ComparisonOperatorIn, types.ComparisonOperatorNull, types.ComparisonOperatorBetween,
		types.ComparisonOperatorLt, types.ComparisonOperatorNotContains, types.ComparisonOperatorEq, types.ComparisonOperatorGt,
		types.ComparisonOperatorNotNull, types.ComparisonOperatorNe, types.ComparisonOperatorLe, types.ComparisonOperatorBeginsWith,
		types.ComparisonOperatorGe, types.ComparisonOperatorContains)
}

// conditions checks a map of legacy conditions.
func (c *constraints) conditions(member string, m map[string]types.Condition) {
	for _, name := range sortedNames(m) {
		at := member + "." + name + ".member.comparisonOperator"
		c.present(at, m[name].ComparisonOperator != "")
		c.comparison(at, m[name].ComparisonOperator)
	}
}

// expected checks the map of that name.
func (c *constraints) expected(m map[string]types.ExpectedAttributeValue) {
	for _, name := range sortedNames(m) {
		c.comparison("expected."+name+".member.comparisonOperator", m[name].ComparisonOperator)
	}
}

// attributesToGet checks the list of that name.
func (c *constraints) attributesToGet(names []string) {
	if names != nil {
		c.count("attributesToGet", len(names), 1, 255)
	}
}
