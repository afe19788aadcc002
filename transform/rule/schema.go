package rule

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
)

// A schema is a JSON Schema of the rule, compiled.
type schema struct {
	key    string // input.schema or output.schema
	xml    bool   // what it describes was XML
	schema *jsonschema.Schema
}

// schemaURL is the base of a schema's references. It leads nowhere.
const schemaURL = "rule:///schema"

// schema compiles a schema, by default of draft 2020-12; formats are asserted,
// and nothing is loaded from anywhere.
func (p *parser) schema(in *node, key string, xml bool) *schema {
	n := in.get("schema")
	if n == nil {
		return nil
	}
	key = under(key, "schema")
	if !n.is('{') && !n.is('t') && !n.is('f') {
		p.problem(n, key, "want a JSON Schema, an object")
		return nil
	}
	if len(n.raw) > maxSchema {
		p.problem(n, key, "is larger than %d KiB", maxSchema>>10)
		return nil
	}
	if !p.sound(n, key, 1) {
		return nil
	}
	s, err := compileSchema(n.raw)
	if err != nil {
		p.schemaProblem(n, key, err)
		return nil
	}
	if xml {
		p.lintNumbers(n, key)
	}
	return &schema{key, xml, s}
}

// What a schema may be: the compiler's work grows with the square of either.
const (
	maxSchema      = 128 << 10
	maxSchemaDepth = 200
	maxExponent    = 400 // of a number, which is made a fraction of whole ones
)

// sound says whether a schema is one that the compiler can be given: no object
// has a member twice, and nothing is too deep in it or too large.
func (p *parser) sound(n *node, key string, depth int) bool {
	if depth > maxSchemaDepth {
		p.problem(n, key, "has more than %d values within each other", maxSchemaDepth)
		return false
	}
	before := len(p.problems)
	switch {
	case n.is('{'):
		p.isObject(n, key)
	case n.is('0'):
		if reason := beyond(string(n.raw)); reason != "" {
			p.problem(n, key, "%s", reason)
		}
	}
	for _, m := range n.members {
		if !p.sound(m.value, under(key, m.name), depth+1) {
			return false
		}
	}
	for _, e := range n.elements {
		if !p.sound(e, key, depth+1) {
			return false
		}
	}
	return len(p.problems) == before
}

func compileSchema(text []byte) (s *jsonschema.Schema, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			s, err = nil, fmt.Errorf("cannot be compiled: %v", cause)
		}
	}()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.AssertFormat()
	c.UseLoader(noLoader{})
	if err := c.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	return c.Compile(schemaURL)
}

// noLoader refuses what a schema refers to outside of itself.
type noLoader struct{}

var errOutside = errors.New("a schema must stand in the rule as a whole: nothing is loaded")

func (noLoader) Load(string) (any, error) { return nil, errOutside }

// schemaProblem says what is wrong with a schema, and where in it.
func (p *parser) schemaProblem(n *node, key string, err error) {
	var outside *jsonschema.LoadURLError
	var invalid *jsonschema.SchemaValidationError
	switch {
	case errors.As(err, &outside):
		p.problem(n, key, "refers to %s: %v", strings.TrimPrefix(outside.URL, "rule:///"), errOutside)
		return
	case errors.As(err, &invalid):
		var report *jsonschema.ValidationError
		if errors.As(invalid.Err, &report) {
			for _, c := range causes(report) {
				p.problem(n.deepest(c.InstanceLocation), key, "%s: %s", pointer(c.InstanceLocation), reason(c))
			}
			return
		}
	}
	p.problem(n, key, "%s", strings.ReplaceAll(err.Error(), schemaURL, ""))
}

// deepest is the value that a JSON pointer leads to, or the last on the way.
func (n *node) deepest(location []string) *node {
	for _, key := range location {
		next := n.get(key)
		if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(n.elements) {
			next = n.elements[i]
		}
		if next == nil {
			return n
		}
		n = next
	}
	return n
}

// A fault is something in a value that a schema does not allow.
type fault struct {
	location []string
	reason   string
}

// check is what a value does not keep of the schema: in the order of lists, and
// not more than is told of.
func (s *schema) check(v any) (faults []fault) {
	defer func() {
		if cause := recover(); cause != nil {
			faults = []fault{{reason: fmt.Sprintf("cannot be checked: %v", cause)}}
		}
	}()
	if !s.xml {
		if faults := incomparable(v, nil); faults != nil {
			return faults
		}
	}
	var report *jsonschema.ValidationError
	if !errors.As(s.schema.Validate(v), &report) {
		return nil
	}
	for _, c := range causes(report) {
		f := fault{c.InstanceLocation, reason(c)}
		if s.xml && wantsNumber(c) {
			f.reason += "; a text of XML is a string: convert it in map, and check it in output.schema"
		}
		faults = append(faults, f)
	}
	slices.SortFunc(faults, func(a, b fault) int {
		return cmp.Or(slices.CompareFunc(a.location, b.location, compareKeys), cmp.Compare(a.reason, b.reason))
	})
	faults = slices.CompactFunc(faults, func(a, b fault) bool {
		return a.reason == b.reason && slices.Equal(a.location, b.location)
	})
	return faults[:min(len(faults), maxFailures)]
}

// compareKeys puts the indices of a list in their order, before keys that are no
// numbers.
func compareKeys(a, b string) int {
	switch {
	case !digits(a) && !digits(b):
		return cmp.Compare(a, b)
	case !digits(b):
		return -1
	case !digits(a):
		return 1
	}
	return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
}

// incomparable finds a number that would take the validator long.
func incomparable(v any, location []string) []fault {
	switch v := v.(type) {
	case json.Number:
		if reason := beyond(string(v)); reason != "" {
			return []fault{{slices.Clone(location), reason}}
		}
	case []any:
		for i, w := range v {
			if f := incomparable(w, append(location, strconv.Itoa(i))); f != nil {
				return f
			}
		}
	case map[string]any:
		for key, w := range v {
			if f := incomparable(w, append(location, key)); f != nil {
				return f
			}
		}
	}
	return nil
}

// beyond says why a number cannot be compared, "" if it can.
func beyond(number string) string {
	if !strings.ContainsAny(number, "eE") {
		return ""
	}
	if _, exponent, ok := canonical(number); !ok || exponent > maxExponent || exponent < -maxExponent {
		return "the number " + shorten(number, 40) + " is beyond what can be compared"
	}
	return ""
}

// causes are the errors within an error that say what is wrong. Those within an
// alternative stay together: no one of them need be mended.
func causes(e *jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		return []*jsonschema.ValidationError{e}
	}
	if len(e.Causes) == 0 {
		return []*jsonschema.ValidationError{e}
	}
	var list []*jsonschema.ValidationError
	for _, c := range e.Causes {
		list = append(list, causes(c)...)
	}
	return list
}

// most is how many bytes of a reason are shown: it may cite the value.
const most = 500

func reason(e *jsonschema.ValidationError) string {
	english := message.NewPrinter(language.English)
	text := e.ErrorKind.LocalizedString(english)
	var within []string
	for _, alternative := range e.Causes {
		for _, c := range causes(alternative) {
			r := c.ErrorKind.LocalizedString(english)
			if len(c.InstanceLocation) > len(e.InstanceLocation) {
				r = pointer(c.InstanceLocation[len(e.InstanceLocation):]) + ": " + r
			}
			within = append(within, r)
		}
	}
	if len(within) > 0 {
		text += " (" + strings.Join(within, "; or ") + ")"
	}
	return shorten(text, most)
}

// shorten cuts a text to some bytes.
func shorten(text string, size int) string {
	if len(text) <= size {
		return text
	}
	return strings.ToValidUTF8(text[:size], "") + " ..."
}

func wantsNumber(e *jsonschema.ValidationError) bool {
	k, ok := e.ErrorKind.(*kind.Type)
	return ok && k.Got == "string" && (slices.Contains(k.Want, "number") || slices.Contains(k.Want, "integer"))
}

// pointer is a location as a JSON pointer (RFC 6901).
func pointer(location []string) string {
	var b strings.Builder
	for _, key := range location {
		b.WriteByte('/')
		b.WriteString(pointerEscape.Replace(key))
	}
	return b.String()
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")
