package rule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/itchyny/gojq"
)

// A rewriter puts variables in the place of the plain paths of a query that
// begin at the record, so that jq is given the few parts of a record that the
// query is about and the rest stays as it was decoded:
//
//	.order.total | tonumber * 1.2      $runnel0 | tonumber * 1.2
//	.order.note // "none"              $runnel0 // "none"
//	if .a.kind == "x" then .a.b end    needs the record: without else it is the record itself
//
// A query means the same afterwards as long as its paths lead somewhere. Where
// one does not, which jq makes an error of, or not if it stands in a try, the
// query runs as it was written.
type rewriter struct {
	paths   []path
	defined map[string]bool
	whole   bool // the record itself is needed
}

// variables that stand for paths begin with this, which no query may have.
const variable = "$runnel"

// rewrite finds the paths of a query and replaces them. ok is false if the query
// needs the whole record; it must then not be used any more.
func rewrite(q *gojq.Query, defined map[string]bool) (paths []path, ok bool) {
	w := &rewriter{defined: defined}
	w.query(q)
	return w.paths, !w.whole
}

// names are the variables of n paths.
func names(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = variable + strconv.Itoa(i)
	}
	return list
}

// call is a term that is the value at a path.
func (w *rewriter) call(p path) *gojq.Func {
	i := slices.IndexFunc(w.paths, func(q path) bool { return slices.Equal(p, q) })
	if i < 0 {
		i = len(w.paths)
		w.paths = append(w.paths, p)
	}
	return &gojq.Func{Name: variable + strconv.Itoa(i)}
}

// query rewrites a query whose input is the record.
func (w *rewriter) query(q *gojq.Query) {
	if q == nil {
		return
	}
	switch q.Op {
	case gojq.Operator(0):
		w.term(q.Term)
	case gojq.OpPipe:
		w.query(q.Left)
		if len(q.Patterns) > 0 { // as: what follows has the same input
			w.patterns(q.Patterns)
			w.query(q.Right)
		}
	case gojq.OpAssign, gojq.OpModify, gojq.OpUpdateAdd, gojq.OpUpdateSub, gojq.OpUpdateMul,
		gojq.OpUpdateDiv, gojq.OpUpdateMod, gojq.OpUpdateAlt:
		w.whole = true // they give the record, changed
	default:
		w.query(q.Left)
		w.query(q.Right)
	}
}

// term rewrites a term whose input is the record.
func (w *rewriter) term(t *gojq.Term) {
	if t == nil {
		return
	}
	if p, rest, ok := leadingPath(t); ok {
		if len(p) == 0 {
			w.whole = true
			return
		}
		w.suffixes(rest)
		*t = gojq.Term{Type: gojq.TermTypeFunc, Func: w.call(p), SuffixList: rest}
		return
	}
	w.suffixes(t.SuffixList)
	switch t.Type {
	case gojq.TermTypeNull, gojq.TermTypeTrue, gojq.TermTypeFalse, gojq.TermTypeNumber, gojq.TermTypeBreak:
	case gojq.TermTypeFunc:
		w.function(t.Func)
	case gojq.TermTypeObject:
		w.object(t.Object)
	case gojq.TermTypeArray:
		w.query(t.Array.Query)
	case gojq.TermTypeUnary:
		w.term(t.Unary.Term)
	case gojq.TermTypeFormat:
		w.whole = w.whole || t.Str == nil
		w.str(t.Str)
	case gojq.TermTypeString:
		w.str(t.Str)
	case gojq.TermTypeIf:
		w.condition(t.If)
	case gojq.TermTypeTry:
		w.query(t.Try.Body) // the input of catch is the error
	case gojq.TermTypeReduce:
		w.query(t.Reduce.Query)
		w.patterns(t.Reduce.Patterns)
		w.query(t.Reduce.Start)
	case gojq.TermTypeForeach:
		w.query(t.Foreach.Query)
		w.patterns(t.Foreach.Patterns)
		w.query(t.Foreach.Start)
	case gojq.TermTypeLabel:
		w.query(t.Label.Body)
	case gojq.TermTypeQuery:
		w.query(t.Query)
	default:
		w.whole = true
	}
}

// suffixes rewrites what stands between the brackets of indices.
func (w *rewriter) suffixes(list []*gojq.Suffix) {
	for _, s := range list {
		if x := s.Index; x != nil {
			w.str(x.Str)
			w.query(x.Start)
			w.query(x.End)
		}
	}
}

func (w *rewriter) str(s *gojq.String) {
	if s != nil {
		for _, q := range s.Queries {
			w.query(q)
		}
	}
}

func (w *rewriter) condition(c *gojq.If) {
	w.query(c.Cond)
	w.query(c.Then)
	for _, e := range c.Elif {
		w.query(e.Cond)
		w.query(e.Then)
	}
	w.query(c.Else)
	w.whole = w.whole || c.Else == nil
}

func (w *rewriter) object(o *gojq.Object) {
	for _, kv := range o.KeyVals {
		w.query(kv.KeyQuery)
		w.query(kv.Val)
		switch {
		case kv.KeyString != nil && kv.KeyString.Queries != nil:
			w.whole = w.whole || kv.Val == nil
			w.str(kv.KeyString)
		case kv.Val != nil || strings.HasPrefix(kv.Key, "$"):
		case kv.KeyString != nil: // {"id"} is {"id": .id}
			w.shorthand(kv, kv.KeyString.Str)
		default:
			w.shorthand(kv, kv.Key)
		}
	}
}

func (w *rewriter) shorthand(kv *gojq.ObjectKeyVal, key string) {
	kv.Val = &gojq.Query{Term: &gojq.Term{Type: gojq.TermTypeFunc, Func: w.call(path{{key: key}})}}
}

// patterns of as may hold queries, whose input is not worth knowing.
func (w *rewriter) patterns(list []*gojq.Pattern) {
	for _, p := range list {
		w.patterns(p.Array)
		for _, o := range p.Object {
			if o.KeyQuery != nil || o.KeyString != nil && o.KeyString.Queries != nil {
				w.whole = true
			}
			if o.Val != nil {
				w.patterns([]*gojq.Pattern{o.Val})
			}
		}
	}
}

// independent are the functions whose result does not depend on their input,
// though that of their arguments may.
var independent = []string{
	"add/1", "empty/0", "error/1", "first/1", "infinite/0", "isempty/1", "last/1", "limit/2",
	"nan/0", "now/0", "range/1", "range/2", "range/3", "skip/2",
}

func (w *rewriter) function(f *gojq.Func) {
	if strings.HasPrefix(f.Name, "$") {
		return
	}
	name := f.Name + "/" + strconv.Itoa(len(f.Args))
	if w.defined[name] || !slices.Contains(independent, name) {
		w.whole = true
		return
	}
	for _, q := range f.Args {
		w.query(q)
	}
}
