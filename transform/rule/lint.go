package rule

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Lint is what is doubtful in a rule that Parse takes.
func (r *Rule) Lint() Problems {
	return append(slices.Clone(r.lints), r.lintLists()...)
}

// lintRule finds what is doubtful in a rule as a whole.
func (p *parser) lintRule(n *node, r *Rule) {
	if len(r.cases) == 0 {
		p.lint(n, "cases", "the rule has no cases: nobody knows whether it does what is meant")
	}
	if r.fields == nil {
		return
	}
	for i, name := range r.input.xml.ForceList {
		last := name[strings.LastIndexByte(name, '/')+1:]
		if !r.mentions(last) && !bytes.Contains(n.get("input").get("schema").json(), []byte(last)) {
			p.lint(n.get("input").get("forceList").elements[i], "input.forceList", "no expression uses %s", last)
		}
	}
}

// mentions says whether an expression has a name in it, of whatever it is one.
func (r *Rule) mentions(name string) bool {
	if r.fields == nil {
		return true
	}
	var within func(f *field) bool
	within = func(f *field) bool {
		return f.expression != nil && strings.Contains(f.expression.query, name) || slices.ContainsFunc(f.fields, within)
	}
	return within(r.fields)
}

// lintNumbers finds numbers in the schema of what was XML, whose texts are
// strings.
func (p *parser) lintNumbers(n *node, key string) {
	if n.is('{') {
		kinds := n.get("type")
		if kinds != nil && !kinds.is('{') && !strings.Contains(string(kinds.raw), `"string"`) &&
			(strings.Contains(string(kinds.raw), `"number"`) || strings.Contains(string(kinds.raw), `"integer"`)) {
			p.lint(kinds, key, "no text of XML is a number: convert it in map, and check it in output.schema")
		}
	}
	for _, m := range n.members {
		switch m.name {
		case "const", "enum", "default", "examples": // values, not schemas
		default:
			p.lintNumbers(m.value, key)
		}
	}
	for _, e := range n.elements {
		p.lintNumbers(e, key)
	}
}

// lintLists finds elements of XML that are a list in one place of the cases and
// none in another, so that what works on the one fails on the other.
func (r *Rule) lintLists() (problems Problems) {
	if r.input.format != formatXML {
		return nil
	}
	seen := make(map[string]occurrence)
	for i := range r.cases {
		r.cases[i].look(r, seen)
	}
	for _, at := range slices.Sorted(maps.Keys(seen)) {
		o, name := seen[at], at[strings.LastIndexByte(at, '/')+1:]
		if o.list == "" || o.single == "" || !r.mentions(name) {
			continue
		}
		problems = append(problems, Problem{
			Position: r.inputAt,
			Key:      "input.forceList",
			Reason:   fmt.Sprintf("%s is a list in %s and none in %s: name it in forceList", at, o.list, o.single),
		})
	}
	return problems
}

// An occurrence tells of an element's path which cases have it as a list, and
// which have it alone.
type occurrence struct{ list, single string }

// look notes what the elements of the case's input are.
func (c *testCase) look(r *Rule, seen map[string]occurrence) {
	records, err := r.open(bytes.NewReader(c.input))
	if err != nil {
		return
	}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		object, _ := v.(map[string]any)
		for key, w := range object {
			if strings.HasPrefix(key, "@") || strings.HasPrefix(key, "#") {
				continue
			}
			path := strings.TrimPrefix(at+"/"+key, "/")
			o := seen[path]
			if list, ok := w.([]any); ok {
				o.list = c.name
				for _, v := range list {
					walk(path, v)
				}
			} else {
				o.single = c.name
				walk(path, w)
			}
			seen[path] = o
		}
	}
	for {
		s, err := records.next()
		if err != nil {
			return
		}
		root := ""
		if r.input.each != nil {
			root = *r.input.each
		}
		walk(root, s.any())
	}
}
