package template

import (
	"regexp"
	"strings"
)

// LanguageExtensions is the transform that adds Fn::ForEach, Fn::Length,
// Fn::ToJsonString and the default value of Fn::FindInMap.
const LanguageExtensions = "AWS::LanguageExtensions"

const (
	loopPrefix = "Fn::ForEach::"
	maxLoops   = 5       // loops within each other
	loopBudget = 1 << 18 // nodes that loops may produce, long strings counting more
)

// Expand writes the loops of a template out, each Fn::ForEach becoming what it
// stands for. The values are those of the template's parameters, which may be
// what a loop goes over.
func Expand(tree map[string]any, values map[string]string) (map[string]any, error) {
	t := &Template{}
	if err := t.loadParameters(tree); err != nil {
		return nil, err
	}
	e := &expansion{parameters: map[string]any{}, budget: loopBudget}
	for name, text := range values {
		if p := t.Parameters[name]; p != nil {
			e.parameters[name] = p.value(text)
		}
	}
	out, err := e.expand(tree, 0)
	if err != nil {
		return nil, err
	}
	return out.(map[string]any), nil
}

type expansion struct {
	parameters map[string]any
	budget     int
}

func (e *expansion) spend(n int) error {
	if e.budget -= n; e.budget < 0 {
		return functionError("Fn::ForEach produces too much")
	}
	return nil
}

func (e *expansion) expand(v any, depth int) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range Keys(v) {
			if strings.HasPrefix(key, loopPrefix) {
				if err := e.loop(key, v[key], out, depth+1); err != nil {
					return nil, err
				}
				continue
			}
			item, err := e.expand(v[key], depth)
			if err != nil {
				return nil, err
			}
			if err := put(out, key, item); err != nil {
				return nil, err
			}
		}
		return out, nil
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			expanded, err := e.expand(item, depth)
			if err != nil {
				return nil, err
			}
			out[i] = expanded
		}
		return out, nil
	}
	return v, nil
}

func put(m map[string]any, key string, v any) error {
	if _, twice := m[key]; twice {
		return functionError("Fn::ForEach produces the key %s twice", key)
	}
	m[key] = v
	return nil
}

// loop writes one loop into the map that it is a member of.
func (e *expansion) loop(name string, arg any, into map[string]any, depth int) error {
	list, ok := arg.([]any)
	wrong := functionError("%s requires a list of an identifier, a collection and an object", name)
	if !ok || len(list) != 3 || depth > maxLoops {
		return wrong
	}
	identifier, ok := list[0].(string)
	body, isMap := list[2].(map[string]any)
	if !ok || !alphanumeric.MatchString(identifier) || !isMap {
		return wrong
	}
	over, err := e.collection(list[1])
	if err != nil || over == nil {
		return functionError("%s requires a collection that is a list or a Ref to a parameter that is one", name)
	}
	for _, value := range over {
		filled, err := e.round(identifier, value).substitute(body)
		if err != nil {
			return err
		}
		expanded, err := e.expand(filled, depth)
		if err != nil {
			return err
		}
		for key, item := range expanded.(map[string]any) {
			if err := put(into, key, item); err != nil {
				return err
			}
		}
	}
	return nil
}

// collection is what a loop goes over: strings, and parameters that are lists.
func (e *expansion) collection(v any) ([]string, error) {
	if m, ok := v.(map[string]any); ok {
		name, _ := m["Ref"].(string)
		out, _ := texts(e.parameters[name])
		return out, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, nil
	}
	out := []string{}
	for _, item := range list {
		if text, ok := Text(item); ok {
			out = append(out, text)
			continue
		}
		more, err := e.collection(item)
		if err != nil || more == nil {
			return nil, err
		}
		out = append(out, more...)
	}
	return out, nil
}

var notAlphanumeric = regexp.MustCompile(`[^A-Za-z0-9]`)

// round is one turn of a loop: the value that takes the place of the identifier.
// ${X} stands for it, &{X} for what of it a logical id can have, and so does a
// Ref to X.
type round struct {
	*expansion
	identifier, value string
	fill              *strings.Replacer
}

func (e *expansion) round(identifier, value string) round {
	return round{e, identifier, value, strings.NewReplacer("${"+identifier+"}", value,
		"&{"+identifier+"}", notAlphanumeric.ReplaceAllString(value, ""))}
}

func (r round) substitute(v any) (any, error) {
	if err := r.spend(1); err != nil {
		return nil, err
	}
	switch v := v.(type) {
	case string:
		filled := r.fill.Replace(v)
		return filled, r.spend(len(filled) / 64)
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			filled, err := r.substitute(item)
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	case map[string]any:
		if v["Ref"] == r.identifier && len(v) == 1 {
			return r.value, nil
		}
		out := make(map[string]any, len(v))
		for key, item := range v {
			filled, err := r.substitute(item)
			if err != nil {
				return nil, err
			}
			if err := put(out, r.fill.Replace(key), filled); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}
