package template

import (
	"regexp"
	"strings"
)

var (
	errSub = functionError("One or more Fn::Sub intrinsic functions don't specify expected arguments. Specify a string " +
		"as first argument, and an optional second argument to specify a mapping of values to replace in the string")
	errSubName = functionError("variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, " +
		"periods, and colons")

	variable     = regexp.MustCompile(`\$\{([^}]*)\}`)
	variableName = regexp.MustCompile(`^[A-Za-z0-9_.:]+$`)
)

// subArguments takes Fn::Sub's argument apart.
func subArguments(arg any) (text string, variables map[string]any, err error) {
	if list, ok := arg.([]any); ok && len(list) == 2 {
		if variables, ok = list[1].(map[string]any); !ok {
			return "", nil, errSub
		}
		arg = list[0]
	}
	text, ok := arg.(string)
	if !ok {
		return "", nil, errSub
	}
	return text, variables, nil
}

func (s *scope) sub(arg any) (any, error) {
	text, variables, err := subArguments(arg)
	if err != nil {
		return nil, err
	}
	var out strings.Builder
	unknown := false
	last := 0
	for _, at := range variable.FindAllStringSubmatchIndex(text, -1) {
		out.WriteString(text[last:at[0]])
		last = at[1]
		name := text[at[2]:at[3]]
		if literal, ok := strings.CutPrefix(name, "!"); ok {
			out.WriteString("${" + literal + "}")
			continue
		}
		v, err := s.variable(name, variables)
		if err != nil {
			return nil, err
		}
		if isUnknown(v) {
			unknown = true
			continue
		}
		value, ok := Text(v)
		if !ok {
			return nil, functionError("Fn::Sub expression does not resolve to a string: ${%s}", name)
		}
		if err := s.spend(len(value)); err != nil {
			return nil, err
		}
		out.WriteString(value)
	}
	out.WriteString(text[last:])
	if unknown {
		return Unknown{}, nil
	}
	return out.String(), s.spend(len(text))
}

// variable resolves a name inside Fn::Sub: a variable of the call, a parameter,
// a resource, or with a dot a resource's attribute.
func (s *scope) variable(name string, variables map[string]any) (any, error) {
	name = strings.TrimSpace(name)
	if !variableName.MatchString(name) {
		return nil, errSubName
	}
	if v, ok := variables[name]; ok {
		return s.eval(v)
	}
	if strings.Contains(name, ".") {
		return s.getAtt(name)
	}
	v, err := s.ref(name)
	if isNoValue(v) {
		return "", err
	}
	return v, err
}
