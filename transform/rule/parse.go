package rule

import (
	"regexp"

	"github.com/go-json-experiment/json/jsontext"
)

// The most that a rule's text, and one expression of it, may have: enough for
// any that people write, and few enough that what works on them by recursion
// does not run out of stack.
const (
	maxDocument = 4 << 20
	maxQuery    = 16 << 10
)

// Parse reads a rule. The error is Problems.
func Parse(document []byte) (*Rule, error) {
	return parse(document, nil)
}

// parse reads a rule whose cases' files are read by open, nil where there are
// no files.
func parse(document []byte, open opener) (*Rule, error) {
	if len(document) > maxDocument {
		return nil, Problems{{Reason: "the rule is larger than 4 MiB"}}
	}
	root, syntax := readDocument(document)
	if syntax != nil {
		return nil, Problems{*syntax}
	}
	p := &parser{text: document}
	r := p.rule(root, open)
	p.lints.sort()
	r.lints = p.lints
	if len(p.problems) > 0 {
		p.problems.sort()
		return nil, p.problems
	}
	return r, nil
}

// ids are names that can stand in a path, a URL and a file's metadata as they are.
var ids = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

func (p *parser) rule(n *node, open opener) *Rule {
	r := &Rule{}
	if !p.object(n, "", "id", "version", "description", "input", "map", "constants", "defaults", "required", "output", "onError", "cases") {
		return r
	}
	r.ID = p.str(n, "", "id")
	if id := n.get("id"); id != nil && id.is('"') && !ids.MatchString(r.ID) {
		p.problem(id, "id", "want 1 to 64 small letters, digits, dots, hyphens and underscores, the first a letter or a digit")
	}
	r.Version = p.integer(n, "", "version", 0, 1<<53)
	r.Description = p.str(n, "", "description")
	r.input = p.input(n.get("input"))
	r.inputAt = position(p.text, max(n.at, n.get("input").begins()))
	r.output = p.output(n.get("output"))
	r.fields = p.fields(n)
	r.required = p.required(n, r.fields)
	r.usesHead = r.fields.usesHead()
	r.quarantine = p.choice(n, "", "onError", "reject", "quarantine") == "quarantine"
	if r.quarantine && !r.input.records() {
		p.problem(n.get("onError"), "onError", "quarantine takes a document of records: say what they are in input.each, or read csv or ndjson")
	}
	r.cases = p.cases(n, r, open)
	p.lintRule(n, r)
	return r
}

// fields reads what the output is made of. nil is a rule without a map.
func (p *parser) fields(n *node) *field {
	mapped := n.get("map")
	if mapped == nil {
		for _, m := range n.members {
			if m.name == "constants" || m.name == "defaults" {
				p.problemAt(m.at, m.name, "goes with a map: without one the output is the dictionary itself")
			}
		}
		return nil
	}
	root := &field{byKey: make(map[string]*field)}
	if p.isObject(mapped, "map") {
		for _, m := range mapped.members {
			p.mapped(root, m)
		}
		if len(mapped.members) == 0 {
			p.problem(mapped, "map", "is empty: name a key of the output and the jq expression of its value")
		}
	}
	for _, m := range p.pairs(n, "constants") {
		key := under("constants", m.name)
		if f := p.place(root, key, m); f != nil {
			f.constant = compact(m.value)
		}
	}
	for _, m := range p.pairs(n, "defaults") {
		p.defaultValue(root, m)
	}
	return root
}

// pairs are the members of an object that a member of the rule is.
func (p *parser) pairs(n *node, name string) []member {
	if o := n.get(name); p.isObject(o, name) {
		return o.members
	}
	return nil
}

func (p *parser) mapped(root *field, m member) {
	key := under("map", m.name)
	f := p.place(root, key, m)
	if !m.value.is('"') {
		p.problem(m.value, key, "want a jq expression, a string, not %s; a value that is always the same stands among the constants", kindName(m.value))
		return
	}
	if e := p.expression(key, m.value); f != nil {
		f.expression = e
	}
}

// place makes the leaf of a member, nil if there can be none.
func (p *parser) place(root *field, key string, m member) *field {
	path, err := parsePath(m.name)
	if err != nil {
		p.problemAt(m.at, key, "%v", err)
		return nil
	}
	f, err := root.place(key, m.name, path)
	if err != nil {
		p.problemAt(m.at, key, "%v", err)
		return nil
	}
	return f
}

func (p *parser) defaultValue(root *field, m member) {
	key := under("defaults", m.name)
	path, err := parsePath(m.name)
	if err != nil {
		p.problemAt(m.at, key, "%v", err)
		return
	}
	if f, _ := root.find(path); f != nil && f.leaf && f.expression != nil {
		f.defaultValue = compact(m.value)
		return
	}
	f := p.place(root, key, m)
	if f == nil {
		return
	}
	f.constant = compact(m.value)
	p.lint(m.value, key, "nothing in map sets the key, so that it is a constant")
}

func (p *parser) required(n *node, root *field) []*required {
	var list []*required
	for _, e := range p.list(n, "", "required", '"', "an array of output paths") {
		key := under("required", e.text())
		path, err := parsePath(e.text())
		if err != nil {
			p.problem(e, key, "%v", err)
			continue
		}
		r := &required{key: key, path: path, within: true}
		if root != nil {
			var f *field
			f, r.within = root.find(path)
			switch {
			case f != nil:
				f.required = r
			case !r.within:
				p.problem(e, key, "nothing in map or constants sets the key")
			}
		}
		list = append(list, r)
	}
	return list
}

// compact is a value as JSON without the spaces of the rule's text.
func compact(n *node) []byte {
	v := jsontext.Value(n.raw).Clone()
	if err := v.Compact(jsontext.AllowDuplicateNames(true)); err != nil {
		return n.raw
	}
	return v
}
