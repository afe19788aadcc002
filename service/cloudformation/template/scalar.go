package template

import (
	"encoding/json"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

// number is what CloudFormation takes for a number in a plain scalar. A leading
// zero (an account id), a date, a hexadecimal and an underscore make a string.
var number = regexp.MustCompile(`^[-+]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func yamlScalar(n *yaml.Node, short bool) (any, error) {
	if n.Style&quoted != 0 && n.Style&yaml.TaggedStyle == 0 || short {
		return n.Value, nil
	}
	if n.Style&yaml.TaggedStyle != 0 {
		return taggedScalar(n)
	}
	return plainScalar(n.Value), nil
}

func taggedScalar(n *yaml.Node) (any, error) {
	switch n.Tag {
	case "!!str":
		return n.Value, nil
	case "!!int", "!!float", "!!bool", "!!null":
		return plainScalar(n.Value), nil
	}
	return nil, notWellFormed(n, "tag "+n.Tag+" is not supported")
}

func plainScalar(text string) any {
	switch text {
	case "", "~", "null", "Null", "NULL":
		return nil
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return true
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return false
	}
	if number.MatchString(text) {
		return json.Number(strings.TrimPrefix(text, "+"))
	}
	return text
}

// shortForms are the functions that YAML may write as a tag.
var shortForms = map[string]string{
	"!Ref": "Ref", "!Condition": "Condition", "!GetAtt": "Fn::GetAtt", "!Sub": "Fn::Sub",
	"!Join": "Fn::Join", "!Select": "Fn::Select", "!Split": "Fn::Split", "!FindInMap": "Fn::FindInMap",
	"!If": "Fn::If", "!And": "Fn::And", "!Or": "Fn::Or", "!Not": "Fn::Not", "!Equals": "Fn::Equals",
	"!Base64": "Fn::Base64", "!Cidr": "Fn::Cidr", "!GetAZs": "Fn::GetAZs", "!ImportValue": "Fn::ImportValue",
	"!Transform": "Fn::Transform", "!Length": "Fn::Length", "!ToJsonString": "Fn::ToJsonString",
	"!Contains": "Fn::Contains", "!EachMemberEquals": "Fn::EachMemberEquals", "!EachMemberIn": "Fn::EachMemberIn",
	"!RefAll": "Fn::RefAll", "!ValueOf": "Fn::ValueOf", "!ValueOfAll": "Fn::ValueOfAll",
}

func longForm(n *yaml.Node, v any) (any, error) {
	name, ok := shortForms[n.Tag]
	if !ok {
		return nil, notWellFormed(n, "unknown tag "+n.Tag)
	}
	if dotted, ok := v.(string); ok && name == "Fn::GetAtt" {
		v = splitAttribute(dotted)
	}
	return map[string]any{name: v}, nil
}

// splitAttribute turns "Resource.Attribute.Of.It" into the list that Fn::GetAtt
// takes. The first dot divides: logical ids have none, attributes may.
func splitAttribute(dotted string) []any {
	id, attribute, _ := strings.Cut(dotted, ".")
	return []any{id, attribute}
}
