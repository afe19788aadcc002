package template

import (
	"errors"
	"maps"
	"slices"
	"strings"
)

// Plan is a template with its parameters: what will exist, and in what order.
type Plan struct {
	Template  *Template
	Values    map[string]string // the text of every parameter
	Resources map[string]*Resource
	Outputs   map[string]*Output
	Needs     map[string][]string // by resource, sorted, the resources that must exist before it
	scope     *scope
}

// Bind gives the template its parameter values. The resources and outputs of
// the plan are those whose conditions hold, with every Fn::If resolved. Whatever
// can be known to be wrong before a resource is created is an error here:
// constraints, rules, references to nothing, functions misused, circles.
// A probe, where not nil, answers for resources that exist already and checks
// the names of attributes.
func (t *Template) Bind(given map[string]string, env Env, probe Resolver) (*Plan, error) {
	values, err := t.Values(given)
	if err != nil {
		return nil, err
	}
	s := &scope{values: env.pseudo(), mappings: t.Mappings, conditions: map[string]bool{}, zones: env.Zones,
		region: env.Region, resolver: probe, extensions: slices.Contains(t.Transforms, LanguageExtensions)}
	if probe == nil {
		s.resolver = nothing{}
	}
	for name, text := range values {
		s.values[name] = t.Parameters[name].value(text)
	}
	s.budget = new(int)
	*s.budget = evalBudget
	if err := t.decide(s); err != nil {
		return nil, err
	}
	if err := t.obey(s); err != nil {
		return nil, err
	}
	p := &Plan{Template: t, Values: values, scope: s}
	if err := p.prune(); err != nil {
		return nil, err
	}
	return p, p.check()
}

// prune keeps what the conditions leave.
func (p *Plan) prune() error {
	p.Resources = map[string]*Resource{}
	p.Outputs = map[string]*Output{}
	for _, id := range Keys(p.Template.Resources) {
		r := *p.Template.Resources[id]
		if r.Condition != "" && !p.scope.conditions[r.Condition] {
			continue
		}
		v, err := p.scope.decideIfs(r.Properties)
		if err != nil {
			return at(err, "/Resources/"+id)
		}
		m, ok := v.(map[string]any)
		if name, arg, call := Function(m); !ok || call && !(name == "Ref" && arg == "AWS::NoValue") {
			return formatError("[/Resources/%s] Resource Properties must be an object.", id)
		}
		r.Properties = m
		p.Resources[id] = &r
	}
	for _, name := range Keys(p.Template.Outputs) {
		o := *p.Template.Outputs[name]
		if o.Condition != "" && !p.scope.conditions[o.Condition] {
			continue
		}
		var err error
		if o.Value, err = p.scope.decideIfs(o.Value); err != nil {
			return err
		}
		if o.Export, err = p.scope.decideIfs(o.Export); err != nil {
			return err
		}
		p.Outputs[name] = &o
	}
	p.scope.resources = p.Resources
	return nil
}

// decideIfs replaces each Fn::If by the branch that its condition chooses, so
// that a branch not taken refers to nothing.
func (s *scope) decideIfs(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if name, arg, ok := Function(v); ok && name == "Fn::If" {
			branch, err := s.branch(arg)
			if err != nil {
				return nil, err
			}
			return s.decideIfs(branch)
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			decided, err := s.decideIfs(item)
			if err != nil {
				return nil, err
			}
			out[key] = decided
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			decided, err := s.decideIfs(item)
			if err != nil {
				return nil, err
			}
			out[i] = decided
		}
		return out, nil
	}
	return v, nil
}

// check finds every reference, evaluates all with what is known, and orders.
func (p *Plan) check() error {
	p.Needs = make(map[string][]string, len(p.Resources))
	var lost []string
	for _, id := range Keys(p.Resources) {
		needs, missing := p.references(p.Resources[id])
		lost = append(lost, missing...)
		p.Needs[id] = needs
	}
	if len(lost) > 0 {
		return unresolvedIn("Resources", lost)
	}
	for _, name := range Keys(p.Outputs) {
		_, missing := p.names([]any{p.Outputs[name].Value, p.Outputs[name].Export})
		lost = append(lost, missing...)
	}
	if len(lost) > 0 {
		return unresolvedIn("Outputs", lost)
	}
	if circle := circular(p.Needs); len(circle) > 0 {
		return &Error{"Circular dependency between resources: [" + strings.Join(circle, ", ") + "]"}
	}
	return p.try()
}

// try evaluates everything with what is known before any resource is created,
// to find functions that are misused.
func (p *Plan) try() error {
	for _, id := range Keys(p.Resources) {
		props := p.Resources[id].Properties
		for _, name := range Keys(props) {
			if _, err := p.scope.eval(props[name]); err != nil {
				return at(err, "/Resources/"+id+"/Properties/"+name)
			}
		}
	}
	for _, name := range Keys(p.Outputs) {
		if _, err := p.scope.eval([]any{p.Outputs[name].Value, p.Outputs[name].Export}); err != nil {
			return at(err, "/Outputs/"+name)
		}
	}
	return nil
}

// at says where in the template an error is, after AWS's own words.
func at(err error, path string) error {
	var own *Error
	if !errors.As(err, &own) {
		return err
	}
	return &Error{own.Message + " [" + path + "]"}
}

func unresolvedIn(block string, lost []string) error {
	slices.Sort(lost)
	return formatError("Unresolved resource dependencies [%s] in the %s block of the template",
		strings.Join(slices.Compact(lost), ", "), block)
}

func (p *Plan) references(r *Resource) (needs, missing []string) {
	needs, missing = p.names(r.Properties)
	for _, id := range r.DependsOn {
		switch {
		case p.Resources[id] != nil:
			needs = append(needs, id)
		case p.Template.Resources[id] == nil:
			missing = append(missing, id)
		} // a dependency on what a condition excludes is no dependency
	}
	slices.Sort(needs)
	return slices.Compact(needs), missing
}

// names lists the resources that an expression refers to, and the names in it
// that are neither those nor parameters.
func (p *Plan) names(v any) (found, missing []string) {
	walk(v, func(name string) {
		if _, known := p.scope.values[name]; known {
			return
		}
		if p.Resources[name] != nil {
			found = append(found, name)
		} else {
			missing = append(missing, name)
		}
	})
	return found, missing
}

// walk calls f with every name that an expression refers to.
func walk(v any, f func(string)) {
	switch v := v.(type) {
	case []any:
		for _, item := range v {
			walk(item, f)
		}
	case map[string]any:
		name, arg, ok := Function(v)
		switch {
		case ok && name == "Ref":
			if id, ok := arg.(string); ok {
				f(id)
			}
			return
		case ok && name == "Fn::GetAtt":
			if id, attribute, err := attributeOf(arg); err == nil {
				f(id)
				walk(attribute, f)
			}
			return
		case ok && name == "Fn::Sub":
			walkSub(arg, f)
			return
		}
		for _, key := range Keys(v) {
			walk(v[key], f)
		}
	}
}

func walkSub(arg any, f func(string)) {
	text, variables, err := subArguments(arg)
	if err != nil {
		return
	}
	for _, match := range variable.FindAllStringSubmatch(text, -1) {
		name := strings.TrimSpace(match[1])
		if _, own := variables[name]; own || strings.HasPrefix(name, "!") || !variableName.MatchString(name) {
			continue
		}
		id, _, _ := strings.Cut(name, ".")
		f(id)
	}
	walk(variables, f)
}

// Eval computes an expression of the plan. What the resolver does not know yet
// is Unknown in the result.
func (p *Plan) Eval(v any, r Resolver) (any, error) {
	return p.eval(v, r, p.scope.values)
}

// Shown is Eval for people to read: parameters with NoEcho are asterisks. It
// fails where the asterisks make no sense, such as for the key of a mapping.
func (p *Plan) Shown(v any, r Resolver) (any, error) {
	values := maps.Clone(p.scope.values)
	for name, parameter := range p.Template.Parameters {
		if parameter.NoEcho {
			values[name] = parameter.value(Masked)
		}
	}
	return p.eval(v, r, values)
}

// Masked is shown in place of the value of a parameter with NoEcho.
const Masked = "****"

func (p *Plan) eval(v any, r Resolver, values map[string]any) (any, error) {
	s := *p.scope
	s.resolver, s.values = r, values
	budget := evalBudget
	s.budget = &budget
	out, err := s.eval(v)
	var lost *unresolved
	if errors.As(err, &lost) {
		return nil, unresolvedIn("Resources", []string{lost.name})
	}
	if isNoValue(out) {
		return nil, err
	}
	return out, err
}

// CheckReferences finds names that are neither parameters nor resources. It is
// what can be said of a template without values for its parameters.
func (t *Template) CheckReferences() error {
	known := Env{}.pseudo()
	for name := range t.Parameters {
		known[name] = true
	}
	for id := range t.Resources {
		known[id] = true
	}
	var lost []string
	note := func(name string) {
		if known[name] == nil {
			lost = append(lost, name)
		}
	}
	for _, r := range t.Resources {
		walk(r.Properties, note)
		for _, id := range r.DependsOn {
			note(id)
		}
	}
	if len(lost) > 0 {
		return unresolvedIn("Resources", lost)
	}
	for _, o := range t.Outputs {
		walk(o.Value, note)
		walk(o.Export, note)
	}
	if len(lost) > 0 {
		return unresolvedIn("Outputs", lost)
	}
	return nil
}

// Order gives the resources of the plan so that each follows those it needs.
func (p *Plan) Order() []string {
	var out []string
	seen := map[string]bool{}
	var visit func(id string)
	visit = func(id string) {
		if seen[id] {
			return
		}
		seen[id] = true
		for _, need := range p.Needs[id] {
			visit(need)
		}
		out = append(out, id)
	}
	for _, id := range Keys(p.Needs) {
		visit(id)
	}
	return out
}
