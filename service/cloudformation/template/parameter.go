package template

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Parameter is one member of the Parameters section.
type Parameter struct {
	Type          string
	Description   string
	Default       *string // nil where a value must be given
	Constraint    string  // ConstraintDescription
	NoEcho        bool
	AllowedValues []string
	pattern       string
	allowed       *regexp.Regexp
	minLength     *float64
	maxLength     *float64
	minValue      *float64
	maxValue      *float64
}

var parameterMembers = []string{"Type", "Description", "Default", "ConstraintDescription", "NoEcho", "AllowedValues",
	"AllowedPattern", "MinLength", "MaxLength", "MinValue", "MaxValue"}

// list says whether the value is a list, given as text with commas.
func (p *Parameter) list() bool {
	return p.Type == "CommaDelimitedList" || strings.HasPrefix(p.Type, "List<")
}

func (p *Parameter) numeric() bool { return p.Type == "Number" || p.Type == "List<Number>" }

func (t *Template) loadParameters(tree map[string]any) error {
	m, err := section(tree, "Parameters")
	if err != nil {
		return err
	}
	if len(m) > MaxParameters {
		return formatError("Number of parameters, %d, is greater than maximum allowed, %d", len(m), MaxParameters)
	}
	t.Parameters = make(map[string]*Parameter, len(m))
	for _, name := range Keys(m) {
		if !alphanumeric.MatchString(name) {
			return formatError("Parameter name %s is non alphanumeric.", name)
		}
		if t.Parameters[name], err = loadParameter(name, m[name]); err != nil {
			return err
		}
	}
	return nil
}

func loadParameter(name string, v any) (*Parameter, error) {
	m, ok := v.(map[string]any)
	if !ok {
		return nil, formatError("Any Parameters member must be an object. [/Parameters/%s]", name)
	}
	if unknown := without(m, parameterMembers); len(unknown) > 0 {
		return nil, &Error{"Invalid template parameter property '" + unknown[0] + "' in [/Parameters/" + name + "]"}
	}
	p := &Parameter{}
	if p.Type, ok = m["Type"].(string); !ok {
		return nil, formatError("Every Parameters object must contain a Type member. [/Parameters/%s]", name)
	}
	if err := checkType(name, p.Type); err != nil {
		return nil, err
	}
	p.Description, _ = Text(m["Description"])
	p.Constraint, _ = Text(m["ConstraintDescription"])
	noEcho, _ := Text(m["NoEcho"])
	p.NoEcho = noEcho == "true"
	if d, present := m["Default"]; present {
		text, ok := Text(d)
		if !ok {
			return nil, formatError("Every Default member must be a string. [/Parameters/%s]", name)
		}
		p.Default = &text
	}
	return p, p.loadConstraints(name, m)
}

func checkType(name, typ string) error {
	switch {
	case typ == "String", typ == "Number", typ == "CommaDelimitedList", typ == "List<Number>", typ == "List<String>":
		return nil
	case strings.HasPrefix(typ, "AWS::"), strings.HasPrefix(typ, "List<AWS::"):
		return formatError("Parameter type %s of parameter %s is not supported", typ, name)
	}
	return formatError("Unrecognized parameter type: %s", typ)
}

func (p *Parameter) loadConstraints(name string, m map[string]any) error {
	if v, present := m["AllowedValues"]; present {
		list, ok := v.([]any)
		if !ok {
			return formatError("Every AllowedValues member must be a list. [/Parameters/%s]", name)
		}
		for _, item := range list {
			text, ok := Text(item)
			if !ok {
				return formatError("Every AllowedValues value must be a string. [/Parameters/%s]", name)
			}
			p.AllowedValues = append(p.AllowedValues, text)
		}
	}
	if v, present := m["AllowedPattern"]; present {
		var ok bool
		if p.pattern, ok = v.(string); !ok {
			return formatError("Every AllowedPattern member must be a string. [/Parameters/%s]", name)
		}
		var err error
		if p.allowed, err = regexp.Compile(`^(?:` + p.pattern + `)$`); err != nil {
			return formatError("AllowedPattern of parameter %s is not a valid regular expression: %s", name, p.pattern)
		}
	}
	for member, to := range map[string]**float64{"MinLength": &p.minLength, "MaxLength": &p.maxLength,
		"MinValue": &p.minValue, "MaxValue": &p.maxValue} {
		v, present := m[member]
		if !present {
			continue
		}
		text, _ := Text(v)
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return formatError("Every %s member must be a number. [/Parameters/%s]", member, name)
		}
		*to = &f
	}
	return nil
}

// Check says whether a value satisfies the parameter's type and constraints.
func (p *Parameter) Check(name, value string) error {
	values := []string{value}
	if p.list() {
		values = splitList(value)
	}
	for _, v := range values {
		if why := p.violation(v); why != "" {
			if p.Constraint != "" {
				return &Error{"Parameter '" + name + "' failed to satisfy constraint: " + p.Constraint}
			}
			return &Error{"Parameter '" + name + "' " + why}
		}
	}
	return nil
}

// violation words the first constraint that a value breaks, "" for none.
func (p *Parameter) violation(v string) string {
	if len(p.AllowedValues) > 0 && !slices.Contains(p.AllowedValues, v) {
		return "must be one of AllowedValues"
	}
	if p.allowed != nil && !p.allowed.MatchString(v) {
		return "must match pattern " + p.pattern
	}
	length := float64(len([]rune(v)))
	if p.minLength != nil && length < *p.minLength {
		return "must contain at least " + number64(*p.minLength) + " characters"
	}
	if p.maxLength != nil && length > *p.maxLength {
		return "must contain at most " + number64(*p.maxLength) + " characters"
	}
	if !p.numeric() {
		return ""
	}
	f, err := strconv.ParseFloat(v, 64)
	switch {
	case err != nil:
		return "must be a number"
	case p.minValue != nil && f < *p.minValue:
		return "must be a number not less than " + number64(*p.minValue)
	case p.maxValue != nil && f > *p.maxValue:
		return "must be a number not greater than " + number64(*p.maxValue)
	}
	return ""
}

func number64(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }

// splitList divides at commas and trims, as CommaDelimitedList does.
func splitList(value string) []string {
	parts := strings.Split(value, ",")
	for i := range parts {
		parts[i] = strings.TrimSpace(parts[i])
	}
	return parts
}

// value is what Ref gives for the parameter: a string, or a list of them.
func (p *Parameter) value(text string) any {
	if !p.list() {
		return text
	}
	list := []any{}
	for _, part := range splitList(text) {
		list = append(list, part)
	}
	return list
}

// Values checks the given values against the Parameters section and fills in
// the defaults. The result has the text of every parameter.
func (t *Template) Values(given map[string]string) (map[string]string, error) {
	var unknown, missing []string
	for _, name := range Keys(given) {
		if t.Parameters[name] == nil {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, &Error{"Parameters: [" + strings.Join(unknown, ", ") + "] do not exist in the template"}
	}
	values := make(map[string]string, len(t.Parameters))
	for _, name := range Keys(t.Parameters) {
		p := t.Parameters[name]
		v, ok := given[name]
		if !ok && p.Default == nil {
			missing = append(missing, name)
			continue
		}
		if !ok {
			v = *p.Default
		}
		values[name] = v
	}
	if len(missing) > 0 {
		return nil, &Error{"Parameters: [" + strings.Join(missing, ", ") + "] must have values"}
	}
	for _, name := range Keys(values) {
		if err := t.Parameters[name].Check(name, values[name]); err != nil {
			return nil, err
		}
	}
	return values, nil
}
