package rule

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/itchyny/gojq"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/record"
	"github.com/runnel/runnel/transform/xml"
)

// An expression is a query of the map, compiled.
type expression struct {
	key   string
	query string

	plain  bool // the query is path, and nothing else
	number bool // it is path | tonumber
	path   path

	code *gojq.Code // the query as it was written
	// rewritten is the query without its paths, nil if it needs the record.
	rewritten *gojq.Code
	paths     []path
	head      bool // it uses $head

	stages func() []stage // of the query, for who asks where it failed
}

// expression compiles the query of a key, nil if it does not compile.
func (p *parser) expression(key string, n *node) *expression {
	q, code := p.compile(key, n)
	if code == nil {
		return nil
	}
	e := &expression{key: key, query: n.text(), code: code}
	e.stages = sync.OnceValue(func() []stage { return stagesOf(e.query) })
	if path, ok := plainPath(q); ok {
		e.plain, e.path = true, path
		return e
	}
	if path, ok := numberPath(q); ok {
		e.number, e.path = true, path
	}
	calls, defined := callsOf(q)
	for _, f := range calls {
		e.head = e.head || f == headVariable+"/0"
	}
	if strings.Contains(e.query, variable) {
		return e
	}
	if paths, ok := rewrite(q, defined); ok {
		variables := append([]string{headVariable}, names(len(paths))...)
		if code, err := gojq.Compile(q, gojq.WithVariables(variables)); err == nil {
			e.rewritten, e.paths = code, paths
		}
	}
	return e
}

// usesHead says whether an expression of the output uses $head.
func (f *field) usesHead() bool {
	if f == nil {
		return false
	}
	for _, c := range f.fields {
		if c.usesHead() {
			return true
		}
	}
	return f.expression != nil && f.expression.head
}

// A result is what an expression gives.
type result uint8

const (
	failed result = iota
	absent        // it gives nothing
	null
	given
)

// append appends what the expression gives as JSON.
func (e *expression) append(b []byte, s *subject) ([]byte, result, *Failure) {
	if e.plain {
		if b, r := e.appendPlain(b, s); r != failed {
			return b, r, nil
		}
	}
	if e.number && s.isTree {
		if v, ok := e.path.tree(s.tree); ok && v.Kind() == xml.Text {
			if b, ok := appendNumber(b, v.Text()); ok {
				return b, given, nil
			}
		}
	}
	v, r, f := e.run(s)
	switch {
	case f != nil:
		return b, failed, f
	case r != given:
		return append(b, "null"...), r, nil
	}
	if reason := tooLarge(v, s.size-len(b)); reason != "" {
		return b, failed, e.failure(s.position(), reason)
	}
	return record.AppendJSON(b, v), given, nil
}

// appendPlain follows a plain path; failed is for jq to explain.
func (e *expression) appendPlain(b []byte, s *subject) ([]byte, result) {
	if s.isTree {
		v, ok := e.path.tree(s.tree)
		switch {
		case !ok:
			return b, failed
		case v.Kind() == xml.Null:
			return append(b, "null"...), null
		}
		return v.AppendJSON(b), given
	}
	v, ok := e.path.plain(s.value)
	switch {
	case !ok:
		return b, failed
	case v == nil:
		return append(b, "null"...), null
	}
	return record.AppendJSON(b, v), given
}

// run runs the jq.
func (e *expression) run(s *subject) (any, result, *Failure) {
	code, input := e.code, any(nil)
	values := make([]any, 1, 1+len(e.paths))
	values[0] = s.head
	if e.rewritten != nil {
		code = e.rewritten
		for _, p := range e.paths {
			v, ok := s.follow(p)
			if !ok {
				code, values = e.code, values[:1]
				break
			}
			values = append(values, v)
		}
	}
	if code == e.code {
		input = s.any()
	}
	v, r, err := first(s.context(), code, input, values)
	if err != nil {
		at := e.place(s)
		if s.over() {
			return nil, failed, e.failure(at, context.Cause(s.ctx).Error())
		}
		f := e.failure(at, explain(err))
		if err != errSeveral {
			f.Offset = e.offset(s)
		}
		return nil, failed, f
	}
	return v, r, nil
}

// place is where in the record the expression failed: the value it is about, if
// that is one.
func (e *expression) place(s *subject) transform.Position {
	about := e.path
	switch {
	case !s.isTree:
		return s.position()
	case e.plain:
	case len(e.paths) == 1:
		about = e.paths[0]
	default:
		return s.position()
	}
	v, _ := about.tree(s.tree)
	return s.place(v)
}

var errSeveral = errors.New("gives more than one value: wrap it in [...] for a list")

// first is the only value of a query.
func first(ctx context.Context, code *gojq.Code, input any, values []any) (v any, r result, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			v, r, err = nil, failed, fmt.Errorf("jq gave up: %v", cause)
		}
	}()
	results := code.RunWithContext(ctx, input, values...)
	v, ok := results.Next()
	if err, isError := v.(error); isError {
		return nil, failed, err
	}
	if !ok {
		return nil, absent, nil
	}
	switch another, more := results.Next(); {
	case more:
		if err, isError := another.(error); isError {
			return nil, failed, err
		}
		return nil, failed, errSeveral
	case v == nil:
		return nil, null, nil
	}
	return v, given, nil
}

// explain is the text of jq's error. One made by error may be any value: how
// large it is written is looked at first.
func explain(err error) string {
	var thrown gojq.ValueError
	if errors.As(err, &thrown) && tooLarge(thrown.Value(), 1<<20) != "" {
		return "error: " + gojq.TypeOf(thrown.Value()) + " too large to be shown"
	}
	return shorten(err.Error(), most)
}

func (e *expression) failure(at transform.Position, reason string) *Failure {
	return &Failure{Position: at, Key: e.key, Query: e.query, Reason: reason}
}
