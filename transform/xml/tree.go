package xml

// add puts the element of a tag into the tree, and says where.
func (p *parser) add(t *tag, k uint32, step int) uint32 {
	if len(p.pending) > 0 && len(p.attrs) > t.attr {
		p.addDeclarations()
	}
	id := uint32(len(p.elements))
	e := element{
		key: k, at: uint32(p.pos - p.origin), count: 1,
		attr: uint32(t.attr), attrs: uint32(len(p.attrs) - t.attr),
		forced: p.names.keys[k].forced || step >= 0 && p.steps[step].forced,
	}
	p.elements = append(p.elements, e)
	parent, last := uint32(0), &p.last
	if n := len(p.open); p.record != n+1 && n > 0 {
		parent, last = p.open[n-1].element, &p.open[n-1].last
	}
	b := &p.names.keys[k].binding
	if b.parent == parent {
		p.elements[b.tail].same = id
		p.elements[b.head].count++
		b.tail = id
		return id
	}
	p.bound = append(p.bound, bound{k, *b})
	*b = binding{parent, id, id}
	if *last == 0 {
		p.elements[parent].first = id
	} else {
		p.elements[*last].next = id
	}
	*last = id
	return id
}

// declarationsKey is the key under which an element has the namespaces that were
// declared since the latest element that has it.
const declarationsKey = "@xmlns"

// addDeclarations gives the pending declarations to the element whose attributes
// were read last. Of two of one prefix the later holds, in the earlier's place.
func (p *parser) addDeclarations() {
	from, places := len(p.declared), make(map[string]int, len(p.pending))
	for _, d := range p.pending {
		if i, ok := places[d.prefix]; ok {
			p.declared[i] = d
			continue
		}
		places[d.prefix] = len(p.declared)
		p.declared = append(p.declared, d)
	}
	p.pending = p.pending[:0]
	p.attrs = append(p.attrs, attribute{
		key: p.names.key(declarationsKey), at: uint32(p.pos - p.origin),
		value: span{uint32(from), uint32(len(p.declared))}, namespaces: true,
	})
}

// close ends the innermost open element.
func (p *parser) close() bool {
	n := len(p.open) - 1
	f := &p.open[n]
	if p.building {
		if len(p.pieces) > f.pieces {
			p.elements[f.element].text = p.join(p.pieces[f.pieces:])
			p.pieces = p.pieces[:f.pieces]
		}
		p.unbindKeys(f.bound)
	}
	if len(p.scope.undo) > f.undo {
		p.scope.unbind(f.undo)
	}
	p.open = p.open[:n]
	if p.record == n+1 {
		p.unbindKeys(0)
		if p.pos-p.origin > p.limits.Size {
			p.err = p.tooLong()
			return false
		}
		p.read, p.building, p.record = aRecord, false, 0
	}
	return true
}

// unbindKeys takes bindings of keys back until there are n to take back.
func (p *parser) unbindKeys(n int) {
	for i := len(p.bound) - 1; i >= n; i-- {
		b := &p.bound[i]
		p.names.keys[b.key].binding = b.binding
	}
	p.bound = p.bound[:n]
}
