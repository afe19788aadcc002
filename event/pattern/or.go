package pattern

import "slices"

// distribute moves what stands beside alternatives into each of them, where one
// goes into the same object as it does: if that is a list of objects, it is one
// object of the list that must meet both. Alternatives within alternatives are
// not moved: with a list, two of its objects may meet what they say and what is
// beside the outer ones.
func (f fields) distribute() fields {
	if len(f.or) == 0 || !slices.ContainsFunc(f.or[0], f.shares) {
		return f
	}
	var into, beside fields
	for i, name := range f.names {
		one := fields{names: f.names[i : i+1], nodes: f.nodes[i : i+1]}
		if slices.ContainsFunc(f.or[0], one.shares) {
			into = into.merge(one)
		} else {
			beside.names, beside.nodes = append(beside.names, name), append(beside.nodes, f.nodes[i])
		}
	}
	alternatives := make([]fields, len(f.or[0]))
	for i, a := range f.or[0] {
		alternatives[i] = into.merge(a)
	}
	beside.or = [][]fields{alternatives}
	return beside
}

// shares reports whether both go into the same object.
func (f fields) shares(with fields) bool {
	return slices.ContainsFunc(with.names, func(name string) bool { return f.object(name) >= 0 && with.object(name) >= 0 })
}

// object is the index of a field that goes deeper, or -1.
func (f fields) object(name string) int {
	i := slices.Index(f.names, name)
	if i >= 0 {
		if _, ok := f.nodes[i].(fields); ok {
			return i
		}
	}
	return -1
}

// merge is both as one.
func (f fields) merge(with fields) fields {
	out := fields{slices.Clone(f.names), slices.Clone(f.nodes), slices.Concat(f.or, with.or)}
	for i, name := range with.names {
		if j := out.object(name); j >= 0 && with.object(name) == i {
			out.nodes[j] = out.nodes[j].(fields).merge(with.nodes[i].(fields))
			continue
		}
		out.names, out.nodes = append(out.names, name), append(out.nodes, with.nodes[i])
	}
	return out
}
