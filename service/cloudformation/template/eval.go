package template

import (
	"slices"
	"strings"
)

// Unknown stands for a value that exists only once a resource does. A function
// of an unknown value is itself unknown.
type Unknown struct{}

// noValue is what Ref of AWS::NoValue gives: the property or item disappears.
type noValue struct{}

// Resolver answers for what lies outside of the template: the resources of the
// stack and the exports of others. It may answer Unknown.
type Resolver interface {
	// Ref gives the physical id of a resource, or what else its type returns.
	Ref(id string) (any, error)
	// GetAtt gives an attribute. The error names an attribute that the type of
	// the resource does not have.
	GetAtt(id, attribute string) (any, error)
	// Import gives the value of an export.
	Import(name string) (any, error)
}

// nothing resolves everything to Unknown: what is known before any resource is.
type nothing struct{}

func (nothing) Ref(string) (any, error)            { return Unknown{}, nil }
func (nothing) GetAtt(string, string) (any, error) { return Unknown{}, nil }
func (nothing) Import(string) (any, error)         { return Unknown{}, nil }

// Env are the values of the pseudo parameters.
type Env struct {
	Account, Region    string
	StackName, StackID string
	NotificationARNs   []string
	Zones              []string // what Fn::GetAZs gives for Region
}

func (e Env) pseudo() map[string]any {
	arns := []any{}
	for _, arn := range e.NotificationARNs {
		arns = append(arns, arn)
	}
	return map[string]any{
		"AWS::AccountId": e.Account, "AWS::Region": e.Region, "AWS::StackName": e.StackName, "AWS::StackId": e.StackID,
		"AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::NotificationARNs": arns, "AWS::NoValue": noValue{},
	}
}

// scope is what an expression can see.
type scope struct {
	values     map[string]any // parameters and pseudo parameters
	mappings   map[string]any
	conditions map[string]bool
	extensions bool // AWS::LanguageExtensions
	zones      []string
	region     string
	resources  map[string]*Resource
	resolver   Resolver
	budget     *int // nodes and bytes that an evaluation may still produce
}

// evalBudget bounds what one evaluation may produce, so that nested Fn::Sub and
// Fn::Join cannot blow a small template up.
const evalBudget = 8 << 20

func (s *scope) spend(n int) error {
	if *s.budget -= n; *s.budget < 0 {
		return functionError("the evaluated template is too large")
	}
	return nil
}

// spendOn pays for a value that an expression takes from elsewhere, however
// often it does: the value is one in memory, and many in what is sent.
func (s *scope) spendOn(v any) (any, error) {
	return v, s.spend(size(v))
}

// size counts the nodes of a value and the bytes of its strings.
func size(v any) int {
	n := 1
	switch v := v.(type) {
	case string:
		n += len(v)
	case []any:
		for _, item := range v {
			n += size(item)
		}
	case map[string]any:
		for key, item := range v {
			n += len(key) + size(item)
		}
	}
	return n
}

// eval computes a value: functions are replaced by their results, members
// without a value are dropped.
func (s *scope) eval(v any) (any, error) {
	if err := s.spend(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := Function(v); ok {
			return s.call(name, arg)
		}
		return s.evalMap(v)
	case []any:
		return s.evalList(v)
	}
	return v, nil
}

func (s *scope) evalMap(m map[string]any) (any, error) {
	out := make(map[string]any, len(m))
	for _, key := range Keys(m) {
		v, err := s.eval(m[key])
		if err != nil {
			return nil, err
		}
		if !isNoValue(v) {
			out[key] = v
		}
	}
	return out, nil
}

func (s *scope) evalList(list []any) (any, error) {
	out := make([]any, 0, len(list))
	for _, item := range list {
		v, err := s.eval(item)
		if err != nil {
			return nil, err
		}
		if !isNoValue(v) {
			out = append(out, v)
		}
	}
	return out, nil
}

func isUnknown(v any) bool {
	_, ok := v.(Unknown)
	return ok
}

func isNoValue(v any) bool {
	_, ok := v.(noValue)
	return ok
}

// HasUnknown says whether any part of a value is Unknown.
func HasUnknown(v any) bool {
	switch v := v.(type) {
	case Unknown:
		return true
	case map[string]any:
		for _, item := range v {
			if HasUnknown(item) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(v, HasUnknown)
	}
	return false
}

// Function says whether a map is a call of an intrinsic function: an object
// with one member, named Ref or Fn::Something.
func Function(m map[string]any) (name string, arg any, ok bool) {
	if len(m) != 1 {
		return "", nil, false
	}
	for name, arg := range m {
		if name == "Ref" || strings.HasPrefix(name, "Fn::") {
			return name, arg, true
		}
	}
	return "", nil, false
}

func (s *scope) call(name string, arg any) (any, error) {
	switch name {
	case "Ref":
		return s.ref(arg)
	case "Fn::GetAtt":
		return s.getAtt(arg)
	case "Fn::Sub":
		return s.sub(arg)
	case "Fn::Join":
		return s.join(arg)
	case "Fn::Select":
		return s.choose(arg)
	case "Fn::Split":
		return s.split(arg)
	case "Fn::FindInMap":
		return s.findInMap(arg)
	case "Fn::If":
		branch, err := s.branch(arg)
		if err != nil {
			return nil, err
		}
		return s.eval(branch)
	case "Fn::Base64":
		return s.base64(arg)
	case "Fn::Cidr":
		return s.cidr(arg)
	case "Fn::GetAZs":
		return s.getAZs(arg)
	case "Fn::ImportValue":
		return s.importValue(arg)
	case "Fn::Length", "Fn::ToJsonString":
		return s.extension(name, arg)
	case "Fn::And", "Fn::Or", "Fn::Not", "Fn::Equals":
		return nil, functionError("%s is only allowed in the Conditions section", name)
	}
	return nil, functionError("%s is not supported", name)
}

func (s *scope) ref(arg any) (any, error) {
	name, ok := arg.(string)
	if !ok || name == "" {
		return nil, functionError("every Ref object must have a single String value.")
	}
	if v, ok := s.values[name]; ok {
		return s.spendOn(v)
	}
	if s.resources[name] == nil {
		return nil, &unresolved{name}
	}
	return s.resolver.Ref(name)
}

func (s *scope) getAtt(arg any) (any, error) {
	id, attribute, err := attributeOf(arg)
	if err != nil {
		return nil, err
	}
	name, err := s.eval(attribute)
	if err != nil {
		return nil, err
	}
	text, ok := name.(string)
	if !ok || text == "" {
		return nil, errGetAtt
	}
	if s.resources[id] == nil {
		return nil, &unresolved{id}
	}
	return s.resolver.GetAtt(id, text)
}

var errGetAtt = functionError("every Fn::GetAtt object requires two non-empty parameters, " +
	"the resource name and the resource attribute")

// attributeOf takes Fn::GetAtt's argument apart; the attribute may be a Ref.
func attributeOf(arg any) (id string, attribute any, err error) {
	if dotted, ok := arg.(string); ok {
		arg = splitAttribute(dotted)
	}
	list, ok := arg.([]any)
	if !ok || len(list) < 2 {
		return "", nil, errGetAtt
	}
	if id, ok = list[0].(string); !ok || id == "" || list[1] == "" {
		return "", nil, errGetAtt
	}
	if len(list) == 2 {
		return id, list[1], nil
	}
	parts := make([]string, 0, len(list)-1)
	for _, item := range list[1:] {
		part, ok := item.(string)
		if !ok {
			return "", nil, errGetAtt
		}
		parts = append(parts, part)
	}
	return id, strings.Join(parts, "."), nil
}

// unresolved names something that is neither a parameter nor a resource that
// exists under the stack's conditions.
type unresolved struct{ name string }

func (e *unresolved) Error() string { return "unresolved reference to " + e.name }
