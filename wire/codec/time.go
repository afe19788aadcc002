package codec

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"
)

// parseTime reads a timestamp in text: ISO 8601, an HTTP date, or epoch seconds.
func parseTime(s string) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339Nano, s); err == nil {
		return t.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02", "20060102T150405Z"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if t, err := http.ParseTime(s); err == nil {
		return t.UTC(), nil
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		if t, ok := epoch(f); ok {
			return t, nil
		}
	}
	return time.Time{}, errors.New("invalid timestamp " + strconv.Quote(s))
}

// epoch is the time some seconds after 1970, to the millisecond; not ok beyond the
// years that ISO 8601 can write.
func epoch(seconds float64) (t time.Time, ok bool) {
	const first, last = -62167219200, 253402300800 // the years 0 and 10000
	if !(seconds >= first && seconds < last-0.001) {
		return t, false
	}
	return time.UnixMilli(int64(math.Round(seconds * 1000))).UTC(), true
}

// appendTime writes a timestamp; f must not be zero.
func appendTime(b []byte, t time.Time, f TimeFormat) []byte {
	t = t.UTC()
	switch f {
	case EpochMS:
		return strconv.AppendInt(b, t.UnixMilli(), 10)
	case ISO8601:
		return t.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	case ISOSecond:
		return t.AppendFormat(b, "2006-01-02T15:04:05Z")
	case HTTPDate:
		return t.AppendFormat(b, http.TimeFormat)
	}
	return appendEpoch(b, t.UnixMilli())
}

// appendEpoch writes milliseconds as seconds, without trailing zeros.
func appendEpoch(b []byte, ms int64) []byte {
	if ms < 0 {
		b, ms = append(b, '-'), -ms
	}
	b = strconv.AppendInt(b, ms/1000, 10)
	frac := ms % 1000
	if frac == 0 {
		return b
	}
	b = append(b, '.', byte('0'+frac/100), byte('0'+frac/10%10), byte('0'+frac%10))
	for b[len(b)-1] == '0' {
		b = b[:len(b)-1]
	}
	return b
}
