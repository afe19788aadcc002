package transform

import "unicode/utf8"

// ValidUTF8 is how many bytes of the text, from its beginning, are UTF-8.
func ValidUTF8(text []byte) int {
	if utf8.Valid(text) {
		return len(text)
	}
	at := 0
	for {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size <= 1 {
			return at
		}
		at += size
	}
}
