package codec

import (
	"reflect"
	"slices"
)

// Kind is what a value is, to the protocols.
type Kind uint8

// The kinds.
const (
	KindString Kind = iota
	KindBool
	KindInt
	KindUint
	KindFloat
	KindBlob
	KindTime
	KindPointer
	KindStruct
	KindList
	KindMap
	KindUnion
	KindStream // an io.Reader: never in a document
)

// Node is the plan of a type. Its fields are to be read only.
type Node struct {
	Kind   Kind
	Type   reflect.Type
	Elem   *Node   // of a pointer, list or map
	Fields []Field // of a struct

	time   TimeFormat
	member map[string]int // JSON name to index in Fields
	elems  map[string]int // XML name to index in Fields
	root   Name           // of a struct: what Names says of the type
	union  *unionPlan
}

// Field is the plan of a struct's member.
type Field struct {
	*Node
	Index  int // in the struct
	GoName string
	XML    Name // all names filled in
	json   string
	quoted string // the JSON name as it is written: `"name":`
}

// Field is the member that is the Go field of the name; nil if there is none.
func (n *Node) Field(goName string) *Field {
	for i := range n.Fields {
		if n.Fields[i].GoName == goName {
			return &n.Fields[i]
		}
	}
	return nil
}

// Without is the plan of a struct less some members.
func (n *Node) Without(goNames ...string) *Node {
	less := *n
	less.Fields, less.member, less.elems = nil, map[string]int{}, map[string]int{}
	for _, f := range n.Fields {
		if !slices.Contains(goNames, f.GoName) {
			less.member[f.json] = len(less.Fields)
			less.elems[localName(f.XML.Name)] = len(less.Fields)
			less.Fields = append(less.Fields, f)
		}
	}
	return &less
}

// Absent reports whether a member is not there: nil, or an enum without a value.
// Zero numbers and booleans are there.
func (n *Node) Absent(v reflect.Value) bool {
	switch n.Kind {
	case KindPointer, KindList, KindMap, KindUnion, KindBlob:
		return v.IsNil()
	case KindString:
		return v.Len() == 0
	case KindTime:
		return v.IsZero()
	case KindStream:
		return true
	}
	return false
}

// AllAbsent reports whether no member of a struct is there.
func (n *Node) AllAbsent(v reflect.Value) bool {
	for i := range n.Fields {
		if f := &n.Fields[i]; !f.Absent(v.Field(f.Index)) {
			return false
		}
	}
	return true
}
