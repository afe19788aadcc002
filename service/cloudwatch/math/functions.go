package math

import (
	"math"
	"slices"
	"strings"
	"time"
)

// function evaluates a call over the values of its arguments. It returns nil
// and no error if it does not take such arguments.
type function func(c *context, args []value) (value, error)

// lookup finds the function of a name.
func lookup(name string) function {
	switch name {
	case "ABS", "CEIL", "FLOOR", "LOG", "LOG10":
		return pointwise(name)
	case "AVG", "DATAPOINT_COUNT", "MAX", "MIN", "STDDEV", "SUM":
		return reduce(name)
	case "DIFF", "DIFF_TIME", "RATE", "RUNNING_SUM":
		return stepwise(name)
	case "DATE", "DAY", "EPOCH", "HOUR", "MINUTE", "MONTH", "YEAR":
		return calendar(name)
	case "FILL":
		return fill
	case "FIRST", "LAST":
		return endOf(name)
	case "IF":
		return choose
	case "METRICS":
		return metrics
	case "METRIC_COUNT":
		return metricCount
	case "PERIOD":
		return period
	case "REMOVE_EMPTY":
		return removeEmpty
	case "SLICE":
		return slice
	case "SORT":
		return sort
	case "TIME_SERIES":
		return timeSeries
	}
	return nil
}

// refused are the functions that AWS has and Runnel does not.
var refused = []string{
	"ANOMALY_DETECTION_BAND", "DB_PERF_INSIGHTS", "INSIGHT_RULE_METRIC", "LAMBDA", "SEARCH", "SERVICE_QUOTA",
}

// known is nil if there is a function of the name.
func known(name string) error {
	switch {
	case lookup(name) != nil:
		return nil
	case slices.Contains(refused, name):
		return faultf("Function '%s' is not supported", name)
	}
	return faultf("Function '%s' not found", name)
}

func (n *callNode) eval(c *context) (value, error) {
	args := make([]value, len(n.args))
	for i, arg := range n.args {
		v, err := arg.eval(c)
		if err != nil {
			return nil, err
		}
		args[i] = v
	}
	if n.name == "PERIOD" && !c.sheet.areMetrics(n.args) {
		return nil, faultf("PERIOD takes a metric, not the result of an expression")
	}
	v, err := lookup(n.name)(c, args)
	if v == nil && err == nil {
		err = errOperands(n.name, args...)
	}
	if slices.Contains(sharing, n.name) {
		return v, err
	}
	return c.made(v, err)
}

// sharing are the functions whose results have the data points of series that
// there are already.
var sharing = []string{"FIRST", "LAST", "METRICS", "REMOVE_EMPTY", "SLICE", "SORT"}

// pointwise are the functions of a point.
func pointwise(name string) function {
	f := map[string]func(float64) float64{
		"ABS": math.Abs, "CEIL": math.Ceil, "FLOOR": math.Floor, "LOG": math.Log, "LOG10": math.Log10,
	}[name]
	return onEach(func(_ *context, s Series) Series {
		return s.mapped(func(v float64) (float64, bool) { return finite(f(v)) })
	})
}

// onEach is a function of one series, or of each of an array.
func onEach(f func(*context, Series) Series) function {
	return func(c *context, args []value) (value, error) {
		if len(args) != 1 {
			return nil, nil
		}
		v, _ := each(args[0], func(s Series) Series { return f(c, s) })
		return v, nil
	}
}

// stepwise are the functions of a point and the one before it.
func stepwise(name string) function {
	return onEach(func(_ *context, s Series) Series {
		out := Series{ID: s.ID, Label: s.Label, Period: s.Period}
		sum := 0.0
		for i, p := range s.Points {
			sum += p.Value
			if name == "RUNNING_SUM" {
				out.Points = append(out.Points, Point{p.Time, sum})
			} else if i > 0 {
				out.Points = append(out.Points, Point{p.Time, step(name, s.Points[i-1], p)})
			}
		}
		return out
	})
}

func step(name string, before, p Point) float64 {
	seconds := p.Time.Sub(before.Time).Seconds()
	switch name {
	case "DIFF":
		return p.Value - before.Value
	case "DIFF_TIME":
		return seconds
	}
	return (p.Value - before.Value) / seconds // RATE
}

// metrics is METRICS: all metrics of the request, or those whose id contains a
// text.
func metrics(c *context, args []value) (value, error) {
	part := text("")
	if len(args) == 1 {
		var ok bool
		if part, ok = args[0].(text); !ok {
			return nil, nil
		}
	} else if len(args) > 1 {
		return nil, nil
	}
	out := []Series{}
	for _, s := range c.sheet.metrics {
		if strings.Contains(s.ID, string(part)) {
			out = append(out, s)
		}
	}
	return out, nil
}

func metricCount(_ *context, args []value) (value, error) {
	if list, ok := only[[]Series](args); ok {
		return float64(len(list)), nil
	}
	return nil, nil
}

func period(_ *context, args []value) (value, error) {
	if s, ok := only[Series](args); ok {
		return s.Period.Seconds(), nil
	}
	return nil, nil
}

// timeSeries is TIME_SERIES: a scalar in every period.
func timeSeries(c *context, args []value) (value, error) {
	f, ok := only[float64](args)
	if !ok {
		return nil, nil
	}
	if _, ok := finite(f); !ok {
		return Series{Period: c.period()}, nil
	}
	times, err := c.times(c.period())
	return full(times, c.period(), func(time.Time) float64 { return f }), err
}

// only is the argument of a function that takes one of type T.
func only[T any](args []value) (v T, ok bool) {
	if len(args) != 1 {
		return v, false
	}
	v, ok = args[0].(T)
	return v, ok
}
