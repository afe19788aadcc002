package expr

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/runnel/runnel/service/dynamodb/attr"
)

// Placeholders are a request's ExpressionAttributeNames and
// ExpressionAttributeValues. All of them must be used by its expressions.
type Placeholders struct {
	names  map[string]string
	values map[string]attr.Value
	used   map[string]bool
}

// NewPlaceholders checks the placeholders of a request and normalizes the
// values in place. Nil maps are absent, which empty ones are not.
func NewPlaceholders(names map[string]string, values attr.Item) (*Placeholders, error) {
	p := &Placeholders{names: names, values: values}
	if names == nil && values == nil {
		return p, nil
	}
	p.used = make(map[string]bool, len(names)+len(values))
	if names != nil && len(names) == 0 {
		return nil, errors.New("ExpressionAttributeNames must not be empty")
	}
	if values != nil && len(values) == 0 {
		return nil, errors.New("ExpressionAttributeValues must not be empty")
	}
	for _, key := range sortedKeys(names) {
		if !isPlaceholder(key, '#') {
			return nil, fmt.Errorf("ExpressionAttributeNames contains invalid key: Syntax error; key: %q", key)
		}
		if names[key] == "" {
			return nil, fmt.Errorf("ExpressionAttributeNames contains invalid value: Attribute name must not be empty for key %s", key)
		}
	}
	for _, key := range sortedKeys(values) {
		if !isPlaceholder(key, ':') {
			return nil, fmt.Errorf("ExpressionAttributeValues contains invalid key: Syntax error; key: %q", key)
		}
		if err := attr.Normalize(values[key]); err != nil {
			return nil, &ValueError{key, err}
		}
	}
	return p, nil
}

// ValueError is what is wrong with one of ExpressionAttributeValues. Some
// operations name the placeholder in their message, most do not.
type ValueError struct {
	Placeholder string
	Err         error
}

func (e *ValueError) Error() string { return e.Err.Error() }

func (e *ValueError) Unwrap() error { return e.Err }

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func isPlaceholder(key string, sigil byte) bool {
	return len(key) > 1 && key[0] == sigil && span(key[1:], isWordPart) == len(key)-1
}

// Unused returns AWS's error for placeholders that no expression parsed so far
// has used.
func (p *Placeholders) Unused() error {
	if err := unused("ExpressionAttributeNames", p.names, p.used); err != nil {
		return err
	}
	return unused("ExpressionAttributeValues", p.values, p.used)
}

func unused[V any](parameter string, placeholders map[string]V, used map[string]bool) error {
	var left []string
	for _, key := range sortedKeys(placeholders) {
		if !used[key] {
			left = append(left, key)
		}
	}
	if left == nil {
		return nil
	}
	return fmt.Errorf("Value provided in %s unused in expressions: keys: {%s}", parameter, strings.Join(left, ", "))
}

func (p *Placeholders) name(key string) (string, bool) {
	n, ok := p.names[key]
	if ok {
		p.used[key] = true
	}
	return n, ok
}

func (p *Placeholders) value(key string) (attr.Value, bool) {
	v, ok := p.values[key]
	if ok {
		p.used[key] = true
	}
	return v, ok
}
