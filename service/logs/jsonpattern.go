package logs

import (
	"regexp"
	"strconv"
	"strings"
)

// condition is a JSON filter pattern: a test of a decoded document.
type condition func(doc any) bool

// jsonParser reads { CONDITION }, where conditions compare selectors with
// values and are joined by && and ||, which binds less.
type jsonParser struct {
	rest  string
	depth int
}

// maxDepth bounds nested parentheses.
const maxDepth = 50

func parseJSONPattern(s string) (condition, error) {
	p := &jsonParser{rest: strings.TrimPrefix(s, "{")}
	c, err := p.or()
	if err == nil && p.skip() != "}" {
		err = p.bad("}")
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (p *jsonParser) bad(want string) error {
	return errParameter("Invalid filter pattern: expected %s at %q", want, p.rest)
}

func (p *jsonParser) skip() string {
	p.rest = strings.TrimLeft(p.rest, " \t\n")
	return p.rest
}

// take reads one of words, in any case, and returns it.
func (p *jsonParser) take(words ...string) string {
	p.skip()
	for _, w := range words {
		if len(p.rest) >= len(w) && strings.EqualFold(p.rest[:len(w)], w) {
			p.rest = p.rest[len(w):]
			return w
		}
	}
	return ""
}

func (p *jsonParser) or() (condition, error) {
	left, err := p.and()
	for err == nil && p.take("||") != "" {
		a := left
		var b condition
		b, err = p.and()
		left = func(doc any) bool { return a(doc) || b(doc) }
	}
	return left, err
}

func (p *jsonParser) and() (condition, error) {
	left, err := p.one()
	for err == nil && p.take("&&") != "" {
		a := left
		var b condition
		b, err = p.one()
		left = func(doc any) bool { return a(doc) && b(doc) }
	}
	return left, err
}

func (p *jsonParser) one() (condition, error) {
	if p.take("(") != "" {
		if p.depth++; p.depth > maxDepth {
			return nil, p.bad("fewer parentheses")
		}
		c, err := p.or()
		if err == nil && p.take(")") == "" {
			err = p.bad(")")
		}
		p.depth--
		return c, err
	}
	sel, err := p.selector()
	if err != nil {
		return nil, err
	}
	if c := p.is(sel); c != nil {
		return c, nil
	}
	op := p.take("!=", "<=", ">=", "=", "<", ">")
	if op == "" {
		return nil, p.bad("an operator")
	}
	return p.comparison(sel, op)
}

// is reads IS NULL, IS TRUE, IS FALSE or NOT EXISTS.
func (p *jsonParser) is(sel selector) condition {
	if p.take("NOT EXISTS") != "" {
		return func(doc any) bool { _, ok := sel.find(doc); return !ok }
	}
	if p.take("IS ") == "" {
		return nil
	}
	want, known := map[string]any{"NULL": nil, "TRUE": true, "FALSE": false}[p.take("NULL", "TRUE", "FALSE")]
	if !known {
		return nil
	}
	return func(doc any) bool { v, ok := sel.find(doc); return ok && v == want }
}

// comparison reads the value that sel is compared with: a number, a string in
// quotes, or a word; * in a string stands for anything.
func (p *jsonParser) comparison(sel selector, op string) (condition, error) {
	value, inQuotes, err := p.value()
	if err != nil {
		return nil, err
	}
	if n, err := strconv.ParseFloat(value, 64); err == nil && !inQuotes {
		return func(doc any) bool {
			v, ok := sel.find(doc)
			f, number := v.(float64)
			return ok && number && compare(f, n, op)
		}, nil
	}
	if op != "=" && op != "!=" {
		return nil, p.bad("a number")
	}
	like := wildcard(value)
	return func(doc any) bool {
		v, _ := sel.find(doc)
		s, text := v.(string)
		return (text && like.MatchString(s)) == (op == "=")
	}, nil
}

func (p *jsonParser) value() (s string, inQuotes bool, err error) {
	if strings.HasPrefix(p.skip(), `"`) {
		s, p.rest, err = quoted(p.rest)
		return s, true, err
	}
	end := strings.IndexAny(p.rest+" ", " \t\n&|)}")
	s, p.rest = p.rest[:end], p.rest[end:]
	if s == "" {
		err = p.bad("a value")
	}
	return s, false, err
}

func compare(a, b float64, op string) bool {
	switch op {
	case "=":
		return a == b
	case "!=":
		return a != b
	case "<":
		return a < b
	case "<=":
		return a <= b
	case ">":
		return a > b
	}
	return a >= b
}

func wildcard(s string) *regexp.Regexp {
	return regexp.MustCompile("^(?s:" + strings.ReplaceAll(regexp.QuoteMeta(s), `\*`, ".*") + ")$")
}

// selector is the steps of $.a.b[0]: names and indexes.
type selector []any

var step = regexp.MustCompile(`^(?:\.([A-Za-z0-9_@-]+)|\[([0-9]+)\]|\["([^"]+)"\]|\['([^']+)'\])`)

func (p *jsonParser) selector() (selector, error) {
	if p.take("$") == "" {
		return nil, p.bad("a selector ($.name)")
	}
	var sel selector
	for {
		m := step.FindStringSubmatch(p.rest)
		if m == nil {
			break
		}
		p.rest = p.rest[len(m[0]):]
		if i, err := strconv.Atoi(m[2]); err == nil {
			sel = append(sel, i)
		} else {
			sel = append(sel, m[1]+m[3]+m[4])
		}
	}
	if sel == nil {
		return nil, p.bad("a name after $")
	}
	return sel, nil
}

func (sel selector) find(doc any) (any, bool) {
	for _, step := range sel {
		switch step := step.(type) {
		case string:
			m, ok := doc.(map[string]any)
			if !ok {
				return nil, false
			}
			if doc, ok = m[step]; !ok {
				return nil, false
			}
		case int:
			l, ok := doc.([]any)
			if !ok || step >= len(l) {
				return nil, false
			}
			doc = l[step]
		}
	}
	return doc, true
}
