package xml

// startRecord makes the tag to be read the root of a tree of its own.
func (p *parser) startRecord() bool {
	if !p.headed {
		if p.pos > p.limits.Size {
			p.err = p.tooLong()
			return false
		}
		p.finishHead()
	}
	p.compact()
	p.reset()
	p.last = 0
	p.pieces, p.pending = p.pieces[:0], p.pending[:0]
	p.origin = p.pos
	p.building = true
	p.record = len(p.open) + 1
	return true
}

// finishHead makes a document of its own of what stood before the first record:
// what is open then is taken to end there.
func (p *parser) finishHead() {
	p.headed = true
	for i := len(p.open) - 1; i >= 0; i-- {
		f := &p.open[i]
		p.elements[f.element].text = p.join(p.pieces[f.pieces:])
		p.pieces = p.pieces[:f.pieces]
		*f = frame{name: f.name, at: f.at, place: f.place, undo: f.undo, step: f.step}
	}
	p.unbindKeys(0)
	p.text = p.buf[:p.pos]
	p.head = p.clone()
}
