// Package filter decides which records of an event source a function is given.
//
// A pattern is JSON of the record's own form, with rules where the record has
// values:
//
//	{"body": {"method": ["POST", "PUT"], "size": [{"numeric": [">", 0, "<=", 10]}]}}
//
// All fields of a pattern must match, and of a field's rules one. The rules are
// those of
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax;
// EventBridge's others (cidr, wildcard) are none of Lambda's and are refused.
package filter

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// MaxPattern is the length of the longest pattern, in bytes.
const MaxPattern = 4096

// Pattern is a compiled pattern. Its zero value matches everything.
type Pattern struct {
	root fields
	body bodyKind
}

// bodyKind is what a pattern expects of a message's body.
type bodyKind int

const (
	bodyAny bodyKind = iota
	bodyText
	bodyJSON
)

// node is what a pattern says of a value.
type node interface {
	// match is told whether there is a value at all.
	match(v any, present bool) bool
}

// fields must all match, and of each list of alternatives ($or) one.
type fields struct {
	names []string
	nodes []node
	or    []fields
}

// rules are what a value may be.
type rules []rule

// Compile reads a pattern. The error says what is wrong with it.
func Compile(text string) (*Pattern, error) {
	if len(text) > MaxPattern {
		return nil, fmt.Errorf("longer than %d characters", MaxPattern)
	}
	v, err := Decode([]byte(text))
	if err != nil {
		return nil, err
	}
	object, ok := v.(map[string]any)
	if !ok {
		return nil, errors.New("a pattern is an object")
	}
	p := new(Pattern)
	if p.root, err = compileFields(object); err != nil {
		return nil, err
	}
	switch object["body"].(type) {
	case map[string]any:
		p.body = bodyJSON
	case []any:
		p.body = bodyText
	}
	return p, nil
}

// Decode reads one JSON value as Match wants it: numbers are [json.Number].
func Decode(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}

func compileFields(object map[string]any) (fields, error) {
	var f fields
	if len(object) == 0 {
		return f, errors.New("an empty object matches nothing")
	}
	for name, v := range object {
		if name == "$or" {
			if err := f.compileOr(v); err != nil {
				return f, err
			}
			continue
		}
		n, err := compileNode(v)
		if err != nil {
			return f, fmt.Errorf("%s: %w", name, err)
		}
		f.names = append(f.names, name)
		f.nodes = append(f.nodes, n)
	}
	return f, nil
}

func (f *fields) compileOr(v any) error {
	list, ok := v.([]any)
	if !ok || len(list) < 2 {
		return errors.New("$or takes a list of at least two objects")
	}
	for _, item := range list {
		object, ok := item.(map[string]any)
		if !ok {
			return errors.New("$or takes a list of objects")
		}
		alternative, err := compileFields(object)
		if err != nil {
			return fmt.Errorf("$or: %w", err)
		}
		f.or = append(f.or, alternative)
	}
	return nil
}

func compileNode(v any) (node, error) {
	switch v := v.(type) {
	case map[string]any:
		f, err := compileFields(v)
		return f, err
	case []any:
		return compileRules(v)
	}
	return nil, fmt.Errorf("%v is neither an object nor a list of rules", v)
}

func compileRules(list []any) (rules, error) {
	if len(list) == 0 {
		return nil, errors.New("an empty list matches nothing")
	}
	out := make(rules, len(list))
	for i, v := range list {
		r, err := compileRule(v)
		if err != nil {
			return nil, err
		}
		out[i] = r
	}
	return out, nil
}

// match follows the pattern into an object, or into each object of a list.
func (f fields) match(v any, _ bool) bool {
	if list, ok := v.([]any); ok {
		return slices.ContainsFunc(list, func(item any) bool { return f.match(item, true) })
	}
	object, _ := v.(map[string]any) // of what is no object, all fields are absent
	for i, n := range f.nodes {
		field, present := object[f.names[i]]
		if !n.match(field, present) {
			return false
		}
	}
	if len(f.or) == 0 {
		return true
	}
	return slices.ContainsFunc(f.or, func(a fields) bool { return a.match(v, true) })
}

func (rs rules) match(v any, present bool) bool {
	return slices.ContainsFunc(rs, func(r rule) bool { return r.match(v, present) })
}

// Match reports whether a record, as Decode reads it, is one of those asked for.
func (p *Pattern) Match(record map[string]any) bool { return p.root.match(record, true) }

// MatchMessage is Match for a queue's message, whose body is text in the
// record: a pattern that looks into the body takes it for JSON and passes no
// message whose body is none, and the other way round, as
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html says.
// The record is changed while it is looked at.
func (p *Pattern) MatchMessage(record map[string]any) bool {
	text, ok := record["body"].(string)
	if p.body == bodyAny || !ok {
		return p.Match(record)
	}
	v, err := Decode([]byte(text))
	_, list := v.([]any)
	_, object := v.(map[string]any)
	isJSON := err == nil && (list || object)
	if isJSON != (p.body == bodyJSON) {
		return false
	}
	if isJSON {
		record["body"] = v
		defer func() { record["body"] = text }()
	}
	return p.Match(record)
}
