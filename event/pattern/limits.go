package pattern

import "strings"

// Limits of filter policies.
const (
	maxKeys         = 5
	maxCombinations = 150
)

// complexity is what SNS limits of a policy: its keys, and the product over
// all keys of the number of values times the depth of the key, as
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
// counts.
type complexity struct {
	keys         map[string]bool // by path
	combinations int
}

func (s *complexity) add(path []string, values int) {
	if s.keys == nil {
		s.keys, s.combinations = make(map[string]bool), 1
	}
	s.keys[strings.Join(path, "\x00")] = true
	s.combinations = min(s.combinations*values*len(path), maxCombinations+1)
}

func (c *compiler) checkSize() error {
	switch {
	case !c.dialect.sns():
	case len(c.size.keys) > maxKeys:
		return &Error{Reason: "Filter policy can not have more than 5 keys"}
	case c.size.combinations > maxCombinations:
		return &Error{Reason: "Filter policy is too complex"}
	}
	return nil
}
