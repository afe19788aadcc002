package policy

import (
	"slices"
	"strings"
)

// Allows reports whether the document lets a service, such as
// "s3.amazonaws.com", do an action ("sqs:SendMessage") to the resource. The
// keys are the request's condition keys, such as aws:SourceArn. A statement
// that denies outweighs all that allow; a nil document allows nothing.
func Allows(d *Document, service, action, resource string, keys map[string]string) bool {
	if d == nil {
		return false
	}
	allowed := false
	for _, s := range d.Statements {
		if !s.Principal.has(service) || !s.Action.match(action, globFold) || !s.Resource.match(resource, globARN) {
			continue
		}
		switch v := s.conditions(keys); {
		case s.Deny && v != no:
			return false
		case !s.Deny && v == yes:
			allowed = true
		}
	}
	return allowed
}

// conditions is no if one does not hold, else unknown if one cannot be judged.
func (s Statement) conditions(keys map[string]string) verdict {
	all := yes
	for _, c := range s.Condition {
		switch c.holds(keys) {
		case no:
			return no
		case unknown:
			all = unknown
		}
	}
	return all
}

func (p Principals) has(service string) bool {
	in := p.Everyone || slices.Contains(p.Services, service)
	return in != p.Not
}

func (p Patterns) match(value string, glob func(pattern, value string) bool) bool {
	if p.Any {
		return true
	}
	in := slices.ContainsFunc(p.List, func(pattern string) bool { return glob(pattern, value) })
	return in != p.Not
}

func globFold(pattern, value string) bool {
	return glob(strings.ToLower(pattern), strings.ToLower(value))
}

// globARN compares the parts of an ARN one by one, so that a * does not reach
// across a colon. The pattern "*" matches all.
func globARN(pattern, value string) bool {
	if pattern == "*" {
		return true
	}
	want, have := strings.SplitN(pattern, ":", 6), strings.SplitN(value, ":", 6)
	if len(want) != len(have) {
		return false
	}
	for i := range want {
		if !glob(want[i], have[i]) {
			return false
		}
	}
	return true
}

// glob reports whether a pattern with * (any run) and ? (any one byte) matches
// the whole value. Its cost is at most the product of both lengths.
func glob(pattern, value string) bool {
	p, v, star, mark := 0, 0, -1, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}
