package wire

import (
	"cmp"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel/runnel/wire/codec"
)

func (c *call) decodeREST(in reflect.Value) error {
	plan, err := c.sides()
	if err != nil {
		return err
	}
	s := plan.in
	switch {
	case s.payload != nil:
		err = c.decodePayload(s.payload, in.Field(s.payload.Index))
	case s.body != nil:
		err = c.decodeDocument(s.body, in)
	case c.sig != nil:
		err = c.discardBody()
	}
	if err != nil {
		return err
	}
	for i, f := range s.labels {
		if err := c.bindText(f, in, []string{c.match.labels[i]}); err != nil {
			return err
		}
	}
	for _, f := range s.query {
		if err := c.bindQuery(f, in); err != nil {
			return err
		}
	}
	for _, f := range s.headers {
		if err := c.bindHeader(f, in); err != nil {
			return err
		}
	}
	for _, f := range s.prefix {
		bindPrefix(f, in, c.r.Header)
		if c.req.Presigned { // whoever signs a URL may put them there (JavaScript's SDK does)
			bindPrefix(f, in, http.Header(c.match.query))
		}
	}
	return nil
}

// discardBody reads a body that no member takes, for its signature.
func (c *call) discardBody() error {
	_, err := c.body()
	return err
}

// decodeDocument reads the body by n; members that HTTP carries elsewhere are not
// in n.
func (c *call) decodeDocument(n *codec.Node, v reflect.Value) error {
	doc, err := c.body()
	if err != nil {
		return err
	}
	if c.proto == RESTXML {
		return n.DecodeXML("", doc, v)
	}
	return n.DecodeJSON(doc, v)
}

func (c *call) decodePayload(f *codec.Field, v reflect.Value) error {
	if f.Kind == codec.KindStream {
		body, err := c.stream()
		if err == nil {
			v.Set(reflect.ValueOf(body))
		}
		return err
	}
	doc, err := c.body()
	if err != nil {
		return err
	}
	if f.Kind == codec.KindBlob {
		if len(doc) > 0 {
			v.SetBytes(slices.Clone(doc))
		}
		return nil
	}
	if len(doc) == 0 {
		return nil
	}
	if n := f.Node; n.Kind == codec.KindString || n.Kind == codec.KindPointer && n.Elem.Kind == codec.KindString {
		return n.SetText(v, string(doc))
	}
	if c.proto == RESTXML {
		return f.DecodeXML(f.XML.Name, doc, v)
	}
	return f.DecodeJSON(doc, v)
}

// badText is the error for a label, header or parameter that is not of its type.
func (c *call) badText(f bound, value string) error {
	if c.proto == RESTXML {
		return &Error{
			Code: "InvalidArgument", Message: "Provided argument " + cmp.Or(f.name, f.GoName) + " is not valid",
			Fields: map[string]string{"ArgumentName": cmp.Or(f.name, f.GoName), "ArgumentValue": value},
		}
	}
	return serializationError(strconv.Quote(value) + " is not a valid value of " + cmp.Or(f.name, f.GoName))
}

func (c *call) bindText(f bound, in reflect.Value, values []string) error {
	v := in.Field(f.Index)
	if f.Kind != codec.KindList {
		if err := f.SetText(v, values[0]); err != nil {
			return c.badText(f, values[0])
		}
		return nil
	}
	list := reflect.MakeSlice(f.Type, len(values), len(values))
	for i, s := range values {
		if err := f.Elem.SetText(list.Index(i), s); err != nil {
			return c.badText(f, s)
		}
	}
	v.Set(list)
	return nil
}

func (c *call) bindQuery(f bound, in reflect.Value) error {
	if f.Kind == codec.KindMap {
		in.Field(f.Index).Set(restOfQuery(f.Type, c.match.query, c.op.rest.route))
		return nil
	}
	values, ok := c.match.query[f.name]
	if !ok || len(values) == 0 {
		return nil
	}
	if values[0] == "" && !holdsText(f.Node) {
		return nil
	}
	return c.bindText(f, in, values)
}

// holdsText reports whether an empty string is a value of the type.
func holdsText(n *codec.Node) bool {
	for n.Kind == codec.KindPointer || n.Kind == codec.KindList {
		n = n.Elem
	}
	return n.Kind == codec.KindString
}

// restOfQuery is the parameters that nothing else binds.
func restOfQuery(t reflect.Type, query url.Values, rt *route) reflect.Value {
	m := reflect.MakeMap(t)
	for k, vs := range query {
		if rt.takes(k) || strings.HasPrefix(k, "X-Amz-") {
			continue
		}
		if t.Elem().Kind() == reflect.Slice {
			m.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(vs))
		} else {
			m.SetMapIndex(reflect.ValueOf(k), reflect.ValueOf(vs[0]))
		}
	}
	return m
}

func (c *call) bindHeader(f bound, in reflect.Value) error {
	values := c.r.Header[f.name]
	if f.name == "Content-Length" {
		n := c.bodyLength()
		if n < 0 {
			return nil
		}
		values = []string{strconv.FormatInt(n, 10)}
	}
	if f.name == "Content-Encoding" {
		values = plainEncodings(values)
	}
	if len(values) == 0 {
		return nil
	}
	if f.Kind == codec.KindList {
		var split []string
		for _, v := range values {
			for s := range strings.SplitSeq(v, ",") {
				split = append(split, strings.TrimSpace(s))
			}
		}
		values = split
	}
	return c.bindText(f, in, values)
}

// plainEncodings is Content-Encoding less aws-chunked, which is not the object's.
func plainEncodings(values []string) []string {
	var left []string
	for s := range strings.SplitSeq(strings.Join(values, ","), ",") {
		if s = strings.TrimSpace(s); s != "" && s != "aws-chunked" {
			left = append(left, s)
		}
	}
	if left == nil {
		return nil
	}
	return []string{strings.Join(left, ",")}
}

// bindPrefix adds the headers whose names begin with the member's to it.
func bindPrefix(f bound, in reflect.Value, h http.Header) {
	m := map[string]string{}
	if old, ok := in.Field(f.Index).Interface().(map[string]string); ok && old != nil {
		m = old
	}
	for k, vs := range h {
		if len(k) > len(f.name) && strings.EqualFold(k[:len(f.name)], f.name) {
			m[strings.ToLower(k[len(f.name):])] = strings.Join(vs, ",")
		}
	}
	if len(m) > 0 {
		in.Field(f.Index).Set(reflect.ValueOf(m))
	}
}
