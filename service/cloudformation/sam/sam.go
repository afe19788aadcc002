// Package sam is the AWS::Serverless-2016-10-31 transform: it turns the
// resources of the Serverless Application Model into those of CloudFormation.
//
// It knows AWS::Serverless::Function, Api and SimpleTable, the Globals section,
// the policy templates, and the events S3, SNS, SQS, Schedule, EventBridgeRule,
// CloudWatchEvent and Api. Logical ids of generated resources are those that
// AWS's transform gives, since templates refer to them, with one exception: the
// hash at the end of an API deployment's id, which nobody can predict, is taken
// from the body's JSON. What is not known is refused by its name; nothing is
// dropped in silence.
//
// Source: the AWS SAM developer guide, "AWS SAM resource and property
// reference" and "Generated CloudFormation resources".
package sam

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// Name is what a template writes in its Transform section.
const Name = "AWS::Serverless-2016-10-31"

type (
	object = map[string]any
	list   = []any
)

// transformer holds one template on its way.
type transformer struct {
	values  map[string]string // parameters
	in      object            // Resources as written, with globals merged in
	out     object            // Resources as they will be
	aside   object            // conditions to add
	routes  map[string][]route
	refs    map[string]map[string]string // logical id, property, generated logical id
	invalid map[string]string            // by resource, what is wrong with it
	globals object                       // the Globals section
}

// Transform gives the template with every serverless resource replaced. The
// values are those of the template's parameters, as text; references to them
// are resolved only where a generated logical id depends on them. The tree given
// is not changed.
func Transform(tree map[string]any, values map[string]string) (map[string]any, error) {
	tree = clone(tree).(object)
	resources, ok := tree["Resources"].(object)
	if !ok || len(resources) == 0 {
		return nil, failure([]string{"'Resources' section is required"})
	}
	if len(resources) > template.MaxResources { // before Globals are copied into each
		return nil, template.TooManyResources(len(resources))
	}
	t := &transformer{values: values, in: resources, out: object{}, aside: object{}, routes: map[string][]route{},
		refs: map[string]map[string]string{}, invalid: map[string]string{}}
	if err := t.mergeGlobals(tree["Globals"]); err != nil {
		return nil, failure([]string{err.Error()})
	}
	t.run()
	if len(t.invalid) > 0 {
		return nil, t.failure()
	}
	delete(tree, "Globals")
	delete(tree, "Transform")
	if err := t.addConditions(tree); err != nil {
		return nil, err
	}
	tree["Resources"] = t.out
	return t.rewrite(tree).(object), nil
}

// run turns functions first, whose events add to APIs and buckets.
func (t *transformer) run() {
	t.addImplicitAPI()
	for _, id := range template.Keys(t.in) {
		r, _ := t.in[id].(object)
		kind, _ := r["Type"].(string)
		if !strings.HasPrefix(kind, "AWS::Serverless::") {
			t.out[id] = t.in[id]
		}
	}
	t.each("AWS::Serverless::Function", t.function)
	t.each("AWS::Serverless::Api", t.api)
	t.each("AWS::Serverless::SimpleTable", t.simpleTable)
	for _, id := range template.Keys(t.in) {
		r, _ := t.in[id].(object)
		kind, _ := r["Type"].(string)
		if strings.HasPrefix(kind, "AWS::Serverless::") && !slices.Contains(known, kind) {
			t.fail(id, "resource type %s is not supported", kind)
		}
	}
}

var known = []string{"AWS::Serverless::Function", "AWS::Serverless::Api", "AWS::Serverless::SimpleTable"}

// each calls f for the resources of a type; its error is about that resource.
func (t *transformer) each(kind string, f func(*macro) error) {
	for _, id := range template.Keys(t.in) {
		r, ok := t.in[id].(object)
		if !ok || r["Type"] != kind {
			continue
		}
		m := &macro{id: id, kind: kind, source: r}
		if m.props, ok = r["Properties"].(object); !ok && r["Properties"] != nil {
			t.fail(id, "Properties should be a map.")
			continue
		}
		if err := f(m); err != nil {
			t.fail(id, "%s", err)
		}
	}
}

func (t *transformer) fail(id, format string, args ...any) {
	if t.invalid[id] == "" {
		t.invalid[id] = fmt.Sprintf(format, args...)
	}
}

func (t *transformer) failure() error {
	var messages []string
	for _, id := range template.Keys(t.invalid) {
		messages = append(messages, "Resource with id ["+id+"] is invalid. "+t.invalid[id])
	}
	return failure(messages)
}

func failure(messages []string) error {
	return &template.Error{Message: fmt.Sprintf("Transform %s failed with: Invalid Serverless Application Specification "+
		"document. Number of errors found: %d. %s", Name, len(messages), strings.Join(messages, ", "))}
}

// addConditions adds the conditions that generated paths need.
func (t *transformer) addConditions(tree object) error {
	if len(t.aside) == 0 {
		return nil
	}
	conditions, ok := tree["Conditions"].(object)
	if !ok {
		return failure([]string{"'Conditions' section is required by the conditions that resources name"})
	}
	for name, condition := range t.aside {
		conditions[name] = condition
	}
	return nil
}

// macro is one serverless resource.
type macro struct {
	id, kind string
	source   object // the resource as written
	props    object
}

// passed are the attributes that generated resources take over from theirs.
var passed = []string{"Condition", "DeletionPolicy", "UpdateReplacePolicy"}

// resource makes a generated resource: the attributes pass to it, properties
// without a value do not.
func (m *macro) resource(kind string, props object) object {
	r := object{"Type": kind}
	if p := present(props); len(p) > 0 {
		r["Properties"] = p
	}
	for _, attribute := range passed {
		if v, ok := m.source[attribute]; ok {
			r[attribute] = v
		}
	}
	return r
}

// main makes the resource that takes the logical id of the serverless one.
func (m *macro) main(kind string, props object) object {
	r := m.resource(kind, props)
	for _, attribute := range []string{"DependsOn", "CreationPolicy", "UpdatePolicy"} {
		if v, ok := m.source[attribute]; ok {
			r[attribute] = v
		}
	}
	return r
}

func (m *macro) condition() string {
	name, _ := m.source["Condition"].(string)
	return name
}

// check refuses properties that are not of the type or not supported.
func (m *macro) check(supported, refused []string) error {
	for _, name := range template.Keys(m.props) {
		if slices.Contains(refused, name) && m.props[name] != nil {
			return fmt.Errorf("property %s of type %s is not supported", name, m.kind)
		}
		if !slices.Contains(supported, name) && !slices.Contains(refused, name) {
			return fmt.Errorf("property %s not defined for resource of type %s", name, m.kind)
		}
	}
	return nil
}

// present drops members without a value.
func present(m object) object {
	out := object{}
	for key, v := range m {
		if v != nil {
			out[key] = v
		}
	}
	return out
}

// clone copies a tree, so that no two places share a map.
func clone(v any) any {
	switch v := v.(type) {
	case object:
		out := make(object, len(v))
		for key, item := range v {
			out[key] = clone(item)
		}
		return out
	case list:
		out := make(list, len(v))
		for i, item := range v {
			out[i] = clone(item)
		}
		return out
	}
	return v
}

func ref(id string) object               { return object{"Ref": id} }
func getAtt(id, attribute string) object { return object{"Fn::GetAtt": list{id, attribute}} }

// conditional is v under a condition, nothing otherwise.
func conditional(condition string, v any) any {
	if condition == "" {
		return v
	}
	return object{"Fn::If": list{condition, v, ref("AWS::NoValue")}}
}

var alphanumeric = regexp.MustCompile(`^[A-Za-z0-9]+$`)

// generatedID appends a suffix to a logical id, or a hash of it where the suffix
// is no part of a name.
func generatedID(prefix, suffix string) string {
	if suffix == "" || alphanumeric.MatchString(suffix) {
		return prefix + suffix
	}
	return prefix + hash(suffix)[:10]
}

func hash(text string) string {
	sum := sha1.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// tagList turns a map of tags into the list that CloudFormation takes.
func tagList(v any) (list, error) {
	if v == nil {
		return nil, nil
	}
	tags, ok := v.(object)
	if !ok {
		return nil, errors.New("Type of property 'Tags' is invalid.")
	}
	out := list{}
	for _, key := range template.Keys(tags) {
		value := tags[key]
		if value == nil {
			value = ""
		}
		out = append(out, object{"Key": key, "Value": value})
	}
	return out, nil
}

// resolve replaces references to parameters by their values, as far as that is
// possible before anything exists.
func (t *transformer) resolve(v any) any {
	switch v := v.(type) {
	case object:
		if name, ok := v["Ref"].(string); ok && len(v) == 1 {
			if value, known := t.values[name]; known {
				return value
			}
			return v
		}
		out := make(object, len(v))
		for key, item := range v {
			out[key] = t.resolve(item)
		}
		return out
	case list:
		out := make(list, len(v))
		for i, item := range v {
			out[i] = t.resolve(item)
		}
		return out
	}
	return v
}
