package expr

import (
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// ParseCondition parses a condition or a filter; kind is the parameter's name.
// The error's text is for the client.
func ParseCondition(kind, text string, names *Placeholders) (*Condition, error) {
	var c Condition
	err := run(kind, text, names, conditionOrder, func(p *parser) {
		p.keywords = []string{"AND", "OR", "NOT", "BETWEEN", "IN"}
		q := conditionParser{parser: p}
		c.root = q.test(q.or())
		c.paths = q.paths
	})
	if err != nil {
		return nil, err
	}
	return &c, nil
}

// conditionParser reads
//
//	or      = and { OR and }
//	and     = not { AND not }
//	not     = NOT not | clause
//	clause  = primary [ comparator primary | BETWEEN primary AND primary | IN "(" list ")" ]
//	primary = "(" or ")" | function "(" list ")" | path | :value
//
// A primary may turn out to be an operand or a condition; a term says which.
type conditionParser struct {
	*parser
	paths []Path
}

// term is a primary that has been read: an operand, a test, or a function,
// which is one of the two but must be named when it is used as the other.
type term struct {
	operand       operand
	test          test
	function      string
	parenthesized bool
}

func (p *conditionParser) or() term {
	left := p.and()
	for p.peek().is("OR") {
		l := p.test(left)
		p.at++
		left = term{test: or{l, p.test(p.and())}}
	}
	return left
}

func (p *conditionParser) and() term {
	left := p.not()
	for p.peek().is("AND") {
		l := p.test(left)
		p.at++
		left = term{test: and{l, p.test(p.not())}}
	}
	return left
}

func (p *conditionParser) not() term {
	if p.skipWord("NOT") {
		return term{test: not{p.test(p.not())}}
	}
	return p.clause()
}

// test makes a condition of a term.
func (p *conditionParser) test(t term) test {
	switch {
	case t.test != nil:
		return t.test
	case t.function != "":
		p.misused(t.function)
		return never{}
	}
	p.unexpected()
	return nil
}

// argument makes an operand of a term.
func (p *conditionParser) argument(t term) operand {
	switch {
	case t.operand != nil:
		return t.operand
	case t.function != "":
		p.misused(t.function)
		return literal{}
	}
	p.unexpected()
	return nil
}

func (p *parser) misused(function string) {
	p.faults.add(misusedFunction, "The function is not allowed to be used this way in an expression; function: %s", function)
}

func (p *conditionParser) clause() term {
	left := p.primary()
	t := p.peek()
	switch {
	case t.kind == punct && slices.Contains([]string{"=", "<>", "<", "<=", ">", ">="}, t.text):
		return p.comparison(p.argument(left))
	case t.is("BETWEEN"):
		return p.between(p.argument(left))
	case t.is("IN"):
		return p.in(p.argument(left))
	case !left.parenthesized:
		p.faults.endClause()
	}
	return left
}

func (p *conditionParser) comparison(left operand) term {
	op := p.take().text
	p.operator()
	right := p.argument(p.primary())
	if path, same := samePath(left, right); same {
		p.notDistinct(op, path)
	}
	if op != "=" && op != "<>" {
		p.mustOrder(op, left)
		p.mustOrder(op, right)
	}
	p.faults.endClause()
	return term{test: comparison{op, left, right}}
}

func (p *conditionParser) notDistinct(op string, path Path) {
	p.faults.add(distinct, "The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", op, path)
}

// mustOrder takes only operands that may be a string, a number or a binary.
func (p *conditionParser) mustOrder(op string, o operand) { p.mustBe(op, o, "", "S", "N", "B") }

func (p *parser) mustBe(function string, o operand, kinds ...string) {
	if kind := o.kind(); !slices.Contains(kinds, kind) {
		p.faults.add(operandType, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", function, kind)
	}
}

func (p *conditionParser) between(of operand) term {
	p.take()
	p.operator()
	low := p.argument(p.primary())
	if !p.skipWord("AND") {
		p.unexpected()
	}
	high := p.argument(p.primary())
	p.checkBounds(low, high)
	p.mustOrder("BETWEEN", of)
	p.mustOrder("BETWEEN", low)
	p.mustOrder("BETWEEN", high)
	p.faults.endClause()
	return term{test: between{of, low, high}}
}

func (p *conditionParser) checkBounds(low, high operand) {
	l, ok := low.(literal)
	h, too := high.(literal)
	if !ok || !too || l.v == nil || h.v == nil {
		return
	}
	bounds := fmt.Sprintf("lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s", show(l.v), show(h.v))
	if l.kind() != h.kind() {
		p.faults.add(operandType, "The BETWEEN operator requires same data type for lower and upper bounds; %s", bounds)
		return
	}
	if order, ok := attr.Compare(l.v, h.v); ok && order > 0 {
		p.faults.add(operandType, "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; %s", bounds)
	}
}

// show writes a scalar as AWS's messages do: {N:12}.
func show(v attr.Value) string {
	switch v := v.(type) {
	case *types.AttributeValueMemberS:
		return "{S:" + v.Value + "}"
	case *types.AttributeValueMemberN:
		return "{N:" + v.Value + "}"
	case *types.AttributeValueMemberB:
		return "{B:" + base64.StdEncoding.EncodeToString(v.Value) + "}"
	}
	return "{" + attr.TypeOf(v) + "}"
}

func (p *conditionParser) in(of operand) term {
	p.take()
	p.operator()
	p.expect("(")
	list := p.list()
	if len(list) > maxInList {
		p.wrongCount("IN", len(list))
	}
	p.faults.endClause()
	return term{test: in{of, list}}
}

func (p *parser) wrongCount(function string, n int) {
	p.faults.add(operands, "Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", function, n)
}

// list reads operands up to the closing parenthesis.
func (p *conditionParser) list() []operand {
	list := []operand{p.argument(p.primary())}
	for p.skip(",") {
		list = append(list, p.argument(p.primary()))
	}
	p.expect(")")
	return list
}

func (p *conditionParser) primary() term {
	switch t := p.peek(); {
	case p.skip("("):
		inner := p.or()
		p.expect(")")
		if inner.parenthesized {
			p.faults.add(parentheses, "The expression has redundant parentheses;")
		}
		inner.parenthesized = true
		return inner
	case t.kind == value:
		return term{operand: p.placeholder()}
	case p.atFunction():
		return p.function()
	}
	path := p.path()
	p.paths = append(p.paths, path)
	return term{operand: path}
}

// atFunction reports whether a function comes next.
func (p *parser) atFunction() bool {
	t := p.peek()
	return t.kind == word && p.tokens[p.at+1].text == "(" && !slices.ContainsFunc(p.keywords, t.is)
}

// operandCount is how many operands the functions of conditions take.
func operandCount(function string) (n int, known bool) {
	switch function {
	case "attribute_exists", "attribute_not_exists", "size":
		return 1, true
	case "attribute_type", "begins_with", "contains":
		return 2, true
	}
	return 0, false
}

func (p *conditionParser) function() term {
	f := p.take().text
	p.expect("(")
	p.operator()
	args := p.list()
	t := term{function: f}
	n, known := operandCount(f)
	switch {
	case !known:
		p.faults.add(unknownFunction, "Invalid function name; function: %s", f)
		t.test, t.operand = never{}, literal{}
	case n != len(args):
		p.wrongCount(f, len(args))
		t.test, t.operand = never{}, literal{}
	case f == "size":
		p.mustBe(f, args[0], "", "S", "B", "SS", "NS", "BS", "L", "M")
		t.operand = sizeOf{args[0]}
	default:
		t.test = p.call(f, args)
	}
	return t
}

func (p *conditionParser) call(f string, args []operand) test {
	if n := len(args); n == 2 {
		if path, same := samePath(args[0], args[1]); same {
			p.notDistinct(f, path)
		}
	}
	switch f {
	case "attribute_exists":
		p.mustBePath(f, args[0])
		return exists{args[0]}
	case "attribute_not_exists":
		p.mustBePath(f, args[0])
		return not{exists{args[0]}}
	case "attribute_type":
		p.mustNameType(args[1])
		return hasType{args[0], args[1]}
	case "begins_with":
		p.mustBe(f, args[0], "", "S", "B")
		p.mustBe(f, args[1], "", "S", "B")
		return beginsWith{args[0], args[1]}
	}
	return contains{args[0], args[1]}
}

func (p *parser) mustBePath(function string, o operand) {
	if _, ok := o.(Path); !ok {
		p.faults.add(operandType, "Operator or function requires a document path; operator or function: %s", function)
	}
}

func (p *conditionParser) mustNameType(o operand) {
	l, _ := o.(literal)
	s, ok := l.v.(*types.AttributeValueMemberS)
	if !ok {
		kind := o.kind()
		if kind == "" {
			kind = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}"
		}
		p.faults.add(operandType, "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: %s", kind)
		return
	}
	if !slices.Contains([]string{"S", "N", "B", "NULL", "SS", "BOOL", "L", "BS", "NS", "M"}, s.Value) {
		p.faults.add(operandType, "Invalid attribute type name found; type: %s, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}", s.Value)
	}
}
