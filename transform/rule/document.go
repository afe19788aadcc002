package rule

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform"
)

// A node is a value of the rule's text that knows where it stands.
type node struct {
	at       int // byte of the text, the first of raw
	raw      jsontext.Value
	members  []member // of an object, in their order
	elements []*node  // of an array
}

type member struct {
	name  string
	at    int // byte of the text where the name begins
	value *node
}

func (n *node) is(kind jsontext.Kind) bool { return n.raw.Kind() == kind }

// get is the member of the name, nil if there is none, or no node.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	for _, m := range n.members {
		if m.name == name {
			return m.value
		}
	}
	return nil
}

// begins is where a value begins, 0 without one.
func (n *node) begins() int {
	if n == nil {
		return 0
	}
	return n.at
}

// json is the text of a value, none without one.
func (n *node) json() []byte {
	if n == nil {
		return nil
	}
	return n.raw
}

// list are the elements of an array, none without one.
func (n *node) list() []*node {
	if n == nil {
		return nil
	}
	return n.elements
}

// text is the value of a string.
func (n *node) text() string {
	s, err := jsontext.AppendUnquote(nil, n.raw)
	if err != nil {
		return "" // not a string: those who ask have looked
	}
	return string(s)
}

// within is the byte of the rule's text that stands for a byte of the string's
// value.
func (n *node) within(offset int) int {
	i := 1
	for decoded := 0; decoded < offset && i < len(n.raw)-1; {
		size, bytes := 1, 1
		if n.raw[i] == '\\' {
			size, bytes = escape(n.raw[i:])
		}
		i += size
		decoded += bytes
	}
	return n.at + i
}

// escape is how long the escape that text begins with is, and how many bytes it
// stands for. The decoder has seen that surrogates are pairs.
func escape(text []byte) (size, bytes int) {
	if text[1] != 'u' {
		return 2, 1
	}
	r, _ := strconv.ParseUint(string(text[2:6]), 16, 16)
	if utf16.IsSurrogate(rune(r)) {
		return 12, 4
	}
	return 6, utf8.RuneLen(rune(r))
}

// A scanner is the text of a rule, read into nodes.
type scanner struct {
	text []byte
	dec  *jsontext.Decoder
}

// readDocument reads the text of a rule. The error says where it is not JSON.
func readDocument(text []byte) (*node, *Problem) {
	s := &scanner{text, jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true))}
	n, err := s.value()
	if err == nil {
		rest := bytes.TrimLeft(text[s.dec.InputOffset():], " \t\r\n")
		if len(rest) == 0 {
			return n, nil
		}
		return nil, &Problem{Position: position(text, len(text)-len(rest)), Reason: "not JSON: something follows the rule"}
	}
	at, reason := int(s.dec.InputOffset()), err.Error()
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		at, reason = int(syntax.ByteOffset), syntax.Err.Error()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF {
		at, reason = len(text), "the text ends before the rule does"
	}
	return nil, &Problem{Position: position(text, at), Reason: "not JSON: " + reason}
}

func (s *scanner) value() (*node, error) {
	switch s.dec.PeekKind() {
	case '{':
		return s.object()
	case '[':
		return s.array()
	}
	return s.scalar()
}

func (s *scanner) scalar() (*node, error) {
	raw, err := s.dec.ReadValue()
	if err != nil {
		return nil, err
	}
	at := int(s.dec.InputOffset()) - len(raw)
	return &node{at: at, raw: s.text[at : at+len(raw)]}, nil
}

func (s *scanner) object() (*node, error) {
	n, err := s.open()
	for err == nil && s.dec.PeekKind() != '}' {
		var name, value *node
		if name, err = s.scalar(); err == nil {
			if value, err = s.value(); err == nil {
				n.members = append(n.members, member{name.text(), name.at, value})
			}
		}
	}
	return s.close(n, err)
}

func (s *scanner) array() (*node, error) {
	n, err := s.open()
	for err == nil && s.dec.PeekKind() != ']' {
		var value *node
		if value, err = s.value(); err == nil {
			n.elements = append(n.elements, value)
		}
	}
	return s.close(n, err)
}

func (s *scanner) open() (*node, error) {
	_, err := s.dec.ReadToken()
	return &node{at: int(s.dec.InputOffset()) - 1}, err
}

func (s *scanner) close(n *node, err error) (*node, error) {
	if err != nil {
		return nil, err
	}
	if _, err := s.dec.ReadToken(); err != nil {
		return nil, err
	}
	n.raw = s.text[n.at:s.dec.InputOffset()]
	return n, nil
}

// position is that of a byte of a text.
func position(text []byte, at int) transform.Position {
	before := text[:min(at, len(text))]
	begins := bytes.LastIndexByte(before, '\n') + 1
	return transform.Position{
		Line:   bytes.Count(before, []byte{'\n'}) + 1,
		Column: utf8.RuneCount(before[begins:]) + 1,
	}
}
