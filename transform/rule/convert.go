package rule

import (
	"strconv"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/record"
	"github.com/runnel/runnel/transform/xml"
)

// convert appends what the rule makes of a record, or says why it makes nothing.
func (r *Rule) convert(b []byte, s *subject) ([]byte, []Failure) {
	if failures := r.checkInput(s); failures != nil {
		return b, failures
	}
	b, failures := r.build(b, s)
	if failures != nil {
		return b, failures
	}
	return b, r.checkOutput(b, s)
}

func (r *Rule) checkInput(s *subject) (failures []Failure) {
	if r.input.schema == nil {
		return nil
	}
	for _, f := range r.input.schema.check(s.any()) {
		at := s.position()
		if s.isTree {
			at = s.place(deepest(s.tree, f.location))
		}
		failures = append(failures, Failure{
			Position: at, Key: r.input.schema.key, Path: pointer(f.location), Reason: f.reason,
		})
	}
	return failures
}

// build appends the fields of the output, or the dictionary itself.
func (r *Rule) build(b []byte, s *subject) ([]byte, []Failure) {
	if r.fields == nil {
		if s.isTree {
			return s.tree.AppendJSON(b), nil
		}
		return record.AppendJSON(b, s.value), nil
	}
	defer s.rest()
	w := &writer{subject: s}
	b, _ = w.object(b, r.fields)
	s.late = len(w.failures) > 0 && s.over()
	return b, w.failures
}

// checkOutput looks into what was written: at the keys that are required within
// values, and at the schema.
func (r *Rule) checkOutput(b []byte, s *subject) (failures []Failure) {
	var v any
	decoded := func() any {
		if v == nil {
			v = decode(b)
		}
		return v
	}
	for _, q := range r.required {
		if q.within && lookup(decoded(), q.path) == nil {
			failures = append(failures, q.failure(s.position(), "is not there, or null"))
		}
	}
	if r.output.schema == nil || failures != nil {
		return failures
	}
	for _, f := range r.output.schema.check(decoded()) {
		failures = append(failures, Failure{
			Position: s.position(), Key: r.output.schema.key, Path: pointer(f.location), Reason: f.reason,
		})
	}
	return failures
}

// lookup is the value at a path of keys.
func lookup(v any, path []string) any {
	for _, key := range path {
		object, _ := v.(map[string]any)
		v = object[key]
	}
	return v
}

// deepest is the value of a tree at a location, or the last on the way.
func deepest(v xml.Value, location []string) xml.Value {
	for _, key := range location {
		next, ok := v.Get(key)
		if i, err := strconv.Atoi(key); err == nil && v.Kind() == xml.List && i < v.Len() {
			next, ok = v.At(i), true
		}
		if !ok || next.Position() == (transform.Position{}) {
			return v
		}
		v = next
	}
	return v
}

// A writer writes the fields of the output for a record.
type writer struct {
	*subject
	failures []Failure
}

// object appends an object of those fields that there are. Without any it is
// absent itself, or failed if one failed; as the record it is empty.
func (w *writer) object(b []byte, f *field) ([]byte, result) {
	start := len(b)
	b = append(b, '{')
	empty, none := len(b), absent
	for _, c := range f.fields {
		before := len(b)
		if before > empty {
			b = append(b, ',')
		}
		b = append(b, c.name...)
		var r result
		if b, r = w.field(b, c); r == absent || r == failed {
			b, none = b[:before], min(none, r)
		}
	}
	if len(b) == empty && f.name != nil {
		return b[:start], none
	}
	return append(b, '}'), given
}

// field appends the value of a field.
func (w *writer) field(b []byte, f *field) ([]byte, result) {
	var r result
	switch {
	case !f.leaf:
		b, r = w.object(b, f)
	case f.expression == nil:
		b, r = append(b, f.constant...), resultOf(f.constant)
	default:
		b, r = w.leaf(b, f)
	}
	if f.required != nil && r != given && r != failed {
		w.failures = append(w.failures, f.required.failure(w.position(), map[result]string{absent: "is not there", null: "is null"}[r]))
	}
	return b, r
}

// leaf appends the value of an expression, or its default.
func (w *writer) leaf(b []byte, f *field) ([]byte, result) {
	start := len(b)
	if w.over() && len(w.failures) > 0 { // another has taken all the time, and said so
		return b, failed
	}
	b, r, failure := f.expression.append(b, w.subject)
	switch {
	case failure != nil:
		w.failures = append(w.failures, *failure)
	case len(b) > w.size:
		w.failures = append(w.failures, *f.expression.failure(w.position(), tooLong))
		return b[:start], failed
	case r != given && f.defaultValue != nil:
		return append(b[:start], f.defaultValue...), resultOf(f.defaultValue)
	}
	return b, r
}

// resultOf is what a value of the rule counts as.
func resultOf(json []byte) result {
	if string(json) == "null" {
		return null
	}
	return given
}

func (q *required) failure(at transform.Position, reason string) Failure {
	return Failure{Position: at, Key: q.key, Reason: reason}
}
