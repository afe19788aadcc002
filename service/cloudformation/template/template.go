package template

import (
	"encoding/json"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Limits of the CloudFormation guide, "Quotas".
const (
	MaxParameters = 200
	MaxMappings   = 200
	MaxResources  = 500
	MaxOutputs    = 200

	maxDescription = 1024
)

// Template is a template whose anatomy is sound. References are checked later,
// by Bind, when it is known which resources the conditions leave.
type Template struct {
	Description string
	Transforms  []string
	Metadata    any
	Parameters  map[string]*Parameter
	Mappings    map[string]any
	Conditions  map[string]any
	Rules       map[string]*Rule
	Resources   map[string]*Resource
	Outputs     map[string]*Output
}

// Resource is one member of the Resources section.
type Resource struct {
	Type           string
	Properties     map[string]any
	DependsOn      []string
	Condition      string
	DeletionPolicy string // "" where the template says nothing
	ReplacePolicy  string // UpdateReplacePolicy
	CreationPolicy any
	UpdatePolicy   any
	Metadata       map[string]any
}

// Output is one member of the Outputs section.
type Output struct {
	Description string
	Condition   string
	Value       any
	Export      any // the export's name, nil where nothing is exported
}

var (
	alphanumeric = regexp.MustCompile(`^[A-Za-z0-9]+$`)
	sections     = []string{"AWSTemplateFormatVersion", "Description", "Metadata", "Parameters", "Rules", "Mappings",
		"Conditions", "Transform", "Resources", "Outputs"}
	attributes = []string{"Type", "Properties", "DependsOn", "Condition", "DeletionPolicy", "UpdateReplacePolicy",
		"CreationPolicy", "UpdatePolicy", "Metadata"}
	deletionPolicies = []string{"Delete", "Retain", "Snapshot", "RetainExceptOnCreate"}
)

// Load checks the anatomy of a parsed template. Transforms must have been
// applied already; the names of those that were are kept.
func Load(tree map[string]any) (*Template, error) {
	if unknown := without(tree, sections); len(unknown) > 0 {
		return nil, &Error{"Invalid template property or properties [" + strings.Join(unknown, ", ") + "]"}
	}
	for _, name := range Keys(tree) {
		if path, found := findNull(tree[name], "/"+name); found && name != "Metadata" {
			return nil, formatError("[%s] 'null' values are not allowed in templates", path)
		}
	}
	t := &Template{Metadata: tree["Metadata"]}
	for _, step := range []func(map[string]any) error{t.loadHead, t.loadParameters, t.loadMappings, t.loadConditions,
		t.loadRules, t.loadResources, t.loadOutputs} {
		if err := step(tree); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// findNull gives the path of the first null in a tree.
func findNull(v any, path string) (string, bool) {
	switch v := v.(type) {
	case nil:
		return path, true
	case map[string]any:
		for _, key := range Keys(v) {
			if found, ok := findNull(v[key], path+"/"+key); ok {
				return found, true
			}
		}
	case []any:
		for i, item := range v {
			if found, ok := findNull(item, path+"/"+strconv.Itoa(i)); ok {
				return found, true
			}
		}
	}
	return "", false
}

// without lists, sorted, the keys of m that are not among the allowed.
func without(m map[string]any, allowed []string) []string {
	var unknown []string
	for _, key := range Keys(m) {
		if !slices.Contains(allowed, key) {
			unknown = append(unknown, key)
		}
	}
	return unknown
}

// Keys gives the keys of a map in order.
func Keys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// section gives a section as a map; one that is absent is empty.
func section(tree map[string]any, name string) (map[string]any, error) {
	v, ok := tree[name]
	if !ok {
		return nil, nil
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, formatError("%s section must be an object.", name)
	}
	return m, nil
}

func (t *Template) loadHead(tree map[string]any) error {
	if version, ok := tree["AWSTemplateFormatVersion"]; ok && version != "2010-09-09" {
		return formatError("Template format version not supported")
	}
	if v, ok := tree["Description"]; ok {
		if t.Description, ok = v.(string); !ok {
			return formatError("Description must be a string.")
		}
		if len(t.Description) > maxDescription {
			return formatError("Template description is larger than %d bytes.", maxDescription)
		}
	}
	if _, err := section(tree, "Metadata"); err != nil {
		return err
	}
	var err error
	t.Transforms, err = Transforms(tree)
	return err
}

// Transforms lists the macros that a template names, in the order in which they
// apply.
func Transforms(tree map[string]any) ([]string, error) {
	var names []string
	switch v := tree["Transform"].(type) {
	case nil:
	case string:
		names = []string{v}
	case []any:
		for _, item := range v {
			name, ok := item.(string)
			if !ok {
				return nil, formatError("Transform with parameters is not supported in the Transform section")
			}
			names = append(names, name)
		}
	default:
		return nil, formatError("Transform must be a string or a list of strings.")
	}
	return names, nil
}

func (t *Template) loadMappings(tree map[string]any) error {
	m, err := section(tree, "Mappings")
	if err != nil {
		return err
	}
	if len(m) > MaxMappings {
		return formatError("Number of mappings, %d, is greater than maximum allowed, %d", len(m), MaxMappings)
	}
	t.Mappings = m
	for _, name := range Keys(m) {
		keys, ok := m[name].(map[string]any)
		if !ok {
			return formatError("Every Mappings member %s must be a map", name)
		}
		for _, key := range Keys(keys) {
			values, ok := keys[key].(map[string]any)
			if !ok {
				return formatError("Every Mappings attribute must be a String or a List. [/Mappings/%s/%s]", name, key)
			}
			for _, attribute := range Keys(values) {
				if _, nested := values[attribute].(map[string]any); nested || values[attribute] == nil {
					return formatError("Every Mappings attribute must be a String or a List. [/Mappings/%s/%s/%s]", name, key, attribute)
				}
			}
		}
	}
	return nil
}

// TooManyResources refuses a template that has more than MaxResources.
func TooManyResources(n int) error {
	return formatError("Number of resources, %d, is greater than maximum allowed, %d", n, MaxResources)
}

func (t *Template) loadResources(tree map[string]any) error {
	m, err := section(tree, "Resources")
	if err != nil {
		return err
	}
	if len(m) == 0 {
		return formatError("At least one Resources member must be defined.")
	}
	if len(m) > MaxResources {
		return TooManyResources(len(m))
	}
	t.Resources = make(map[string]*Resource, len(m))
	for _, id := range Keys(m) {
		if strings.HasPrefix(id, "Fn::ForEach") {
			return functionError("Fn::ForEach needs the AWS::LanguageExtensions transform")
		}
		if !alphanumeric.MatchString(id) {
			return formatError("Resource name %s is non alphanumeric.", id)
		}
		if t.Resources[id], err = loadResource(id, m[id]); err != nil {
			return err
		}
	}
	for _, id := range Keys(t.Resources) {
		if condition := t.Resources[id].Condition; condition != "" && t.Conditions[condition] == nil {
			return formatError("Condition %s is not defined.", condition)
		}
	}
	return nil
}

func loadResource(id string, v any) (*Resource, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, formatError("[/Resources/%s] Any Resources member must be an object.", id)
	}
	if unknown := without(m, attributes); len(unknown) > 0 {
		return nil, &Error{"Invalid template resource property '" + unknown[0] + "' in [/Resources/" + id + "]"}
	}
	r := &Resource{CreationPolicy: m["CreationPolicy"], UpdatePolicy: m["UpdatePolicy"]}
	if r.Type, ok = m["Type"].(string); !ok || r.Type == "" {
		return nil, formatError("[/Resources/%s] Every Resources object must contain a Type member.", id)
	}
	if meta := m["Metadata"]; meta != nil {
		if r.Metadata, ok = meta.(map[string]any); !ok {
			return nil, formatError("[/Resources/%s] Resource Metadata must be an object.", id)
		}
	}
	if p := m["Properties"]; p != nil {
		if r.Properties, ok = p.(map[string]any); !ok {
			return nil, formatError("[/Resources/%s] Resource Properties must be an object.", id)
		}
	}
	if c := m["Condition"]; c != nil {
		if r.Condition, ok = c.(string); !ok {
			return nil, formatError("[/Resources/%s] Every Condition member must be a string.", id)
		}
	}
	var err error
	if r.DependsOn, err = names(m["DependsOn"]); err != nil {
		return nil, formatError("[/Resources/%s] Every DependsOn value must be a string or a list of strings.", id)
	}
	if r.DeletionPolicy, err = policy(id, "DeletionPolicy", m["DeletionPolicy"]); err != nil {
		return nil, err
	}
	r.ReplacePolicy, err = policy(id, "UpdateReplacePolicy", m["UpdateReplacePolicy"])
	return r, err
}

func names(v any) ([]string, error) {
	switch v := v.(type) {
	case nil:
		return nil, nil
	case string:
		return []string{v}, nil
	case []any:
		list := make([]string, 0, len(v))
		for _, item := range v {
			name, ok := item.(string)
			if !ok {
				return nil, formatError("not a string")
			}
			list = append(list, name)
		}
		return list, nil
	}
	return nil, formatError("not a string or a list")
}

func policy(id, attribute string, v any) (string, error) {
	if v == nil {
		return "", nil
	}
	name, ok := v.(string)
	if !ok || !slices.Contains(deletionPolicies, name) || attribute == "UpdateReplacePolicy" && name == "RetainExceptOnCreate" {
		text, _ := Text(v)
		return "", formatError("Unrecognized %s %s for Resource %s", attribute, text, id)
	}
	return name, nil
}

func (t *Template) loadOutputs(tree map[string]any) error {
	m, err := section(tree, "Outputs")
	if err != nil {
		return err
	}
	if len(m) > MaxOutputs {
		return formatError("Number of outputs, %d, is greater than maximum allowed, %d", len(m), MaxOutputs)
	}
	t.Outputs = make(map[string]*Output, len(m))
	for _, name := range Keys(m) {
		if !alphanumeric.MatchString(name) {
			return formatError("Output name %s is non alphanumeric.", name)
		}
		o, err := loadOutput(name, m[name])
		if err != nil {
			return err
		}
		if o.Condition != "" && t.Conditions[o.Condition] == nil {
			return formatError("Condition %s is not defined.", o.Condition)
		}
		t.Outputs[name] = o
	}
	return nil
}

func loadOutput(name string, v any) (*Output, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, formatError("[/Outputs/%s] Every Outputs member must be an object.", name)
	}
	if unknown := without(m, []string{"Description", "Condition", "Value", "Export"}); len(unknown) > 0 {
		return nil, &Error{"Invalid template parameter property '" + unknown[0] + "' in [/Outputs/" + name + "]"}
	}
	o := &Output{Value: m["Value"]}
	if o.Value == nil {
		return nil, formatError("[/Outputs/%s] Every Outputs member must contain a Value object", name)
	}
	if d := m["Description"]; d != nil {
		if o.Description, ok = d.(string); !ok {
			return nil, formatError("[/Outputs/%s] Every Description member must be a string.", name)
		}
	}
	if c := m["Condition"]; c != nil {
		if o.Condition, ok = c.(string); !ok {
			return nil, formatError("[/Outputs/%s] Every Condition member must be a string.", name)
		}
	}
	if e, present := m["Export"]; present {
		export, ok := e.(map[string]any)
		if !ok || export["Name"] == nil || len(export) != 1 {
			return nil, formatError("[/Outputs/%s/Export] Export must be an object with the single member Name.", name)
		}
		o.Export = export["Name"]
	}
	return o, nil
}

// Text gives a scalar as CloudFormation writes it into a string. It reports
// false for lists, maps and null.
func Text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		if v {
			return "true", true
		}
		return "false", true
	}
	return "", false
}
