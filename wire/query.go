package wire

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// form is a query request: its parameters as a tree, cut at the dots of their names.
type form struct {
	value string
	has   bool // the name ends here
	kids  map[string]*form
}

// maxParts bounds the parts, between dots, that the names of a form have together:
// each costs some hundred bytes.
const maxParts = 200_000

func malformedQuery(text string) error {
	return &Error{Code: "MalformedQueryString", Message: text}
}

// parseForm reads the parameters of a query request, from the URL and the body.
func (c *call) parseForm() (*form, error) {
	if c.form != nil {
		return c.form, nil
	}
	f := &form{}
	if err := f.parse(c.r.URL.RawQuery); err != nil {
		return nil, err
	}
	if c.r.Method == "POST" {
		doc, err := c.body()
		if err != nil {
			return nil, err
		}
		if err := f.parse(string(doc)); err != nil {
			return nil, err
		}
	}
	c.form = f
	return f, nil
}

// parse adds the parameters of a query string.
func (f *form) parse(s string) error {
	n := 0
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
		f.put(name, value)
	}
	return nil
}

func (f *form) put(name, value string) {
	for part := range strings.SplitSeq(name, ".") {
		kid := f.kids[part]
		if kid == nil {
			kid = &form{}
			set(&f.kids, part, kid)
		}
		f = kid
	}
	f.value, f.has = value, true
}

// get is the value of a name without dots.
func (f *form) get(name string) string {
	if kid := f.kids[name]; kid != nil {
		return kid.value
	}
	return ""
}

// items are the numbered children in the order of their numbers.
func (f *form) items() []*form {
	type item struct {
		n int
		f *form
	}
	var list []item
	for k, kid := range f.kids {
		if n, err := strconv.Atoi(k); err == nil {
			list = append(list, item{n, kid})
		}
	}
	slices.SortFunc(list, func(a, b item) int { return a.n - b.n })
	items := make([]*form, len(list))
	for i := range list {
		items[i] = list[i].f
	}
	return items
}

// decodeForm reads a form into v by the rules of the query protocol
// (https://smithy.io/2.0/aws/protocols/aws-query-protocol.html).
func (c *codec) decodeForm(f *form, v reflect.Value) error {
	n, err := c.plan(v.Type())
	if err != nil {
		return err
	}
	return f.members(n, v)
}

func (f *form) members(n *node, v reflect.Value) error {
	for i := range n.fields {
		m := &n.fields[i]
		kid := f.kids[m.xml.Name]
		if kid == nil {
			continue
		}
		if err := kid.decode(m.node, &m.xml, m.xml.Name, v.Field(m.index)); err != nil {
			return err
		}
	}
	return nil
}

// decode reads a value; names are those of the member that holds it.
func (f *form) decode(n *node, names *Name, path string, v reflect.Value) error {
	switch n.kind {
	case kindPointer:
		p := reflect.New(n.elem.typ)
		if err := f.decode(n.elem, names, path, p.Elem()); err != nil {
			return err
		}
		v.Set(p)
		return nil
	case kindStruct:
		return f.members(n, v)
	case kindList:
		return f.list(n, names, path, v)
	case kindMap:
		return f.mapping(n, names, path, v)
	case kindUnion, kindStream:
		return malformedInput(path, f.value)
	}
	if !f.has {
		return malformedInput(path, "")
	}
	if err := setText(n, v, f.value); err != nil {
		return malformedInput(path, f.value)
	}
	return nil
}

func malformedInput(path, value string) error {
	return Errorf("MalformedInput", "Invalid value %q for the parameter %s", value, path)
}

// inner is what holds the numbered items: f itself if they are flat. An item's name
// other than "member" is taken too.
func (f *form) inner(flat bool, name string) *form {
	if flat {
		return f
	}
	if kid := f.kids[name]; kid != nil {
		return kid
	}
	return f
}

func (f *form) list(n *node, names *Name, path string, v reflect.Value) error {
	items := f.inner(names.Flat, names.Item).items()
	list := reflect.MakeSlice(n.typ, len(items), len(items))
	for i, item := range items {
		if err := item.decode(n.elem, defaultNames, path+"."+strconv.Itoa(i+1), list.Index(i)); err != nil {
			return err
		}
	}
	v.Set(list)
	return nil
}

func (f *form) mapping(n *node, names *Name, path string, v reflect.Value) error {
	m := reflect.MakeMap(n.typ)
	for i, item := range f.inner(names.Flat, "entry").items() {
		key, value := item.kids[names.Key], item.kids[names.Value]
		at := path + "." + strconv.Itoa(i+1)
		if key == nil || !key.has {
			return malformedInput(at+"."+names.Key, "")
		}
		elem := reflect.New(n.elem.typ).Elem()
		if value != nil {
			if err := value.decode(n.elem, defaultNames, at, elem); err != nil {
				return err
			}
		}
		m.SetMapIndex(reflect.ValueOf(key.value).Convert(n.typ.Key()), elem)
	}
	v.Set(m)
	return nil
}

// defaultNames are the protocols' own, for lists in lists.
var defaultNames = &Name{Item: "member", Key: "key", Value: "value"}
