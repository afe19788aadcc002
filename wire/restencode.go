package wire

import (
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/runnel/runnel/wire/codec"
)

func (c *call) encodeREST(out reflect.Value) error {
	plan, err := c.sides()
	if err != nil {
		return err
	}
	s := plan.out
	h := c.w.Header()
	for _, f := range s.headers {
		if v := out.Field(f.Index); !f.Absent(v) && !v.IsZero() {
			h[f.name] = []string{f.Text(v)}
		}
	}
	for _, f := range s.prefix {
		for k, v := range out.Field(f.Index).Seq2() {
			// In lower case as S3 has it: Python's SDK keeps the case.
			h[strings.ToLower(f.name+k.String())] = []string{v.String()}
		}
	}
	status := c.status(s, out)
	switch {
	case c.r.Method == http.MethodHead && s.payload == nil:
		return c.empty(status)
	case s.payload != nil:
		return c.encodePayload(status, s.payload, out.Field(s.payload.Index))
	case s.body == nil || status == http.StatusNoContent || c.proto == RESTXML && !s.body.HasDocument(out):
		return c.empty(status)
	}
	return c.document(status, func(b []byte) ([]byte, error) {
		if c.proto == RESTXML {
			return s.body.AppendXML(b, out, c.svc.Namespace), nil
		}
		return s.body.AppendJSON(b, out), nil
	})
}

func (c *call) status(s *restSide, out reflect.Value) int {
	if s.status != nil {
		v := reflect.Indirect(out.Field(s.status.Index))
		if v.IsValid() && v.CanInt() && v.Int() != 0 {
			return int(v.Int())
		}
	}
	for name, code := range c.op.statusIf {
		if v := out.FieldByName(name); v.IsValid() && !v.IsZero() {
			return code
		}
	}
	if c.op.Operation.status != 0 {
		return c.op.Operation.status
	}
	return http.StatusOK
}

// empty answers without a body.
func (c *call) empty(status int) error {
	if status != http.StatusNoContent && status != http.StatusNotModified && c.r.Method != http.MethodHead {
		c.w.Header().Set("Content-Length", "0")
	}
	c.begin(status)
	return nil
}

func (c *call) encodePayload(status int, f *codec.Field, v reflect.Value) error {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	n := f.Node
	for n.Kind == codec.KindPointer {
		n = n.Elem
	}
	switch {
	case n.Kind == codec.KindStream:
		return c.encodeStream(status, v)
	case v.IsZero():
		return c.empty(status)
	case n.Kind == codec.KindBlob:
		return c.bytes(status, v.Bytes())
	case n.Kind == codec.KindString:
		return c.bytes(status, []byte(v.String()))
	}
	return c.document(status, func(b []byte) ([]byte, error) {
		if c.proto == RESTXML {
			return n.AppendXML(b, v, c.svc.Namespace), nil
		}
		return n.AppendJSON(b, v), nil
	})
}

// bytes answers with bytes; their type is what a header binding says, else the
// protocol's.
func (c *call) bytes(status int, b []byte) error {
	h := c.w.Header()
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", c.contentType())
	}
	h.Set("Content-Length", strconv.Itoa(len(b)))
	c.begin(status)
	if c.r.Method != http.MethodHead {
		c.Write(b)
	}
	return nil
}

// encodeStream copies a payload to the client and closes it. If it fails the
// connection breaks, since the status is out.
func (c *call) encodeStream(status int, v reflect.Value) error {
	r, _ := v.Interface().(io.Reader)
	if r == nil {
		return c.empty(status)
	}
	if cl, ok := r.(io.Closer); ok {
		defer cl.Close()
	}
	c.begin(status)
	if c.r.Method == http.MethodHead {
		return nil
	}
	dst := &clientWriter{w: c}
	_, err := io.Copy(dst, r) // by r's own WriteTo if it has one
	if dst.gone {
		return nil
	}
	return err
}

// clientWriter remembers that writing failed, to tell it from a failed read: then
// the client has gone, and that is no failure.
type clientWriter struct {
	w    io.Writer
	gone bool
}

func (c *clientWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.gone = err != nil
	return n, err
}
