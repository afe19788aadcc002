package schedule

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// The years that a schedule may name.
const (
	firstYear = 1970
	lastYear  = 2199
)

// cron is a schedule by the calendar.
type cron struct {
	minutes, hours, months uint64 // bit n: value n is in
	day                    day
	years                  [lastYear - firstYear + 1]bool
}

// day says on which days of a month a schedule is due: one bit each.
type day func(year int, month time.Month) uint64

func parseCron(text string) (Schedule, error) {
	fields := strings.Fields(text)
	if len(fields) != 6 {
		return nil, fmt.Errorf("cron takes six fields, not %d", len(fields))
	}
	c := new(cron)
	var err error
	if c.minutes, err = minutes.set(fields[0]); err != nil {
		return nil, err
	}
	if c.hours, err = hours.set(fields[1]); err != nil {
		return nil, err
	}
	if c.months, err = months.set(fields[3]); err != nil {
		return nil, err
	}
	if c.day, err = parseDay(fields[2], fields[4]); err != nil {
		return nil, err
	}
	err = years.each(fields[5], func(year int) { c.years[year-firstYear] = true })
	return c, err
}

func parseDay(ofMonth, ofWeek string) (day, error) {
	switch {
	case ofMonth == "?" && ofWeek == "?":
		return nil, fmt.Errorf("only one of day-of-month and day-of-week may be ?")
	case ofWeek == "?":
		return parseDayOfMonth(ofMonth)
	case ofMonth == "?":
		return parseDayOfWeek(ofWeek)
	}
	return nil, fmt.Errorf("one of day-of-month and day-of-week must be ?")
}

// Next implements [Schedule].
func (c *cron) Next(t time.Time) (time.Time, bool) {
	t = t.UTC().Truncate(time.Minute).Add(time.Minute)
	year, month, date := t.Date()
	minute := t.Hour()*60 + t.Minute()
	for year = max(year, firstYear); year <= lastYear; year++ {
		for ; c.years[year-firstYear] && month <= time.December; month++ {
			if c.months>>month&1 == 0 {
				date, minute = 1, 0
				continue
			}
			days := c.day(year, month) &^ (1<<date - 1)
			for ; days != 0; days &= days - 1 {
				d := bits.TrailingZeros64(days)
				if d > date {
					minute = 0
				}
				if at, ok := c.after(minute); ok {
					return time.Date(year, month, d, at/60, at%60, 0, 0, time.UTC), true
				}
			}
			date, minute = 1, 0
		}
		month, date, minute = time.January, 1, 0
	}
	return time.Time{}, false
}

// after is the first minute of a day from one on.
func (c *cron) after(minute int) (int, bool) {
	for hour := minute / 60; hour < 24; hour++ {
		if c.hours>>hour&1 == 0 {
			continue
		}
		from := 0
		if hour == minute/60 {
			from = minute % 60
		}
		if left := c.minutes >> from << from; left != 0 {
			return hour*60 + bits.TrailingZeros64(left), true
		}
	}
	return 0, false
}
