package xml

import (
	"unicode"
	"unicode/utf8"
)

// What a byte may be a part of. A byte of a character beyond ASCII counts as a
// part of any name: names are looked at closely when they are first seen.
const (
	spaceByte  = 1 << iota // S
	nameByte               // NameChar
	startByte              // NameStartChar
	textStop               // ends a run of plain text
	valueStop              // ends a run of a plain attribute value
	escapeByte             // has to be escaped in JSON
)

var class = func() (t [256]uint8) {
	for c := range t {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c == '_', c == ':', c >= utf8.RuneSelf:
			t[c] = nameByte | startByte
		case c >= '0' && c <= '9', c == '-', c == '.':
			t[c] = nameByte
		case c < ' ':
			t[c] = textStop | valueStop | escapeByte
		}
	}
	for _, c := range " \t\n\r" {
		t[c] |= spaceByte
	}
	t['\t'] &^= textStop
	t['\n'] &^= textStop
	for _, c := range "<&]" {
		t[c] |= textStop
	}
	for _, c := range "<&\"'" {
		t[c] |= valueStop
	}
	for _, c := range `"\` {
		t[c] |= escapeByte
	}
	t[nonCharacter[0]] |= textStop | valueStop
	return t
}()

// nonCharacter is how U+FFFE and U+FFFF begin, the only well-formed UTF-8 beyond
// ASCII that XML does not allow.
const nonCharacter = "\xEF\xBF"

func isNonCharacter(b []byte) bool {
	return len(b) >= 3 && string(b[:2]) == nonCharacter && b[2] >= 0xBE
}

func isSpace(c byte) bool { return class[c]&spaceByte != 0 }

// isChar is the production Char of XML 1.0.
func isChar(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= ' ' && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= unicode.MaxRune
}

// nameStart and namePart are the productions NameStartChar, and NameChar besides,
// of XML 1.0, fifth edition.
var nameStart = &unicode.RangeTable{
	R16: []unicode.Range16{
		{':', ':', 1}, {'A', 'Z', 1}, {'_', '_', 1}, {'a', 'z', 1},
		{0xC0, 0xD6, 1}, {0xD8, 0xF6, 1}, {0xF8, 0x2FF, 1}, {0x370, 0x37D, 1}, {0x37F, 0x1FFF, 1},
		{0x200C, 0x200D, 1}, {0x2070, 0x218F, 1}, {0x2C00, 0x2FEF, 1}, {0x3001, 0xD7FF, 1},
		{0xF900, 0xFDCF, 1}, {0xFDF0, 0xFFFD, 1},
	},
	R32:         []unicode.Range32{{0x10000, 0xEFFFF, 1}},
	LatinOffset: 6,
}

var namePart = &unicode.RangeTable{
	R16: []unicode.Range16{
		{'-', '.', 1}, {'0', '9', 1}, {0xB7, 0xB7, 1}, {0x300, 0x36F, 1}, {0x203F, 0x2040, 1},
	},
	LatinOffset: 3,
}

// badInName is the offset of the first character that a name cannot have where
// it has it, -1 if it is a name.
func badInName(s string) int {
	for i, r := range s {
		if !unicode.Is(nameStart, r) && (i == 0 || !unicode.Is(namePart, r)) {
			return i
		}
	}
	return -1
}

// isNCName says whether s is a name without a colon.
func isNCName(s string) bool {
	for i := range len(s) {
		if s[i] == ':' {
			return false
		}
	}
	return s != "" && utf8.ValidString(s) && badInName(s) < 0
}

// trim takes the white space off both ends of a text, as Unicode has it and so
// does Python.
func trim(b []byte) (from, to int) {
	from, to = 0, len(b)
	for from < to && b[from] < utf8.RuneSelf {
		if !isSpace(b[from]) {
			break
		}
		from++
	}
	for from < to && b[to-1] < utf8.RuneSelf {
		if !isSpace(b[to-1]) {
			break
		}
		to--
	}
	if from == to || b[from] < utf8.RuneSelf && b[to-1] < utf8.RuneSelf {
		return from, to
	}
	return trimWide(b, from, to)
}

func trimWide(b []byte, from, to int) (int, int) {
	for from < to {
		r, n := utf8.DecodeRune(b[from:to])
		if !unicode.IsSpace(r) {
			break
		}
		from += n
	}
	for from < to {
		r, n := utf8.DecodeLastRune(b[from:to])
		if !unicode.IsSpace(r) {
			break
		}
		to -= n
	}
	return from, to
}
