package schedule

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const layout = "2006-01-02 15:04:05"

func at(t testing.TB, text string) time.Time {
	t.Helper()
	out, err := time.Parse(layout[:len(text)], text)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestNext has the examples of
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
// (2026-11-20) first.
func TestNext(t *testing.T) {
	for _, test := range []struct{ expression, after, want string }{
		{"cron(0 10 * * ? *)", "2026-11-20 10:00", "2026-11-21 10:00, 2026-11-22 10:00"},
		{"cron(15 12 * * ? *)", "2026-11-20 12:14:59", "2026-11-20 12:15, 2026-11-21 12:15"},
		{"cron(0 18 ? * MON-FRI *)", "2026-11-20 18:00", "2026-11-23 18:00, 2026-11-24 18:00"},
		{"cron(0 8 1 * ? *)", "2026-11-20", "2026-12-01 08:00, 2027-01-01 08:00"},
		{"cron(0/15 * * * ? *)", "2026-11-20 23:31", "2026-11-20 23:45, 2026-11-21 00:00"},
		{"cron(0/10 * ? * MON-FRI *)", "2026-11-20 23:50", "2026-11-23 00:00, 2026-11-23 00:10"},
		{"cron(0/5 8-17 ? * MON-FRI *)", "2026-11-20 17:54", "2026-11-20 17:55, 2026-11-23 08:00"},
		{"cron(0/30 20-2 ? * MON-FRI *)", "2026-11-20 22:40", "2026-11-20 23:00, 2026-11-20 23:30, 2026-11-23 00:00, 2026-11-23 00:30"},
		{"cron(30 20-2 ? * MON-FRI *)", "2026-11-23 01:00", "2026-11-23 01:30, 2026-11-23 02:30, 2026-11-23 20:30"},
		{"cron(0 22-3/2,12 * * ? *)", "2026-11-20 20:00", "2026-11-20 22:00, 2026-11-21 00:00, 2026-11-21 02:00, 2026-11-21 12:00"},
		{"cron(0 9-9 * * ? *)", "2026-11-20", "2026-11-20 09:00, 2026-11-21 09:00"},
		{"cron(0 9 ? * 2#1 *)", "2026-11-20", "2026-12-07 09:00, 2027-01-04 09:00"},
		{"cron(0 0 ? * 3#5 *)", "2026-11-20", "2026-12-29 00:00, 2027-03-30 00:00"},
		{"cron(15 10 ? * 6L 2026-2027)", "2027-11-20", "2027-11-26 10:15, 2027-12-31 10:15, never"},
		{"cron(0 12 ? * L *)", "2026-11-20", "2026-11-21 12:00, 2026-11-28 12:00"},
		{"cron(0 0 L * ? *)", "2027-01-31", "2027-02-28 00:00, 2027-03-31 00:00"},
		{"cron(0 0 29 2 ? *)", "2026-11-20", "2028-02-29 00:00, 2032-02-29 00:00"},
		{"cron(0 0 29 FEB ? 2097-2199)", "2026-11-20", "2104-02-29 00:00"},
		{"cron(0 0 30 2 ? *)", "2026-11-20", "never"},
		{"cron(0 0 3W * ? *)", "2026-09-30", "2026-10-02 00:00, 2026-11-03 00:00"},
		{"cron(0 0 1W 8 ? *)", "2026-01-01", "2026-08-03 00:00"},    // the 1st is a Saturday
		{"cron(0 0 31W 1,5 ? *)", "2026-01-31", "2026-05-29 00:00"}, // the 31st is a Sunday
		{"cron(0 0 15W * ? *)", "2026-11-01", "2026-11-16 00:00"},   // a Sunday
		{"cron(0 0 31W 2 ? *)", "2026-01-01", "never"},
		{"cron(1/10 3 * * ? *)", "2026-11-20 02:00", "2026-11-20 03:01, 2026-11-20 03:11, 2026-11-20 03:21"},
		{"cron(*/20 * * * ? *)", "2026-11-20 02:00:01", "2026-11-20 02:20"},
		{"cron(10-30/10,55 0 * JAN,mar ? 2027)", "2026-11-20", "2027-01-01 00:10, 2027-01-01 00:20, 2027-01-01 00:30, 2027-01-01 00:55, 2027-01-02 00:10"},
		{"cron(0 0 1 1 ? 2199)", "2026-11-20", "2199-01-01 00:00, never"},
		{"cron(59 23 31 12 ? 2026/2)", "2026-11-20", "2026-12-31 23:59, 2028-12-31 23:59"},
		{"cron(0 0 ? * SUN,3 *)", "2026-11-20", "2026-11-22 00:00, 2026-11-24 00:00"},
		{"rate(1 minute)", "2026-11-20 10:00:30", "2026-11-20 10:01:30"},
		{"rate(5 minutes)", "2026-11-20 10:00", "2026-11-20 10:05, 2026-11-20 10:10"},
		{"rate(1 hour)", "2026-11-20 10:00", "2026-11-20 11:00"},
		{"rate(7 days)", "2026-11-20 10:00", "2026-11-27 10:00"},
	} {
		s, err := Parse(test.expression)
		if err != nil {
			t.Errorf("%s: %v", test.expression, err)
			continue
		}
		now := at(t, test.after)
		for want := range strings.SplitSeq(test.want, ", ") {
			next, ok := s.Next(now)
			got := "never"
			if ok {
				got = next.Format(layout[:len(want)])
			}
			if got != want {
				t.Errorf("%s after %s: %s, want %s", test.expression, now.Format(layout), got, want)
				break
			}
			now = next
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, text := range []string{
		"", "rate", "rate()", "rate(5)", "rate(1 minutes)", "rate(5 minute)", "rate(0 minutes)", "rate(-1 minutes)",
		"rate(1.5 hours)", "rate(1 week)", "rate(5  minutes)", "rate(999999999 days)", "at(2026-11-20T00:00:00)", "Rate(1 day)",
		"cron()", "cron(* * * * *)", "cron(0 10 * * * *)", "cron(0 10 ? * ? *)", "cron(0 10 1 * MON *)",
		"cron(60 10 * * ? *)", "cron(0 24 * * ? *)", "cron(0 0 0 * ? *)", "cron(0 0 32 * ? *)", "cron(0 0 * 13 ? *)",
		"cron(0 0 ? * 8 *)", "cron(0 0 ? * 0 *)", "cron(0 0 * * ? 1969)", "cron(0 0 * * ? 2200)", "cron(0 0 * * ? * *)",
		"cron(0 0 ? * 3#1,6#3 *)", "cron(0 0 ? * 3#6 *)", "cron(0 0 ? * 3#0 *)", "cron(0 0 LW * ? *)", "cron(0 0 W * ? *)",
		"cron(0 0 L,3 * ? *)", "cron(a 0 * * ? *)", "cron(1- 0 * * ? *)", "cron(5-1 0 * * ? *)", "cron(*/0 0 * * ? *)",
		"cron(0 0 ? * FRI-MON *)", "cron(0 0 * NOV-FEB ? *)", "cron(0 0 * * ? 2030-2027)", "cron(0 24-2 * * ? *)",
		"cron(1,,2 0 * * ? *)", "cron(+1 0 * * ? *)", "cron(*/+1 0 * * ? *)", "cron(? 0 * * ? *)", "cron(0 0 * ? ? *)", "cron(0 10 * * ? *",
	} {
		if _, err := Parse(text); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func TestFollowing(t *testing.T) {
	due, now := at(t, "2026-11-20 10:00:30"), at(t, "2026-11-20 11:02:30")
	for expression, want := range map[string]string{
		"rate(5 minutes)":     "2026-11-20 11:05:30",
		"rate(1 minute)":      "2026-11-20 11:03:30",
		"rate(1 day)":         "2026-11-21 10:00:30",
		"cron(0/5 * * * ? *)": "2026-11-20 11:05:00",
	} {
		s, err := Parse(expression)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := Following(s, due, now); !ok || got.Format(layout) != want {
			t.Errorf("%s: %s, want %s", expression, got, want)
		}
	}
}

// TestModel compares with going through the minutes one by one.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		item := func(most int) string {
			return rapid.SampledFrom([]string{"*", "0/7", "3-9", "1,5,8", "2-8/3", "*/4", "7"}).Draw(t, "item")
		}
		text := "cron(" + item(59) + " " + item(23) + " " + strings.Replace(item(31), "0/", "1/", 1) + " " + strings.Replace(item(12), "0/", "1/", 1) + " ? *)"
		c, err := Parse(text)
		if err != nil {
			t.Fatal(text, err)
		}
		from := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "from"), 0).UTC()
		got, ok := c.Next(from)
		if !ok {
			t.Fatal(text, "never")
		}
		m := c.(*cron)
		for at := from.Truncate(time.Minute).Add(time.Minute); at.Sub(from) < 40*24*time.Hour; at = at.Add(time.Minute) {
			due := m.minutes>>at.Minute()&1 == 1 && m.hours>>at.Hour()&1 == 1 && m.months>>at.Month()&1 == 1 &&
				m.day(at.Year(), at.Month())>>at.Day()&1 == 1
			if due && !at.Equal(got) || at.Equal(got) && !due {
				t.Fatalf("%s after %s: %s", text, from, got)
			}
			if due {
				return
			}
		}
		if got.Sub(from) < 40*24*time.Hour {
			t.Fatalf("%s after %s: %s", text, from, got)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"rate(5 minutes)", "cron(0 10 * * ? *)", "cron(1/5 0-3 3W JAN-MAR ? 2000-2199/3)", "cron(0 0 ? * 6L *)", "cron(0 0 ? * 3#2 *)"} {
		f.Add(seed, int64(1763000000))
	}
	f.Fuzz(func(t *testing.T, text string, seconds int64) {
		s, err := Parse(text)
		if err != nil {
			return
		}
		now := time.Unix(seconds%7e9, 0)
		if next, ok := s.Next(now); ok && !next.After(now) {
			t.Errorf("%s after %s: %s", text, now, next)
		}
	})
}
