package expr

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// Path leads from an item to an attribute, or to a part of one: a.b[2].
type Path []Element

// Element is one step of a path: the name of a map's entry, or the index of a
// list's element if Name is empty and Index is not -1.
type Element struct {
	Name  string
	Index int
}

func named(n string) Element { return Element{Name: n, Index: -1} }

func (e Element) isIndex() bool { return e.Index >= 0 }

// Top is the name of the attribute that the path begins at.
func (p Path) Top() string { return p[0].Name }

// String is the path as AWS's messages show it: [a, b, [2]].
func (p Path) String() string {
	parts := make([]string, len(p))
	for i, e := range p {
		parts[i] = e.Name
		if e.isIndex() {
			parts[i] = "[" + strconv.Itoa(e.Index) + "]"
		}
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// Get returns the value at the path, or nil if item has none there.
func (p Path) Get(item attr.Item) attr.Value {
	v := item[p.Top()]
	for _, e := range p[1:] {
		v = child(v, e)
	}
	return v
}

// child returns the part of v that e names, or nil.
func child(v attr.Value, e Element) attr.Value {
	switch v := v.(type) {
	case *types.AttributeValueMemberM:
		if !e.isIndex() {
			return v.Value[e.Name]
		}
	case *types.AttributeValueMemberL:
		if e.isIndex() && e.Index < len(v.Value) {
			return v.Value[e.Index]
		}
	}
	return nil
}

// relation is how two paths of one expression get on.
type relation uint8

const (
	apart    relation = iota
	overlap           // one leads to the other, or both to the same
	conflict          // one takes for a list what the other takes for a map
)

func relate(p, q Path) relation {
	for i := range min(len(p), len(q)) {
		if p[i].isIndex() != q[i].isIndex() {
			return conflict
		}
		if p[i] != q[i] {
			return apart
		}
	}
	return overlap
}
