package wire

import (
	"context"
	"reflect"
)

// ReflectOp is Op for tests that walk all operations of an SDK client.
func ReflectOp(name string, in, out reflect.Type, f func(context.Context, any) (any, error), opts ...Option) Operation {
	op := Operation{name: name, in: in, out: out, call: f}
	for _, o := range opts {
		o(&op.binding)
	}
	return op
}
