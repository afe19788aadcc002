package xml

import "strings"

// A step is one element of the paths that the options name: a tree, as an array.
type step struct {
	parent       int
	key          uint32
	forced, each bool // it ends a path of these
}

// offPaths is the step of an element that is on no path.
const offPaths = -1

// compile makes steps of the paths, in the same order whenever it is called.
func (p *parser) compile() {
	p.steps = append(p.steps[:0], step{parent: offPaths})
	for _, name := range p.force {
		p.names.keys[p.names.key(name)].forced = true
		if path := strings.Trim(name, "/"); path != "" && strings.Contains(name, "/") {
			p.steps[p.path(path)].forced = true
		}
	}
	if p.each != "" {
		p.steps[p.path(p.each)].each = true
	}
}

// path is the step that ends a path.
func (p *parser) path(path string) int {
	at := 0
	for name := range strings.SplitSeq(path, "/") {
		k := p.names.key(name)
		next := p.stepOf(at, k)
		if next == offPaths {
			next = len(p.steps)
			p.steps = append(p.steps, step{parent: at, key: k})
		}
		at = next
	}
	return at
}

func (p *parser) stepOf(parent int, k uint32) int {
	for i := range p.steps {
		if p.steps[i].parent == parent && p.steps[i].key == k {
			return i
		}
	}
	return offPaths
}

// follow is the step of a child of the innermost open element.
func (p *parser) follow(k uint32) int {
	at := 0
	if n := len(p.open); n > 0 {
		at = p.open[n-1].step
	}
	if at == offPaths || len(p.steps) == 1 {
		return offPaths
	}
	return p.stepOf(at, k)
}
