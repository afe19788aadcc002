package expr

import "strings"

type kind uint8

const (
	end        kind = iota
	word            // a name, a keyword or a function
	name            // #placeholder
	value           // :placeholder
	number          // a list index
	punct           // an operator, a parenthesis, anything else
	unexpected      // a character that no expression has
)

// token is a piece of an expression; from and to are its place in the text.
type token struct {
	kind     kind
	text     string
	from, to int
}

// is reports whether t is a keyword, in upper or lower case.
func (t token) is(keyword string) bool {
	return t.kind == word && strings.EqualFold(t.text, keyword)
}

// lex splits text into tokens; the last one is the end.
func lex(text string) []token {
	tokens := make([]token, 0, len(text)/4+2)
	for i := 0; ; {
		for i < len(text) && strings.IndexByte(" \t\r\n", text[i]) >= 0 {
			i++
		}
		if i == len(text) {
			return append(tokens, token{kind: end, text: "<EOF>", from: i, to: i})
		}
		k, size := next(text[i:])
		tokens = append(tokens, token{kind: k, text: text[i : i+size], from: i, to: i + size})
		i += size
	}
}

// next tells kind and length of the token that text begins with.
func next(text string) (kind, int) {
	switch c := text[0]; {
	case c == '#':
		return name, 1 + span(text[1:], isWordPart)
	case c == ':':
		return value, 1 + span(text[1:], isWordPart)
	case isDigit(c):
		return number, span(text, isDigit)
	case isWordPart(c):
		return word, span(text, isWordPart)
	}
	for _, op := range []string{"<>", "<=", ">="} {
		if strings.HasPrefix(text, op) {
			return punct, len(op)
		}
	}
	if strings.IndexByte("()[].,=<>+-", text[0]) >= 0 {
		return punct, 1
	}
	return unexpected, runeLen(text)
}

func runeLen(text string) int {
	for i := range text {
		if i > 0 {
			return i
		}
	}
	return len(text)
}

func span(text string, in func(byte) bool) int {
	n := 0
	for n < len(text) && in(text[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWordPart(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_' || isDigit(c)
}
