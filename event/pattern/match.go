package pattern

import "slices"

// node is what a pattern says of a value: fields or a leaf.
type node interface {
	match(m *matching, v any) bool
}

// matching is one event while it is looked at.
type matching struct {
	root   any
	absent map[*leaf]bool // what was found out already: events may have long lists
}

func (m *matching) isAbsent(l *leaf) bool {
	if l.absent == nil {
		return false
	}
	is, known := m.absent[l]
	if !known {
		if m.absent == nil {
			m.absent = make(map[*leaf]bool)
		}
		is = !has(m.root, l.absent)
		m.absent[l] = is
	}
	return is
}

// missing stands for a value that is not there; nil is JSON's null.
type missing struct{}

// fields must all match, and of each list of alternatives ($or) one.
type fields struct {
	names []string
	nodes []node
	or    [][]fields
}

// match follows the pattern into an object, or into each object of a list.
func (f fields) match(m *matching, v any) bool {
	if list, ok := v.([]any); ok && len(list) > 0 {
		return slices.ContainsFunc(list, func(item any) bool { return f.match(m, item) })
	}
	object, _ := v.(map[string]any) // of what is no object, all fields are missing
	for i, n := range f.nodes {
		field, ok := object[f.names[i]]
		if !ok {
			field = missing{}
		}
		if !n.match(m, field) {
			return false
		}
	}
	for _, alternatives := range f.or {
		if !slices.ContainsFunc(alternatives, func(a fields) bool { return a.match(m, v) }) {
			return false
		}
	}
	return true
}

// test is a condition on a single value: a string, a number, true, false or null.
type test func(v any) bool

// leaf is what a value may be.
type leaf struct {
	tests  []test
	absent []string // path of which there may be no value in all the event; nil: no matter
}

func (l *leaf) match(m *matching, v any) bool {
	return l.values(v) || m.isAbsent(l)
}

func (l *leaf) values(v any) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, l.values)
	case map[string]any, missing:
		return false
	}
	return slices.ContainsFunc(l.tests, func(t test) bool { return t(v) })
}

// has reports whether there is a value at a path.
func has(v any, path []string) bool {
	switch v := v.(type) {
	case []any:
		return slices.ContainsFunc(v, func(item any) bool { return has(item, path) })
	case map[string]any:
		if len(path) == 0 {
			return false
		}
		field, ok := v[path[0]]
		return ok && has(field, path[1:])
	}
	return len(path) == 0
}
