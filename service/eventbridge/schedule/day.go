package schedule

import (
	"strconv"
	"strings"
	"time"
)

// parseDayOfMonth reads values, L (the last day) and 3W (the weekday nearest
// to the third, in the same month).
func parseDayOfMonth(text string) (day, error) {
	if text == "L" {
		return func(year int, month time.Month) uint64 { return 1 << lastOf(year, month) }, nil
	}
	if number, ok := strings.CutSuffix(text, "W"); ok {
		n, err := daysOfMonth.value(number)
		if err != nil {
			return nil, daysOfMonth.err(text)
		}
		return func(year int, month time.Month) uint64 { return nearestWeekday(year, month, n) }, nil
	}
	set, err := daysOfMonth.set(text)
	if err != nil {
		return nil, err
	}
	return func(year int, month time.Month) uint64 {
		return set & (1<<(lastOf(year, month)+1) - 1)
	}, nil
}

// parseDayOfWeek reads values, L (the last day of the week, Saturday), 6L (the
// last Friday of the month) and 3#2 (its second Tuesday), which stand alone.
func parseDayOfWeek(text string) (day, error) {
	if text == "L" {
		text = "SAT"
	}
	if name, ok := strings.CutSuffix(text, "L"); ok {
		n, err := daysOfWeek.value(name)
		if err != nil {
			return nil, daysOfWeek.err(text)
		}
		return func(year int, month time.Month) uint64 {
			last := lastOf(year, month)
			return 1 << (last - (weekday(year, month, last)-n+7)%7)
		}, nil
	}
	if name, nth, ok := strings.Cut(text, "#"); ok {
		n, err := daysOfWeek.value(name)
		k, bad := strconv.ParseUint(nth, 10, 8)
		if err != nil || bad != nil || k < 1 || k > 5 {
			return nil, daysOfWeek.err(text)
		}
		return func(year int, month time.Month) uint64 {
			d := 1 + (n-weekday(year, month, 1)+7)%7 + 7*(int(k)-1)
			if d > lastOf(year, month) {
				return 0
			}
			return 1 << d
		}, nil
	}
	set, err := daysOfWeek.set(text)
	if err != nil {
		return nil, err
	}
	return func(year int, month time.Month) uint64 { return ofWeek(year, month, set) }, nil
}

// ofWeek is the days of a month that are on days of the week.
func ofWeek(year int, month time.Month, set uint64) uint64 {
	var out uint64
	first := weekday(year, month, 1)
	for d := 1; d <= lastOf(year, month); d++ {
		if set>>(1+(first+d-2)%7)&1 == 1 {
			out |= 1 << d
		}
	}
	return out
}

// nearestWeekday is the day from Monday to Friday that is nearest to a date and
// in its month; none if the month has no such date.
func nearestWeekday(year int, month time.Month, n int) uint64 {
	last := lastOf(year, month)
	if n > last {
		return 0
	}
	switch wd := weekday(year, month, n); {
	case wd == 7 && n > 1:
		n--
	case wd == 7:
		n += 2
	case wd == 1 && n < last:
		n++
	case wd == 1:
		n -= 2
	}
	return 1 << n
}

func lastOf(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// weekday is 1 for Sunday to 7 for Saturday.
func weekday(year int, month time.Month, d int) int {
	return 1 + int(time.Date(year, month, d, 0, 0, 0, 0, time.UTC).Weekday())
}
