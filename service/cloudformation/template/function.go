package template

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"
)

var (
	errJoin = functionError("every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of " +
		"strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.")
	errSplit = functionError("every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string " +
		"to be split or a function that returns a string to be split.")
	errSelect    = functionError("Fn::Select requires a list argument with two elements: an integer index and a list")
	errFindInMap = functionError("every Fn::FindInMap object requires three parameters, the map name, map key and the " +
		"attribute for return value")
	errIf     = functionError("Fn::If requires a list argument with three elements")
	errBase64 = functionError("every Fn::Base64 object must have a String-typed value.")
	errImport = functionError("the attribute in Fn::ImportValue must be a string or a function that returns a string")
)

// pair evaluates the two arguments of a function.
func (s *scope) pair(arg any, wrong *Error) (first, second any, err error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 2 {
		return nil, nil, wrong
	}
	if first, err = s.eval(list[0]); err != nil {
		return nil, nil, err
	}
	second, err = s.eval(list[1])
	return first, second, err
}

func (s *scope) join(arg any) (any, error) {
	first, second, err := s.pair(arg, errJoin)
	if err != nil {
		return nil, err
	}
	delimiter, ok := first.(string)
	if isUnknown(second) {
		return Unknown{}, nil
	}
	list, isList := second.([]any)
	if !ok || !isList {
		return nil, errJoin
	}
	parts := make([]string, len(list))
	unknown := false
	for i, item := range list {
		if isUnknown(item) {
			unknown = true
			continue
		}
		if parts[i], ok = Text(item); !ok {
			return nil, errJoin
		}
	}
	if unknown {
		return Unknown{}, nil
	}
	joined := strings.Join(parts, delimiter)
	return joined, s.spend(len(joined))
}

func (s *scope) split(arg any) (any, error) {
	first, second, err := s.pair(arg, errSplit)
	if err != nil {
		return nil, err
	}
	delimiter, ok := first.(string)
	if !ok || delimiter == "" {
		return nil, errSplit
	}
	if isUnknown(second) {
		return Unknown{}, nil
	}
	text, ok := Text(second)
	if !ok {
		return nil, errSplit
	}
	list := []any{}
	for part := range strings.SplitSeq(text, delimiter) {
		list = append(list, part)
	}
	return list, s.spend(len(text))
}

func (s *scope) choose(arg any) (any, error) {
	first, second, err := s.pair(arg, errSelect)
	if err != nil {
		return nil, err
	}
	if isUnknown(first) || isUnknown(second) {
		return Unknown{}, nil
	}
	text, _ := Text(first)
	index, err := strconv.Atoi(text)
	list, ok := second.([]any)
	if err != nil || !ok {
		return nil, errSelect
	}
	if index < 0 || index >= len(list) {
		return nil, functionError("Fn::Select cannot select nonexistent value at index %d", index)
	}
	return list[index], nil
}

func (s *scope) findInMap(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 3 && !(len(list) == 4 && s.extensions) {
		return nil, errFindInMap
	}
	keys := make([]string, 3)
	for i := range keys {
		v, err := s.eval(list[i])
		if err != nil {
			return nil, err
		}
		if isUnknown(v) {
			return nil, functionError("Fn::FindInMap cannot refer to a resource")
		}
		if keys[i], ok = Text(v); !ok {
			return nil, errFindInMap
		}
	}
	if found, ok := lookup(s.mappings, keys); ok {
		return s.spendOn(found)
	}
	if len(list) == 4 {
		if m, ok := list[3].(map[string]any); ok && len(m) == 1 && m["DefaultValue"] != nil {
			return s.eval(m["DefaultValue"])
		}
		return nil, errFindInMap
	}
	if s.mappings[keys[0]] == nil {
		return nil, functionError("Mapping named '%s' is not present in the 'Mappings' section of template.", keys[0])
	}
	return nil, functionError("Unable to get mapping for %s", strings.Join(keys, "::"))
}

func lookup(mappings map[string]any, keys []string) (any, bool) {
	var v any = mappings
	for _, key := range keys {
		m, ok := v.(map[string]any)
		if !ok || m[key] == nil {
			return nil, false
		}
		v = m[key]
	}
	return v, true
}

// branch gives the argument of Fn::If that its condition chooses.
func (s *scope) branch(arg any) (any, error) {
	list, ok := arg.([]any)
	if !ok || len(list) != 3 {
		return nil, errIf
	}
	name, ok := list[0].(string)
	if !ok {
		return nil, errIf
	}
	holds, ok := s.conditions[name]
	if !ok {
		return nil, functionError("Unresolved condition dependency %s in Fn::If", name)
	}
	if holds {
		return list[1], nil
	}
	return list[2], nil
}

func (s *scope) base64(arg any) (any, error) {
	v, err := s.eval(arg)
	if err != nil || isUnknown(v) {
		return v, err
	}
	text, ok := Text(v)
	if !ok {
		return nil, errBase64
	}
	return base64.StdEncoding.EncodeToString([]byte(text)), s.spend(len(text))
}

func (s *scope) getAZs(arg any) (any, error) {
	v, err := s.eval(arg)
	if err != nil {
		return nil, err
	}
	region, ok := v.(string)
	if !ok {
		return nil, functionError("every Fn::GetAZs object must have a single String value.")
	}
	list := []any{}
	if region == "" || region == s.region {
		for _, zone := range s.zones {
			list = append(list, zone)
		}
	}
	return list, nil
}

func (s *scope) importValue(arg any) (any, error) {
	v, err := s.eval(arg)
	if err != nil {
		return nil, err
	}
	if isUnknown(v) {
		return nil, functionError("the attribute in Fn::ImportValue must not depend on any resources, imported values, or Fn::GetAZs")
	}
	name, ok := v.(string)
	if !ok {
		return nil, errImport
	}
	return s.resolver.Import(name)
}

// extension is a function that the AWS::LanguageExtensions transform adds.
func (s *scope) extension(name string, arg any) (any, error) {
	if !s.extensions {
		return nil, functionError("%s needs the AWS::LanguageExtensions transform", name)
	}
	v, err := s.eval(arg)
	if err != nil || isUnknown(v) {
		return v, err
	}
	if name == "Fn::Length" {
		list, ok := v.([]any)
		if !ok {
			return nil, functionError("Fn::Length requires a list")
		}
		return json.Number(strconv.Itoa(len(list))), nil
	}
	if HasUnknown(v) {
		return Unknown{}, nil
	}
	switch v.(type) {
	case map[string]any, []any:
		text, err := JSON(v)
		if err != nil {
			return nil, err
		}
		return text, s.spend(len(text))
	}
	return nil, functionError("Fn::ToJsonString requires an object or an array")
}

// JSON writes a tree compactly, with sorted keys and without HTML escapes.
func JSON(v any) (string, error) {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return "", err
	}
	return strings.TrimSuffix(b.String(), "\n"), nil
}

// texts gives a list of scalars as strings.
func texts(v any) ([]string, bool) {
	list, ok := v.([]any)
	if !ok {
		return nil, false
	}
	out := make([]string, len(list))
	for i, item := range list {
		if out[i], ok = Text(item); !ok {
			return nil, false
		}
	}
	return out, true
}
