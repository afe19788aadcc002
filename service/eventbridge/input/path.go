package input

import (
	"errors"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// Path is a JSON path as EventBridge has it: $, .name, [0] and [*], names being
// of letters, digits, dashes, underscores and slashes.
type Path struct{ steps []step }

// step goes to a member or, if the name is empty, to items.
type step struct {
	name string
	item int // -1: all
}

var errPath = errors.New("not a JSON path")

// ParsePath reads a path.
func ParsePath(text string) (*Path, error) {
	rest, ok := strings.CutPrefix(text, "$")
	if !ok {
		return nil, errPath
	}
	p := new(Path)
	for rest != "" {
		var s step
		switch rest[0] {
		case '.':
			end := 1
			for end < len(rest) && isName(rest[end]) {
				end++
			}
			s.name, rest = rest[1:end], rest[end:]
			if s.name == "" {
				return nil, errPath
			}
		case '[':
			index, after, ok := strings.Cut(rest[1:], "]")
			n, err := strconv.ParseUint(index, 10, 31)
			if !ok || err != nil && index != "*" {
				return nil, errPath
			}
			if s.item, rest = int(n), after; index == "*" {
				s.item = -1
			}
		default:
			return nil, errPath
		}
		p.steps = append(p.steps, s)
	}
	return p, nil
}

func isName(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		c == '-' || c == '_' || c == '/' || c == '$'
}

// find is the value at the path, as it stands in the text, or nil. A path that
// takes all items finds the list of what is there in each.
func (p *Path) find(text []byte) jsontext.Value { return find(text, p.steps) }

func find(v jsontext.Value, steps []step) jsontext.Value {
	if v == nil || len(steps) == 0 {
		return v
	}
	s, rest := steps[0], steps[1:]
	switch {
	case s.name != "":
		return find(member(v, s.name), rest)
	case s.item >= 0:
		for i, item := range items(v) {
			if i == s.item {
				return find(item, rest)
			}
		}
		return nil
	}
	if v.Kind() != '[' {
		return nil
	}
	out := jsontext.Value("[")
	for _, item := range items(v) {
		if found := find(item, rest); found != nil {
			if len(out) > 1 {
				out = append(out, ',')
			}
			out = append(out, found...)
		}
	}
	return append(out, ']')
}
