package pattern

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// equals holds for a string, a number, true, false or null. Numbers are equal
// by value: 300 is 3.0e2.
func equals(want any) test {
	number, ok := want.(json.Number)
	if !ok {
		return func(v any) bool { return v == want }
	}
	n, ok := float(number)
	return func(v any) bool {
		if v == want {
			return true
		}
		m, is := float(v)
		return ok && is && m == n
	}
}

// float is a number's value; numbers beyond a float64 are none.
func float(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil
}

// hasPrefixFold and hasSuffixFold compare as many characters as want has:
// letters of two cases need not have one length.
func hasPrefixFold(s, want string) bool {
	for len(want) > 0 {
		if len(s) == 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(s)
		_, m := utf8.DecodeRuneInString(want)
		if !strings.EqualFold(s[:n], want[:m]) {
			return false
		}
		s, want = s[n:], want[m:]
	}
	return true
}

func hasSuffixFold(s, want string) bool {
	for len(want) > 0 {
		if len(s) == 0 {
			return false
		}
		_, n := utf8.DecodeLastRuneInString(s)
		_, m := utf8.DecodeLastRuneInString(want)
		if !strings.EqualFold(s[len(s)-n:], want[len(want)-m:]) {
			return false
		}
		s, want = s[:len(s)-n], want[:len(want)-m]
	}
	return true
}
