package dynamodb

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
	"github.com/runnel/runnel/service/dynamodb/expr"
)

// parameter is an optional parameter of a request and whether it is there.
type parameter struct {
	name string
	set  bool
}

func set(parameters []parameter) []string {
	var names []string
	for _, p := range parameters {
		if p.set {
			names = append(names, p.name)
		}
	}
	return names
}

// checkMix refuses requests that have both expressions and legacy parameters.
func checkMix(legacy, expressions []parameter) error {
	l, e := set(legacy), set(expressions)
	if l == nil || e == nil {
		return nil
	}
	return invalid("Can not use both expression and non-expression parameters in the same request: Non-expression parameters: {%s} Expression parameters: {%s}",
		strings.Join(l, ", "), strings.Join(e, ", "))
}

// placeholders are those of a request that has the given expressions.
func placeholders(names map[string]string, values attr.Item, expressions []parameter) (*expr.Placeholders, error) {
	if set(expressions) == nil {
		if values != nil {
			return nil, errors.New("ExpressionAttributeValues can only be specified when using expressions")
		}
		if names != nil {
			return nil, errors.New("ExpressionAttributeNames can only be specified when using expressions")
		}
	}
	return expr.NewPlaceholders(names, values)
}

// guard is the condition of a write, in either form.
type guard struct {
	condition *string
	names     map[string]string
	values    attr.Item
	expected  map[string]types.ExpectedAttributeValue
	operator  types.ConditionalOperator
	onFailure types.ReturnValuesOnConditionCheckFailure
}

// parse returns the condition. The placeholders may have been used by other
// expressions before.
func (g guard) parse(names *expr.Placeholders) (*expr.Condition, error) {
	if g.condition != nil {
		return expr.ParseCondition(expr.ConditionExpression, *g.condition, names)
	}
	return expr.LegacyExpected(g.expected, g.operator)
}

// failed is the answer to a write whose condition the item old does not fulfil.
func (g guard) failed(old attr.Item) error {
	e := &types.ConditionalCheckFailedException{Message: aws.String("The conditional request failed")}
	if g.onFailure == types.ReturnValuesOnConditionCheckFailureAllOld {
		e.Item = old
	}
	return e
}

// selection is what a read returns of the items it finds, in either form.
func selection(expression *string, attributes []string, names *expr.Placeholders) (*expr.Projection, error) {
	switch {
	case expression != nil:
		return expr.ParseProjection(*expression, names)
	case attributes != nil:
		return expr.LegacyProjection(attributes)
	}
	return nil, nil
}

// sortedNames are the keys of m in order, so that of several faults the same is
// reported every time.
func sortedNames[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
