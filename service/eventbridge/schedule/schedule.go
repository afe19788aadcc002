// Package schedule reads the schedules of rules, rate(5 minutes) and
// cron(0 10 * * ? *), and tells when they are due, as
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
// defines them. All times are UTC, and whole minutes for cron.
package schedule

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Schedule is when something is due, again and again.
type Schedule interface {
	// Next is the first time after t, if there is one: years may end.
	Next(t time.Time) (time.Time, bool)
}

// errExpression is what is wrong with most expressions.
var errExpression = errors.New("neither rate(value unit) nor cron(fields)")

// Parse reads an expression.
func Parse(expression string) (Schedule, error) {
	name, rest, _ := strings.Cut(expression, "(")
	args, ok := strings.CutSuffix(rest, ")")
	switch {
	case ok && name == "rate":
		return parseRate(args)
	case ok && name == "cron":
		return parseCron(args)
	}
	return nil, errExpression
}

// Following is the first time after now of a schedule that was due at a time
// before: a rate keeps its beat, whatever of it has passed.
func Following(s Schedule, due, now time.Time) (time.Time, bool) {
	r, ok := s.(rate)
	if !ok {
		return s.Next(now)
	}
	beats := now.Sub(due)/time.Duration(r) + 1
	return due.Add(beats * time.Duration(r)), true
}

// rate is a time between two times, counted from when the rule was made.
type rate time.Duration

var rateForm = regexp.MustCompile(`^([1-9][0-9]{0,8}) (minute|hour|day)(s?)$`)

func parseRate(text string) (Schedule, error) {
	m := rateForm.FindStringSubmatch(text)
	if m == nil {
		return nil, errors.New("a rate is a positive number and minute, minutes, hour, hours, day or days")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		return nil, err
	}
	if (n == 1) != (m[3] == "") {
		return nil, errors.New("the unit of a rate is singular for 1 and plural for more")
	}
	unit := map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}[m[2]]
	const century = 100 * 365 * 24 * time.Hour
	if n > int(century/unit) {
		return nil, errors.New("a rate of more than a century")
	}
	return rate(time.Duration(n) * unit), nil
}

// Next implements [Schedule].
func (r rate) Next(t time.Time) (time.Time, bool) { return t.Add(time.Duration(r)), true }
