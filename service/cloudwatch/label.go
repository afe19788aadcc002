package cloudwatch

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/math"
)

// labels makes the labels of results, as
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/graph-dynamic-labels.html
// has them.
type labels struct {
	service *Service
	in      *api.GetMetricDataInput
	zone    *time.Location
	now     time.Time
}

// of is the label of a result: the query's own one with its dynamic parts
// filled in, else the name of the metric or of the expression.
func (l labels) of(r *result) string {
	plain := l.plain(r)
	if aws.ToString(r.query.Label) == "" {
		return plain
	}
	values := make(map[string]string) // each is computed once: it may be of all data points
	return dynamic.ReplaceAllStringFunc(r.series.Label, func(part string) string {
		name := strings.TrimSpace(part[2 : len(part)-1])
		value, known := values[name]
		if !known {
			value = l.value(name, r, plain)
			values[name] = value
		}
		return value
	})
}

var dynamic = regexp.MustCompile(`\$\{[^{}]*\}`)

// plain is what a result is called if the query does not say. Metrics of the
// same name are told apart by the dimensions in which they differ, and by the
// statistic.
func (l labels) plain(r *result) string {
	m := r.query.MetricStat
	if m == nil {
		if r.series.ID != *r.query.Id && r.series.Label != "" {
			return r.series.Label // one of an array
		}
		return *r.query.Id
	}
	var parts []string
	otherStat := false
	for _, d := range m.Metric.Dimensions {
		if slices.ContainsFunc(l.in.MetricDataQueries, func(q types.MetricDataQuery) bool {
			return sameName(q.MetricStat, m) && !slices.ContainsFunc(q.MetricStat.Metric.Dimensions, func(o types.Dimension) bool {
				return *o.Name == *d.Name && *o.Value == *d.Value
			})
		}) {
			parts = append(parts, *d.Value)
		}
	}
	parts = append(parts, *m.Metric.MetricName)
	for _, q := range l.in.MetricDataQueries {
		otherStat = otherStat || sameName(q.MetricStat, m) && *q.MetricStat.Stat != *m.Stat
	}
	if otherStat {
		parts = append(parts, *m.Stat)
	}
	return strings.Join(parts, " ")
}

func sameName(a, b *types.MetricStat) bool {
	return a != nil && *a.Metric.Namespace == *b.Metric.Namespace && *a.Metric.MetricName == *b.Metric.MetricName
}

// value is what a dynamic part stands for; one that CloudWatch does not know
// stays as it is.
func (l labels) value(name string, r *result, plain string) string {
	if name == "LABEL" {
		return plain
	}
	if prop, ok := strings.CutPrefix(name, "PROP("); ok {
		return l.property(strings.Trim(strings.TrimSuffix(prop, ")"), `'" `), r)
	}
	if f := liveValues[name]; f != nil {
		if len(r.series.Points) == 0 {
			return "--"
		}
		return f(l, r.series.Points)
	}
	return "${" + name + "}"
}

func (l labels) property(name string, r *result) string {
	switch name {
	case "AccountId", "AccountLabel":
		return l.service.cfg.Account
	case "Region":
		return l.service.cfg.Region
	}
	m := r.query.MetricStat
	if m == nil {
		return ""
	}
	switch name {
	case "MetricName":
		return *m.Metric.MetricName
	case "Namespace":
		return *m.Metric.Namespace
	case "Period":
		return strconv.Itoa(int(*m.Period))
	case "Stat":
		return *m.Stat
	}
	if dim, ok := strings.CutPrefix(name, "Dim."); ok {
		for _, d := range m.Metric.Dimensions {
			if *d.Name == dim {
				return *d.Value
			}
		}
	}
	return ""
}

// liveValues are those that come from the data points, of which there is one
// at least.
var liveValues = map[string]func(labels, []math.Point) string{
	"AVG":                   func(_ labels, p []math.Point) string { return decimal(total(p) / float64(len(p))) },
	"SUM":                   func(_ labels, p []math.Point) string { return decimal(total(p)) },
	"DATAPOINT_COUNT":       func(_ labels, p []math.Point) string { return strconv.Itoa(len(p)) },
	"FIRST":                 func(_ labels, p []math.Point) string { return decimal(p[0].Value) },
	"LAST":                  func(_ labels, p []math.Point) string { return decimal(p[len(p)-1].Value) },
	"MIN":                   func(_ labels, p []math.Point) string { return decimal(least(p).Value) },
	"MAX":                   func(_ labels, p []math.Point) string { return decimal(most(p).Value) },
	"FIRST_LAST_RANGE":      func(_ labels, p []math.Point) string { return decimal(p[len(p)-1].Value - p[0].Value) },
	"MIN_MAX_RANGE":         func(_ labels, p []math.Point) string { return decimal(most(p).Value - least(p).Value) },
	"FIRST_TIME":            func(l labels, p []math.Point) string { return l.time(p[0]) },
	"LAST_TIME":             func(l labels, p []math.Point) string { return l.time(p[len(p)-1]) },
	"MIN_TIME":              func(l labels, p []math.Point) string { return l.time(least(p)) },
	"MAX_TIME":              func(l labels, p []math.Point) string { return l.time(most(p)) },
	"FIRST_TIME_RELATIVE":   func(l labels, p []math.Point) string { return apart(p[0].Time, l.now) },
	"LAST_TIME_RELATIVE":    func(l labels, p []math.Point) string { return apart(p[len(p)-1].Time, l.now) },
	"MIN_TIME_RELATIVE":     func(l labels, p []math.Point) string { return apart(least(p).Time, l.now) },
	"MAX_TIME_RELATIVE":     func(l labels, p []math.Point) string { return apart(most(p).Time, l.now) },
	"FIRST_LAST_TIME_RANGE": func(_ labels, p []math.Point) string { return apart(p[0].Time, p[len(p)-1].Time) },
	"MIN_MAX_TIME_RANGE":    func(_ labels, p []math.Point) string { return apart(least(p).Time, most(p).Time) },
}

func total(points []math.Point) (sum float64) {
	for _, p := range points {
		sum += p.Value
	}
	return sum
}

// least is the earliest of the points with the smallest value.
func least(points []math.Point) math.Point {
	return slices.MinFunc(points, compareValues)
}

// most is the earliest of the points with the largest value.
func most(points []math.Point) math.Point {
	return slices.MaxFunc(points, compareValues)
}

func compareValues(a, b math.Point) int {
	switch {
	case a.Value < b.Value:
		return -1
	case a.Value > b.Value:
		return 1
	}
	return 0
}

func decimal(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

func (l labels) time(p math.Point) string {
	return p.Time.In(l.zone).Format("2006-01-02 15:04:05 -0700")
}

// apart is the time between two times, in days, hours, minutes and seconds.
func apart(a, b time.Time) string {
	d := b.Sub(a).Abs().Truncate(time.Second)
	out := ""
	for _, u := range []struct {
		size time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if n := d / u.size; n > 0 {
			out += fmt.Sprintf("%d%s", n, u.name)
			d -= n * u.size
		}
	}
	if out == "" {
		return "0s"
	}
	return out
}

// parseZone reads "+0130": hours and minutes from UTC.
func parseZone(s string) (*time.Location, bool) {
	t, err := time.Parse("-0700", s)
	if err != nil || len(s) != 5 {
		return nil, false
	}
	_, offset := t.Zone()
	return time.FixedZone(s, offset), true
}
