package expr

import (
	"slices"
	"strings"
)

// ParseUpdate parses an update expression. The error's text is for the client.
func ParseUpdate(text string, names *Placeholders) (*Update, error) {
	var u Update
	err := run(UpdateExpression, text, names, updateOrder, func(p *parser) {
		p.keywords = []string{"SET", "REMOVE", "ADD", "DELETE"}
		q := updateParser{parser: p, update: &u}
		q.sections()
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(u.actions, func(a, b action) int { return verbOrder(a.verb) - verbOrder(b.verb) })
	return &u, nil
}

func verbOrder(verb string) int { return strings.Index("REMOVE ADD DELETE", verb) }

// updateParser reads
//
//	sections = section { section }
//	section  = SET path "=" source { "," ... } | REMOVE path { "," path }
//	         | ADD path :value { "," ... }     | DELETE path :value { "," ... }
//	source   = operand [ ("+" | "-") operand ]
//	operand  = "(" source ")" | function "(" operand { "," operand } ")" | path | :value
type updateParser struct {
	*parser
	update *Update
}

func (p *updateParser) sections() {
	seen := make(map[string]bool)
	for first := true; first || p.peek().kind != end; first = false {
		verb := p.verb()
		if seen[verb] {
			p.faults.add(section, `The "%s" section can only be used once in an update expression;`, verb)
		}
		seen[verb] = true
		for {
			p.action(verb)
			if !p.skip(",") {
				break
			}
		}
	}
}

func (p *updateParser) verb() string {
	for _, verb := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
		if p.skipWord(verb) {
			return verb
		}
	}
	p.unexpected()
	return ""
}

func (p *updateParser) action(verb string) {
	path := p.path()
	p.update.paths = p.addPath(p.update.paths, path)
	switch verb {
	case "SET":
		p.expect("=")
		p.update.sets = append(p.update.sets, setAction{path, p.source()})
	case "REMOVE":
		p.update.actions = append(p.update.actions, action{verb: verb, path: path})
	default:
		if p.peek().kind != value {
			p.unexpected()
		}
		v := p.placeholder()
		p.checkVerb(verb, v.kind())
		p.update.actions = append(p.update.actions, action{verb, path, v.v})
	}
}

// checkVerb takes sets alone, and numbers to ADD.
func (p *updateParser) checkVerb(verb, kind string) {
	long := map[string]string{"S": "STRING", "N": "NUMBER", "B": "BINARY", "NULL": "NULL", "BOOL": "BOOLEAN", "L": "LIST", "M": "MAP"}[kind]
	if long == "" || verb == "ADD" && kind == "N" {
		return
	}
	p.faults.add(operands, "Incorrect operand type for operator or function; operator: %s, operand type: %s", verb, long)
}

func (p *updateParser) source() source {
	left := p.operand()
	for _, op := range []string{"+", "-"} {
		if _, nested := left.(sum); nested || !p.skip(op) {
			continue
		}
		p.operator()
		right := p.operand()
		p.mustBeKind(op, left, "N")
		p.mustBeKind(op, right, "N")
		return sum{op, left, right}
	}
	return left
}

func (p *updateParser) mustBeKind(function string, s source, kind string) {
	if k := s.kind(); k != "" && k != kind {
		p.faults.add(operandType, "Incorrect operand type for operator or function; operator or function: %s, operand type: %s", function, k)
	}
}

func (p *updateParser) operand() source {
	switch t := p.peek(); {
	case p.skip("("):
		s := p.source()
		p.expect(")")
		return s
	case t.kind == value:
		return operandSource{p.placeholder()}
	case p.atFunction():
		return p.function()
	}
	return operandSource{p.path()}
}

func (p *updateParser) function() source {
	f := p.take().text
	p.expect("(")
	p.operator()
	args := []source{p.operand()}
	for p.skip(",") {
		args = append(args, p.operand())
	}
	p.expect(")")
	switch {
	case f != "if_not_exists" && f != "list_append":
		if _, known := operandCount(f); known {
			p.misused(f)
		}
		p.faults.add(unknownFunction, "Invalid function name; function: %s", f)
		return operandSource{literal{}}
	case len(args) != 2:
		p.wrongCount(f, len(args))
		return operandSource{literal{}}
	case f == "list_append":
		p.mustBeKind(f, args[0], "L")
		p.mustBeKind(f, args[1], "L")
		return listAppend{args[0], args[1]}
	}
	var path operand = literal{}
	if s, ok := args[0].(operandSource); ok {
		path = s.operand
	}
	p.mustBePath(f, path)
	return ifNotExists{path, args[1]}
}
