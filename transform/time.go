package transform

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// Layouts of a written time. Parsing accepts a fraction of a second in each. A
// time without a zone is UTC, the only zone in which a file means the same to
// every reader.
var layouts = []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05", "2006-01-02T15:04:05"}

var errTime = errors.New("not a time: write Unix seconds or YYYY-MM-DD HH:MM:SS")

// ParseTime reads a time as devices write it, in UTC: Unix seconds, with or
// without a fraction (978339665, 978339665.125), Unix milliseconds
// (978339665125), RFC 3339, and RFC 3339 with a space for the T or without a
// zone.
func ParseTime(s string) (time.Time, error) {
	if t, ok := parseUnix(s); ok {
		return t, nil
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, errTime
}

// Whole Unix numbers from here on are milliseconds: as seconds this is the year
// 5138, as milliseconds 1973.
const firstMillis = 100_000_000_000

// endOfTime is the first Unix second of the year 10000, which has no written
// form.
const endOfTime = 253_402_300_800

func parseUnix(s string) (time.Time, bool) {
	whole, fraction, dotted := strings.Cut(s, ".")
	n, err := strconv.ParseUint(whole, 10, 63)
	if err != nil {
		return time.Time{}, false
	}
	if !dotted && n >= firstMillis {
		t := time.UnixMilli(int64(n)).UTC()
		return t, n < endOfTime*1000
	}
	nanos, ok := parseFraction(fraction)
	if dotted && !ok || n >= endOfTime {
		return time.Time{}, false
	}
	return time.Unix(int64(n), nanos).UTC(), true
}

// parseFraction reads the digits after the point as nanoseconds, dropping what
// is smaller.
func parseFraction(digits string) (nanos int64, ok bool) {
	if digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, false
	}
	nanos, err := strconv.ParseInt((digits + "000000000")[:9], 10, 64)
	return nanos, err == nil
}
