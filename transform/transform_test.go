package transform

import (
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	tests := []struct{ in, want string }{
		{"978339665", "2001-01-01T09:01:05Z"},
		{"0", "1970-01-01T00:00:00Z"},
		{"978339665.5", "2001-01-01T09:01:05.5Z"},
		{"978339665.1234567899", "2001-01-01T09:01:05.123456789Z"},
		{"978339665125", "2001-01-01T09:01:05.125Z"},
		{"253402300799", "1978-01-11T21:31:40.799Z"},
		{"2019-08-27 02:39:42", "2019-08-27T02:39:42Z"},
		{"2019-08-27 02:39:42.25", "2019-08-27T02:39:42.25Z"},
		{"2019-08-27T02:39:42", "2019-08-27T02:39:42Z"},
		{"2019-08-27T02:39:42Z", "2019-08-27T02:39:42Z"},
		{"2019-08-27 02:39:42+02:00", "2019-08-27T00:39:42Z"},
		{"2020-02-29 00:00:00", "2020-02-29T00:00:00Z"},

		{"", ""},
		{"not_a_timestamp!", ""},
		{"-1", ""},
		{"+978339665", ""},
		{"978339665.", ""},
		{"978339665.x", ""},
		{"978339665.-5", ""},
		{".5", ""},
		{"9783396651251234", ""},
		{"99999999999999999999", ""},
		{"253402300800000", ""},
		{"9.78e8", ""},
		{"2019-08-27", ""},
		{"2019-02-29 00:00:00", ""},
		{"2019-08-27 24:00:00", ""},
		{"27/08/2019 02:39:42", ""},
		{"2019-08-27 02:39:42 ", ""},
	}
	for _, test := range tests {
		got, err := ParseTime(test.in)
		text := ""
		if err == nil {
			text = got.Format(time.RFC3339Nano)
		}
		if text != test.want {
			t.Errorf("%q: got %q (%v), want %q", test.in, text, err, test.want)
		}
	}
}

func TestDecimal(t *testing.T) {
	nines := strings.Repeat("9", maxDigits)
	good := []string{
		"0", "-0", "5.55", "10.10", "-3", "007", "1e3", "1E+125", "9.99E-130", "0.001e-127", nines, "-" + nines,
		nines[:1] + "." + nines[1:], nines + "000", "0.000" + nines, "0e99", "1" + strings.Repeat("0", 125),
	}
	for _, s := range good {
		if got, err := Decimal(s); err != nil || got != s {
			t.Errorf("%q: got %q, %v", s, got, err)
		}
	}
	bad := []string{
		"", "-", "--1", "+1", ".5", "5.", "1.2.3", "1,5", "1e", "1e+", "1e+-1", "1e1.5", "e5", "NaN", "Infinity", "inf",
		"0x10", "1_000", " 1", "1 ", "not_a_number", "٣", "9" + nines, "0.1" + nines, "1e126", "9.99e-131", "0.1e-130",
		"1e99999999999999999999", "1" + strings.Repeat("0", 126),
	}
	for _, s := range bad {
		if got, err := Decimal(s); err == nil {
			t.Errorf("%q: got %q, want an error", s, got)
		}
	}
}

func FuzzDecimal(f *testing.F) {
	for _, seed := range []string{"5.55", "-1e-5", "1E+125", "0.0"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if _, err := Decimal(s); err != nil {
			return
		}
		if _, _, err := big.ParseFloat(s, 10, 200, big.ToNearestEven); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	})
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"978339665", "978339665.5", "2019-08-27 02:39:42"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := ParseTime(s)
		if err != nil {
			return
		}
		again, err := ParseTime(got.Format(time.RFC3339Nano))
		if err != nil || !again.Equal(got) {
			t.Errorf("%q is %v, which reads as %v, %v", s, got, again, err)
		}
	})
}
