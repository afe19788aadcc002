package math

import (
	"slices"
	"strings"
)

// Limits of an expression. AWS's length is that of MetricDataQuery's
// Expression; its depth is not documented, and ours keeps the stack small.
const (
	maxLength = 2048
	maxDepth  = 100
)

// Expr is an expression that was parsed. It may be evaluated any number of
// times, in several goroutines.
type Expr struct {
	root node
	refs []string
}

// Refs are the ids that the expression refers to, in the order in which they
// first appear. METRICS() is not among them.
func (e *Expr) Refs() []string { return e.refs }

// node is a part of an expression.
type node interface {
	eval(c *context) (value, error)
}

type (
	numberNode float64
	textNode   string
	wordNode   string // in capitals
	refNode    string // an id
	listNode   []node
	unaryNode  struct{ arg node }
	binaryNode struct {
		op          string
		left, right node
	}
	callNode struct {
		name string
		args []node
	}
)

// Parse reads an expression. Its errors have AWS's texts, without the id that
// a [Sheet] puts before them.
func Parse(s string) (*Expr, error) {
	if len(s) > maxLength {
		return nil, errSyntax
	}
	if word, _, _ := strings.Cut(strings.TrimSpace(s), " "); strings.EqualFold(word, "SELECT") {
		return nil, faultf("Metrics Insights queries (SELECT) are not supported")
	}
	tokens, err := lex(s)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, expr: &Expr{}}
	if p.expr.root, err = p.binary(0); err != nil {
		return nil, err
	}
	if p.peek().kind != endToken {
		return nil, errSyntax
	}
	return p.expr, nil
}

type parser struct {
	tokens []token
	depth  int
	expr   *Expr
}

func (p *parser) peek() token { return p.tokens[0] }

func (p *parser) next() token {
	t := p.tokens[0]
	if t.kind != endToken {
		p.tokens = p.tokens[1:]
	}
	return t
}

// take consumes a symbol if it is next.
func (p *parser) take(symbol string) bool {
	if t := p.peek(); t.kind != symbolToken || t.text != symbol {
		return false
	}
	p.next()
	return true
}

// precedence of the binary operators, the loosest first. AND and OR are also
// && and ||.
var precedence = [][]string{{"||"}, {"&&"}, {"==", "!="}, {"<", "<=", ">", ">="}, {"+", "-"}, {"*", "/"}}

// operator is the binary operator that is next, if it is one of those.
func (p *parser) operator(of []string) (string, bool) {
	t := p.peek()
	op := t.text
	switch {
	case t.kind == nameToken && op == "AND":
		op = "&&"
	case t.kind == nameToken && op == "OR":
		op = "||"
	case t.kind != symbolToken:
		return "", false
	}
	return op, slices.Contains(of, op)
}

// binary reads operators of a precedence and of those that bind tighter.
func (p *parser) binary(level int) (node, error) {
	if level == len(precedence) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil {
		op, ok := p.operator(precedence[level])
		if !ok {
			return left, nil
		}
		p.next()
		var right node
		right, err = p.binary(level + 1)
		left = &binaryNode{op, left, right}
	}
	return nil, err
}

// unary reads a sign. It binds looser than ^: -m1^2 is -(m1^2).
func (p *parser) unary() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errSyntax
	}
	defer func() { p.depth-- }()
	if p.take("-") {
		arg, err := p.unary()
		return &unaryNode{arg}, err
	}
	return p.power()
}

func (p *parser) power() (node, error) {
	base, err := p.primary()
	if err != nil || !p.take("^") {
		return base, err
	}
	exponent, err := p.unary()
	return &binaryNode{"^", base, exponent}, err
}

func (p *parser) primary() (node, error) {
	switch t := p.next(); {
	case t.kind == numberToken:
		return numberNode(t.number), nil
	case t.kind == textToken:
		return textNode(t.text), nil
	case t.kind == nameToken:
		return p.name(t.text)
	case t.kind == symbolToken && t.text == "(":
		n, err := p.binary(0)
		if err == nil && !p.take(")") {
			err = errSyntax
		}
		return n, err
	case t.kind == symbolToken && t.text == "[":
		list, err := p.list("]")
		return listNode(list), err
	}
	return nil, errSyntax
}

// name reads what a name begins: an id, a call, or a word such as REPEAT.
func (p *parser) name(name string) (node, error) {
	if 'a' <= name[0] && name[0] <= 'z' {
		if !slices.Contains(p.expr.refs, name) {
			p.expr.refs = append(p.expr.refs, name)
		}
		return refNode(name), nil
	}
	if !p.take("(") {
		return wordNode(name), nil
	}
	if err := known(name); err != nil {
		return nil, err
	}
	args, err := p.list(")")
	return &callNode{name, args}, err
}

// list reads nodes between commas, up to and with the symbol that ends them.
func (p *parser) list(end string) ([]node, error) {
	var out []node
	for first := true; !p.take(end); first = false {
		if !first && !p.take(",") {
			return nil, errSyntax
		}
		n, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		out = append(out, n)
	}
	return out, nil
}
