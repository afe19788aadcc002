package rule

import (
	"strconv"

	"github.com/itchyny/gojq"

	"github.com/runnel/runnel/transform/xml"
)

// A path is a plain one, .order.items[0]: it leads to one value of a record
// without jq.
type path []step

// A step is the key of an object, or the index of a list.
type step struct {
	key   string
	index int
	list  bool // index is meant
}

// tree follows the path in an XML record as jq does. ok is false where jq has
// something else to say than a value of the tree: mostly an error; reached is
// the value that it is said of.
func (p path) tree(v xml.Value) (reached xml.Value, ok bool) {
	for _, s := range p {
		kind := v.Kind()
		switch {
		case kind == xml.Null:
			return v, true
		case !s.list && kind == xml.Object:
			v, _ = v.Get(s.key)
		case s.list && kind == xml.List:
			i := s.index
			if i < 0 {
				i += v.Len()
			}
			if i < 0 || i >= v.Len() {
				return xml.Value{}, true
			}
			v = v.At(i)
		default:
			return v, false
		}
	}
	return v, true
}

// plain follows the path in a plain value likewise.
func (p path) plain(v any) (_ any, ok bool) {
	for _, s := range p {
		switch w := v.(type) {
		case nil:
			return nil, true
		case map[string]any:
			if s.list {
				return nil, false
			}
			v = w[s.key]
		case []any:
			i := s.index
			if i < 0 {
				i += len(w)
			}
			if !s.list {
				return nil, false
			}
			if i < 0 || i >= len(w) {
				return nil, true
			}
			v = w[i]
		default:
			return nil, false
		}
	}
	return v, true
}

// plainPath is the path that a query is, if it is one. The path of the record
// itself is empty.
func plainPath(q *gojq.Query) (path, bool) {
	switch {
	case len(q.FuncDefs) > 0:
		return nil, false
	case q.Term != nil:
		p, rest, ok := leadingPath(q.Term)
		return p, ok && len(rest) == 0
	case q.Op == gojq.OpPipe && len(q.Patterns) == 0:
		left, ok := plainPath(q.Left)
		if !ok {
			return nil, false
		}
		right, ok := plainPath(q.Right)
		return append(left[:len(left):len(left)], right...), ok
	}
	return nil, false
}

// numberPath is the path of a query that is a plain path and then tonumber.
func numberPath(q *gojq.Query) (path, bool) {
	if len(q.FuncDefs) > 0 || q.Op != gojq.OpPipe || len(q.Patterns) > 0 {
		return nil, false
	}
	left, ok := plainPath(q.Left)
	if !ok {
		return nil, false
	}
	if t := q.Right.Term; t != nil {
		toNumber := t.Type == gojq.TermTypeFunc && t.Func.Name == "tonumber" && len(t.Func.Args) == 0
		return left, toNumber && len(q.Right.FuncDefs)+len(t.SuffixList) == 0
	}
	right, ok := numberPath(q.Right)
	return append(left[:len(left):len(left)], right...), ok
}

// leadingPath is the plain path that a term begins with, and the suffixes after
// it. It is not ok for a term that begins with something else.
func leadingPath(t *gojq.Term) (p path, rest []*gojq.Suffix, ok bool) {
	switch t.Type {
	case gojq.TermTypeIdentity:
	case gojq.TermTypeIndex:
		s, ok := plainStep(t.Index)
		if !ok {
			return nil, nil, false
		}
		p = append(p, s)
	case gojq.TermTypeQuery:
		if p, ok = plainPath(t.Query); !ok {
			return nil, nil, false
		}
	default:
		return nil, nil, false
	}
	for i, suffix := range t.SuffixList {
		s, ok := plainStep(suffix.Index)
		if !ok {
			return p, t.SuffixList[i:], true
		}
		p = append(p, s)
	}
	return p, nil, true
}

// plainStep is the step that an index is, if it is a plain one.
func plainStep(x *gojq.Index) (step, bool) {
	switch {
	case x == nil || x.IsSlice:
		return step{}, false
	case x.Name != "":
		return step{key: x.Name}, true
	case x.Str != nil:
		return step{key: x.Str.Str}, x.Str.Queries == nil
	case x.Start == nil || x.Start.Term == nil || len(x.Start.FuncDefs) > 0 || len(x.Start.Term.SuffixList) > 0:
		return step{}, false
	}
	return literalStep(x.Start.Term)
}

func literalStep(t *gojq.Term) (step, bool) {
	switch {
	case t.Type == gojq.TermTypeString:
		return step{key: t.Str.Str}, t.Str.Queries == nil
	case t.Type == gojq.TermTypeNumber:
		return index(t.Number, 1)
	case t.Type == gojq.TermTypeUnary && t.Unary.Op == gojq.OpSub && t.Unary.Term.Type == gojq.TermTypeNumber && len(t.Unary.Term.SuffixList) == 0:
		return index(t.Unary.Term.Number, -1)
	}
	return step{}, false
}

// index is the step of a whole number in a list.
func index(number string, sign int) (step, bool) {
	i, err := strconv.Atoi(number)
	return step{index: sign * i, list: true}, err == nil
}
