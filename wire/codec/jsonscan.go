package codec

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// maxDepth bounds how deep documents nest, JSON, XML and forms alike. A DynamoDB
// item of AWS's 32 levels needs 66 of JSON.
const maxDepth = 256

// maxItems bounds the items of a list of structures: an empty one takes three bytes
// of a document and some hundred of memory. AWS's longest such list has 10,000
// (PutLogEvents).
const maxItems = 100_000

// shareLimit is the longest document in bytes whose strings are cut from it, be it
// JSON, CBOR or a form; those of longer ones are copied, so that keeping a string
// keeps at most this much.
const shareLimit = 64 << 10

// jsonScanner reads JSON text (RFC 8259) from a string. It takes a third of the time
// that the tokens of jsontext take (BenchmarkScanner, BenchmarkTokens): it need not
// keep a stack of names, and strings without escapes are cut out of the document,
// not built.
type jsonScanner struct {
	s     string
	i     int
	depth int
	share bool
}

func newJSONScanner(doc string) jsonScanner {
	return jsonScanner{s: doc, share: len(doc) <= shareLimit}
}

var errSyntax = &Error{Code: "SerializationException", Message: "Could not parse request body into json"}

// syntax is the error for text that is not JSON.
func (d *jsonScanner) syntax(what string) error {
	return &Error{
		Code:    errSyntax.Code,
		Message: errSyntax.Message + ": " + what + " at byte " + strconv.Itoa(d.i),
	}
}

// peek skips white space and returns the byte after it, 0 at the end.
func (d *jsonScanner) peek() byte {
	for d.i < len(d.s) {
		switch c := d.s[d.i]; c {
		case ' ', '\t', '\n', '\r':
			d.i++
		default:
			return c
		}
	}
	return 0
}

func (d *jsonScanner) expect(c byte) error {
	if d.peek() != c {
		return d.syntax("expected '" + string(c) + "'")
	}
	d.i++
	return nil
}

// open enters an object or array.
func (d *jsonScanner) open(c byte) error {
	if err := d.expect(c); err != nil {
		return err
	}
	if d.depth++; d.depth > maxDepth {
		return d.syntax("nested too deep")
	}
	return nil
}

// more reports whether another item follows in the object or array that end closes,
// and stands before it. n counts the items read.
func (d *jsonScanner) more(n int, end byte) (bool, error) {
	switch d.peek() {
	case end:
		d.i++
		d.depth--
		return false, nil
	case ',':
		if n > 0 {
			d.i++
			return true, nil
		}
	default:
		if n == 0 {
			return true, nil
		}
	}
	return false, d.syntax("expected ',' or '" + string(end) + "'")
}

// key reads a member's name and the colon. The name may share the document.
func (d *jsonScanner) key() (string, error) {
	if d.peek() != '"' {
		return "", d.syntax("expected a member name")
	}
	raw, escaped, err := d.rawString()
	if err != nil {
		return "", err
	}
	if escaped {
		if raw, err = d.unescape(raw); err != nil {
			return "", err
		}
	}
	return raw, d.expect(':')
}

// str reads a string value.
func (d *jsonScanner) str() (string, error) {
	raw, escaped, err := d.rawString()
	if err != nil {
		return "", err
	}
	if escaped {
		return d.unescape(raw)
	}
	return d.keep(raw), nil
}

// keep returns s for longer than the document's life.
func (d *jsonScanner) keep(s string) string {
	if d.share {
		return s
	}
	return strings.Clone(s)
}

// rawString reads a string and returns what is between its quotes.
func (d *jsonScanner) rawString() (raw string, escaped bool, err error) {
	start := d.i + 1
	for i := start; i < len(d.s); i++ {
		switch c := d.s[i]; {
		case c == '"':
			d.i = i + 1
			return d.s[start:i], escaped, nil
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			d.i = i
			return "", false, d.syntax("control character in a string")
		}
	}
	d.i = len(d.s)
	return "", false, d.syntax("unterminated string")
}

func (d *jsonScanner) unescape(raw string) (string, error) {
	b := make([]byte, 0, len(raw))
	for {
		i := strings.IndexByte(raw, '\\')
		if i < 0 {
			return string(append(b, raw...)), nil
		}
		b = append(b, raw[:i]...)
		raw = raw[i+1:]
		if raw == "" {
			return "", d.syntax("unterminated escape")
		}
		c := raw[0]
		raw = raw[1:]
		if c == 'u' {
			r, rest, ok := unescapeRune(raw)
			if !ok {
				return "", d.syntax("invalid \\u escape")
			}
			b, raw = utf8.AppendRune(b, r), rest
			continue
		}
		j := strings.IndexByte(`"\/bfnrt`, c)
		if j < 0 {
			return "", d.syntax("invalid escape")
		}
		b = append(b, "\"\\/\b\f\n\r\t"[j])
	}
}

// unescapeRune reads the digits of a \u escape, and the second half of a surrogate
// pair. Half a pair is U+FFFD.
func unescapeRune(s string) (r rune, rest string, ok bool) {
	hi, ok := hex4(s)
	if !ok {
		return 0, "", false
	}
	s = s[4:]
	if !utf16.IsSurrogate(hi) {
		return hi, s, true
	}
	if strings.HasPrefix(s, `\u`) {
		if lo, ok := hex4(s[2:]); ok {
			if r := utf16.DecodeRune(hi, lo); r != utf8.RuneError {
				return r, s[6:], true
			}
		}
	}
	return utf8.RuneError, s, true
}

func hex4(s string) (rune, bool) {
	if len(s) < 4 {
		return 0, false
	}
	n, err := strconv.ParseUint(s[:4], 16, 32)
	return rune(n), err == nil
}

// number reads a number's text.
func (d *jsonScanner) number() (string, error) {
	start := d.i
	if d.at('-') {
		d.i++
	}
	whole := d.digits()
	ok := whole > 0 && (whole == 1 || d.s[d.i-whole] != '0')
	if ok && d.at('.') {
		d.i++
		ok = d.digits() > 0
	}
	if ok && (d.at('e') || d.at('E')) {
		d.i++
		if d.at('+') || d.at('-') {
			d.i++
		}
		ok = d.digits() > 0
	}
	if !ok {
		return "", d.syntax("invalid number")
	}
	return d.s[start:d.i], nil
}

func (d *jsonScanner) at(c byte) bool { return d.i < len(d.s) && d.s[d.i] == c }

func (d *jsonScanner) digits() int {
	start := d.i
	for d.i < len(d.s) && '0' <= d.s[d.i] && d.s[d.i] <= '9' {
		d.i++
	}
	return d.i - start
}

// literal reads true, false or null.
func (d *jsonScanner) literal(s string) error {
	if !strings.HasPrefix(d.s[d.i:], s) {
		return d.syntax("invalid literal")
	}
	d.i += len(s)
	return nil
}

// skip reads a value of any kind.
func (d *jsonScanner) skip() error {
	switch c := d.peek(); c {
	case '{':
		return d.skipItems('{', '}')
	case '[':
		return d.skipItems('[', ']')
	case '"':
		_, err := d.str()
		return err
	case 't':
		return d.literal("true")
	case 'f':
		return d.literal("false")
	case 'n':
		return d.literal("null")
	case 0:
		return d.syntax("unexpected end")
	default:
		_, err := d.number()
		return err
	}
}

func (d *jsonScanner) skipItems(start, end byte) error {
	if err := d.open(start); err != nil {
		return err
	}
	for n := 0; ; n++ {
		more, err := d.more(n, end)
		if err != nil || !more {
			return err
		}
		if start == '{' {
			if _, err := d.key(); err != nil {
				return err
			}
		}
		if err := d.skip(); err != nil {
			return err
		}
	}
}
