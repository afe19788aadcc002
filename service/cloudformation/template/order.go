package template

import "slices"

// circular lists, sorted, the members of the first circle of dependencies that
// it finds, with all that is strongly connected to it; nil when there is none.
// It is Tarjan's algorithm.
func circular(needs map[string][]string) []string {
	t := &tarjan{needs: needs, index: map[string]int{}, low: map[string]int{}, onStack: map[string]bool{}}
	for _, id := range Keys(needs) {
		if t.index[id] == 0 {
			t.visit(id)
		}
	}
	slices.Sort(t.circle)
	return t.circle
}

type tarjan struct {
	needs   map[string][]string
	index   map[string]int // from 1, in order of discovery
	low     map[string]int
	stack   []string
	onStack map[string]bool
	circle  []string
}

func (t *tarjan) visit(id string) {
	t.index[id] = len(t.index) + 1
	t.low[id] = t.index[id]
	t.stack = append(t.stack, id)
	t.onStack[id] = true
	for _, need := range t.needs[id] {
		if t.index[need] == 0 {
			t.visit(need)
			t.low[id] = min(t.low[id], t.low[need])
		} else if t.onStack[need] {
			t.low[id] = min(t.low[id], t.index[need])
		}
	}
	if t.low[id] != t.index[id] {
		return
	}
	at := slices.Index(t.stack, id)
	component := t.stack[at:]
	t.stack = t.stack[:at:at]
	for _, member := range component {
		t.onStack[member] = false
	}
	if len(component) > 1 || slices.Contains(t.needs[id], id) {
		t.circle = append(t.circle, component...)
	}
}
