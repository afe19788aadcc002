package expr

import (
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// Projection is the parts of an item that a request asks for. A nil *Projection
// is all of it.
type Projection struct {
	paths []Path
	top   branch
}

// branch is what is wanted of a value: all of it if it has no children.
type branch struct {
	names   map[string]*branch
	indexes map[int]*branch
}

// ParseProjection parses a projection expression. The error's text is for the client.
func ParseProjection(text string, names *Placeholders) (*Projection, error) {
	var paths []Path
	err := run(ProjectionExpression, text, names, updateOrder, func(p *parser) {
		for {
			paths = p.addPath(paths, p.path())
			if !p.skip(",") {
				return
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return NewProjection(paths), nil
}

// addPath appends a path; paths of one expression must not meet.
func (p *parser) addPath(paths []Path, path Path) []Path {
	for _, other := range paths {
		switch relate(other, path) {
		case overlap:
			p.faults.add(overlapping, "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", other, path)
		case conflict:
			p.faults.add(conflicting, "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", other, path)
		}
	}
	return append(paths, path)
}

// NewProjection is the projection to paths, which do not overlap.
func NewProjection(paths []Path) *Projection {
	p := &Projection{paths: paths}
	for _, path := range paths {
		b := &p.top
		for _, e := range path {
			b = b.child(e)
		}
	}
	return p
}

func (b *branch) child(e Element) *branch {
	if e.isIndex() {
		return childOf(&b.indexes, e.Index)
	}
	return childOf(&b.names, e.Name)
}

func childOf[K comparable](m *map[K]*branch, key K) *branch {
	if *m == nil {
		*m = make(map[K]*branch)
	}
	c := (*m)[key]
	if c == nil {
		c = new(branch)
		(*m)[key] = c
	}
	return c
}

// Paths are the paths that the projection asks for.
func (p *Projection) Paths() []Path {
	if p == nil {
		return nil
	}
	return p.paths
}

// Of returns the parts of item that the projection asks for and item has. It
// shares values with item.
func (p *Projection) Of(item attr.Item) attr.Item {
	if p == nil {
		return item
	}
	return p.top.items(item)
}

func (b *branch) items(m attr.Item) attr.Item {
	out := make(attr.Item, len(b.names))
	for n, c := range b.names {
		if v := c.of(m[n]); v != nil {
			out[n] = v
		}
	}
	return out
}

func (b *branch) of(v attr.Value) attr.Value {
	if b.names == nil && b.indexes == nil {
		return v
	}
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		if m := b.items(v.Value); len(m) > 0 {
			return &types.AttributeValueMemberM{Value: m}
		}
	case *types.AttributeValueMemberL:
		if l := b.elements(v.Value); len(l) > 0 {
			return &types.AttributeValueMemberL{Value: l}
		}
	}
	return nil
}

// elements returns the wanted elements, closed up, in the order of the list.
func (b *branch) elements(list []attr.Value) []attr.Value {
	var out []attr.Value
	for _, i := range slices.Sorted(maps.Keys(b.indexes)) {
		if i >= len(list) {
			break
		}
		if v := b.indexes[i].of(list[i]); v != nil {
			out = append(out, v)
		}
	}
	return out
}
