package xml

import (
	"strconv"
	"strings"
)

const (
	xmlURI   = "http://www.w3.org/XML/1998/namespace"
	xmlnsURI = "http://www.w3.org/2000/xmlns/"
)

// A scope is the namespaces at a place. The prefixes that a document has are
// numbered; each has the URI that it is bound to now, and undo has what it was
// bound to before.
type scope struct {
	prefixes []prefix
	ids      map[string]uint32
	undo     []undo
	current  uint64 // a number for the bindings as they are now
	latest   uint64 // the greatest such number
}

type prefix struct {
	text, uri string
	bound     bool
}

type undo struct {
	id      uint32
	was     prefix
	current uint64 // scope.current then
	uri     string // that it has been bound to since
}

const noPrefix, xmlPrefix = 0, 1 // ids

func newScope() scope {
	s := scope{ids: make(map[string]uint32), current: 1, latest: 1}
	s.id("")
	s.id("xml")
	s.prefixes[noPrefix].bound = true
	s.prefixes[xmlPrefix] = prefix{"xml", xmlURI, true}
	return s
}

func (s *scope) id(text string) uint32 {
	id, ok := s.ids[text]
	if !ok {
		id = uint32(len(s.prefixes))
		s.prefixes = append(s.prefixes, prefix{text: text})
		s.ids[text] = id
	}
	return id
}

func (s *scope) bind(id uint32, uri string) {
	s.undo = append(s.undo, undo{id, s.prefixes[id], s.current, uri})
	s.prefixes[id].uri, s.prefixes[id].bound = uri, true
	s.latest++
	s.current = s.latest
}

// unbind takes bindings back until there are n to take back.
func (s *scope) unbind(n int) {
	for len(s.undo) > n {
		u := s.undo[len(s.undo)-1]
		s.prefixes[u.id], s.current = u.was, u.current
		s.undo = s.undo[:len(s.undo)-1]
	}
}

// compact is the same scope without the prefixes that are not in it.
func (s *scope) compact() scope {
	c := newScope()
	for _, u := range s.undo {
		c.bind(c.id(u.was.text), u.uri)
	}
	return c
}

// key is the key of a name in a namespace.
func (n *Namespaces) key(uri, local string) string {
	if uri == "" || n.Strip {
		return local
	}
	p, ok := n.Map[uri]
	switch {
	case !ok:
		return uri + ":" + local
	case p == "":
		return local
	}
	return p + ":" + local
}

// elementKey is the key of an element's name in the present scope, which it has
// looked up if it was not known.
func (p *parser) elementKey(id uint32, at int) (uint32, bool) {
	n := &p.names.all[id]
	if n.scope == p.scope.current {
		return n.key, true
	}
	text := n.text
	if p.namespaces.processed() {
		pre := &p.scope.prefixes[n.prefix]
		if !pre.bound {
			return 0, p.unbound(at, n)
		}
		text = p.namespaces.key(pre.uri, n.local)
	}
	n.key, n.scope = p.names.key(text), p.scope.current
	return n.key, true
}

// attributeKey is that of an attribute's name: without a prefix it is in no
// namespace, whatever the default.
func (p *parser) attributeKey(id uint32, at int) (uint32, bool) {
	n := &p.names.all[id]
	if n.attrScope == p.scope.current {
		return n.attrKey, true
	}
	text := n.text
	if p.namespaces.processed() {
		text = n.local
		if n.prefix != noPrefix {
			pre := &p.scope.prefixes[n.prefix]
			if !pre.bound {
				return 0, p.unbound(at, n)
			}
			text = p.namespaces.key(pre.uri, n.local)
		}
	}
	n.attrKey, n.attrScope = p.names.key("@"+text), p.scope.current
	return n.attrKey, true
}

func (p *parser) unbound(at int, n *name) bool {
	pre := p.scope.prefixes[n.prefix].text
	return p.fail(at, "the prefix of "+n.text+" is not declared: there is no xmlns:"+pre+` here; with namespaces kept ("keep") it need not be`)
}

// declarations takes the namespace declarations out of a tag's attributes.
func (p *parser) declarations(t *tag) bool {
	attrs := p.attrs[t.attr:]
	kept := attrs[:0]
	for _, a := range attrs {
		n := &p.names.all[a.key]
		if n.text != "xmlns" && p.scope.prefixes[n.prefix].text != "xmlns" {
			kept = append(kept, a)
			continue
		}
		if !p.declare(n, p.spanned(a.value), p.origin+int(a.at)) {
			p.forget(t)
			return false
		}
	}
	p.attrs = p.attrs[:t.attr+len(kept)]
	return true
}

// declare takes a namespace declaration, xmlns="uri" or xmlns:local="uri".
func (p *parser) declare(n *name, value []byte, at int) bool {
	pre := ""
	if n.prefix != noPrefix {
		pre = n.local
	}
	uri := string(value)
	if reason := p.badDeclaration(pre, uri); reason != "" {
		return p.fail(at, reason)
	}
	if !p.namespaces.Strip {
		p.pending = append(p.pending, declaration{pre, uri, uint32(at - p.origin)})
	}
	p.scope.bind(p.scope.id(pre), uri)
	return true
}

// badDeclaration is why a prefix cannot be bound to a URI, "" if it can.
func (p *parser) badDeclaration(pre, uri string) string {
	switch {
	case pre == "xmlns":
		return "the prefix xmlns cannot be declared"
	case (pre == "xml") != (uri == xmlURI):
		return "the prefix xml and the namespace " + xmlURI + " belong to each other alone"
	case uri == xmlnsURI:
		return "the namespace " + xmlnsURI + " cannot be declared"
	case pre != "" && uri == "":
		return "a prefix cannot be declared for no namespace"
	case len(uri) > p.limits.Name:
		return "a namespace of more than " + strconv.Itoa(p.limits.Name) + " bytes"
	case strings.HasPrefix(uri, "@") && !p.namespaces.Strip:
		return "a namespace that begins with @, as the keys of attributes do"
	}
	return ""
}

// split cuts a name into its prefix and local part, where namespaces matter.
func (p *parser) split(n *name, at int) bool {
	pre, local, ok := strings.Cut(n.text, ":")
	if !ok {
		n.local = n.text
		return true
	}
	if !isNCName(pre) || !isNCName(local) {
		return p.fail(at, n.text+` is not a name: at most one colon, with a name on either side; with namespaces kept ("keep") it would be`)
	}
	n.prefix, n.local = p.scope.id(pre), local
	return true
}
