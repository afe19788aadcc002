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

// ScanJSON reads doc to its end and makes nothing of it.
func ScanJSON(doc string) error {
	d := newJSONScanner(doc)
	return d.skip()
}

// Codec is a codec of an API, for fuzzing.
type Codec struct{ c *codec }

// CodecOf returns the codec that a Mux would make of the API.
func CodecOf(api API) Codec { return Codec{newCodec(&api)} }

// JSON reads doc into p, a pointer.
func (c Codec) JSON(doc []byte, p any) error {
	return c.c.decodeJSON(doc, reflect.ValueOf(p).Elem())
}

// AppendJSON writes what p points to.
func (c Codec) AppendJSON(b []byte, p any) ([]byte, error) {
	return c.c.encodeJSON(b, reflect.ValueOf(p).Elem())
}

// Form reads a query string into p.
func (c Codec) Form(query string, p any) error {
	f := &form{}
	if err := f.parse(query); err != nil {
		return err
	}
	return c.c.decodeForm(f, reflect.ValueOf(p).Elem())
}

// XML reads doc into p.
func (c Codec) XML(doc []byte, p any) error {
	n, err := c.c.plan(reflect.TypeOf(p).Elem())
	if err != nil {
		return err
	}
	return decodeXML(n, "", doc, reflect.ValueOf(p).Elem())
}

// AppendXML writes what p points to as a document.
func (c Codec) AppendXML(b []byte, p any) ([]byte, error) {
	n, err := c.c.plan(reflect.TypeOf(p).Elem())
	if err != nil {
		return b, err
	}
	return n.appendRoot(b, reflect.ValueOf(p).Elem(), ""), nil
}
