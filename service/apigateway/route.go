package apigateway

import (
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/apigateway/types"
)

// routes are the resources of an API that have methods, by path. A literal
// goes before a variable, and a variable before a greedy one, segment by
// segment from the left.
type routes struct {
	literal  map[string]*routes
	variable *routes
	greedy   *types.Resource
	name     string // of the variable that led here
	resource *types.Resource
}

func newRoutes(resources []*types.Resource) *routes {
	root := &routes{}
	for _, r := range resources {
		if len(r.ResourceMethods) > 0 {
			root.add(segments(*r.Path), r)
		}
	}
	return root
}

// segments cuts a path at its slashes. One at the end does not count.
func segments(path string) []string {
	path = strings.TrimSuffix(strings.TrimPrefix(path, "/"), "/")
	if path == "" {
		return nil
	}
	return strings.Split(path, "/")
}

func (n *routes) add(path []string, r *types.Resource) {
	if len(path) == 0 {
		n.resource = r
		return
	}
	part := path[0]
	switch {
	case isGreedy(part):
		n.greedy = r
		return
	case isVariable(part):
		if n.variable == nil {
			n.variable = &routes{name: strings.Trim(part, "{}")}
		}
		n = n.variable
	default:
		if n.literal[part] == nil {
			put(&n.literal, part, &routes{})
		}
		n = n.literal[part]
	}
	n.add(path[1:], r)
}

// match finds the resource for a path that is still escaped, and the decoded
// values of its variables, nil if it has none.
func (n *routes) match(path string) (*types.Resource, map[string]string) {
	parts := segments(path)
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
func (n *routes) find(parts []string, values *map[string]string) *types.Resource {
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
			put(values, n.variable.name, parts[0])
			return r
		}
	}
	if n.greedy != nil {
		put(values, strings.Trim(*n.greedy.PathPart, "{}+"), strings.Join(parts, "/"))
	}
	return n.greedy
}
