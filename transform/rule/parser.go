package rule

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A parser reads the nodes of a rule and keeps what is wrong with them: all of
// it, so that a person mends a rule once.
type parser struct {
	text     []byte
	problems Problems
	lints    Problems
}

func (p *parser) problem(n *node, key, reason string, args ...any) {
	p.problemAt(n.at, key, reason, args...)
}

// maxProblems is how many problems of a rule are told of.
const maxProblems = 100

func (p *parser) full() bool { return len(p.problems) >= maxProblems }

func (p *parser) problemAt(at int, key, reason string, args ...any) {
	if p.full() {
		return
	}
	p.problems = append(p.problems, Problem{
		Position: position(p.text, at),
		Key:      key,
		Reason:   fmt.Sprintf(reason, args...),
	})
}

func (p *parser) lint(n *node, key, reason string, args ...any) {
	if len(p.lints) >= maxProblems {
		return
	}
	p.lints = append(p.lints, Problem{
		Position: position(p.text, n.at),
		Key:      key,
		Reason:   fmt.Sprintf(reason, args...),
	})
}

func (p Problems) sort() {
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
}

// under is the key of a member within a part of the rule.
func under(key, name string) string {
	if key == "" {
		return name
	}
	return key + "." + name
}

// isObject says whether a node is an object, of whatever members that occur
// once each. nil is none, and no problem.
func (p *parser) isObject(n *node, key string) bool {
	if n == nil {
		return false
	}
	if !n.is('{') {
		p.problem(n, key, "want an object, not %s", kindName(n))
		return false
	}
	seen := make(map[string]int)
	for _, m := range n.members {
		if first, ok := seen[m.name]; ok && !p.full() {
			p.problemAt(m.at, under(key, m.name), "is there twice, first at %s", position(p.text, first))
			continue
		}
		seen[m.name] = m.at
	}
	return true
}

// object says whether a node is an object that has no members but those known.
func (p *parser) object(n *node, key string, known ...string) bool {
	if !p.isObject(n, key) {
		return false
	}
	for _, m := range n.members {
		if slices.Contains(known, m.name) || p.full() {
			continue
		}
		reason := "there is no such member"
		if near, ok := nearest(m.name, known); ok {
			reason += ": did you mean " + near + "?"
		} else {
			reason += "; there are " + strings.Join(known, ", ")
		}
		p.problemAt(m.at, under(key, m.name), "%s", reason)
	}
	return true
}

// str is the string that a member is, "" without the member.
func (p *parser) str(in *node, key, name string) string {
	n := in.get(name)
	if n == nil {
		return ""
	}
	if !n.is('"') {
		p.problem(n, under(key, name), "want a string, not %s", kindName(n))
		return ""
	}
	return n.text()
}

// choice is the string that a member is, one of several, the first without it.
func (p *parser) choice(in *node, key, name string, of ...string) string {
	s := p.str(in, key, name)
	if n := in.get(name); n != nil && n.is('"') && !slices.Contains(of, s) {
		p.problem(n, under(key, name), "%q is not one of %s", s, strings.Join(of, ", "))
	}
	return cmp.Or(s, of[0])
}

// integer is the whole number that a member is, 0 without the member.
func (p *parser) integer(in *node, key, name string, least, most int) int {
	n := in.get(name)
	if n == nil {
		return 0
	}
	i, err := strconv.Atoi(string(n.raw))
	if err != nil || i < least || i > most {
		p.problem(n, under(key, name), "want a whole number from %d to %d", least, most)
		return 0
	}
	return i
}

// strings are the elements of the array that a member is.
func (p *parser) strings(in *node, key, name string) []string {
	var list []string
	for _, e := range p.list(in, key, name, '"', "an array of strings") {
		list = append(list, e.text())
	}
	return list
}

// list is the array that a member is, whose elements are all of one kind.
func (p *parser) list(in *node, key, name string, kind jsontext.Kind, want string) []*node {
	n := in.get(name)
	if n == nil {
		return nil
	}
	if !n.is('[') {
		p.problem(n, under(key, name), "want %s, not %s", want, kindName(n))
		return nil
	}
	for _, e := range n.elements {
		if !e.is(kind) {
			p.problem(e, under(key, name), "want %s, and this is %s", want, kindName(e))
			return nil
		}
	}
	return n.elements
}

func kindName(n *node) string {
	switch n.raw.Kind() {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case 'n':
		return "null"
	}
	return "a boolean"
}

// nearest is the word that was meant, if one is near enough to be.
func nearest(s string, words []string) (string, bool) {
	best, least := "", 1+len(s)/4
	for _, w := range words {
		if d := distance(strings.ToLower(s), strings.ToLower(w)); d <= least {
			if d < least || best == "" {
				best, least = w, d
			}
		}
	}
	return best, best != ""
}

// distance is how many letters must be added, dropped or changed to make one
// word of another (Levenshtein's).
func distance(a, b string) int {
	if len(a) > 100 {
		return len(a)
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
