// Package route finds the resource of an API that a path is for.
package route

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// Tree is the resources of an API that have methods, by path. A literal
// goes before a variable, and a variable before a greedy one, segment by
// segment from the left.
type Tree struct {
	literal  map[string]*Tree
	variable *Tree
	greedy   *types.Resource
	name     string // of the variable that led here
	resource *types.Resource
}

// New is the tree of those resources that have methods.
func New(resources []*types.Resource) *Tree {
	root := &Tree{}
	for _, r := range resources {
		if len(r.ResourceMethods) > 0 {
			root.add(Segments(*r.Path), r)
		}
	}
	return root
}

// IsVariable reports whether a part of a path stands for any one, {name}.
func IsVariable(part string) bool { return strings.HasPrefix(part, "{") }

// IsGreedy reports whether a part stands for all that follow, {name+}.
func IsGreedy(part string) bool { return strings.HasSuffix(part, "+}") }

// Segments cuts a path at its slashes. One at the end does not count.
func Segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func (n *Tree) add(path []string, r *types.Resource) {
	if len(path) == 0 {
		n.resource = r
		return
	}
	part := path[0]
	switch {
	case IsGreedy(part):
		n.greedy = r
		return
	case IsVariable(part):
		if n.variable == nil {
			n.variable = &Tree{name: strings.Trim(part, "{}")}
		}
		n = n.variable
	default:
		if n.literal[part] == nil {
			if n.literal == nil {
				n.literal = make(map[string]*Tree)
			}
			n.literal[part] = &Tree{}
		}
		n = n.literal[part]
	}
	n.add(path[1:], r)
}

// Match finds the resource for a path that is still escaped, and the decoded
// values of its variables, nil if it has none.
func (n *Tree) Match(path string) (*types.Resource, map[string]string) {
	parts := Segments(path)
	for i, p := range parts {
		if text, err := url.PathUnescape(p); err == nil {
			parts[i] = text
		}
	}
	var values map[string]string
	r := n.find(parts, &values)
	return r, values
}

// find collects values on its way back, so that only the way that led to the
// resource counts.
func (n *Tree) find(parts []string, values *map[string]string) *types.Resource {
	if len(parts) == 0 {
		return n.resource
	}
	if next := n.literal[parts[0]]; next != nil {
		if r := next.find(parts[1:], values); r != nil {
			return r
		}
	}
	if n.variable != nil && parts[0] != "" {
		if r := n.variable.find(parts[1:], values); r != nil {
			set(values, n.variable.name, parts[0])
			return r
		}
	}
	if n.greedy != nil {
		set(values, strings.Trim(*n.greedy.PathPart, "{}+"), strings.Join(parts, "/"))
	}
	return n.greedy
}

func set(m *map[string]string, k, v string) {
	if *m == nil {
		*m = make(map[string]string)
	}
	(*m)[k] = v
}
