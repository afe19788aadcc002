package alarm

import (
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// Initial is the reason of an alarm's first state.
const Initial = "Unchecked: Initial alarm creation"

// listed is from how many data points on a reason names the last ones only.
const listed = 5

// Reason says why an outcome is what it is, to people.
func (t Test) Reason(o Outcome) string {
	var crossed []Datapoint
	real, missing := 0, 0
	for _, p := range o.Evaluated {
		if p.Missing {
			missing++
			continue
		}
		real++
		if t.breaches(p.Value) == (o.State == types.StateValueAlarm) {
			crossed = append(crossed, p)
		}
	}
	if o.State == types.StateValueInsufficientData {
		return "Insufficient Data: " + counted(t.Periods, "datapoint", "was", "were") + " unknown."
	}
	if t.Missing != Breaching && t.Missing != NotBreaching {
		missing = 0 // they did not count
	}
	if len(crossed) == 0 {
		return "Threshold Crossed: " + t.received(real) + t.treated(missing) + "."
	}
	return "Threshold Crossed: " + t.crossing(o.State, crossed) + t.treated(missing) + t.minimum(o.State) + "."
}

// received says how many points there were, where none of them decided.
func (t Test) received(real int) string {
	points := "no datapoints were"
	if real > 0 {
		points = counted(real, "datapoint", "was", "were")
	}
	return points + " received for " + plural(t.Periods, "period")
}

func (t Test) treated(missing int) string {
	if missing == 0 {
		return ""
	}
	as := "Breaching"
	if t.Missing == NotBreaching {
		as = "NonBreaching"
	}
	return " and " + counted(missing, "missing datapoint", "was", "were") + " treated as [" + as + "]"
}

// crossing names the points that decided.
func (t Test) crossing(state types.StateValue, crossed []Datapoint) string {
	points := plural(len(crossed), "datapoint")
	if t.Datapoints != 0 {
		points = fmt.Sprintf("%d out of the last %d datapoints", len(crossed), t.Periods)
	}
	verb := "were"
	if len(crossed) == 1 {
		verb = "was"
	}
	if state == types.StateValueOk {
		verb += " not"
	}
	verb += " " + t.words() + " the threshold (" + number(t.Threshold) + ")"
	var values []string
	for _, p := range crossed[:min(len(crossed), listed)] {
		values = append(values, fmt.Sprintf("%s (%s)", number(p.Value), p.Time.UTC().Format("02/01/06 15:04:05")))
	}
	list := "[" + strings.Join(values, ", ") + "]"
	if len(crossed) < listed {
		return points + " " + list + " " + verb
	}
	return points + " " + verb + ". The most recent datapoints which crossed the threshold: " + list
}

// words are those of the comparison.
func (t Test) words() string {
	switch t.Comparison {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return "greater than or equal to"
	case types.ComparisonOperatorGreaterThanThreshold:
		return "greater than"
	case types.ComparisonOperatorLessThanThreshold:
		return "less than"
	}
	return "less than or equal to"
}

// minimum is how many points it takes, where the alarm was given a number.
func (t Test) minimum(state types.StateValue) string {
	if t.Datapoints == 0 {
		return ""
	}
	n, way := t.Datapoints, "OK -> ALARM"
	if state == types.StateValueOk {
		n, way = t.Periods-t.Datapoints+1, "ALARM -> OK"
	}
	return " (minimum " + plural(n, "datapoint") + " for " + way + " transition)"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func counted(n int, noun, one, many string) string {
	if n == 1 {
		return plural(n, noun) + " " + one
	}
	return plural(n, noun) + " " + many
}

// reasonData is StateReasonData of a metric alarm.
type reasonData struct {
	Version    string           `json:"version"`
	QueryDate  string           `json:"queryDate"`
	StartDate  string           `json:"startDate,omitempty"`
	Unit       string           `json:"unit,omitempty"`
	Statistic  string           `json:"statistic,omitempty"`
	Period     int32            `json:"period"`
	Recent     []double         `json:"recentDatapoints"`
	Threshold  double           `json:"threshold"`
	Datapoints []evaluatedPoint `json:"evaluatedDatapoints"`
}

type evaluatedPoint struct {
	Timestamp string  `json:"timestamp"`
	Samples   *double `json:"sampleCount,omitempty"`
	Value     *double `json:"value,omitempty"`
}

// Limits of StateReasonData. Its length is from the service's model: functions
// and event buses get two of them in an event whose length is limited too.
const (
	maxData      = 4000 // characters
	leastOfPoint = len(`{"timestamp":"2019-10-02T17:04:40.985+0000"}`)
)

// Data is an outcome as a JSON document, for programs. Of more data points than
// it has room for, it has the newest.
func (m *Metric) Data(o Outcome, now time.Time) string {
	n := sort.Search(min(len(o.Evaluated), maxData/leastOfPoint), func(n int) bool {
		return len(m.data(o.Evaluated[:n+1], now)) > maxData
	})
	return m.data(o.Evaluated[:n], now)
}

// data is Data of data points, the newest first.
func (m *Metric) data(points []Datapoint, now time.Time) string {
	d := reasonData{
		Version: "1.0", QueryDate: stamp(now), Period: m.Seconds(), Threshold: double(m.Threshold),
		Recent: []double{}, Datapoints: []evaluatedPoint{},
	}
	if m.Single {
		d.Statistic, d.Unit = m.Queries[0].Stat.Statistic, m.Queries[0].Stat.Unit
	}
	for _, p := range slices.Backward(points) {
		if !p.Missing {
			d.Recent = append(d.Recent, double(p.Value))
			if d.StartDate == "" {
				d.StartDate = stamp(p.Time)
			}
		}
	}
	for _, p := range points {
		e := evaluatedPoint{Timestamp: stamp(p.Time)}
		if v, n := double(p.Value), double(p.Samples); !p.Missing {
			e.Value = &v
			if n > 0 {
				e.Samples = &n
			}
		}
		d.Datapoints = append(d.Datapoints, e)
	}
	return document(d)
}

// document is v as JSON. All that is given it can be written as such.
func document(v any) string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return "{}"
	}
	return strings.TrimSuffix(b.String(), "\n")
}
