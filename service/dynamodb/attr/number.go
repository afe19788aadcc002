package attr

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Limits of DynamoDB's numbers: 38 significant digits, magnitudes from 1E-130
// to 9.99...E+125 (Developer Guide, HowItWorks.NamingRulesDataTypes).
const (
	maxDigits   = 38
	maxExponent = 125
	minExponent = -130
)

// What AWS answers to a number it cannot store.
var (
	ErrNumberOverflow  = errors.New("Number overflow. Attempting to store a number with magnitude larger than supported range")
	ErrNumberUnderflow = errors.New("Number underflow. Attempting to store a number with magnitude smaller than supported range")
	ErrNumberPrecision = errors.New("Attempting to store more than 38 significant digits in a Number")
)

// decimal is a number in scientific notation: 0.d1d2d3... is never meant, the
// point is after the first digit. Zero has no digits.
type decimal struct {
	negative bool
	digits   string // without leading and trailing zeros
	exponent int    // of the first digit
}

// ParseNumber checks text and returns its canonical form: plain decimal
// notation without exponent, superfluous zeros or a negative zero.
func ParseNumber(text string) (string, error) {
	if isCanonicalInteger(text) {
		return text, nil
	}
	d, err := parseDecimal(text)
	if err != nil {
		return "", err
	}
	return d.String(), nil
}

// isCanonicalInteger spares the common case, a short whole number, the work.
func isCanonicalInteger(text string) bool {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) == 0 || len(digits) > maxDigits || digits[0] == '0' {
		return text == "0"
	}
	for i := range len(digits) {
		if digits[i] < '0' || digits[i] > '9' {
			return false
		}
	}
	return true
}

func parseDecimal(text string) (decimal, error) {
	d, ok := scanDecimal(text)
	switch {
	case !ok:
		return decimal{}, notNumeric(text)
	case d.exponent > maxExponent:
		return decimal{}, ErrNumberOverflow
	case d.exponent < minExponent:
		return decimal{}, ErrNumberUnderflow
	case len(d.digits) > maxDigits:
		return decimal{}, ErrNumberPrecision
	case d.digits == "":
		return decimal{}, nil
	}
	return d, nil
}

func notNumeric(text string) error {
	return fmt.Errorf("The parameter cannot be converted to a numeric value: %s", text)
}

// scanDecimal reads [+-]digits[.digits][e[+-]digits] and leaves the limits to
// its caller. Zero keeps the exponent that it was written with: AWS checks it.
func scanDecimal(text string) (decimal, bool) {
	var d decimal
	switch {
	case strings.HasPrefix(text, "-"):
		d.negative, text = true, text[1:]
	case strings.HasPrefix(text, "+"):
		text = text[1:]
	}
	mantissa, exponent, hasExponent := cutExponent(text)
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole == "" && fraction == "" || !allDigits(whole) || !allDigits(fraction) {
		return d, false
	}
	if hasExponent {
		n, err := strconv.ParseInt(exponent, 10, 64)
		if err != nil {
			return d, false // an exponent past 64 bits is none, says AWS
		}
		// Clamped where the length of the mantissa cannot bring it back.
		d.exponent = int(max(-1<<40, min(1<<40, n)))
	}
	d.setDigits(whole, fraction)
	return d, true
}

func cutExponent(text string) (mantissa, exponent string, found bool) {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// setDigits joins the digits before and after the point, drops the zeros that
// say nothing and moves the exponent to the first digit that is left.
func (d *decimal) setDigits(whole, fraction string) {
	all := whole + fraction
	digits := strings.TrimLeft(all, "0")
	if digits == "" {
		d.negative = false
		return
	}
	d.exponent += len(whole) - 1 - (len(all) - len(digits))
	d.digits = strings.TrimRight(digits, "0")
}

func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// String returns the canonical text.
func (d decimal) String() string {
	if d.digits == "" {
		return "0"
	}
	var b strings.Builder
	if d.negative {
		b.WriteByte('-')
	}
	switch point := d.exponent + 1; {
	case point <= 0:
		b.WriteString("0.")
		b.WriteString(zeros(-point))
		b.WriteString(d.digits)
	case point >= len(d.digits):
		b.WriteString(d.digits)
		b.WriteString(zeros(point - len(d.digits)))
	default:
		b.WriteString(d.digits[:point])
		b.WriteByte('.')
		b.WriteString(d.digits[point:])
	}
	return b.String()
}

func zeros(n int) string { return strings.Repeat("0", n) }

// exact has room for the sum of the largest and the smallest number, so that
// nothing is rounded before the limits are checked.
var exact = apd.Context{Precision: maxExponent - minExponent + maxDigits + 8, MaxExponent: 1000, MinExponent: -1000, Traps: apd.DefaultTraps}

// Add returns a+b, exactly. Both must be canonical. A sum that DynamoDB could
// not store is an error.
func Add(a, b string) (string, error) { return arithmetic(a, b, exact.Add) }

// Sub returns a-b, exactly; see [Add].
func Sub(a, b string) (string, error) { return arithmetic(a, b, exact.Sub) }

func arithmetic(a, b string, op func(d, x, y *apd.Decimal) (apd.Condition, error)) (string, error) {
	var x, y, sum apd.Decimal
	if _, _, err := x.SetString(a); err != nil {
		return "", notNumeric(a)
	}
	if _, _, err := y.SetString(b); err != nil {
		return "", notNumeric(b)
	}
	if _, err := op(&sum, &x, &y); err != nil {
		return "", ErrNumberOverflow
	}
	return ParseNumber(sum.Text('f'))
}

// CompareNumbers orders two canonical numbers: negative if a < b, 0 if equal,
// positive if a > b.
func CompareNumbers(a, b string) int {
	if a == b {
		return 0
	}
	x, _ := scanDecimal(a)
	y, _ := scanDecimal(b)
	return x.compare(y)
}

func (d decimal) compare(e decimal) int {
	if s := d.sign() - e.sign(); s != 0 {
		return s
	}
	c := d.exponent - e.exponent
	if c == 0 {
		c = strings.Compare(d.digits, e.digits)
	}
	if d.negative {
		return -c
	}
	return c
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}
