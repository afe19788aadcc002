package transform

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a Decimal may be: the range that the tables which keep decimals exactly
// have in common.
const (
	maxDigits   = 38   // significant ones
	maxExponent = 125  // of a number written d.ddd × 10^n
	minExponent = -130 // likewise
)

var errDecimal = errors.New("not a number")

// Decimal reads a decimal number: digits with a minus sign, a point and an
// exponent where need be. It stays as it was written, since to make it a float
// would change it.
func Decimal(s string) (string, error) {
	mantissa, exponent, err := cutExponent(strings.TrimPrefix(s, "-"))
	if err != nil {
		return "", err
	}
	whole, fraction, dotted := strings.Cut(mantissa, ".")
	if !isDigits(whole) || dotted && !isDigits(fraction) {
		return "", errDecimal
	}
	significant := strings.TrimLeft(whole+fraction, "0")
	if significant == "" {
		return s, nil // zero, whatever its exponent
	}
	exponent += len(significant) - len(fraction) - 1
	switch digits := len(strings.TrimRight(significant, "0")); {
	case digits > maxDigits:
		return "", fmt.Errorf("a number of %d digits, more than %d", digits, maxDigits)
	case exponent > maxExponent, exponent < minExponent:
		return "", fmt.Errorf("a number outside 1E%d to 9.99E+%d", minExponent, maxExponent)
	}
	return s, nil
}

// cutExponent takes the exponent off an unsigned number.
func cutExponent(s string) (mantissa string, exponent int, err error) {
	i := strings.IndexAny(s, "eE")
	if i < 0 {
		return s, 0, nil
	}
	digits := strings.TrimLeft(s[i+1:], "+-")
	if len(s[i+1:])-len(digits) > 1 || !isDigits(digits) {
		return "", 0, errDecimal
	}
	exponent, err = strconv.Atoi(s[i+1:])
	if err != nil || exponent > 1e6 || exponent < -1e6 {
		return "", 0, fmt.Errorf("a number outside 1E%d to 9.99E+%d", minExponent, maxExponent)
	}
	return s[:i], exponent, nil
}

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
