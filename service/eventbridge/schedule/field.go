package schedule

import (
	"fmt"
	"strconv"
	"strings"
)

// field is what values a field of a cron expression takes.
type field struct {
	name     string
	min, max int
	names    []string // of the values from min on, if they have any
	wraps    bool     // 20-2 goes on from max to min, which AWS documents of hours alone
}

var (
	minutes     = field{name: "minutes", min: 0, max: 59}
	hours       = field{name: "hours", min: 0, max: 23, wraps: true}
	daysOfMonth = field{name: "day-of-month", min: 1, max: 31}
	months      = field{name: "month", min: 1, max: 12, names: []string{
		"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	daysOfWeek = field{name: "day-of-week", min: 1, max: 7, names: []string{
		"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
	years = field{name: "year", min: firstYear, max: lastYear}
)

func (f field) err(text string) error { return fmt.Errorf("%s: %q", f.name, text) }

// set is the values that a field of numbers below 64 says, a bit each.
func (f field) set(text string) (uint64, error) {
	var out uint64
	err := f.each(text, func(n int) { out |= 1 << n })
	return out, err
}

// each calls add for all values of a list of values, ranges and increments.
func (f field) each(text string, add func(n int)) error {
	for item := range strings.SplitSeq(text, ",") {
		first, last, step, err := f.span(item)
		if err != nil {
			return err
		}
		for n := first; n <= last; n += step {
			if n > f.max {
				add(n - f.size())
			} else {
				add(n)
			}
		}
	}
	return nil
}

// size is how many values the field has.
func (f field) size() int { return f.max - f.min + 1 }

// span reads one item: 5, 5-10, *, and each with /increment behind it. With an
// increment a single value goes on to the end. Of a range that wraps, last is
// beyond max.
func (f field) span(item string) (first, last, step int, err error) {
	base, increment, stepped := strings.Cut(item, "/")
	from, to, ranged := strings.Cut(base, "-")
	step = 1
	switch {
	case base == "*":
		first, last = f.min, f.max
	case ranged:
		if first, err = f.value(from); err == nil {
			last, err = f.value(to)
		}
	default:
		first, err = f.value(from)
		last = first
		if stepped {
			last = f.max
		}
	}
	if err == nil && f.wraps && last < first {
		last += f.size()
	}
	if err == nil && stepped {
		step, err = strconv.Atoi(increment)
	}
	if err != nil || first > last || step < 1 || step > f.max || increment != "" && increment[0] == '+' {
		return 0, 0, 0, f.err(item)
	}
	return first, last, step, nil
}

func (f field) value(text string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(name, text) {
			return f.min + i, nil
		}
	}
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || int(n) < f.min || int(n) > f.max {
		return 0, f.err(text)
	}
	return int(n), nil
}
