package math

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// token is a number, a name, a text or a symbol.
type token struct {
	kind   tokenKind
	text   string // of a name, a text or a symbol
	number float64
}

type tokenKind int

const (
	endToken tokenKind = iota
	numberToken
	nameToken
	textToken
	symbolToken
)

// symbols, the longer ones first.
var symbols = []string{
	"==", "!=", "<=", ">=", "&&", "||",
	"<", ">", "+", "-", "*", "/", "^", "(", ")", "[", "]", ",",
}

// lex cuts an expression into tokens; the last one is an endToken.
func lex(s string) ([]token, error) {
	var out []token
	for {
		s = strings.TrimLeft(s, " \t\r\n")
		if s == "" {
			return append(out, token{}), nil
		}
		t, n, err := lexOne(s)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		s = s[n:]
	}
}

// lexOne reads the token that s begins with, and says how long it is.
func lexOne(s string) (token, int, error) {
	switch c := s[0]; {
	case isDigit(c) || c == '.':
		return lexNumber(s)
	case isLetter(c):
		n := span(s, func(c byte) bool { return isLetter(c) || isDigit(c) || c == '_' })
		return token{kind: nameToken, text: s[:n]}, n, nil
	case c == '"' || c == '\'':
		return lexText(s, s[:1])
	}
	for _, sym := range symbols {
		if strings.HasPrefix(s, sym) {
			return token{kind: symbolToken, text: sym}, len(sym), nil
		}
	}
	if _, n := utf8.DecodeRuneInString(s); strings.Contains("“”", s[:n]) {
		return lexText(s, "”") // as the documentation itself prints them
	}
	return token{}, 0, errSyntax
}

func lexNumber(s string) (token, int, error) {
	n := span(s, isDigit)
	if n < len(s) && s[n] == '.' {
		n += 1 + span(s[n+1:], isDigit)
	}
	n += exponent(s[n:])
	f, err := strconv.ParseFloat(s[:n], 64)
	if err != nil {
		return token{}, 0, errSyntax
	}
	return token{kind: numberToken, number: f}, n, nil
}

// exponent is how long the exponent is that s begins with, 0 if none.
func exponent(s string) int {
	if s == "" || s[0] != 'e' && s[0] != 'E' {
		return 0
	}
	n := 1
	if n < len(s) && (s[n] == '+' || s[n] == '-') {
		n++
	}
	digits := span(s[n:], isDigit)
	if digits == 0 {
		return 0
	}
	return n + digits
}

func lexText(s, end string) (token, int, error) {
	_, open := utf8.DecodeRuneInString(s)
	n := strings.Index(s[open:], end)
	if n < 0 {
		return token{}, 0, errSyntax
	}
	return token{kind: textToken, text: s[open : open+n]}, open + n + len(end), nil
}

func span(s string, is func(byte) bool) int {
	for i := range len(s) {
		if !is(s[i]) {
			return i
		}
	}
	return len(s)
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }
