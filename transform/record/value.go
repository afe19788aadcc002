package record

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform"
)

// A scanner walks over text that is known to be JSON, so that it looks for the
// ends of tokens and for nothing else.
type scanner struct {
	text string
	at   int
}

// next is the first byte of the next token; separators are passed by.
func (s *scanner) next() byte {
	for {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\n', '\r', ',', ':':
			s.at++
		default:
			return c
		}
	}
}

// quoted takes a string, with its quotes.
func (s *scanner) quoted() (raw string, escaped bool) {
	from, end := s.at, s.at+1
	for {
		part := s.text[end:]
		part = part[:strings.IndexByte(part, '"')]
		escaped = escaped || strings.IndexByte(part, '\\') >= 0
		end += len(part) + 1
		if !escaped || evenBackslashes(part) {
			s.at = end
			return s.text[from:end], escaped
		}
	}
}

// evenBackslashes says that what follows the text is not escaped.
func evenBackslashes(text string) bool {
	return (len(text)-len(strings.TrimRight(text, `\`)))%2 == 0
}

// plain takes a token that is not a string: a number, true, false or null.
func (s *scanner) plain() string {
	from := s.at
	for ; s.at < len(s.text); s.at++ {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r', ',', ']', '}':
			return s.text[from:s.at]
		}
	}
	return s.text[from:]
}

// A flaw is what a value must not have though it is JSON.
type flaw struct {
	offset int // of a byte in the text
	reason string
}

func (f *flaw) Error() string { return f.reason }

// value makes a plain value of text that is JSON. Its strings are parts of one
// copy of the text. The error is a *flaw.
func value(text []byte, depth int) (any, error) {
	if n := transform.ValidUTF8(text); n < len(text) {
		return nil, &flaw{n, "not UTF-8 text"}
	}
	b := builder{scanner{text: string(text)}, depth}
	return b.value()
}

type builder struct {
	scanner
	depth int // that is left
}

func (b *builder) value() (any, error) {
	switch b.next() {
	case '{':
		return b.object()
	case '[':
		return b.array()
	case '"':
		return b.string()
	case 'n':
		b.plain()
		return nil, nil
	case 't':
		b.plain()
		return true, nil
	case 'f':
		b.plain()
		return false, nil
	}
	return b.number()
}

func (b *builder) object() (any, error) {
	if err := b.enter(); err != nil {
		return nil, err
	}
	m := map[string]any{}
	for b.next() != '}' {
		at := b.at
		key, err := b.string()
		if err != nil {
			return nil, err
		}
		v, err := b.value()
		if err != nil {
			return nil, err
		}
		before := len(m)
		if m[key] = v; len(m) == before {
			return nil, &flaw{at, fmt.Sprintf("the key %.100q is there twice", key)}
		}
	}
	b.leave()
	return m, nil
}

func (b *builder) array() (any, error) {
	if err := b.enter(); err != nil {
		return nil, err
	}
	list := []any{}
	for b.next() != ']' {
		v, err := b.value()
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	b.leave()
	return list, nil
}

// enter passes the bracket that opens an array or object, and leave the one that
// closes it.
func (b *builder) enter() error {
	if b.depth == 0 {
		return &flaw{b.at, "arrays and objects within each other too deeply"}
	}
	b.depth--
	b.at++
	return nil
}

func (b *builder) leave() {
	b.depth++
	b.at++
}

func (b *builder) string() (string, error) {
	at := b.at
	raw, escaped := b.quoted()
	if !escaped {
		return raw[1 : len(raw)-1], nil
	}
	s, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", &flaw{at, "half of a surrogate pair in a string"}
	}
	return string(s), nil
}

// What a number may be.
const (
	maxNumber         = 4096 // characters
	maxExponentDigits = 4
)

func (b *builder) number() (any, error) {
	at := b.at
	n := b.plain()
	if len(n) > maxNumber {
		return nil, &flaw{at, fmt.Sprintf("a number of %d characters, more than %d", len(n), maxNumber)}
	}
	if len(n) > maxExponentDigits {
		i := strings.IndexAny(n, "eE") + 1
		if i > 0 && len(strings.TrimLeft(n[i:], "+-0")) > maxExponentDigits {
			return nil, &flaw{at, "a number outside 1E-9999 to 1E+9999"}
		}
	}
	return json.Number(n), nil
}
