package cloudwatch

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/service/cloudwatch/math"
	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// PutMetricAlarm makes a metric alarm, or gives the one of that name another
// configuration. The alarm is evaluated first when the current minute has
// ended.
func (s *Service) PutMetricAlarm(ctx context.Context, in *api.PutMetricAlarmInput) (*api.PutMetricAlarmOutput, error) {
	a, err := s.metricAlarm(in)
	if err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		old := getAlarm(tx, a.Name)
		if old != nil && old.Metric == nil {
			return errValidation("Alarm %s already exists, and is not a metric alarm.", a.Name)
		}
		evaluateLater(tx, a)
		return s.configure(ctx, tx, a, old)
	})
}

// metricAlarm is the alarm that a request describes.
func (s *Service) metricAlarm(in *api.PutMetricAlarmInput) (*alarm.Alarm, error) {
	f := faults{code: codeValidation}
	f.text(in.AlarmName, "AlarmName", 1, maxName)
	f.beyondStatic(in)
	a := f.common(&commonAlarm{
		in.AlarmName, in.AlarmDescription, in.ActionsEnabled, in.OKActions, in.AlarmActions, in.InsufficientDataActions, in.Tags, s.cfg.Region,
	})
	a.Metric = &alarm.Metric{Test: f.test(in)}
	if len(in.Metrics) > 0 {
		f.alarmQueries(in, s.cfg.Account)
	} else {
		f.alarmMetric(in)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	if len(in.Metrics) > 0 {
		a.Metric.Queries = queriesOf(in.Metrics)
	} else {
		a.Metric.Single, a.Metric.Queries = true, []alarm.Query{{ReturnData: true, Stat: statOf(in)}}
	}
	return a, checkMetric(a.Metric)
}

// beyondStatic refuses by name what is not a static threshold on a metric or
// an expression.
func (f *faults) beyondStatic(in *api.PutMetricAlarmInput) {
	for _, p := range []struct {
		name  string
		given bool
	}{
		{"ActionConfiguration", in.ActionConfiguration != nil},
		{"EvaluationCriteria", in.EvaluationCriteria != nil},
		{"EvaluationInterval", in.EvaluationInterval != nil},
		{"EvaluationWindow", in.EvaluationWindow != nil},
		{"ThresholdMetricId", in.ThresholdMetricId != nil},
		{"WarmUpConfiguration", in.WarmUpConfiguration != nil},
	} {
		if p.given {
			f.unsupported(p.name, " Alarms have static thresholds.")
		}
	}
}

// test checks the threshold, and how data points are held against it.
func (f *faults) test(in *api.PutMetricAlarmInput) alarm.Test {
	checkOneOf(f, in.ComparisonOperator, "ComparisonOperator", in.ComparisonOperator.Values())
	switch in.ComparisonOperator {
	case types.ComparisonOperatorLessThanLowerOrGreaterThanUpperThreshold,
		types.ComparisonOperatorLessThanLowerThreshold, types.ComparisonOperatorGreaterThanUpperThreshold:
		f.add(codeValidation, "The comparison operator %s is not supported by Runnel, which detects no anomalies.", in.ComparisonOperator)
	}
	if in.Threshold == nil {
		f.required("Threshold")
	} else {
		f.number(*in.Threshold, "Threshold")
	}
	f.atLeastOne(in.EvaluationPeriods, "EvaluationPeriods", true)
	f.atLeastOne(in.DatapointsToAlarm, "DatapointsToAlarm", false)
	t := alarm.Test{
		Comparison: in.ComparisonOperator, Threshold: aws.ToFloat64(in.Threshold),
		Periods: int(aws.ToInt32(in.EvaluationPeriods)), Datapoints: int(aws.ToInt32(in.DatapointsToAlarm)),
		Missing: aws.ToString(in.TreatMissingData), LowSamples: aws.ToString(in.EvaluateLowSampleCountPercentile),
	}
	if t.Datapoints > t.Periods {
		f.add(codeValidation, "The parameter DatapointsToAlarm must not be greater than the parameter EvaluationPeriods.")
	}
	if in.TreatMissingData != nil {
		checkOneOf(f, t.Missing, "TreatMissingData", []string{alarm.Breaching, alarm.NotBreaching, alarm.Ignore, alarm.Missing})
	}
	if in.EvaluateLowSampleCountPercentile != nil {
		checkOneOf(f, t.LowSamples, "EvaluateLowSampleCountPercentile", []string{lowSamplesEvaluate, lowSamplesIgnore})
	}
	return t
}

func (f *faults) atLeastOne(n *int32, parameter string, required bool) {
	switch {
	case n == nil && required:
		f.required(parameter)
	case n != nil && *n < 1:
		f.constraint(*n, parameter, "Member must have value greater than or equal to 1")
	}
}

// alarmMetric checks an alarm's single metric.
func (f *faults) alarmMetric(in *api.PutMetricAlarmInput) {
	if in.MetricName == nil && in.Namespace == nil {
		f.add(codeValidation, "Metrics list must not be empty when MetricName is not specified.")
		return
	}
	f.namespace(in.Namespace, "Namespace")
	f.name(in.MetricName, "MetricName", maxName)
	f.dimensions(in.Dimensions, "Dimensions")
	f.unit(in.Unit, "Unit")
	f.alarmPeriod(in.Period, "Period")
	switch {
	case in.Statistic != "" && in.ExtendedStatistic != nil:
		f.exclusive("Statistic", "ExtendedStatistic")
	case in.Statistic != "":
		checkOneOf(f, in.Statistic, "Statistic", in.Statistic.Values())
	case in.ExtendedStatistic == nil:
		f.add(codeValidation, "At least one of the parameters Statistic or ExtendedStatistic must be specified.")
	default:
		if _, ok := stat.Parse(*in.ExtendedStatistic); !ok || alarm.IsStatistic(*in.ExtendedStatistic) {
			f.add(codeValidation, "The value %s for parameter ExtendedStatistic is not supported.", *in.ExtendedStatistic)
		}
	}
}

// alarmPeriod is period without those of 1 and 5 seconds, which alarms have
// not.
func (f *faults) alarmPeriod(p *int32, parameter string) {
	if p != nil && (*p == 1 || *p == 5) {
		f.add(codeValidation, "The parameter %s must be 10, 20, 30, or a multiple of 60.", parameter)
		return
	}
	f.period(p, parameter)
}

// alarmQueries checks an alarm's Metrics.
func (f *faults) alarmQueries(in *api.PutMetricAlarmInput, account string) {
	for _, p := range []struct {
		name  string
		given bool
	}{
		{"MetricName", in.MetricName != nil}, {"Namespace", in.Namespace != nil}, {"Dimensions", len(in.Dimensions) > 0},
		{"Period", in.Period != nil}, {"Unit", in.Unit != ""}, {"Statistic", in.Statistic != ""}, {"ExtendedStatistic", in.ExtendedStatistic != nil},
	} {
		if p.given {
			f.exclusive(p.name, "Metrics")
		}
	}
	f.size("Metrics", len(in.Metrics), maxAlarmQueries)
	f.queries(in.Metrics, "Metrics", account)
	returned, metrics := 0, 0
	var period *int32
	for i, q := range in.Metrics {
		if q.ReturnData == nil || *q.ReturnData {
			returned++
		}
		p, name := q.Period, fmt.Sprintf("Metrics.member.%d.Period", i+1)
		if q.MetricStat != nil {
			metrics++
			p, name = q.MetricStat.Period, fmt.Sprintf("Metrics.member.%d.MetricStat.Period", i+1)
		}
		if p != nil {
			f.alarmPeriod(p, name)
			if period != nil && *period != *p {
				f.add(codeValidation, "Metrics in the metrics list must have the same period.")
			}
			period = p
		}
	}
	if returned != 1 {
		f.add(codeValidation, "Exactly one element of the metrics list should return data.")
	}
	f.size("Metrics with MetricStat", metrics, maxAlarmMetrics)
	f.size("Metrics with Expression", len(in.Metrics)-metrics, maxAlarmMetrics)
}

func queriesOf(list []types.MetricDataQuery) []alarm.Query {
	out := make([]alarm.Query, len(list))
	for i, q := range list {
		out[i] = alarm.Query{
			ID: *q.Id, Label: aws.ToString(q.Label), Expression: aws.ToString(q.Expression), Period: aws.ToInt32(q.Period),
			ReturnData: q.ReturnData == nil || *q.ReturnData,
		}
		if m := q.MetricStat; m != nil {
			out[i].Stat = &alarm.Stat{
				Namespace: *m.Metric.Namespace, Name: *m.Metric.MetricName, Dimensions: dimensionsOf(m.Metric.Dimensions),
				Period: *m.Period, Statistic: *m.Stat, Unit: string(m.Unit),
			}
		}
	}
	return out
}

func statOf(in *api.PutMetricAlarmInput) *alarm.Stat {
	q := &alarm.Stat{
		Namespace: *in.Namespace, Name: *in.MetricName, Dimensions: dimensionsOf(in.Dimensions), Period: *in.Period,
		Statistic: string(in.Statistic), Unit: string(in.Unit),
	}
	if in.ExtendedStatistic != nil {
		q.Statistic = *in.ExtendedStatistic
	}
	return q
}

func dimensionsOf(list []types.Dimension) []alarm.Dimension {
	var out []alarm.Dimension
	for _, d := range list {
		out = append(out, alarm.Dimension{Name: *d.Name, Value: *d.Value})
	}
	return out
}

// checkMetric checks how long an alarm looks back, and that its expression
// gives one series.
func checkMetric(m *alarm.Metric) error {
	switch total := int64(m.Seconds()) * int64(m.Periods); {
	case m.Seconds() >= 3600 && total > weekSeconds:
		return errValidation("Metrics cannot be checked across more than a week (EvaluationPeriods * Period must be <= %d).", weekSeconds)
	case m.Seconds() < 3600 && total > daySeconds:
		return errValidation("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= %d).", daySeconds)
	}
	if m.Watched().Stat != nil {
		return nil
	}
	now := time.Unix(0, 0)
	sheet := math.NewSheet(now, now)
	for _, q := range m.Queries {
		if q.Stat != nil {
			sheet.AddMetric(math.Series{ID: q.ID, Period: time.Duration(q.Stat.Period) * time.Second})
		} else if err := sheet.AddExpression(q.ID, "", time.Duration(q.Period)*time.Second, q.Expression); err != nil {
			return errValidation("%s", err)
		}
	}
	for _, q := range m.Queries {
		kind, err := sheet.Kind(q.ID)
		if err != nil {
			return errValidation("%s", err)
		}
		if q.ReturnData && kind != math.TimeSeries {
			return errValidation("Error in expression '%s': An alarm watches a single time series, and this is of type %s.", q.ID, kind)
		}
	}
	return nil
}
