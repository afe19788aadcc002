package codec

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// Form is a query request: its parameters as a tree, cut at the dots of their names.
type Form struct {
	value string
	has   bool // the name ends here
	kids  map[string]*Form
}

// maxParts bounds the parts, between dots, that the names of a form have together:
// each costs some hundred bytes.
const maxParts = 200_000

func malformedQuery(text string) error {
	return &Error{Code: "MalformedQueryString", Message: text}
}

// Parse adds the parameters of a query string. Values are cut from it if it is as
// short as a document that strings may share, and copied if not.
func (f *Form) Parse(s string) error {
	n, share := 0, len(s) <= shareLimit
	for pair := range strings.SplitSeq(s, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if err != nil {
			return malformedQuery("The query string contains a syntax error: " + err.Error())
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			return malformedQuery("The query string contains a syntax error: " + err.Error())
		}
		parts := strings.Count(name, ".") + 1
		if n += parts; n > maxParts || parts > maxDepth {
			return malformedQuery("The query string has too many parameters, or they nest too deep")
		}
		if !share {
			value = strings.Clone(value)
		}
		f.Put(name, value)
	}
	return nil
}

// Put sets a parameter; the dots in its name lead down the tree.
func (f *Form) Put(name, value string) {
	for part := range strings.SplitSeq(name, ".") {
		kid := f.kids[part]
		if kid == nil {
			kid = &Form{}
			if f.kids == nil {
				f.kids = map[string]*Form{}
			}
			f.kids[part] = kid
		}
		f = kid
	}
	f.value, f.has = value, true
}

// Get is the value of a name without dots.
func (f *Form) Get(name string) string {
	if kid := f.kids[name]; kid != nil {
		return kid.value
	}
	return ""
}

// items are the numbered children in the order of their numbers.
func (f *Form) items() []*Form {
	type item struct {
		n int
		f *Form
	}
	var list []item
	for k, kid := range f.kids {
		if n, err := strconv.Atoi(k); err == nil {
			list = append(list, item{n, kid})
		}
	}
	slices.SortFunc(list, func(a, b item) int { return a.n - b.n })
	items := make([]*Form, len(list))
	for i := range list {
		items[i] = list[i].f
	}
	return items
}

// DecodeForm reads a form into v by the rules of the query protocol
// (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
func (n *Node) DecodeForm(f *Form, v reflect.Value) error { return f.members(n, v) }

func (f *Form) members(n *Node, v reflect.Value) error {
	for i := range n.Fields {
		m := &n.Fields[i]
		kid := f.kids[m.XML.Name]
		if kid == nil {
			continue
		}
		if err := kid.decode(m.Node, &m.XML, m.XML.Name, v.Field(m.Index)); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a value; names are those of the member that holds it.
func (f *Form) decode(n *Node, names *Name, path string, v reflect.Value) error {
	switch n.Kind {
	case KindPointer:
		p := reflect.New(n.Elem.Type)
		if err := f.decode(n.Elem, names, path, p.Elem()); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case KindStruct:
		return f.members(n, v)
	case KindList:
		return f.list(n, names, path, v)
	case KindMap:
		return f.mapping(n, names, path, v)
	case KindUnion:
		return f.union(n.union, path, v)
	case KindStream:
		return malformedInput(path, f.value)
	}
	if !f.has {
		return malformedInput(path, "")
	}
	if err := n.SetText(v, f.value); err != nil {
		return malformedInput(path, f.value)
	}
	return nil
}

// union reads the one member that there is.
func (f *Form) union(u *unionPlan, path string, v reflect.Value) error {
	if len(f.kids) != 1 {
		return malformedInput(path, f.value)
	}
	for name, kid := range f.kids {
		i, ok := u.byName[name]
		if !ok {
			return malformedInput(path+"."+name, kid.value)
		}
		p, value := u.members[i].value()
		if err := kid.decode(u.members[i].node, defaultNames, path+"."+name, value); err != nil {
			return err
		}
		v.Set(p)
	}
	return nil
}

func malformedInput(path, value string) error {
	return errorf("MalformedInput", "Invalid value %q for the parameter %s", value, path)
}

// inner is what holds the numbered items: f itself if they are flat. An item's name
// other than "member" is taken too.
func (f *Form) inner(flat bool, name string) *Form {
	if flat {
		return f
	}
	if kid := f.kids[name]; kid != nil {
		return kid
	}
	return f
}

func (f *Form) list(n *Node, names *Name, path string, v reflect.Value) error {
	items := f.inner(names.Flat, names.Item).items()
	list := reflect.MakeSlice(n.Type, len(items), len(items))
	for i, item := range items {
		if err := item.decode(n.Elem, defaultNames, path+"."+strconv.Itoa(i+1), list.Index(i)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (f *Form) mapping(n *Node, names *Name, path string, v reflect.Value) error {
	m := reflect.MakeMap(n.Type)
	for i, item := range f.inner(names.Flat, "entry").items() {
		key, value := item.kids[names.Key], item.kids[names.Value]
		at := path + "." + strconv.Itoa(i+1)
		if key == nil || !key.has {
			return malformedInput(at+"."+names.Key, "")
		}
		elem := reflect.New(n.Elem.Type).Elem()
		if value != nil {
			if err := value.decode(n.Elem, defaultNames, at, elem); err != nil {
				return err
			}
		}
		m.SetMapIndex(reflect.ValueOf(key.value).Convert(n.Type.Key()), elem)
	}
	v.Set(m)
	return nil
}

// defaultNames are the protocols' own, for lists in lists.
var defaultNames = &Name{Item: "member", Key: "key", Value: "value"}
