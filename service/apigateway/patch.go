package apigateway

import (
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// change is a path that a patch may address, and what it does there. A path
// may end in "/*", which takes one reference token of a JSON pointer.
// https://docs.aws.amazon.com/apigateway/latest/api/patch-operations.html
type change[T any] struct {
	path string
	ops  []types.Op
	do   func(v *T, op types.Op, token, value string) error
}

var (
	replaceOnly = []types.Op{types.OpReplace}
	addRemove   = []types.Op{types.OpAdd, types.OpRemove}
	anyOp       = []types.Op{types.OpAdd, types.OpReplace, types.OpRemove}
)

// patch applies the operations in order; the first that cannot be applied
// fails them all, v being a copy that nobody then keeps.
func patch[T any](table []change[T], v *T, ops []types.PatchOperation) error {
	for _, op := range ops {
		if err := checkEnum(op.Op, "op", types.Op("").Values()); err != nil {
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

func find[T any](table []change[T], op types.Op, path string) (*change[T], string) {
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
			return c, strings.NewReplacer("~1", "/", "~0", "~").Replace(token)
		}
	}
	return nil, ""
}

func errPath[T any](table []change[T], op types.Op, path string) error {
	var valid []string
	for _, c := range table {
		if slices.Contains(c.ops, op) {
			valid = append(valid, strings.Replace(c.path, "*", "{name}", 1))
		}
	}
	if valid == nil {
		return errBadRequest("Invalid patch path  '%s' specified for op '%s'. Please choose supported operations", path, op)
	}
	slices.Sort(valid)
	return errBadRequest("Invalid patch path  '%s' specified for op '%s'. Must be one of: [%s]", path, op, strings.Join(valid, ", "))
}

// text is a member that is replaced; the empty string takes it away.
func text[T any](path string, at func(*T) **string) change[T] {
	return change[T]{path, []types.Op{types.OpReplace, types.OpRemove}, func(v *T, op types.Op, _, value string) error {
		*at(v) = nil
		if op == types.OpReplace && value != "" {
			*at(v) = &value
		}
		return nil
	}}
}

// enum is a member that has one of a model's values.
func enum[T any, E ~string](path string, at func(*T) *E, values []E) change[T] {
	return change[T]{path, replaceOnly, func(v *T, _ types.Op, _, value string) error {
		*at(v) = E(value)
		return checkEnum(E(value), strings.TrimPrefix(path, "/"), values)
	}}
}

func flag[T any](path string, at func(*T) *bool) change[T] {
	return change[T]{path, replaceOnly, func(v *T, _ types.Op, _, value string) error {
		b, err := boolean(path, value)
		*at(v) = b
		return err
	}}
}

func boolean(path, value string) (bool, error) {
	b, err := strconv.ParseBool(strings.ToLower(value))
	if err != nil {
		return false, errBadRequest("Invalid value '%s' specified for '%s'. Must be a boolean", value, path)
	}
	return b, nil
}

// entries is a map of strings whose keys are the last token of the path.
func entries[T any](path string, at func(*T) *map[string]string) change[T] {
	return change[T]{path + "/*", anyOp, func(v *T, op types.Op, token, value string) error {
		m := at(v)
		if op == types.OpRemove {
			delete(*m, token)
			return nil
		}
		put(m, token, value)
		return nil
	}}
}

// flags is a map of booleans whose keys are the last token of the path.
func flags[T any](path string, at func(*T) *map[string]bool) change[T] {
	return change[T]{path + "/*", anyOp, func(v *T, op types.Op, token, value string) error {
		m := at(v)
		if op == types.OpRemove {
			delete(*m, token)
			return nil
		}
		b, err := boolean(path, value)
		if value == "" {
			b, err = false, nil
		}
		put(m, token, b)
		return err
	}}
}

// members is a set of strings that are themselves the last token of the path.
// Slashes may be escaped twice, as they are in what templates say.
func members[T any](path string, at func(*T) *[]string) change[T] {
	return change[T]{path + "/*", addRemove, func(v *T, op types.Op, token, _ string) error {
		list, token := at(v), strings.ReplaceAll(token, "~1", "/")
		*list = slices.DeleteFunc(*list, func(s string) bool { return s == token })
		if op == types.OpAdd {
			*list = append(*list, token)
		}
		return nil
	}}
}

func put[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = make(map[K]V)
	}
	(*m)[k] = v
}
