package rule

import (
	"errors"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// An output is what a rule says of what it writes.
type output struct {
	format string
	schema *schema
}

func (p *parser) output(n *node) output {
	out := output{format: formatJSON}
	const key = "output"
	if !p.object(n, key, "format", "schema") {
		return out
	}
	out.format = p.choice(n, key, "format", formatJSON, formatNDJSON, formatDynamoDB)
	out.schema = p.schema(n, key, false)
	return out
}

// A field is a key of the output: an object of fields, or a leaf.
type field struct {
	path   string // as the rule has it
	name   []byte // as JSON, with its colon
	fields []*field
	byKey  map[string]*field

	leaf         bool
	key          string      // of the rule that sets it: map.total
	expression   *expression // nil for a constant
	constant     []byte      // JSON
	defaultValue []byte      // JSON, nil if there is none
	required     *required   // nil if the field need not be there
}

// A required is an output path that must lead to something.
type required struct {
	key    string
	path   []string
	within bool // the path leads into a value, not to a field
}

// errPath is an output path that cannot be read.
var errPath = errors.New(`want keys separated by dots; a key with a dot or a double quote in it, or an empty one, stands in double quotes: customer."first.name"`)

// parsePath reads an output path.
func parsePath(s string) ([]string, error) {
	var keys []string
	for {
		key, rest, err := cutKey(s)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
		if rest == "" {
			return keys, nil
		}
		if s = rest[1:]; rest[0] != '.' {
			return nil, errPath
		}
	}
}

// cutKey takes the first key off a path.
func cutKey(s string) (key, rest string, err error) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexByte(s, '.')
		if end < 0 {
			end = len(s)
		}
		if end == 0 || strings.Contains(s[:end], `"`) {
			return "", "", errPath
		}
		return s[:end], s[end:], nil
	}
	for end := 1; end < len(s); end++ {
		switch s[end] {
		case '\\':
			end++
		case '"':
			b, err := jsontext.AppendUnquote(nil, s[:end+1])
			if err != nil {
				return "", "", errPath
			}
			return string(b), s[end+1:], nil
		}
	}
	return "", "", errPath
}

// place makes the leaf at a path. The error says what is in its way.
func (f *field) place(key, path string, keys []string) (*field, error) {
	for i, k := range keys {
		if f.leaf {
			return nil, errors.New("lies within " + f.path + ", which " + f.key + " sets")
		}
		next := f.byKey[k]
		if next == nil {
			name, _ := jsontext.AppendQuote(nil, k)
			next = &field{path: joinPath(keys[:i+1]), name: append(name, ':'), byKey: make(map[string]*field)}
			f.fields = append(f.fields, next)
			f.byKey[k] = next
		}
		f = next
	}
	switch {
	case f.leaf:
		return nil, errors.New("is set by " + f.key + " already")
	case f.fields != nil:
		return nil, errors.New("has keys of its own, such as " + f.fields[0].path)
	}
	f.leaf, f.key = true, key
	return f, nil
}

// find is the field at a path, nil if there is none; within says that the path
// goes on within a leaf.
func (f *field) find(keys []string) (_ *field, within bool) {
	for _, k := range keys {
		if f.leaf {
			return nil, true
		}
		if f = f.byKey[k]; f == nil {
			return nil, false
		}
	}
	return f, false
}

// joinPath writes a path as parsePath reads it.
func joinPath(keys []string) string {
	parts := make([]string, len(keys))
	for i, k := range keys {
		if parts[i] = k; k == "" || strings.ContainsAny(k, `."`) {
			b, _ := jsontext.AppendQuote(nil, k)
			parts[i] = string(b)
		}
	}
	return strings.Join(parts, ".")
}
