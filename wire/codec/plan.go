package codec

import (
	"cmp"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// planner makes the plans of types that may refer to each other.
type planner struct {
	*Codec
	open map[planKey]*Node
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	readerType = reflect.TypeFor[io.Reader]()
)

func (p planner) resolve(t reflect.Type, f TimeFormat) (*Node, error) {
	key := planKey{t, f}
	if n, ok := p.plans.Load(key); ok {
		return n.(*Node), nil
	}
	if n, ok := p.open[key]; ok {
		return n, nil
	}
	n := &Node{Type: t, time: f}
	p.open[key] = n
	return n, p.fill(n)
}

func (p planner) fill(n *Node) (err error) {
	t := n.Type
	switch t.Kind() {
	case reflect.String:
		n.Kind = KindString
	case reflect.Bool:
		n.Kind = KindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.Kind = KindInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n.Kind = KindUint
	case reflect.Float32, reflect.Float64:
		n.Kind = KindFloat
	case reflect.Pointer:
		n.Kind = KindPointer
		n.Elem, err = p.resolve(t.Elem(), n.time)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			n.Kind = KindBlob
			return nil
		}
		n.Kind = KindList
		n.Elem, err = p.resolve(t.Elem(), n.time)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("codec: %v: keys are not strings", t)
		}
		n.Kind = KindMap
		n.Elem, err = p.resolve(t.Elem(), n.time)
	case reflect.Struct:
		if t == timeType {
			n.Kind = KindTime
			return nil
		}
		n.Kind = KindStruct
		err = p.members(n)
	case reflect.Interface:
		return p.iface(n)
	default:
		return fmt.Errorf("codec: no protocol has a form for %v", t)
	}
	return err
}

func (p planner) iface(n *Node) error {
	if n.Type.Implements(readerType) {
		n.Kind = KindStream
		return nil
	}
	u, ok := p.unions[n.Type]
	if !ok {
		return fmt.Errorf("codec: union %v is not declared (API.Unions)", n.Type)
	}
	n.Kind = KindUnion
	n.union = &unionPlan{codec: u.codec, byName: map[string]int{}, byType: map[reflect.Type]int{}}
	for _, t := range u.members {
		if err := p.unionMember(n.union, t); err != nil {
			return err
		}
	}
	return nil
}

func (p planner) members(n *Node) error {
	t := n.Type
	n.root = p.cfg.Names[t.Name()]
	n.member = make(map[string]int, t.NumField())
	n.elems = make(map[string]int, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		if f.Anonymous {
			return fmt.Errorf("codec: %s embeds %s: its members have no place", t.Name(), f.Name)
		}
		given, ok := p.cfg.Names[t.Name()+"."+f.Name]
		if !ok {
			given = p.cfg.Names["*."+f.Name]
		}
		m := Field{Index: i, GoName: f.Name, XML: given}
		m.json = p.jsonName(given, f.Name)
		m.quoted = `"` + m.json + `":`
		fillNames(&m.XML, f.Name)
		var err error
		if m.Node, err = p.resolve(f.Type, given.Time); err != nil {
			return fmt.Errorf("%w (%s.%s)", err, t.Name(), f.Name)
		}
		n.member[m.json] = len(n.Fields)
		n.elems[localName(m.XML.Name)] = len(n.Fields)
		n.Fields = append(n.Fields, m)
	}
	return nil
}

func (p planner) jsonName(given Name, goName string) string {
	switch {
	case given.JSON != "":
		return given.JSON
	case p.cfg.ForJSON && given.Name != "":
		return given.Name
	case p.cfg.LowerCamel:
		return lowerFirst(goName)
	}
	return goName
}

// fillNames puts the protocols' own names where none is given.
func fillNames(n *Name, goName string) {
	n.Name = cmp.Or(n.Name, goName)
	n.Item = cmp.Or(n.Item, "member")
	n.Key = cmp.Or(n.Key, "key")
	n.Value = cmp.Or(n.Value, "value")
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

// localName is an XML name without its prefix.
func localName(s string) string {
	_, after, ok := strings.Cut(s, ":")
	if ok {
		return after
	}
	return s
}
