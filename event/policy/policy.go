// Package policy reads resource policies, such as a queue's or a function's,
// and decides by them whether an AWS service may do something to the resource.
//
// It knows the policy language as
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
// has it, and of the principals the services and everybody ("*"). A statement
// that it cannot judge (a date, an address) never allows and always denies.
package policy

import (
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Document is a policy that [Parse] found well formed.
type Document struct {
	Version    string // 2012-10-17, 2008-10-17 or absent
	ID         string
	Statements []Statement
}

// Statement allows or denies.
type Statement struct {
	SID       string
	Deny      bool
	Principal Principals
	Action    Patterns
	Resource  Patterns
	Condition []Condition
}

// Principals are those whom a statement is about.
type Principals struct {
	Not      bool // all but these
	Everyone bool
	Services []string
	Others   int // accounts, roles, users: none of them is a service
}

// Patterns are strings with * and ? that one of is to match, or, if Not, none.
type Patterns struct {
	Not  bool
	Any  bool // absent from the document: matches all
	List []string
}

// Condition compares one key of the request.
type Condition struct {
	Operator string
	Key      string
	Values   []string
}

// Parse reads a policy document. The error says what is malformed.
func Parse(text string) (*Document, error) {
	var raw struct {
		Version   string
		ID        string               `json:"Id"`
		Statement oneOrMore[statement] `json:"Statement"`
	}
	if err := unmarshal([]byte(text), &raw); err != nil {
		return nil, fmt.Errorf("malformed policy: %w", err)
	}
	switch raw.Version {
	case "", "2012-10-17", "2008-10-17":
	default:
		return nil, fmt.Errorf("malformed policy: version %q", raw.Version)
	}
	if len(raw.Statement) == 0 {
		return nil, errors.New("malformed policy: no statement")
	}
	d := &Document{Version: raw.Version, ID: raw.ID}
	for i, s := range raw.Statement {
		st, err := s.read()
		if err != nil {
			return nil, fmt.Errorf("malformed policy: statement %d: %w", i+1, err)
		}
		d.Statements = append(d.Statements, st)
	}
	return d, nil
}

func unmarshal(b []byte, v any) error { return json.Unmarshal(b, v, json.RejectUnknownMembers(true)) }

// statement is a statement as it is written.
type statement struct {
	SID          string `json:"Sid"`
	Effect       string
	Principal    jsontext.Value
	NotPrincipal jsontext.Value
	Action       oneOrMore[string]
	NotAction    oneOrMore[string]
	Resource     oneOrMore[string]
	NotResource  oneOrMore[string]
	Condition    map[string]map[string]oneOrMore[scalar]
}

func (s statement) read() (Statement, error) {
	out := Statement{SID: s.SID, Deny: s.Effect == "Deny"}
	if s.Effect != "Allow" && s.Effect != "Deny" {
		return out, fmt.Errorf("Effect is %q, not Allow or Deny", s.Effect)
	}
	var err error
	if out.Principal, err = readPrincipals(s.Principal, s.NotPrincipal); err != nil {
		return out, err
	}
	if out.Action, err = readPatterns("Action", s.Action, s.NotAction); err != nil {
		return out, err
	}
	if out.Action.Any {
		return out, errors.New("no Action")
	}
	if out.Resource, err = readPatterns("Resource", s.Resource, s.NotResource); err != nil {
		return out, err
	}
	out.Condition, err = readConditions(s.Condition)
	return out, err
}

func readPrincipals(is, not jsontext.Value) (Principals, error) {
	p := Principals{Not: is == nil}
	if (is == nil) == (not == nil) {
		return p, errors.New("exactly one of Principal and NotPrincipal is needed")
	}
	text := is
	if p.Not {
		text = not
	}
	if text.Kind() == '"' {
		var star string
		if err := unmarshal(text, &star); err != nil || star != "*" {
			return p, fmt.Errorf("Principal %s", text)
		}
		p.Everyone = true
		return p, nil
	}
	var kinds map[string]oneOrMore[string]
	if err := unmarshal(text, &kinds); err != nil {
		return p, fmt.Errorf("Principal: %w", err)
	}
	return p, p.add(kinds)
}

func (p *Principals) add(kinds map[string]oneOrMore[string]) error {
	if len(kinds) == 0 {
		return errors.New("Principal is empty")
	}
	for kind, names := range kinds {
		switch kind {
		case "AWS":
			for _, n := range names {
				if n == "*" {
					p.Everyone = true
				} else {
					p.Others++
				}
			}
		case "Service":
			p.Services = append(p.Services, names...)
		case "Federated", "CanonicalUser":
			p.Others += len(names)
		default:
			return fmt.Errorf("Principal has the kind %q", kind)
		}
	}
	return nil
}

func readPatterns(name string, is, not oneOrMore[string]) (Patterns, error) {
	switch {
	case is != nil && not != nil:
		return Patterns{}, fmt.Errorf("both %s and Not%s", name, name)
	case not != nil:
		return Patterns{Not: true, List: not}, nil
	case is != nil:
		return Patterns{List: is}, nil
	}
	return Patterns{Any: true}, nil
}

// oneOrMore is a list, or its only item without the brackets.
type oneOrMore[T any] []T

func (o *oneOrMore[T]) UnmarshalJSON(b []byte) error {
	if jsontext.Value(b).Kind() == '[' {
		var list []T
		if err := unmarshal(b, &list); err != nil {
			return err
		}
		*o = append(oneOrMore[T]{}, list...)
		return nil
	}
	var one T
	if err := unmarshal(b, &one); err != nil {
		return err
	}
	*o = oneOrMore[T]{one}
	return nil
}

// scalar is a string, number or boolean, as text.
type scalar string

func (s *scalar) UnmarshalJSON(b []byte) error {
	switch jsontext.Value(b).Kind() {
	case '"':
		return unmarshal(b, (*string)(s))
	case 't', 'f', '0':
		*s = scalar(b)
		return nil
	}
	return errors.New("a condition compares with strings, numbers and booleans")
}
