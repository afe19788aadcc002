package codec

import (
	"bytes"
	"encoding/xml"
	"io"
	"reflect"
	"strings"
)

// errMalformedXML is S3's answer to a document that it cannot read
// (https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html).
var errMalformedXML = &Error{
	Code:    "MalformedXML",
	Message: "The XML you provided was not well-formed or did not validate against our published schema",
}

// DecodeXML reads doc into v. The root must be named as root says, unless
// that is "". Namespaces are ignored; entities are not expanded.
func (n *Node) DecodeXML(root string, doc []byte, v reflect.Value) error {
	if len(bytes.TrimSpace(doc)) == 0 {
		return nil
	}
	d := xmlDecoder{Decoder: xml.NewDecoder(bytes.NewReader(doc))}
	for {
		t, err := d.Token()
		if err != nil {
			return errMalformedXML
		}
		if start, ok := t.(xml.StartElement); ok {
			if root != "" && start.Name.Local != root {
				return errMalformedXML
			}
			if err := d.element(n, defaultNames, start, v); err != nil {
				return err
			}
			return d.rest()
		}
	}
}

type xmlDecoder struct {
	*xml.Decoder
	depth int
}

// rest reads what may follow the root.
func (d *xmlDecoder) rest() error {
	for {
		t, err := d.Token()
		if err == io.EOF {
			return nil
		}
		if _, ok := t.(xml.StartElement); ok || err != nil {
			return errMalformedXML
		}
	}
}

// element reads the element that start opens, up to its end; names are those of the
// member that holds it.
func (d *xmlDecoder) element(n *Node, names *Name, start xml.StartElement, v reflect.Value) error {
	if d.depth++; d.depth > maxDepth {
		return errMalformedXML
	}
	defer func() { d.depth-- }()
	switch n.Kind {
	case KindPointer:
		if v.IsNil() {
			v.Set(reflect.New(n.Elem.Type))
		}
		return d.element(n.Elem, names, start, v.Elem())
	case KindStruct:
		return d.members(n, start, v)
	case KindList:
		return d.items(n, names, start, v)
	case KindMap:
		return d.entries(n, names, start, v)
	case KindUnion:
		return d.union(n.union, v)
	case KindStream:
		return d.children(func(xml.StartElement) error { return d.skip() })
	}
	text, err := d.text()
	if err != nil {
		return err
	}
	if n.Kind != KindString {
		text = strings.TrimSpace(text)
	}
	if n.SetText(v, text) != nil {
		return errMalformedXML
	}
	return nil
}

// children calls f for each child element; f reads the child to its end.
func (d *xmlDecoder) children(f func(xml.StartElement) error) error {
	for {
		t, err := d.Token()
		if err != nil {
			return errMalformedXML
		}
		switch t := t.(type) {
		case xml.EndElement:
			return nil
		case xml.StartElement:
			if err := f(t); err != nil {
				return err
			}
		}
	}
}

func (d *xmlDecoder) text() (string, error) {
	var text []byte
	for {
		t, err := d.Token()
		if err != nil {
			return "", errMalformedXML
		}
		switch t := t.(type) {
		case xml.CharData:
			text = append(text, t...)
		case xml.EndElement:
			return string(text), nil
		case xml.StartElement:
			return "", errMalformedXML
		}
	}
}

func (d *xmlDecoder) skip() error {
	if d.Skip() != nil {
		return errMalformedXML
	}
	return nil
}

func (d *xmlDecoder) members(n *Node, start xml.StartElement, v reflect.Value) error {
	for _, a := range start.Attr {
		if i, ok := n.elems[a.Name.Local]; ok && n.Fields[i].XML.Attr {
			if n.Fields[i].SetText(v.Field(n.Fields[i].Index), a.Value) != nil {
				return errMalformedXML
			}
		}
	}
	return d.children(func(child xml.StartElement) error {
		i, ok := n.elems[child.Name.Local]
		if !ok {
			return d.skip()
		}
		f := &n.Fields[i]
		return d.element(f.Node, &f.XML, child, v.Field(f.Index))
	})
}

// union reads the last member that it knows.
func (d *xmlDecoder) union(u *unionPlan, v reflect.Value) error {
	return d.children(func(child xml.StartElement) error {
		i, ok := u.byName[child.Name.Local]
		if !ok {
			return d.skip()
		}
		p, value := u.members[i].value()
		v.Set(p)
		return d.element(u.members[i].node, defaultNames, child, value)
	})
}

// items reads a list: all of it, or if it is flat one item.
func (d *xmlDecoder) items(n *Node, names *Name, start xml.StartElement, v reflect.Value) error {
	if v.IsNil() {
		v.Set(reflect.MakeSlice(n.Type, 0, 0))
	}
	item := func(child xml.StartElement) error {
		i := v.Len()
		if i == maxItems {
			return errMalformedXML
		}
		v.Grow(1)
		v.SetLen(i + 1)
		return d.element(n.Elem, defaultNames, child, v.Index(i))
	}
	if names.Flat {
		return item(start)
	}
	return d.children(func(child xml.StartElement) error {
		if child.Name.Local != names.Item {
			return d.skip()
		}
		return item(child)
	})
}

func (d *xmlDecoder) entries(n *Node, names *Name, start xml.StartElement, v reflect.Value) error {
	if v.IsNil() {
		v.Set(reflect.MakeMap(n.Type))
	}
	entry := func(xml.StartElement) error {
		key, value := "", reflect.New(n.Elem.Type).Elem()
		err := d.children(func(child xml.StartElement) (err error) {
			switch child.Name.Local {
			case names.Key:
				key, err = d.text()
				return err
			case names.Value:
				return d.element(n.Elem, defaultNames, child, value)
			}
			return d.skip()
		})
		if err == nil {
			v.SetMapIndex(reflect.ValueOf(key).Convert(n.Type.Key()), value)
		}
		return err
	}
	if names.Flat {
		return entry(start)
	}
	return d.children(entry)
}
