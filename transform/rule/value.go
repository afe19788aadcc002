package rule

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/runnel/runnel/transform/record"
)

// appendNumber appends the number that a text is to tonumber, if it is written as
// most are: some digits, with a minus sign and a point where need be.
func appendNumber(b []byte, text string) ([]byte, bool) {
	whole, fraction, dotted := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	if !digits(whole) || dotted && !digits(fraction) || len(text) > 18 {
		return b, false
	}
	if !dotted {
		n, err := strconv.ParseInt(text, 10, 64)
		return strconv.AppendInt(b, n, 10), err == nil
	}
	f, err := strconv.ParseFloat(text, 64)
	return record.AppendJSON(b, f), err == nil
}

func digits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// tooLarge says why a value cannot be written: jq can make small values that are
// large when they are written, since their parts are shared.
func tooLarge(v any, size int) string {
	switch left := measure(v, size, maxDepth); {
	case left == tooDeep:
		return fmt.Sprintf("gives a value of more than %d values within each other", maxDepth)
	case left < 0:
		return tooLong
	}
	return ""
}

const tooDeep = -1 << 62

const tooLong = "makes the result larger than a record may be"

// measure is what is left of a size, at least, when a value is written.
func measure(v any, left, depth int) int {
	if depth == 0 {
		return tooDeep
	}
	switch v := v.(type) {
	case string:
		return left - len(v) - 2
	case []any:
		left -= 1 + len(v)
		for i := 0; i < len(v) && left >= 0; i++ {
			left = measure(v[i], left, depth-1)
		}
		return left
	case map[string]any:
		left -= 1 + len(v)
		for key, w := range v {
			if left -= len(key); left < 0 {
				return left
			}
			left = measure(w, left, depth-1)
		}
		return left
	}
	return left - 1
}
