package wire

import (
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// route is the method and the URI of a REST operation.
type route struct {
	op       *operation
	method   string
	segments []segment
	greedy   bool     // the last label takes all that is left
	params   []param  // what the query must have
	headers  []string // and the header
	binds    map[string]bool
	literals int
}

// segment is a literal, or a label by the Go field that it fills.
type segment struct {
	literal string
	field   string
}

type param struct{ name, value string }

// newRoute reads an operation's URI; query parameters that it binds are added to
// the operation's binding.
func newRoute(op *operation) (*route, error) {
	rt := &route{op: op, method: op.method, headers: op.asked, binds: map[string]bool{}}
	path, query, _ := strings.Cut(op.uri, "?")
	if !strings.HasPrefix(path, "/") || op.method == "" {
		return nil, fmt.Errorf("no method and URI: %q %q", op.method, op.uri)
	}
	for _, s := range splitPath(path) {
		if rt.greedy {
			return nil, fmt.Errorf("a greedy label is not the last: %s", op.uri)
		}
		field, ok := label(s)
		if !ok {
			rt.segments = append(rt.segments, segment{literal: s})
			rt.literals++
			continue
		}
		field, rt.greedy = strings.CutSuffix(field, "+")
		rt.segments = append(rt.segments, segment{field: field})
	}
	for p := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(p, "=")
		if field, ok := label(value); ok {
			set(&op.query, field, name)
		} else if name != "" {
			rt.params = append(rt.params, param{name, value})
		}
	}
	for _, name := range op.query {
		rt.binds[name] = true
	}
	return rt, nil
}

func label(s string) (field string, ok bool) {
	field, ok = strings.CutPrefix(s, "{")
	if !ok {
		return "", false
	}
	return strings.CutSuffix(field, "}")
}

// splitPath cuts a path at its slashes; one at the end does not count.
func splitPath(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

// weight says which of two routes wins that match the same request.
func (rt *route) weight() int { return rt.literals*100 + len(rt.params) + len(rt.headers) }

// takes reports whether the route asks for a query parameter or binds it.
func (rt *route) takes(name string) bool {
	for _, p := range rt.params {
		if p.name == name {
			return true
		}
	}
	return rt.binds[name]
}

// match reports whether the route is the request's, and what its labels hold. path
// is still escaped.
func (rt *route) match(r *http.Request, path string, query url.Values) (labels []string, ok bool) {
	if r.Method != rt.method {
		return nil, false
	}
	for _, p := range rt.params {
		if !query.Has(p.name) || p.value != "" && query.Get(p.name) != p.value {
			return nil, false
		}
	}
	for _, h := range rt.headers {
		if r.Header.Get(h) == "" {
			return nil, false
		}
	}
	return rt.matchPath(path)
}

func (rt *route) matchPath(path string) (labels []string, ok bool) {
	rest := strings.TrimPrefix(path, "/")
	for i, s := range rt.segments {
		var part string
		if last := i == len(rt.segments)-1; last && rt.greedy {
			part, rest = rest, ""
		} else {
			part, rest, _ = strings.Cut(rest, "/")
		}
		if s.field == "" {
			if part != s.literal {
				return nil, false
			}
			continue
		}
		text, err := url.PathUnescape(part)
		if err != nil || text == "" {
			return nil, false
		}
		labels = append(labels, text)
	}
	return labels, rest == ""
}

// hasPath reports whether a path begins as a route does that begins with a literal.
func (s *service) hasPath(path string) bool {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	for _, rt := range s.routes {
		if len(rt.segments) > 0 && rt.segments[0].literal != "" && rt.segments[0].literal == first {
			return true
		}
	}
	return false
}

// bind makes an operation ready for the REST protocols.
func (s *service) bind(op *operation) error {
	rt, err := newRoute(op)
	if err != nil {
		return err
	}
	s.routes = append(s.routes, rt)
	op.rest = &restPlan{route: rt, headers: map[string]string{}}
	for f, h := range s.Headers {
		if _, ok := op.prefix[f]; !ok {
			op.rest.headers[f] = h
		}
	}
	for f, h := range op.Operation.headers {
		op.rest.headers[f] = h
	}
	return op.check()
}

// check reports bindings of fields that neither input nor output has.
func (op *operation) check() error {
	want := map[string]bool{}
	add := func(f string) {
		if f != "" {
			want[f] = true
		}
	}
	for f := range op.Operation.headers {
		add(f)
	}
	for f := range op.prefix {
		add(f)
	}
	for f := range op.inBody {
		add(f)
	}
	for f := range op.statusIf {
		add(f)
	}
	add(op.payload)
	add(op.statusField)
	for f := range want {
		if !hasField(op.in, f) && !hasField(op.out, f) {
			return fmt.Errorf("neither input nor output has %s", f)
		}
	}
	for f := range op.query {
		if !hasField(op.in, f) {
			return fmt.Errorf("the input has no %s", f)
		}
	}
	for _, seg := range op.rest.route.segments {
		if seg.field != "" && !hasField(op.in, seg.field) {
			return fmt.Errorf("the input has no %s", seg.field)
		}
	}
	return nil
}

func hasField(t reflect.Type, name string) bool {
	_, ok := t.FieldByName(name)
	return ok
}
