package wire

import (
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"time"
)

func (c *call) encodeREST(out reflect.Value) error {
	plan, err := c.sides()
	if err != nil {
		return err
	}
	s := plan.out
	h := c.w.Header()
	for _, f := range s.headers {
		if v := out.Field(f.index); !absent(f.node, v) && !v.IsZero() {
			h[f.name] = []string{headerText(f.node, v)}
		}
	}
	for _, f := range s.prefix {
		for k, v := range out.Field(f.index).Seq2() {
			// In lower case as S3 has it: Python's SDK keeps the case.
			h[strings.ToLower(f.name+k.String())] = []string{v.String()}
		}
	}
	status := c.status(s, out)
	switch {
	case c.r.Method == http.MethodHead && s.payload == nil:
		return c.empty(status)
	case s.payload != nil:
		return c.encodePayload(status, s.payload, out.Field(s.payload.index))
	case s.body == nil || status == http.StatusNoContent || c.proto == RESTXML && s.body.empty(out):
		return c.empty(status)
	}
	return c.document(status, func(b []byte) ([]byte, error) {
		if c.proto == RESTXML {
			return s.body.appendRoot(append(b, xmlHeader...), out, c.svc.Namespace), nil
		}
		return s.body.appendJSON(b, out), nil
	})
}

// empty reports whether a document would be but a root that Names does not name.
// Then there is none: an output whose members are all in the header has no body.
func (n *node) empty(v reflect.Value) bool {
	if n.root.Name != "" {
		return false
	}
	for i := range n.fields {
		if f := &n.fields[i]; !absent(f.node, v.Field(f.index)) {
			return false
		}
	}
	return true
}

func (c *call) status(s *restSide, out reflect.Value) int {
	if s.status != nil {
		v := reflect.Indirect(out.Field(s.status.index))
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

func (c *call) encodePayload(status int, f *field, v reflect.Value) error {
	for v.Kind() == reflect.Pointer && !v.IsNil() {
		v = v.Elem()
	}
	n := f.node
	for n.kind == kindPointer {
		n = n.elem
	}
	switch {
	case n.kind == kindStream:
		return c.encodeStream(status, v)
	case v.IsZero():
		return c.empty(status)
	case n.kind == kindBlob:
		return c.bytes(status, v.Bytes())
	case n.kind == kindString:
		return c.bytes(status, []byte(v.String()))
	}
	return c.document(status, func(b []byte) ([]byte, error) {
		if c.proto == RESTXML {
			return n.appendRoot(append(b, xmlHeader...), v, c.svc.Namespace), nil
		}
		return n.appendJSON(b, v), nil
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
		c.w.Write(b)
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
	dst := &clientWriter{w: c.w}
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

// headerText is a value as a header has it.
func headerText(n *node, v reflect.Value) string {
	switch n.kind {
	case kindPointer:
		return headerText(n.elem, v.Elem())
	case kindTime:
		f := n.time
		if f == 0 {
			f = HTTPDate
		}
		return string(appendTime(nil, v.Interface().(time.Time), f))
	case kindList:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = headerText(n.elem, v.Index(i))
		}
		return strings.Join(parts, ",")
	case kindString:
		return v.String()
	}
	return string(appendText(nil, n, v))
}
