package cloudwatch

import (
	"context"
	"time"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/service/cloudwatch/math"
	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// evaluate decides which state a metric alarm is in by what was measured up to
// the last whole minute, or 10 seconds, and whether that is another than before.
// An alarm whose data cannot be read or computed stays as it is.
func (s *Service) evaluate(ctx context.Context, tx *store.Tx, a *alarm.Alarm) (to alarm.State, changed bool) {
	w := s.windowOf(tx, a.Metric)
	points, err := w.points()
	if err != nil {
		tx.OnCommit(func() { s.cfg.Logger.ErrorContext(ctx, "alarm not evaluated", "alarm", a.Name, "err", err) })
		return to, false
	}
	test := treatment(a.Metric)
	if w.tooFew(test, points) {
		return to, false
	}
	o := test.Evaluate(points)
	if o.State == "" || o.State == a.State.Value {
		return to, false
	}
	return alarm.State{Value: o.State, Reason: test.Reason(o), Data: a.Metric.Data(o, tx.Now())}, true
}

// treatment is the alarm's test. DynamoDB's metrics have gaps by nature: alarms
// on them ignore those whatever they were told
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html).
func treatment(m *alarm.Metric) alarm.Test {
	test := m.Test
	for _, q := range m.Queries {
		if q.Stat != nil && q.Stat.Namespace == "AWS/DynamoDB" {
			test.Missing = alarm.Ignore
		}
	}
	return test
}

// window is the time that an evaluation looks at.
type window struct {
	service  *Service
	tx       *store.Tx
	metric   *alarm.Metric
	from, to time.Time
	period   time.Duration
}

func (s *Service) windowOf(tx *store.Tx, m *alarm.Metric) *window {
	w := &window{service: s, tx: tx, metric: m, period: time.Duration(m.Seconds()) * time.Second}
	w.to = tx.Now().Truncate(evaluationInterval(m))
	w.from = w.to.Add(-time.Duration(m.Range()) * w.period)
	return w
}

// points are the data points of the window, the oldest first, those missing
// included.
func (w *window) points() ([]alarm.Datapoint, error) {
	q := w.metric.Watched()
	if q.Stat != nil {
		points, err := w.read(q.Stat)
		return w.whole(points), err
	}
	sheet := math.NewSheet(w.from, w.to)
	for _, q := range w.metric.Queries {
		if q.Stat == nil {
			if err := sheet.AddExpression(q.ID, q.Label, time.Duration(q.Period)*time.Second, q.Expression); err != nil {
				return nil, err
			}
			continue
		}
		points, err := w.read(q.Stat)
		if err != nil {
			return nil, err
		}
		m := math.Series{ID: q.ID, Label: q.Label, Period: time.Duration(q.Stat.Period) * time.Second}
		for _, p := range points {
			m.Points = append(m.Points, math.Point{Time: p.Time, Value: p.Value})
		}
		sheet.AddMetric(m)
	}
	list, err := sheet.Result(q.ID)
	if err != nil || len(list) == 0 {
		return w.whole(nil), err
	}
	points := make([]point, len(list[0].Points))
	for i, p := range list[0].Points {
		points[i] = point{Time: p.Time, Value: p.Value}
	}
	return w.whole(points), nil
}

func (w *window) read(q *alarm.Stat) ([]point, error) {
	st, _ := stat.Parse(q.Statistic)
	m := series.Metric{Namespace: q.Namespace, Name: q.Name}
	for _, d := range q.Dimensions {
		m.Dimensions = append(m.Dimensions, series.Dimension(d))
	}
	return w.service.points(w.tx, series.Query{
		Metric: m, Unit: q.Unit, Period: time.Duration(q.Period) * time.Second, From: w.from, To: w.to,
	}, st)
}

// whole is a data point for each period of the window.
func (w *window) whole(points []point) []alarm.Datapoint {
	var out []alarm.Datapoint
	for at := w.from; at.Before(w.to); at = at.Add(w.period) {
		for len(points) > 0 && points[0].Time.Before(at) {
			points = points[1:]
		}
		d := alarm.Datapoint{Time: at, Missing: true}
		if len(points) > 0 && points[0].Time.Equal(at) {
			d = alarm.Datapoint{Time: at, Value: points[0].Value, Samples: points[0].Samples}
		}
		out = append(out, d)
	}
	return out
}

// tooFew reports whether an alarm on a percentile is to wait for more samples.
func (w *window) tooFew(test alarm.Test, points []alarm.Datapoint) bool {
	q := w.metric.Watched()
	if test.LowSamples != lowSamplesIgnore || q.Stat == nil {
		return false
	}
	st, _ := stat.Parse(q.Stat.Statistic)
	samples := 0.0
	for _, p := range points[len(points)-test.Periods:] {
		samples += p.Samples
	}
	return st.IsPercentile() && !alarm.Enough(st.Percentile(), samples)
}

// Values of EvaluateLowSampleCountPercentile.
const (
	lowSamplesIgnore   = "ignore"
	lowSamplesEvaluate = "evaluate"
)
