package math

import (
	"time"
)

// Point is a series' value in the period that begins at Time.
type Point struct {
	Time  time.Time
	Value float64
}

// Series is a time series, oldest point first, at most one point a period.
type Series struct {
	ID     string // of the query that it came from: METRICS("...") looks there
	Label  string
	Period time.Duration
	Points []Point
}

// mapped is s with f of each value. Points that f drops are gone.
func (s Series) mapped(f func(float64) (float64, bool)) Series {
	points := make([]Point, 0, len(s.Points))
	for _, p := range s.Points {
		if v, ok := f(p.Value); ok {
			points = append(points, Point{p.Time, v})
		}
	}
	s.Points = points
	return s
}

func (s Series) values() []float64 {
	out := make([]float64, len(s.Points))
	for i, p := range s.Points {
		out[i] = p.Value
	}
	return out
}

// sample is a series' value at some time, if it has one.
type sample struct {
	value float64
	ok    bool
}

// zip walks several series at once and calls f at each time at which any has
// a point. What f returns, if it is ok, is the result's point. Times at which
// no longest period begins are passed over.
func (c *context) zip(list []Series, f func(at []sample) sample) Series {
	out := Series{Period: longest(list)}
	next := make([]int, len(list))
	at := make([]sample, len(list))
	for {
		t, ok := earliest(list, next)
		if !ok {
			return out
		}
		for i, s := range list {
			at[i] = sample{}
			if next[i] < len(s.Points) && s.Points[next[i]].Time.Equal(t) {
				at[i] = sample{s.Points[next[i]].Value, true}
				next[i]++
			}
		}
		if !c.sheet.begins(t, out.Period) {
			continue
		}
		if v := f(at); v.ok {
			out.Points = append(out.Points, Point{t, v.value})
		}
	}
}

// earliest is the first time that next has yet to reach.
func earliest(list []Series, next []int) (t time.Time, ok bool) {
	for i, s := range list {
		if next[i] < len(s.Points) && (!ok || s.Points[next[i]].Time.Before(t)) {
			t, ok = s.Points[next[i]].Time, true
		}
	}
	return t, ok
}

func longest(list []Series) time.Duration {
	var d time.Duration
	for _, s := range list {
		d = max(d, s.Period)
	}
	return d
}

// Timestamps are the beginnings of the periods before to, the first of which
// begins at from.
func Timestamps(from, to time.Time, period time.Duration) []time.Time {
	if period < time.Second {
		return nil
	}
	var out []time.Time
	for t := from; t.Before(to); t = t.Add(period) {
		out = append(out, t)
	}
	return out
}

// full is a series with a point in every period.
func full(times []time.Time, period time.Duration, f func(time.Time) float64) Series {
	s := Series{Period: period, Points: make([]Point, len(times))}
	for i, t := range times {
		s.Points[i] = Point{t, f(t)}
	}
	return s
}
