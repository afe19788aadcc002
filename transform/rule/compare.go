package rule

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/runnel/runnel/transform/record"
)

// difference says where two JSON values first differ, "" if they do not. The
// order of keys does not count, nor how a number is written.
func difference(at string, want, got any) string {
	switch w := want.(type) {
	case map[string]any:
		if g, ok := got.(map[string]any); ok {
			return objects(at, w, g)
		}
	case []any:
		if g, ok := got.([]any); ok {
			return lists(at, w, g)
		}
	case json.Number:
		if g, ok := got.(json.Number); ok && sameNumber(string(w), string(g)) {
			return ""
		}
	default:
		if w == got {
			return ""
		}
	}
	return differs(at, brief(want), brief(got))
}

func objects(at string, want, got map[string]any) string {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		path := at + pointer([]string{key})
		g, ok := got[key]
		if !ok {
			return differs(path, brief(want[key]), "nothing")
		}
		if d := difference(path, want[key], g); d != "" {
			return d
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			return differs(at+pointer([]string{key}), "nothing", brief(got[key]))
		}
	}
	return ""
}

func lists(at string, want, got []any) string {
	for i := range min(len(want), len(got)) {
		if d := difference(at+"/"+strconv.Itoa(i), want[i], got[i]); d != "" {
			return d
		}
	}
	if len(want) != len(got) {
		return differs(at, fmt.Sprintf("%d elements", len(want)), strconv.Itoa(len(got)))
	}
	return ""
}

func differs(at, want, got string) string {
	if at == "" {
		return fmt.Sprintf("want %s, got %s", want, got)
	}
	return fmt.Sprintf("at %s: want %s, got %s", at, want, got)
}

// brief is a value as a person is shown it.
func brief(v any) string { return shorten(string(record.AppendJSON(nil, v)), 200) }

// sameNumber says whether two JSON numbers are equal, exactly.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	digitsA, exponentA, okA := canonical(a)
	digitsB, exponentB, okB := canonical(b)
	return okA && okB && digitsA == digitsB && exponentA == exponentB
}

// canonical is a number as digits times a power of ten, neither of the digits at
// the ends a zero: 1.50 is 15 and -1.
func canonical(number string) (digits string, exponent int, ok bool) {
	sign, number := "", strings.ToLower(number)
	if strings.HasPrefix(number, "-") {
		sign, number = "-", number[1:]
	}
	mantissa, power, scientific := strings.Cut(number, "e")
	if scientific {
		var err error
		if exponent, err = strconv.Atoi(power); err != nil {
			return "", 0, false
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	exponent -= len(fraction)
	digits = strings.TrimLeft(whole+fraction, "0")
	trimmed := strings.TrimRight(digits, "0")
	if trimmed == "" {
		return "0", 0, true
	}
	return sign + trimmed, exponent + len(digits) - len(trimmed), true
}
