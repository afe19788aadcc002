package resource

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// assign fills an SDK input from properties. Members are matched by name,
// whatever the case of the first letter; a string serves as a number or a
// boolean and the other way round, as CloudFormation has it. A member that the
// structure does not have is an error that gives the path to it.
func assign(to any, props map[string]any, at string) error {
	return assignValue(reflect.ValueOf(to).Elem(), props, at)
}

func assignValue(to reflect.Value, v any, at string) error {
	if v == nil {
		return nil
	}
	switch to.Kind() {
	case reflect.Pointer:
		p := reflect.New(to.Type().Elem())
		if err := assignValue(p.Elem(), v, at); err != nil {
			return err
		}
		to.Set(p)
		return nil
	case reflect.Struct:
		return assignStruct(to, v, at)
	case reflect.Slice:
		return assignSlice(to, v, at)
	case reflect.Map:
		return assignMap(to, v, at)
	}
	return assignScalar(to, v, at)
}

func assignStruct(to reflect.Value, v any, at string) error {
	m, ok := v.(map[string]any)
	if !ok {
		return wrongType(at, "an object")
	}
	for _, name := range template.Keys(m) {
		field, ok := to.Type().FieldByNameFunc(func(f string) bool { return strings.EqualFold(f, name) })
		if !ok || !field.IsExported() {
			return &PropertyError{fmt.Sprintf("Encountered unsupported property %s in %s", name, at)}
		}
		if err := assignValue(to.FieldByIndex(field.Index), m[name], at+"/"+name); err != nil {
			return err
		}
	}
	return nil
}

func assignSlice(to reflect.Value, v any, at string) error {
	if to.Type().Elem().Kind() == reflect.Uint8 {
		text, ok := v.(string)
		if !ok {
			return wrongType(at, "a string")
		}
		to.SetBytes([]byte(text))
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		list = []any{v} // CloudFormation takes a single value for a list of one
	}
	out := reflect.MakeSlice(to.Type(), len(list), len(list))
	for i, item := range list {
		if err := assignValue(out.Index(i), item, at+"/"+strconv.Itoa(i)); err != nil {
			return err
		}
	}
	to.Set(out)
	return nil
}

func assignMap(to reflect.Value, v any, at string) error {
	m, ok := v.(map[string]any)
	if !ok {
		return wrongType(at, "an object")
	}
	out := reflect.MakeMapWithSize(to.Type(), len(m))
	for _, key := range template.Keys(m) {
		item := reflect.New(to.Type().Elem()).Elem()
		if err := assignValue(item, m[key], at+"/"+key); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(key).Convert(to.Type().Key()), item)
	}
	to.Set(out)
	return nil
}

func assignScalar(to reflect.Value, v any, at string) error {
	text, ok := template.Text(v)
	if !ok {
		if to.Kind() != reflect.String {
			return wrongType(at, "a "+to.Kind().String())
		}
		written, err := template.JSON(v) // documents such as policies go as text
		if err != nil {
			return err
		}
		text = written
	}
	switch to.Kind() {
	case reflect.String:
		to.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(strings.ToLower(text))
		if err != nil {
			return wrongType(at, "a boolean")
		}
		to.SetBool(b)
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := integer(text)
		if err != nil || to.OverflowInt(n) {
			return wrongType(at, "an integer")
		}
		to.SetInt(n)
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			return wrongType(at, "a number")
		}
		to.SetFloat(f)
	default:
		return wrongType(at, "supported")
	}
	return nil
}

// integer reads a whole number, also one written with a fraction of zero.
func integer(text string) (int64, error) {
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return n, nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != float64(int64(f)) {
		return 0, strconv.ErrSyntax
	}
	return int64(f), nil
}

func wrongType(at, want string) error {
	return &PropertyError{fmt.Sprintf("Value of property %s must be %s", at, want)}
}

// pick takes some of the properties, for an SDK input that has these by the same
// names.
func pick(props map[string]any, names ...string) map[string]any {
	out := map[string]any{}
	for _, name := range names {
		if v, ok := props[name]; ok {
			out[name] = v
		}
	}
	return out
}

// without are the properties but those that an input does not have.
func (c *Call) without(names ...string) map[string]any {
	out := map[string]any{}
	for name, v := range c.Props {
		if !contains(names, name) {
			out[name] = v
		}
	}
	return out
}

// document gives a policy as JSON text; a string is taken as it is.
func document(v any) (string, error) {
	if text, ok := v.(string); ok {
		if !json.Valid([]byte(text)) {
			return "", &PropertyError{"A policy document must be JSON"}
		}
		return text, nil
	}
	return template.JSON(v)
}

// tags are the stack's and the resource's own, of which the latter win. Own tags
// come as a list of Key and Value or as a map.
func (c *Call) tags() map[string]string {
	out := map[string]string{}
	for key, value := range c.Tags {
		out[key] = value
	}
	switch own := c.Props["Tags"].(type) {
	case map[string]any:
		for key, v := range own {
			out[key], _ = template.Text(v)
		}
	case []any:
		for _, item := range own {
			tag, _ := item.(map[string]any)
			key, ok := template.Text(tag["Key"])
			if ok {
				out[key], _ = template.Text(tag["Value"])
			}
		}
	}
	return out
}

// tagList gives tags as a service's SDK has them, in the order of their keys.
func tagList[T any](tags map[string]string, tag func(key, value *string) T) []T {
	var out []T
	for _, key := range template.Keys(tags) {
		out = append(out, tag(&key, aws.String(tags[key])))
	}
	return out
}

// removedTags are keys that the resource had, of its own or of the stack, and
// has no more.
func (c *Call) removedTags() []string {
	now := c.tags()
	before := (&Call{Props: c.Old, Tags: c.OldTags}).tags()
	var gone []string
	for _, key := range template.Keys(before) {
		if _, kept := now[key]; !kept {
			gone = append(gone, key)
		}
	}
	return gone
}

// object is a property that is an object; nil if absent or something else.
func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// items is a list: of one, where a single value stands for it.
func items(v any) []any {
	list, ok := v.([]any)
	if !ok && v != nil {
		list = []any{v}
	}
	return list
}

func texts(v any) []string {
	var out []string
	for _, item := range items(v) {
		if text, ok := template.Text(item); ok {
			out = append(out, text)
		}
	}
	return out
}
