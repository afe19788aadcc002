package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	"go.yaml.in/yaml/v3"
)

// maxDepth bounds the nesting of a template, so that hostile input cannot
// exhaust the stack of the recursive walks that follow.
const maxDepth = 200

// Parse reads a template body as JSON when it opens with a brace, else as YAML.
// The values of the result are map[string]any, []any, string, bool, json.Number
// and nil; short forms such as !Ref are in their long form.
func Parse(body string) (map[string]any, error) {
	var root any
	var err error
	if strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(body, "\ufeff")), "{") {
		root, err = parseJSON(body)
	} else {
		root, err = parseYAML(body)
	}
	if err != nil {
		return nil, err
	}
	m, ok := root.(map[string]any)
	if !ok {
		return nil, formatError("unsupported structure.")
	}
	return m, nil
}

// ParseValue reads one JSON value, such as the string form of a policy or of an
// OpenAPI body, into the same tree that Parse builds.
func ParseValue(body string) (any, error) { return parseJSON(body) }

func parseJSON(body string) (any, error) {
	d := jsontext.NewDecoder(strings.NewReader(strings.TrimPrefix(body, "\ufeff")))
	v, err := jsonValue(d, 0)
	if err == nil {
		if _, end := d.ReadToken(); end == io.EOF {
			return v, nil
		}
	}
	var own *Error
	if errors.As(err, &own) {
		return nil, own
	}
	offset, why := d.InputOffset(), ""
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		offset = syntax.ByteOffset
		if errors.Is(err, jsontext.ErrDuplicateName) {
			why = ": duplicate key " + syntax.JSONPointer.LastToken()
		}
	}
	line, column := position(body, int(offset))
	return nil, formatError("JSON not well-formed. (line %d, column %d)%s", line, column, why)
}

// position gives the line and column, from 1, of a byte offset.
func position(body string, offset int) (line, column int) {
	before := body[:min(offset, len(body))]
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}

func jsonValue(d *jsontext.Decoder, depth int) (any, error) {
	if depth > maxDepth {
		return nil, formatError("nested deeper than %d levels", maxDepth)
	}
	tok, err := d.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return tok.Bool(), nil
	case '"':
		return tok.String(), nil
	case '0':
		return json.Number(tok.String()), nil
	case '[':
		return jsonList(d, depth)
	}
	return jsonMap(d, depth)
}

func jsonList(d *jsontext.Decoder, depth int) (any, error) {
	list := []any{}
	for d.PeekKind() != ']' {
		v, err := jsonValue(d, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	_, err := d.ReadToken()
	return list, err
}

func jsonMap(d *jsontext.Decoder, depth int) (any, error) {
	m := map[string]any{}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		if m[key], err = jsonValue(d, depth+1); err != nil {
			return nil, err
		}
	}
	_, err := d.ReadToken()
	return m, err
}

func parseYAML(body string) (any, error) {
	var doc yaml.Node
	d := yaml.NewDecoder(bytes.NewReader([]byte(body)))
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, nil
	case err != nil:
		return nil, formatError("YAML not well-formed. (%s)", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if len(doc.Content) != 1 {
		return nil, formatError("unsupported structure.")
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) {
		return nil, formatError("YAML not well-formed. (expected a single document)")
	}
	return yamlValue(doc.Content[0], 0)
}

// notWellFormed points at a node that is YAML but not CloudFormation's.
func notWellFormed(n *yaml.Node, why string) *Error {
	return formatError("YAML not well-formed. (line %d, column %d): %s", n.Line, n.Column, why)
}

func yamlValue(n *yaml.Node, depth int) (any, error) {
	if depth > maxDepth {
		return nil, formatError("nested deeper than %d levels", maxDepth)
	}
	if n.Kind == yaml.AliasNode {
		return nil, functionError("YAML aliases are not allowed in CloudFormation templates")
	}
	short := strings.HasPrefix(n.Tag, "!") && !strings.HasPrefix(n.Tag, "!!")
	var v any
	var err error
	switch n.Kind {
	case yaml.MappingNode:
		v, err = yamlMap(n, depth)
	case yaml.SequenceNode:
		v, err = yamlList(n, depth)
	default:
		v, err = yamlScalar(n, short)
	}
	if err != nil || !short {
		return v, err
	}
	return longForm(n, v)
}

func yamlMap(n *yaml.Node, depth int) (any, error) {
	if n.Style&yaml.TaggedStyle != 0 && strings.HasPrefix(n.Tag, "!!") && n.Tag != "!!map" {
		return nil, notWellFormed(n, "tag "+n.Tag+" is not supported")
	}
	m := make(map[string]any, len(n.Content)/2)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		switch {
		case key.Kind == yaml.AliasNode:
			return nil, functionError("YAML aliases are not allowed in CloudFormation templates")
		case key.Kind != yaml.ScalarNode:
			return nil, notWellFormed(key, "a key must be a string")
		case key.Tag == "!!merge":
			return nil, notWellFormed(key, "hash merges are not supported")
		}
		if _, twice := m[key.Value]; twice {
			return nil, notWellFormed(key, "duplicate key "+key.Value)
		}
		v, err := yamlValue(n.Content[i+1], depth+1)
		if err != nil {
			return nil, err
		}
		m[key.Value] = v
	}
	return m, nil
}

func yamlList(n *yaml.Node, depth int) (any, error) {
	if n.Style&yaml.TaggedStyle != 0 && strings.HasPrefix(n.Tag, "!!") && n.Tag != "!!seq" {
		return nil, notWellFormed(n, "tag "+n.Tag+" is not supported")
	}
	list := make([]any, 0, len(n.Content))
	for _, item := range n.Content {
		v, err := yamlValue(item, depth+1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	return list, nil
}
