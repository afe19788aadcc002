package codec

import (
	"reflect"
	"slices"
	"strings"
)

// Union is a union type: an interface in the SDK, with one struct per member.
type Union struct {
	iface   reflect.Type
	members []reflect.Type // the struct types
	codec   unionCodec
}

// UnionOf declares the union I by all its members, as nil pointers:
//
//	wire.UnionOf[types.AttributeValue]((*types.AttributeValueMemberS)(nil), ...)
//
// A member's wire name is what follows "Member" in the name of its type.
func UnionOf[I any](members ...I) Union {
	u := Union{iface: reflect.TypeFor[I](), codec: typedUnion[I]{}}
	for _, m := range members {
		u.members = append(u.members, reflect.TypeOf(m).Elem())
	}
	return u
}

// unionPlan is the plan of a union.
type unionPlan struct {
	codec   unionCodec
	members []memberPlan
	byName  map[string]int
	byType  map[reflect.Type]int // by the pointer type that the interface holds
	unknown reflect.Type         // the SDK's UnknownUnionMember, if it was given
}

type memberPlan struct {
	name   string
	quoted string // `{"name":`
	typ    reflect.Type
	node   *Node // of the field Value, the only one exported
	index  int
}

// value makes a member, which p points to; value is its field Value.
func (m *memberPlan) value() (p, value reflect.Value) {
	p = reflect.New(m.typ)
	return p, p.Elem().Field(m.index)
}

// memberOf is the plan of the member that an interface holds, and its field Value;
// nil if it holds none.
func (u *unionPlan) memberOf(iface reflect.Value) (*memberPlan, reflect.Value) {
	p := iface.Elem()
	if !p.IsValid() {
		return nil, p
	}
	i, ok := u.byType[p.Type()]
	if !ok || p.IsNil() {
		return nil, p
	}
	return &u.members[i], p.Elem().Field(u.members[i].index)
}

// unknownMember is the SDK's type for a member that it does not know. It stands for
// a union that has an unknown member (Tag is its name) or several (Tag is "").
const unknownMember = "UnknownUnionMember"

func (p planner) unionMember(u *unionPlan, t reflect.Type) error {
	if t.Name() == unknownMember {
		u.unknown = t
		return nil
	}
	_, name, _ := strings.Cut(t.Name(), "Member")
	if p.cfg.LowerCamel {
		name = lowerFirst(name)
	}
	f, _ := t.FieldByName("Value")
	value, err := p.resolve(f.Type, 0)
	if err != nil {
		return err
	}
	u.byName[name] = len(u.members)
	u.byType[reflect.PointerTo(t)] = len(u.members)
	u.members = append(u.members, memberPlan{
		name: name, quoted: `{"` + name + `":`, typ: t, node: value, index: f.Index[0],
	})
	return nil
}

// unionCodec reads and writes a union, and the lists and maps of it, with its type
// known to the compiler: three quarters of a DynamoDB item are maps of unions, and
// maps are slow through reflection.
type unionCodec interface {
	decode(d *jsonDecoder, u *unionPlan, v reflect.Value) error
	decodeList(d *jsonDecoder, u *unionPlan, v reflect.Value) error
	decodeMap(d *jsonDecoder, u *unionPlan, v reflect.Value) error
	encode(b []byte, u *unionPlan, v reflect.Value) []byte
	encodeMap(b []byte, u *unionPlan, v reflect.Value) []byte
}

type typedUnion[I any] struct{}

func (t typedUnion[I]) decode(d *jsonDecoder, u *unionPlan, v reflect.Value) error {
	x, err := t.one(d, u)
	if err == nil {
		*v.Addr().Interface().(*I) = x
	}
	return err
}

// one reads a union: an object with one member. Without any it is nil.
func (t typedUnion[I]) one(d *jsonDecoder, u *unionPlan) (x I, err error) {
	if d.peek() == 'n' {
		return x, d.literal("null")
	}
	if c := d.peek(); c != '{' {
		return x, d.mismatch(&Node{Kind: KindUnion}, c)
	}
	if err := d.open('{'); err != nil {
		return x, err
	}
	got := 0
	for i := 0; ; i++ {
		more, err := d.more(i, '}')
		if err != nil || !more {
			return x, err
		}
		key, err := d.key()
		if err != nil {
			return x, err
		}
		if d.peek() == 'n' {
			if err := d.literal("null"); err != nil {
				return x, err
			}
			continue
		}
		got++
		y, err := t.member(d, u, key)
		if err != nil {
			return x, err
		}
		if x = y; got > 1 {
			if x, err = t.strange(u, ""); err != nil {
				return x, err
			}
		}
	}
}

func (t typedUnion[I]) member(d *jsonDecoder, u *unionPlan, key string) (x I, err error) {
	m, ok := u.byName[key]
	if !ok {
		if err := d.skip(); err != nil {
			return x, err
		}
		return t.strange(u, d.keep(key))
	}
	p, value := u.members[m].value()
	if err := d.value(u.members[m].node, value); err != nil {
		return x, err
	}
	return p.Interface().(I), nil
}

// strange stands for a union that the API does not have.
func (t typedUnion[I]) strange(u *unionPlan, tag string) (x I, err error) {
	p, err := u.strange(tag)
	if err != nil {
		return x, err
	}
	return p.Interface().(I), nil
}

func (u *unionPlan) strange(tag string) (reflect.Value, error) {
	if u.unknown == nil {
		return reflect.Value{}, serialization("Unexpected key or keys in a union")
	}
	p := reflect.New(u.unknown)
	p.Elem().FieldByName("Tag").SetString(tag)
	return p, nil
}

func (t typedUnion[I]) decodeList(d *jsonDecoder, u *unionPlan, v reflect.Value) error {
	if err := d.open('['); err != nil {
		return err
	}
	list := []I{}
	for {
		more, err := d.more(len(list), ']')
		if err != nil {
			return err
		}
		if !more {
			break
		}
		x, err := t.one(d, u)
		if err != nil {
			return err
		}
		list = append(list, x)
	}
	*v.Addr().Interface().(*[]I) = list
	return nil
}

func (t typedUnion[I]) decodeMap(d *jsonDecoder, u *unionPlan, v reflect.Value) error {
	if err := d.open('{'); err != nil {
		return err
	}
	m := map[string]I{}
	for i := 0; ; i++ {
		more, err := d.more(i, '}')
		if err != nil {
			return err
		}
		if !more {
			break
		}
		key, err := d.key()
		if err != nil {
			return err
		}
		x, err := t.one(d, u)
		if err != nil {
			return err
		}
		m[d.keep(key)] = x
	}
	*v.Addr().Interface().(*map[string]I) = m
	return nil
}

func (t typedUnion[I]) encode(b []byte, u *unionPlan, v reflect.Value) []byte {
	if v.IsNil() {
		return append(b, "null"...)
	}
	return u.appendOne(b, v.Elem())
}

// appendOne writes a member, which p points to.
func (u *unionPlan) appendOne(b []byte, p reflect.Value) []byte {
	i, ok := u.byType[p.Type()]
	if !ok || p.IsNil() {
		return append(b, "null"...)
	}
	m := &u.members[i]
	b = append(b, m.quoted...)
	value := p.Elem().Field(m.index)
	switch {
	case m.node.Kind == KindList && value.IsNil():
		b = append(b, "[]"...)
	case m.node.Kind == KindMap && value.IsNil():
		b = append(b, "{}"...)
	default:
		b = m.node.AppendJSON(b, value)
	}
	return append(b, '}')
}

func (t typedUnion[I]) encodeMap(b []byte, u *unionPlan, v reflect.Value) []byte {
	m, ok := v.Interface().(map[string]I)
	if !ok {
		return append(b, "{}"...)
	}
	var few [16]string // on the stack: most items have no more attributes
	keys := few[:0]
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(AppendQuoted(b, k), ':')
		if x := any(m[k]); x == nil {
			b = append(b, "null"...)
		} else {
			b = u.appendOne(b, reflect.ValueOf(x))
		}
	}
	return append(b, '}')
}
