package alarm

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Limits of a rule
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutCompositeAlarm.html).
const (
	maxRule     = 10240 // characters
	maxChildren = 100
	maxElements = 500 // children, TRUE, FALSE and parentheses
)

// Rule is the expression of a composite alarm.
type Rule struct {
	root     condition
	children []string
}

// Children are the alarms that the rule refers to, each once, as it does: by
// name or ARN.
func (r *Rule) Children() []string { return r.children }

// Holds evaluates the rule over the states of alarms.
func (r *Rule) Holds(state func(alarm string) types.StateValue) bool { return r.root.holds(state) }

type condition interface {
	holds(state func(string) types.StateValue) bool
}

type (
	always bool
	not    struct{ arg condition }
	all    []condition
	some   []condition
	is     struct {
		value types.StateValue
		alarm string
	}
	atLeast struct {
		n       int
		percent bool
		of      []condition
	}
)

func (c always) holds(func(string) types.StateValue) bool    { return bool(c) }
func (c not) holds(state func(string) types.StateValue) bool { return !c.arg.holds(state) }
func (c is) holds(state func(string) types.StateValue) bool  { return state(c.alarm) == c.value }
func (c all) holds(state func(string) types.StateValue) bool {
	return !slices.ContainsFunc(c, func(c condition) bool { return !c.holds(state) })
}
func (c some) holds(state func(string) types.StateValue) bool {
	return slices.ContainsFunc(c, func(c condition) bool { return c.holds(state) })
}

func (c atLeast) holds(state func(string) types.StateValue) bool {
	n := 0
	for _, one := range c.of {
		if one.holds(state) {
			n++
		}
	}
	if c.percent {
		return n*100 >= c.n*len(c.of)
	}
	return n >= c.n
}

// ParseRule reads an AlarmRule.
func ParseRule(s string) (*Rule, error) {
	if s == "" || strings.TrimSpace(s) != s {
		return nil, errors.New("AlarmRule must not contain leading or trailing whitespace or be null")
	}
	if len(s) > maxRule {
		return nil, fmt.Errorf("AlarmRule must not be longer than %d characters", maxRule)
	}
	p := &ruleParser{rest: s, whole: s}
	root, err := p.or()
	if err == nil && p.rest != "" {
		err = p.fault()
	}
	if err != nil {
		return nil, err
	}
	if len(p.children) > maxChildren {
		return nil, fmt.Errorf("AlarmRule must not refer to more than %d alarms", maxChildren)
	}
	return &Rule{root, p.children}, nil
}

type ruleParser struct {
	whole, rest string
	elements    int
	children    []string
}

func (p *ruleParser) fault() error {
	at := len(p.whole) - len(p.rest)
	if p.rest == "" {
		return fmt.Errorf("AlarmRule contains invalid syntax: unexpected end at position %d", at)
	}
	return fmt.Errorf("AlarmRule contains invalid syntax at position %d", at)
}

// element counts towards the limit, which also bounds how deep a rule nests.
func (p *ruleParser) element() error {
	if p.elements++; p.elements > maxElements {
		return fmt.Errorf("AlarmRule must not have more than %d elements", maxElements)
	}
	return nil
}

func (p *ruleParser) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// word consumes a word if it is next and ends there.
func (p *ruleParser) word(w string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, w)
	if !ok || rest != "" && (isWord(rest[0])) {
		return false
	}
	p.rest = rest
	return true
}

func isWord(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_'
}

func (p *ruleParser) symbol(c string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, c)
	if ok {
		p.rest = rest
	}
	return ok
}

func (p *ruleParser) or() (condition, error) {
	list, err := p.chain("OR", p.and)
	if len(list) == 1 {
		return list[0], err
	}
	return some(list), err
}

func (p *ruleParser) and() (condition, error) {
	list, err := p.chain("AND", p.not)
	if len(list) == 1 {
		return list[0], err
	}
	return all(list), err
}

// chain reads conditions between words.
func (p *ruleParser) chain(word string, next func() (condition, error)) ([]condition, error) {
	var list []condition
	for {
		c, err := next()
		if err != nil {
			return nil, err
		}
		list = append(list, c)
		if !p.word(word) {
			return list, nil
		}
	}
}

func (p *ruleParser) not() (condition, error) {
	negated := false
	for p.word("NOT") {
		negated = !negated
	}
	c, err := p.primary()
	if negated {
		c = not{c}
	}
	return c, err
}

func (p *ruleParser) primary() (condition, error) {
	if err := p.element(); err != nil {
		return nil, err
	}
	for _, w := range []string{"TRUE", "True", "true"} {
		if p.word(w) {
			return always(true), nil
		}
	}
	for _, w := range []string{"FALSE", "False", "false"} {
		if p.word(w) {
			return always(false), nil
		}
	}
	if v, ok := p.state(); ok {
		return p.child(v)
	}
	if p.word("AT_LEAST") {
		return p.atLeast()
	}
	if !p.symbol("(") {
		return nil, p.fault()
	}
	c, err := p.or()
	if err == nil && !p.symbol(")") {
		err = p.fault()
	}
	return c, err
}

// child reads the alarm of a state, in parentheses.
func (p *ruleParser) child(v types.StateValue) (condition, error) {
	if !p.symbol("(") {
		return nil, p.fault()
	}
	name, err := p.name(`()"`)
	if err == nil && !p.symbol(")") {
		err = p.fault()
	}
	return is{v, name}, err
}

// name reads the name or ARN of an alarm; without quotation marks, it goes up
// to one of the bytes in ends.
func (p *ruleParser) name(ends string) (string, error) {
	name, ok := p.quoted()
	if !ok {
		end := strings.IndexAny(p.rest, ends)
		if end < 0 {
			return "", p.fault()
		}
		name, p.rest = strings.TrimSpace(p.rest[:end]), p.rest[end:]
	}
	if name == "" {
		return "", p.fault()
	}
	if !slices.Contains(p.children, name) {
		p.children = append(p.children, name)
	}
	return name, nil
}

// atLeast reads what follows AT_LEAST: a number of alarms or a percentage of
// them, a state that may be negated, and the alarms, as in
// AT_LEAST(60%, NOT OK, (a, "b", c)).
func (p *ruleParser) atLeast() (condition, error) {
	if !p.symbol("(") {
		return nil, p.fault()
	}
	p.space()
	digits := strings.IndexFunc(p.rest, func(r rune) bool { return r < '0' || r > '9' })
	n, err := strconv.Atoi(p.rest[:max(0, digits)])
	if err != nil || n < 1 {
		return nil, p.fault()
	}
	p.rest = p.rest[digits:]
	c := atLeast{n: n, percent: p.symbol("%")}
	if !p.symbol(",") {
		return nil, p.fault()
	}
	negated := p.word("NOT")
	v, ok := p.state()
	if !ok || !p.symbol(",") || !p.symbol("(") {
		return nil, p.fault()
	}
	for first := true; first || p.symbol(","); first = false {
		name, err := p.name(`(),"`)
		if err != nil {
			return nil, err
		}
		if err := p.element(); err != nil {
			return nil, err
		}
		one := condition(is{v, name})
		if negated {
			one = not{one}
		}
		c.of = append(c.of, one)
	}
	if !p.symbol(")") || !p.symbol(")") || c.n > len(c.of) && !c.percent || c.percent && c.n > 100 {
		return nil, p.fault()
	}
	return c, nil
}

// state reads the name of a state.
func (p *ruleParser) state() (types.StateValue, bool) {
	for _, v := range types.StateValue("").Values() {
		if p.word(string(v)) {
			return v, true
		}
	}
	return "", false
}

// quoted reads a name in quotation marks, in which a backslash quotes one.
func (p *ruleParser) quoted() (string, bool) {
	p.space()
	if p.rest == "" || p.rest[0] != '"' {
		return "", false
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			p.rest = p.rest[i+1:]
			return b.String(), true
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}
