// Package patch applies the patch operations with which API Gateway updates what
// it has.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
package patch

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"

	"github.com/runnel/runnel/service/apigateway/refuse"
)

// Change is a path that a patch may address, and what it does there. A path
// may end in "/*", which takes one reference token of a JSON pointer.
type Change[T any] struct {
	path string
	ops  []types.Op
	do   func(v *T, op types.Op, token, value string) error
}

var (
	replaceOnly = []types.Op{types.OpReplace}
	addRemove   = []types.Op{types.OpAdd, types.OpRemove}
	anyOp       = []types.Op{types.OpAdd, types.OpReplace, types.OpRemove}
)

// Apply applies the operations in order; the first that cannot be applied
// fails them all, v being a copy that nobody then keeps.
func Apply[T any](table []Change[T], v *T, ops []types.PatchOperation) error {
	for _, op := range ops {
		if err := refuse.Enum(op.Op, "op", types.Op("").Values()); err != nil {
			return err
		}
		path := aws.ToString(op.Path)
		c, token := find(table, op.Op, path)
		if c == nil {
			return errPath(table, op.Op, path)
		}
		if err := c.do(v, op.Op, token, aws.ToString(op.Value)); err != nil {
			return err
		}
	}
	return nil
}

func find[T any](table []Change[T], op types.Op, path string) (*Change[T], string) {
	for i := range table {
		c := &table[i]
		if !slices.Contains(c.ops, op) {
			continue
		}
		if c.path == path {
			return c, ""
		}
		prefix, ok := strings.CutSuffix(c.path, "*")
		token, under := strings.CutPrefix(path, prefix)
		if ok && under && token != "" && !strings.Contains(token, "/") {
			return c, Unescape(token)
		}
	}
	return nil, ""
}

var escapes = strings.NewReplacer("~1", "/", "~0", "~")

// Unescape is what a reference token of a JSON pointer stands for.
func Unescape(token string) string { return escapes.Replace(token) }

func errPath[T any](table []Change[T], op types.Op, path string) error {
	var valid []string
	for _, c := range table {
		if slices.Contains(c.ops, op) {
			valid = append(valid, strings.Replace(c.path, "*", "{name}", 1))
		}
	}
	if valid == nil {
		return refuse.BadRequest("Invalid patch path  '%s' specified for op '%s'. Please choose supported operations", path, op)
	}
	slices.Sort(valid)
	return refuse.BadRequest("Invalid patch path  '%s' specified for op '%s'. Must be one of: [%s]", path, op, strings.Join(valid, ", "))
}

// Text is a member that is replaced; the empty string takes it away.
func Text[T any](path string, at func(*T) **string) Change[T] {
	return Change[T]{path, []types.Op{types.OpReplace, types.OpRemove}, func(v *T, op types.Op, _, value string) error {
		*at(v) = nil
		if op == types.OpReplace && value != "" {
			*at(v) = &value
		}
		return nil
	}}
}

// Member is a member that is replaced as do sees fit. token is the last one of a
// path that ends in "/*".
func Member[T any](path string, do func(v *T, token, value string) error) Change[T] {
	return Change[T]{path, replaceOnly, func(v *T, _ types.Op, token, value string) error { return do(v, token, value) }}
}

// Enum is a member that has one of a model's values.
func Enum[T any, E ~string](path string, at func(*T) *E, values []E) Change[T] {
	return Change[T]{path, replaceOnly, func(v *T, _ types.Op, _, value string) error {
		*at(v) = E(value)
		return refuse.Enum(E(value), strings.TrimPrefix(path, "/"), values)
	}}
}

// Flag is a member that is true or false.
func Flag[T any](path string, at func(*T) *bool) Change[T] {
	return Change[T]{path, replaceOnly, func(v *T, _ types.Op, _, value string) error {
		b, err := boolean(path, value)
		*at(v) = b
		return err
	}}
}

func boolean(path, value string) (bool, error) {
	b, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		return false, refuse.BadRequest("Invalid value '%s' specified for '%s'. Must be a boolean", value, path)
	}
	return b, nil
}

// Entries is a map of strings whose keys are the last token of the path.
func Entries[T any](path string, at func(*T) *map[string]string) Change[T] {
	return Change[T]{path + "/*", anyOp, func(v *T, op types.Op, token, value string) error {
		m := at(v)
		if op == types.OpRemove {
			delete(*m, token)
			return nil
		}
		set(m, token, value)
		return nil
	}}
}

// Flags is a map of booleans whose keys are the last token of the path.
func Flags[T any](path string, at func(*T) *map[string]bool) Change[T] {
	return Change[T]{path + "/*", anyOp, func(v *T, op types.Op, token, value string) error {
		m := at(v)
		if op == types.OpRemove {
			delete(*m, token)
			return nil
		}
		b, err := boolean(path, value)
		if value == "" {
			b, err = false, nil
		}
		set(m, token, b)
		return err
	}}
}

// Members is a set of strings that are themselves the last token of the path.
// Slashes may be escaped twice, as they are in what templates say.
func Members[T any](path string, at func(*T) *[]string) Change[T] {
	return Change[T]{path + "/*", addRemove, func(v *T, op types.Op, token, _ string) error {
		list, token := at(v), strings.ReplaceAll(token, "~1", "/")
		*list = slices.DeleteFunc(*list, func(s string) bool { return s == token })
		if op == types.OpAdd {
			*list = append(*list, token)
		}
		return nil
	}}
}

func set[V any](m *map[string]V, k string, v V) {
	if *m == nil {
		*m = make(map[string]V)
	}
	(*m)[k] = v
}
