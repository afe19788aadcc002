package alarm

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// number is a value as CloudWatch writes it in reasons and documents, which is
// how Java prints a double: 5.0, 1.5E7, 2.0E-4.
func number(f float64) string {
	if a := math.Abs(f); a == 0 || a >= 1e-3 && a < 1e7 {
		s := strconv.FormatFloat(f, 'f', -1, 64)
		if !strings.Contains(s, ".") {
			s += ".0"
		}
		return s
	}
	mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
	if !strings.Contains(mantissa, ".") {
		mantissa += ".0"
	}
	n, _ := strconv.Atoi(exponent)
	return mantissa + "E" + strconv.Itoa(n)
}

// double is a number in a document.
type double float64

func (d double) MarshalJSON() ([]byte, error) { return []byte(number(float64(d))), nil }

// stamp is a time in a document: 2019-10-02T17:04:40.985+0000.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000-0700") }
