package math

import "time"

// fill is FILL(series, filler): a scalar, another series' values, REPEAT (the
// last value before the gap) or LINEAR (a line across it). What has nothing to
// be filled with stays missing.
func fill(c *context, args []value) (value, error) {
	if len(args) != 2 {
		return nil, nil
	}
	gap := filler(args[1])
	if gap == nil {
		return nil, nil
	}
	var tooMany error
	points := 0
	v, _ := each(args[0], func(s Series) Series {
		if tooMany != nil {
			return s
		}
		var times []time.Time
		if times, tooMany = c.times(s.Period); tooMany != nil {
			return s
		}
		out := filled(s, times, gap)
		points += len(out.Points)
		tooMany = checkPoints(points)
		return out
	})
	return v, tooMany
}

// gap is a missing point: its time, and the points around it, if there are any.
type gap struct {
	time          time.Time
	before, after *Point
}

func filler(v value) func(gap) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return func(gap) (float64, bool) { return finite(v) }
	case Series:
		at := make(map[int64]float64, len(v.Points))
		for _, p := range v.Points {
			at[p.Time.Unix()] = p.Value
		}
		return func(g gap) (float64, bool) { f, ok := at[g.time.Unix()]; return f, ok }
	case word:
		switch v {
		case "REPEAT":
			return repeat
		case "LINEAR":
			return linear
		}
	}
	return nil
}

func repeat(g gap) (float64, bool) {
	if g.before == nil {
		return 0, false
	}
	return g.before.Value, true
}

func linear(g gap) (float64, bool) {
	if g.before == nil || g.after == nil {
		return 0, false
	}
	whole := g.after.Time.Sub(g.before.Time).Seconds()
	part := g.time.Sub(g.before.Time).Seconds()
	return g.before.Value + (g.after.Value-g.before.Value)*part/whole, true
}

func filled(s Series, times []time.Time, value func(gap) (float64, bool)) Series {
	points := s.Points
	out := Series{ID: s.ID, Label: s.Label, Period: s.Period}
	next := 0 // the first point that was not passed
	for _, t := range times {
		for next < len(points) && points[next].Time.Before(t) {
			next++
		}
		if next < len(points) && points[next].Time.Equal(t) {
			out.Points = append(out.Points, points[next])
			continue
		}
		g := gap{time: t}
		if next > 0 {
			g.before = &points[next-1]
		}
		if next < len(points) {
			g.after = &points[next]
		}
		if v, ok := value(g); ok {
			out.Points = append(out.Points, Point{t, v})
		}
	}
	return out
}

// calendar are the functions of a series' timestamps, in UTC.
func calendar(name string) function {
	return func(c *context, args []value) (value, error) {
		s, ok := only[Series](args)
		if !ok {
			return nil, nil
		}
		times, err := c.times(s.Period)
		return full(times, s.Period, func(t time.Time) float64 { return float64(part(name, t)) }), err
	}
}

// part is a part of a date. Days of the week begin with Monday, which is 1.
func part(name string, t time.Time) int64 {
	switch name {
	case "MINUTE":
		return int64(t.Minute())
	case "HOUR":
		return int64(t.Hour())
	case "DAY":
		return int64(t.Weekday()+6)%7 + 1
	case "DATE":
		return int64(t.Day())
	case "MONTH":
		return int64(t.Month())
	case "YEAR":
		return int64(t.Year())
	}
	return t.Unix() // EPOCH
}
