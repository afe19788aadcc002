package alarm

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Test is how data points become a state.
type Test struct {
	Comparison types.ComparisonOperator
	Threshold  float64
	Periods    int    // N: how many data points are evaluated
	Datapoints int    `json:",omitempty"` // M: how many must breach; 0, as not given, is N
	Missing    string `json:",omitempty"` // TreatMissingData; "" is missing
	LowSamples string `json:",omitempty"` // EvaluateLowSampleCountPercentile; "" is evaluate
}

// TreatMissingData's values.
const (
	Missing      = "missing"
	Ignore       = "ignore"
	Breaching    = "breaching"
	NotBreaching = "notBreaching"
)

// Datapoint is the value of a period, or that there is none.
type Datapoint struct {
	Time    time.Time // when the period began
	Value   float64
	Samples float64 // how many values it is of; 0 if that is not known
	Missing bool
}

// margin is how many periods more than are evaluated are looked at. The
// documentation has 5 for an alarm of 3 periods, and says no more than that
// the number depends on the period.
const margin = 2

// Range is how many data points Evaluate wants, the last of them being that of
// the last whole period.
func (t Test) Range() int { return t.Periods + margin }

// needed is M.
func (t Test) needed() int {
	if t.Datapoints == 0 {
		return t.Periods
	}
	return t.Datapoints
}

// Outcome is what an evaluation came to.
type Outcome struct {
	State     types.StateValue // "": that in which the alarm is
	Evaluated []Datapoint      // the newest first; with those missing that had to count
}

// Evaluate decides over data points, the oldest first, by
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html.
//
// As long as there are as many real points as are evaluated, those decide,
// however old in the range. Missing ones count as few times as possible.
func (t Test) Evaluate(points []Datapoint) Outcome {
	real, missing := t.choose(points)
	out := Outcome{Evaluated: merged(real, missing)}
	breaching := t.count(real)
	switch {
	case breaching >= t.needed():
		out.State = types.StateValueAlarm
	case len(missing) == 0 || t.Missing == NotBreaching:
		out.State = types.StateValueOk
	case t.Missing == Breaching:
		out.State = types.StateValueOk
		if breaching+len(missing) >= t.needed() {
			out.State = types.StateValueAlarm
		}
	case breaching < len(real):
		out.State = types.StateValueOk
	case t.Missing == Ignore:
	case len(real) == 0:
		out.State = types.StateValueInsufficientData
	case t.sustained(points):
		out.State = types.StateValueAlarm
	}
	return out
}

// choose picks the points that are evaluated, the newest first: the real ones,
// and as many of the missing as are needed to make their number up.
func (t Test) choose(points []Datapoint) (real, missing []Datapoint) {
	for i := len(points) - 1; i >= 0; i-- {
		switch p := points[i]; {
		case p.Missing:
			missing = append(missing, p)
		case len(real) < t.Periods:
			real = append(real, p)
		}
	}
	return real, missing[:min(len(missing), t.Periods-len(real))]
}

// merged is both lists in one, the newest first.
func merged(a, b []Datapoint) []Datapoint {
	out := make([]Datapoint, 0, len(a)+len(b))
	for len(a) > 0 || len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && a[0].Time.After(b[0].Time) {
			out, a = append(out, a[0]), a[1:]
		} else {
			out, b = append(out, b[0]), b[1:]
		}
	}
	return out
}

// sustained reports whether points that all breach, or are missing, have done
// so for as long as the alarm asks: the oldest is at least as old as the
// number of points that must breach ("Avoiding premature transitions to alarm
// state"). Younger ones might be the first of a mixed lot: the alarm waits.
func (t Test) sustained(points []Datapoint) bool {
	for i, p := range points {
		if !p.Missing {
			return len(points)-i >= t.needed()
		}
	}
	return false
}

func (t Test) count(points []Datapoint) int {
	n := 0
	for _, p := range points {
		if t.breaches(p.Value) {
			n++
		}
	}
	return n
}

func (t Test) breaches(v float64) bool {
	switch t.Comparison {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return v >= t.Threshold
	case types.ComparisonOperatorGreaterThanThreshold:
		return v > t.Threshold
	case types.ComparisonOperatorLessThanThreshold:
		return v < t.Threshold
	}
	return v <= t.Threshold // LessThanOrEqualToThreshold
}

// Enough reports whether a percentile (such as 99) of that many samples is
// significant, by
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html.
func Enough(percentile, samples float64) bool {
	tail := min(percentile, 100-percentile) / 100
	return samples*tail >= 10
}
