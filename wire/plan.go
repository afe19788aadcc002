package wire

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

// codec reads and writes the types of one API. It looks at a type once and keeps
// the plan.
type codec struct {
	names  Names
	lower  bool // JSON members begin with a lower-case letter
	own    bool // Names hold for JSON too
	unions map[reflect.Type]*Union
	plans  sync.Map // planKey to *node
	errors sync.Map // reflect.Type to *node
}

type planKey struct {
	t    reflect.Type
	time TimeFormat
}

func newCodec(api *API) *codec {
	c := &codec{names: api.Names, lower: api.LowerCamel, own: true, unions: map[reflect.Type]*Union{}}
	for _, p := range api.Protocols {
		if p == Query || p == RESTXML {
			c.own = false
		}
	}
	for i := range api.Unions {
		u := &api.Unions[i]
		c.unions[u.iface] = u
	}
	return c
}

type kind uint8

const (
	kindString kind = iota
	kindBool
	kindInt
	kindUint
	kindFloat
	kindBlob
	kindTime
	kindPointer
	kindStruct
	kindList
	kindMap
	kindUnion
	kindStream // an io.Reader: never in a document
)

// node is the plan of a type.
type node struct {
	kind   kind
	typ    reflect.Type
	time   TimeFormat
	elem   *node // of a pointer, list or map
	fields []field
	member map[string]int // JSON name to index in fields
	elems  map[string]int // XML name to index in fields
	root   Name           // of a struct: what Names says of the type
	union  *unionPlan
}

// field is the plan of a struct's member.
type field struct {
	index int
	goName,
	json string
	quoted string // the JSON name as it is written: `"name":`
	xml    Name   // all names filled in
	node   *node
}

// plan returns the plan of t.
func (c *codec) plan(t reflect.Type) (*node, error) { return c.planTime(t, 0) }

// errorPlan returns the plan of one of the SDK's error types less what all errors
// have, which is written apart.
func (c *codec) errorPlan(t reflect.Type) (*node, error) {
	if n, ok := c.errors.Load(t); ok {
		return n.(*node), nil
	}
	n, err := c.plan(t)
	if err != nil {
		return nil, err
	}
	n = n.without("Message", "ErrorCodeOverride")
	c.errors.Store(t, n)
	return n, nil
}

func (c *codec) planTime(t reflect.Type, f TimeFormat) (*node, error) {
	if n, ok := c.plans.Load(planKey{t, f}); ok {
		return n.(*node), nil
	}
	p := planner{codec: c, open: map[planKey]*node{}}
	n, err := p.node(t, f)
	if err != nil {
		return nil, err
	}
	// Only now are all nodes whole, so only now may others see them.
	for k, v := range p.open {
		c.plans.LoadOrStore(k, v)
	}
	return n, nil
}

// planner makes the plans of types that may refer to each other.
type planner struct {
	*codec
	open map[planKey]*node
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	readerType = reflect.TypeFor[io.Reader]()
)

func (p planner) node(t reflect.Type, f TimeFormat) (*node, error) {
	key := planKey{t, f}
	if n, ok := p.plans.Load(key); ok {
		return n.(*node), nil
	}
	if n, ok := p.open[key]; ok {
		return n, nil
	}
	n := &node{typ: t, time: f}
	p.open[key] = n
	return n, p.fill(n)
}

func (p planner) fill(n *node) (err error) {
	t := n.typ
	switch t.Kind() {
	case reflect.String:
		n.kind = kindString
	case reflect.Bool:
		n.kind = kindBool
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n.kind = kindInt
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n.kind = kindUint
	case reflect.Float32, reflect.Float64:
		n.kind = kindFloat
	case reflect.Pointer:
		n.kind = kindPointer
		n.elem, err = p.node(t.Elem(), n.time)
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			n.kind = kindBlob
			return nil
		}
		n.kind = kindList
		n.elem, err = p.node(t.Elem(), n.time)
	case reflect.Map:
		if t.Key().Kind() != reflect.String {
			return fmt.Errorf("wire: %v: keys are not strings", t)
		}
		n.kind = kindMap
		n.elem, err = p.node(t.Elem(), n.time)
	case reflect.Struct:
		if t == timeType {
			n.kind = kindTime
			return nil
		}
		n.kind = kindStruct
		err = p.members(n)
	case reflect.Interface:
		return p.iface(n)
	default:
		return fmt.Errorf("wire: no protocol has a form for %v", t)
	}
	return err
}

func (p planner) iface(n *node) error {
	if n.typ.Implements(readerType) {
		n.kind = kindStream
		return nil
	}
	u, ok := p.unions[n.typ]
	if !ok {
		return fmt.Errorf("wire: union %v is not in API.Unions", n.typ)
	}
	n.kind = kindUnion
	n.union = &unionPlan{codec: u.codec, byName: map[string]int{}, byType: map[reflect.Type]int{}}
	for _, t := range u.members {
		if err := p.unionMember(n.union, t); err != nil {
			return err
		}
	}
	return nil
}

func (p planner) members(n *node) error {
	t := n.typ
	n.root = p.names[t.Name()]
	n.member = make(map[string]int, t.NumField())
	n.elems = make(map[string]int, t.NumField())
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() || f.Name == "ResultMetadata" {
			continue
		}
		if f.Anonymous {
			return fmt.Errorf("wire: %s embeds %s: its members have no place", t.Name(), f.Name)
		}
		given, ok := p.names[t.Name()+"."+f.Name]
		if !ok {
			given = p.names["*."+f.Name]
		}
		m := field{index: i, goName: f.Name, xml: given}
		m.json = p.jsonName(given, f.Name)
		m.quoted = `"` + m.json + `":`
		fillNames(&m.xml, f.Name)
		var err error
		if m.node, err = p.node(f.Type, given.Time); err != nil {
			return fmt.Errorf("%w (%s.%s)", err, t.Name(), f.Name)
		}
		n.member[m.json] = len(n.fields)
		n.elems[localName(m.xml.Name)] = len(n.fields)
		n.fields = append(n.fields, m)
	}
	return nil
}

func (p planner) jsonName(given Name, goName string) string {
	switch {
	case given.JSON != "":
		return given.JSON
	case p.own && given.Name != "":
		return given.Name
	case p.lower:
		return lowerFirst(goName)
	}
	return goName
}

// fillNames puts the protocols' own names where none is given.
func fillNames(n *Name, goName string) {
	n.Name = or(n.Name, goName)
	n.Item = or(n.Item, "member")
	n.Key = or(n.Key, "key")
	n.Value = or(n.Value, "value")
}

func or(s, other string) string {
	if s != "" {
		return s
	}
	return other
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
