package cloudwatch

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/math"
	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Limits of GetMetricData, from
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html.
const (
	maxQueries    = 500
	maxPage       = 100_800 // data points
	maxExpression = 2048    // characters

	// maxMath is how many data points expressions may be computed from. It is
	// Runnel's own limit: all of them are in memory at once.
	maxMath = 2_000_000
)

var queryID = regexp.MustCompile(`^[a-z][a-zA-Z0-9_]*$`)

// GetMetricData tells statistics of metrics, and what expressions make of them.
func (s *Service) GetMetricData(ctx context.Context, in *api.GetMetricDataInput) (*api.GetMetricDataOutput, error) {
	zone, err := checkData(in, s.cfg.Account)
	if err != nil {
		return nil, err
	}
	from, err := parsePageToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	var results []result
	err = s.store.View(ctx, func(tx *store.Tx) error {
		r := &reading{service: s, tx: tx, in: in, page: from}
		results, err = r.results()
		return err
	})
	if bad := (*math.Error)(nil); errors.As(err, &bad) {
		return nil, &wire.Error{Code: codeValidation, Message: bad.Error()}
	}
	if err != nil {
		return nil, err
	}
	l := labels{service: s, in: in, zone: zone, now: s.store.Clock().Now()}
	for i := range results {
		results[i].label = l.of(&results[i])
	}
	return page(in, results, from), nil
}

// result is a series of the answer, oldest point first.
type result struct {
	query  *types.MetricDataQuery
	series math.Series
	label  string
	later  bool // it was not read: this page has no room for it
}

// reading is the reading of the metrics of a request in one snapshot.
type reading struct {
	service *Service
	tx      *store.Tx
	in      *api.GetMetricDataInput
	page    pageToken
	points  int // that were read
	fresh   int // of these, those of results behind the one that the page begins in

	// finest is the shortest period that the start is rounded to. Expressions
	// compare series of different periods, which begin at the same time then.
	finest time.Duration
}

// results are the series that the request wants back, in the order of queries.
func (r *reading) results() ([]result, error) {
	for _, q := range r.in.MetricDataQueries {
		if q.Expression != nil {
			return r.computed()
		}
	}
	var out []result
	for i := range r.in.MetricDataQueries {
		q := &r.in.MetricDataQueries[i]
		if !returned(q) {
			continue
		}
		this := result{query: q, series: math.Series{ID: *q.Id, Label: aws.ToString(q.Label)}, later: r.fresh >= pageSize(r.in)}
		if len(out) >= r.page.result && !this.later {
			var err error
			if this.series, err = r.metric(q); err != nil {
				return nil, err
			}
			if len(out) > r.page.result {
				r.fresh += len(this.series.Points)
			}
		}
		out = append(out, this)
	}
	return out, nil
}

// computed is results with expressions, which need all metrics at once.
func (r *reading) computed() ([]result, error) {
	r.finest = time.Minute
	sheet := math.NewSheet(r.from(0), *r.in.EndTime)
	own := make(map[string]math.Series)
	for i := range r.in.MetricDataQueries {
		q := &r.in.MetricDataQueries[i]
		if q.Expression != nil {
			if err := sheet.AddExpression(*q.Id, aws.ToString(q.Label), seconds(q.Period), *q.Expression); err != nil {
				return nil, err
			}
			continue
		}
		m, err := r.metric(q)
		if err != nil {
			return nil, err
		}
		if r.points > maxMath {
			return nil, wire.Errorf(codeValidation, "The expressions are of more than %s data points, which is a limit of Runnel. "+
				"Increase the periods, decrease the time range, or send fewer queries at once.", grouped(maxMath))
		}
		sheet.AddMetric(m)
		own[*q.Id] = m
	}
	var out []result
	for i := range r.in.MetricDataQueries {
		q := &r.in.MetricDataQueries[i]
		if !returned(q) {
			continue
		}
		list := []math.Series{own[*q.Id]}
		if q.Expression != nil {
			var err error
			if list, err = sheet.Result(*q.Id); err != nil {
				return nil, err
			}
		}
		for _, m := range list {
			out = append(out, result{query: q, series: m})
		}
	}
	return out, nil
}

func returned(q *types.MetricDataQuery) bool { return q.ReturnData == nil || *q.ReturnData }

// from is when the first period begins.
func (r *reading) from(period time.Duration) time.Time {
	return series.Align(*r.in.StartTime, max(period, r.finest), r.tx.Now())
}

// metric reads the metric of a query.
func (r *reading) metric(q *types.MetricDataQuery) (math.Series, error) {
	m := q.MetricStat
	st, _ := stat.Parse(*m.Stat)
	out := math.Series{ID: *q.Id, Label: aws.ToString(q.Label), Period: seconds(m.Period)}
	if out.Label == "" {
		out.Label = *m.Metric.MetricName
	}
	points, err := r.service.points(r.tx, series.Query{
		Metric: metricOf(m.Metric.Namespace, m.Metric.MetricName, m.Metric.Dimensions),
		Unit:   string(m.Unit),
		Period: out.Period,
		From:   r.from(out.Period),
		To:     *r.in.EndTime,
	}, st)
	r.points += len(points)
	for _, p := range points {
		out.Points = append(out.Points, math.Point{Time: p.Time, Value: p.Value})
	}
	return out, err
}

// checkData checks a request, and returns the time zone of labels.
func checkData(in *api.GetMetricDataInput, account string) (*time.Location, error) {
	f := faults{code: codeValidation}
	f.interval(in.StartTime, in.EndTime)
	if len(in.MetricDataQueries) == 0 {
		f.required("MetricDataQueries")
	}
	f.size("MetricDataQueries", len(in.MetricDataQueries), maxQueries)
	if n := in.MaxDatapoints; n != nil && (*n < 1 || *n > maxPage) {
		f.value(*n, "MaxDatapoints")
	}
	if o := in.ScanBy; o != "" && !slices.Contains(o.Values(), o) {
		f.value(o, "ScanBy")
	}
	zone := time.UTC
	if o := in.LabelOptions; o != nil && o.Timezone != nil {
		var ok bool
		if zone, ok = parseZone(*o.Timezone); !ok {
			f.value(*o.Timezone, "LabelOptions.Timezone")
		}
	}
	f.queries(in.MetricDataQueries, "MetricDataQueries", account)
	return zone, f.err()
}

// queries checks metrics and expressions. What expressions say is checked
// where they are evaluated.
func (f *faults) queries(list []types.MetricDataQuery, parameter, account string) {
	seen := make(map[string]bool, len(list))
	unique := true
	for i := range list {
		q, name := &list[i], fmt.Sprintf("%s.member.%d", parameter, i+1)
		id := aws.ToString(q.Id)
		unique = unique && !seen[id]
		seen[id] = true
		if id == "" {
			f.required(name + ".Id")
		} else if !queryID.MatchString(id) || len(id) > maxName {
			f.add(codeValidation, "The value %s for parameter %s.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.", id, name)
		}
		if a := q.AccountId; a != nil && *a != account {
			f.value(*a, name+".AccountId")
		}
		f.query(q, name)
	}
	if !unique {
		f.add(codeValidation, "The values for parameter id in %s are not unique.", parameter)
	}
}

// query checks the metric or the expression of a query.
func (f *faults) query(q *types.MetricDataQuery, name string) {
	switch {
	case q.Expression != nil && q.MetricStat != nil:
		f.exclusive(name+".Expression", name+".MetricStat")
	case q.Expression == nil && q.MetricStat == nil:
		f.add(codeMissing, "At least one of the parameters %[1]s.Expression or %[1]s.MetricStat must be specified.", name)
	case q.Expression != nil:
		if n := len(*q.Expression); n < 1 || n > maxExpression {
			f.add(codeValue, "The parameter %s.Expression must be shorter than %d characters, and not empty.", name, maxExpression+1)
		}
		if q.Period != nil {
			f.period(q.Period, name+".Period")
		}
	default:
		if q.Period != nil {
			f.exclusive(name+".Period", name+".MetricStat")
		}
		f.metricStat(q.MetricStat, name+".MetricStat")
	}
}

func (f *faults) metricStat(m *types.MetricStat, name string) {
	if m.Metric == nil {
		f.required(name + ".Metric")
	} else {
		f.namespace(m.Metric.Namespace, name+".Metric.Namespace")
		f.name(m.Metric.MetricName, name+".Metric.MetricName", maxName)
		f.dimensions(m.Metric.Dimensions, name+".Metric.Dimensions")
	}
	f.period(m.Period, name+".Period")
	f.unit(m.Unit, name+".Unit")
	if m.Stat == nil {
		f.required(name + ".Stat")
	} else if _, ok := stat.Parse(*m.Stat); !ok {
		f.add(codeValidation, "The value for parameter %s.Stat is not a valid statistic.", name)
	}
}
