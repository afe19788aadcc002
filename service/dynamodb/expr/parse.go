package expr

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// Limits of expressions (Developer Guide, ServiceQuotas).
const (
	maxLength    = 4096 // bytes, before placeholders are replaced
	maxOperators = 300  // operators and functions
	maxInList    = 100
)

// Kinds of expressions: the names of the parameters that they are in.
const (
	ConditionExpression    = "ConditionExpression"
	FilterExpression       = "FilterExpression"
	KeyConditionExpression = "KeyConditionExpression"
	UpdateExpression       = "UpdateExpression"
	ProjectionExpression   = "ProjectionExpression"
)

// parser reads one expression. A syntax error is a panic of type syntaxError,
// which run turns into an error; all other faults are collected.
type parser struct {
	source    string
	tokens    []token
	at        int
	names     *Placeholders
	keywords  []string // words that are no names
	faults    faults
	operators int
}

type syntaxError struct{ text string }

// run parses text, an expression of the given kind, by the rule parse.
func run(kind, text string, names *Placeholders, order []fault, parse func(*parser)) (err error) {
	defer func() {
		if failure := recover(); failure != nil {
			syntax, ok := failure.(syntaxError)
			if !ok {
				panic(failure)
			}
			err = fmt.Errorf("Invalid %s: %s", kind, syntax.text)
		}
	}()
	switch {
	case text == "":
		return fmt.Errorf("Invalid %s: The expression can not be empty;", kind)
	case len(text) > maxLength:
		return fmt.Errorf("Invalid %s: Expression size has exceeded the maximum allowed size; expression size: %d", kind, len(text))
	}
	p := &parser{source: text, tokens: lex(text), names: names}
	parse(p)
	if p.peek().kind != end {
		p.unexpected()
	}
	if p.operators > maxOperators {
		p.faults.add(limit, "The expression contains too many operators; operator count: %d", p.operators)
	}
	if fault := p.faults.first(order); fault != "" {
		return fmt.Errorf("Invalid %s: %s", kind, fault)
	}
	return nil
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.kind != end {
		p.at++
	}
	return t
}

// skip takes the next token if it is the punctuation text.
func (p *parser) skip(text string) bool {
	t := p.peek()
	if t.kind != punct || t.text != text {
		return false
	}
	p.at++
	return true
}

// skipWord takes the next token if it is the keyword.
func (p *parser) skipWord(keyword string) bool {
	if !p.peek().is(keyword) {
		return false
	}
	p.at++
	return true
}

func (p *parser) expect(text string) {
	if !p.skip(text) {
		p.unexpected()
	}
}

// unexpected fails with AWS's syntax error: the next token, and the text from
// the token before it to the one after.
func (p *parser) unexpected() {
	t := p.peek()
	from, to := t.from, t.to
	if p.at > 0 {
		from = p.tokens[p.at-1].from
	}
	if p.at+1 < len(p.tokens) && p.tokens[p.at+1].kind != end {
		to = p.tokens[p.at+1].to
	}
	panic(syntaxError{fmt.Sprintf(`Syntax error; token: "%s", near: "%s"`, t.text, p.source[from:to])})
}

// path reads a document path: names and placeholders, joined by dots and
// indexes.
func (p *parser) path() Path {
	path := Path{p.pathName()}
	for {
		switch {
		case p.skip("."):
			path = append(path, p.pathName())
		case p.skip("["):
			path = append(path, p.index())
			p.expect("]")
		default:
			return path
		}
	}
}

func (p *parser) pathName() Element {
	switch t := p.peek(); t.kind {
	case word:
		if slices.ContainsFunc(p.keywords, t.is) {
			p.unexpected()
		}
		p.at++
		if isReserved(t.text) {
			p.faults.add(reservedWord, "Attribute name is a reserved keyword; reserved keyword: %s", t.text)
		}
		return named(t.text)
	case name:
		p.at++
		n, ok := p.names.name(t.text)
		if !ok {
			p.faults.add(undefinedName, "An expression attribute name used in the document path is not defined; attribute name: %s", t.text)
		}
		return named(n)
	}
	p.unexpected()
	return Element{}
}

func (p *parser) index() Element {
	t := p.peek()
	if t.kind != number {
		p.unexpected()
	}
	n, err := strconv.ParseInt(t.text, 10, 32)
	if err != nil {
		p.faults.add(limit, "List index is not within the allowable range; index: [%s]", t.text)
	}
	p.at++
	return Element{Index: int(n)}
}

// placeholder reads a :value.
func (p *parser) placeholder() literal {
	t := p.take()
	v, ok := p.names.value(t.text)
	if !ok {
		p.faults.add(undefinedValue, "An expression attribute value used in expression is not defined; attribute value: %s", t.text)
	}
	return literal{v}
}

// operator counts an operator or a function against the limit.
func (p *parser) operator() { p.operators++ }

// operand is what a condition compares and an update sets.
type operand interface {
	// value returns the operand's value for an item, or nil if it has none.
	value(item attr.Item) attr.Value
	// kind is the type that the operand has whatever the item, or "".
	kind() string
}

type literal struct{ v attr.Value }

func (l literal) value(attr.Item) attr.Value { return l.v }
func (l literal) kind() string               { return attr.TypeOf(l.v) }

func (p Path) value(item attr.Item) attr.Value { return p.Get(item) }
func (p Path) kind() string                    { return "" }

func samePath(a, b operand) (Path, bool) {
	x, ok := a.(Path)
	y, too := b.(Path)
	return x, ok && too && len(x) == len(y) && relate(x, y) == overlap
}
