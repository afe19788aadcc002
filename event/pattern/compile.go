package pattern

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// compiler reads a pattern from front to back, so that the first fault can be
// told with its place.
type compiler struct {
	d       *jsontext.Decoder
	source  string
	dialect Dialect
	size    complexity
}

func newCompiler(text string, d Dialect) *compiler {
	return &compiler{
		d:       jsontext.NewDecoder(strings.NewReader(text), jsontext.AllowDuplicateNames(true)),
		source:  text,
		dialect: d,
	}
}

// fail is the error of what was read last.
func (c *compiler) fail(format string, args ...any) error {
	e := &Error{Reason: fmt.Sprintf(format, args...)}
	if c.dialect != Lambda {
		e.Source = location(c.source, int(c.d.InputOffset()))
	}
	return e
}

// location is an offset in the form in which AWS tells it.
func location(text string, offset int) string {
	before := text[:min(offset, len(text))]
	line := 1 + strings.Count(before, "\n")
	column := len(before) - strings.LastIndexByte(before, '\n')
	const most = 500
	if len(text) > most {
		text = text[:most] + fmt.Sprintf("[truncated %d chars]", len(text)-most)
	}
	return fmt.Sprintf(" at [Source: (String)\"%s\"; line: %d, column: %d]", text, line, column)
}

// errSyntax is what is said of text that is no JSON.
func (c *compiler) errSyntax(err error) error {
	if c.dialect.sns() {
		return &Error{Reason: "failed to parse JSON. " + strings.TrimPrefix(err.Error(), "jsontext: ")}
	}
	return c.fail("%s", strings.TrimPrefix(err.Error(), "jsontext: "))
}

// next reads a token.
func (c *compiler) next() (jsontext.Token, error) {
	t, err := c.d.ReadToken()
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return t, c.errSyntax(err)
	}
	return t, nil
}

// pattern reads all the text.
func (c *compiler) pattern() (fields, error) {
	if most := c.dialect.maxText(); len(c.source) > most {
		return fields{}, &Error{Reason: fmt.Sprintf("longer than %d characters", most)}
	}
	t, err := c.next()
	if err != nil {
		return fields{}, err
	}
	if t.Kind() != '{' {
		return fields{}, c.fail("Filter is not an object")
	}
	f, err := c.object(nil)
	if err != nil {
		return f, err
	}
	if _, err := c.d.ReadToken(); err != io.EOF {
		return f, c.fail("more than one JSON value")
	}
	return f, nil
}

// object reads the fields of an object at a path, whose { was read.
func (c *compiler) object(path []string) (fields, error) {
	var f fields
	for {
		t, err := c.next()
		if err != nil {
			return f, err
		}
		if t.Kind() == '}' {
			break
		}
		name := t.String()
		if name == "$or" {
			f.or = make([][]fields, 1)
			f.or[0], err = c.or(path)
		} else {
			err = c.field(&f, name, path)
		}
		if err != nil {
			return f, err
		}
	}
	if len(f.names)+len(f.or) == 0 && !(len(path) == 0 && c.dialect.sns()) {
		return f, c.fail("Empty objects are not allowed")
	}
	return f.distribute(), nil
}

func (c *compiler) field(f *fields, name string, path []string) error {
	path = append(path, name) // whoever keeps it clones it
	t, err := c.next()
	if err != nil {
		return err
	}
	var n node
	switch {
	case t.Kind() == '{' && c.dialect == SNSAttributes:
		return &Error{Reason: "Filter policy scope MessageAttributes does not support nested filter policy"}
	case t.Kind() == '{':
		n, err = c.object(path)
	case t.Kind() == '[':
		n, err = c.rules(path)
	default:
		return c.fail("%q must be an object or an array", name)
	}
	if err != nil {
		return err
	}
	f.set(name, n)
	return nil
}

// set adds a field; of two with one name the last counts.
func (f *fields) set(name string, n node) {
	for i, have := range f.names {
		if have == name {
			f.nodes[i] = n
			return
		}
	}
	f.names, f.nodes = append(f.names, name), append(f.nodes, n)
}

func (c *compiler) or(path []string) ([]fields, error) {
	t, err := c.next()
	if err != nil {
		return nil, err
	}
	if t.Kind() != '[' {
		return nil, c.fail("It must be an Array followed with $or.")
	}
	var list []fields
	for {
		t, err := c.next()
		if err != nil {
			return nil, err
		}
		if t.Kind() == ']' {
			break
		}
		if t.Kind() != '{' {
			return nil, c.fail("Only JSON object is allowed in array of $or relationship.")
		}
		f, err := c.object(path)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	if len(list) < 2 {
		return nil, c.fail("There must have at least 2 Objects in $or relationship.")
	}
	return list, nil
}

// rules reads the rules at a path, whose [ was read.
func (c *compiler) rules(path []string) (*leaf, error) {
	l := new(leaf)
	n := 0
	for ; ; n++ {
		t, err := c.next()
		if err != nil {
			return nil, err
		}
		if t.Kind() == ']' {
			break
		}
		if err := c.rule(l, t, path); err != nil {
			return nil, err
		}
	}
	if n == 0 {
		return nil, c.fail("Empty arrays are not allowed")
	}
	c.size.add(path, n)
	return l, c.checkSize()
}

func (c *compiler) rule(l *leaf, t jsontext.Token, path []string) error {
	switch t.Kind() {
	case '"', '0', 't', 'f', 'n':
		l.tests = append(l.tests, equals(scalar(t)))
		return nil
	case '{':
		return c.operator(l, path)
	}
	return c.fail("Match value must be String, number, true, false, or null")
}

// scalar is a token's value, as [Decode] reads it.
func scalar(t jsontext.Token) any {
	switch t.Kind() {
	case '"':
		return t.String()
	case '0':
		return json.Number(t.String())
	case 't', 'f':
		return t.Bool()
	}
	return nil
}
