package openapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// object is a JSON object of an OpenAPI document. Reading what is not there, or
// is of another kind, gives zero values: the document is a stranger's.
type object map[string]any

func (o object) object(name string) object {
	m, _ := o[name].(map[string]any)
	return m
}

func (o object) list(name string) []any {
	l, _ := o[name].([]any)
	return l
}

// text is a scalar as text, "" if there is none.
func (o object) text(name string) string {
	switch v := o[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return fmt.Sprint(v)
	}
	return ""
}

// optional is text as a pointer, nil if it is empty.
func (o object) optional(name string) *string {
	if t := o.text(name); t != "" {
		return &t
	}
	return nil
}

func (o object) flag(name string) bool { return o.text(name) == "true" }

// texts is a map of scalars, nil if there is none.
func (o object) texts(name string) map[string]string {
	m := o.object(name)
	if len(m) == 0 {
		return nil
	}
	out := make(map[string]string, len(m))
	for k := range m {
		out[k] = m.text(k)
	}
	return out
}

// maxNodes bounds what a YAML document may be once its aliases are followed.
const maxNodes = 1 << 20

var errDocument = errors.New("the document is not an object in JSON or YAML")

// readDocument reads JSON or YAML.
func readDocument(body []byte) (object, error) {
	var v any
	if text := bytes.TrimSpace(body); bytes.HasPrefix(text, []byte("{")) {
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&v); err == nil && !d.More() {
			m, _ := v.(map[string]any)
			return m, nil
		}
	}
	var n yaml.Node
	if err := yaml.Unmarshal(body, &n); err != nil {
		return nil, err
	}
	r := yamlReader{left: maxNodes}
	v, err := r.value(&n)
	if err != nil {
		return nil, err
	}
	m, ok := v.(map[string]any)
	if !ok {
		return nil, errDocument
	}
	return m, nil
}

// yamlReader makes of YAML what JSON would be: keys are text, dates and
// versions stay as they were written.
type yamlReader struct{ left int }

func (r *yamlReader) value(n *yaml.Node) (any, error) {
	if r.left--; r.left < 0 {
		return nil, errors.New("the document has too many nodes")
	}
	switch n.Kind {
	case yaml.DocumentNode:
		return r.value(n.Content[0])
	case yaml.AliasNode:
		return r.value(n.Alias)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := r.value(c)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		return r.mapping(n)
	case yaml.ScalarNode:
		return scalarOf(n), nil
	}
	return nil, errDocument
}

func (r *yamlReader) mapping(n *yaml.Node) (any, error) {
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		v, err := r.value(n.Content[i+1])
		if err != nil {
			return nil, err
		}
		if key.Tag == "!!merge" {
			return nil, errors.New("merge keys (<<) are not supported")
		}
		if key.Kind != yaml.ScalarNode {
			return nil, fmt.Errorf("line %d: a key is not a scalar", key.Line)
		}
		m[key.Value] = v
	}
	return m, nil
}

func scalarOf(n *yaml.Node) any {
	switch n.Tag {
	case "!!null":
		return nil
	case "!!bool":
		return strings.EqualFold(n.Value, "true")
	case "!!int", "!!float":
		if json.Valid([]byte(n.Value)) {
			return json.Number(n.Value)
		}
	}
	return n.Value
}
