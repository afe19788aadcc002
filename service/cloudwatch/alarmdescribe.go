package cloudwatch

import (
	"cmp"
	"context"
	"encoding/base64"
	"iter"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
)

// Numbers of records of a page.
const (
	maxRecords     = 100
	defaultRecords = 50
)

// DescribeAlarms lists alarms by name: metric alarms only, unless asked for
// others.
func (s *Service) DescribeAlarms(ctx context.Context, in *api.DescribeAlarmsInput) (*api.DescribeAlarmsOutput, error) {
	if err := checkDescribe(in); err != nil {
		return nil, err
	}
	after, err := namedToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	limit := int(aws.ToInt32(cmp.Or(in.MaxRecords, aws.Int32(defaultRecords))))
	out := &api.DescribeAlarmsOutput{MetricAlarms: []types.MetricAlarm{}, CompositeAlarms: []types.CompositeAlarm{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		list, err := s.described(tx, in, after)
		if err != nil {
			return err
		}
		related := in.ChildrenOfAlarmName != nil || in.ParentsOfAlarmName != nil
		n, last := 0, ""
		for name := range list {
			if after != nil && name <= *after {
				continue
			}
			a := getAlarm(tx, name)
			if a == nil || !related && !wanted(a, in) {
				continue
			}
			if n++; n > limit {
				out.NextToken = aws.String(base64.RawURLEncoding.EncodeToString([]byte(last)))
				return nil
			}
			last = a.Name
			if a.Composite != nil {
				out.CompositeAlarms = append(out.CompositeAlarms, compositeOut(a, related))
			} else {
				out.MetricAlarms = append(out.MetricAlarms, metricAlarmOut(a, related))
			}
		}
		return nil
	})
}

func checkDescribe(in *api.DescribeAlarmsInput) error {
	f := faults{code: codeValidation}
	f.size("AlarmNames", len(in.AlarmNames), maxAlarmNames)
	f.records(in.MaxRecords)
	f.alarmTypes(in.AlarmTypes)
	if in.StateValue != "" {
		checkOneOf(&f, in.StateValue, "StateValue", in.StateValue.Values())
	}
	if len(in.AlarmNames) > 0 && in.AlarmNamePrefix != nil {
		f.exclusive("AlarmNames", "AlarmNamePrefix")
	}
	others := len(in.AlarmNames) > 0 || in.AlarmNamePrefix != nil || in.ActionPrefix != nil || in.StateValue != "" || len(in.AlarmTypes) > 0
	switch {
	case in.ChildrenOfAlarmName != nil && (others || in.ParentsOfAlarmName != nil):
		f.add(codeCombination, "The parameter ChildrenOfAlarmName can be combined with MaxRecords and NextToken only.")
	case in.ParentsOfAlarmName != nil && others:
		f.add(codeCombination, "The parameter ParentsOfAlarmName can be combined with MaxRecords and NextToken only.")
	}
	return f.err()
}

func (f *faults) records(n *int32) {
	switch {
	case n == nil:
	case *n < 1:
		f.constraint(*n, "MaxRecords", "Member must have value greater than or equal to 1")
	case *n > maxRecords:
		f.constraint(*n, "MaxRecords", "Member must have value less than or equal to %d", maxRecords)
	}
}

func (f *faults) alarmTypes(list []types.AlarmType) {
	for _, t := range list {
		checkOneOf(f, t, "AlarmTypes", t.Values())
	}
}

// namedToken is the name behind which a page begins.
func namedToken(token *string) (*string, error) {
	if token == nil {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(*token)
	if err != nil {
		return nil, errNextToken(*token)
	}
	return aws.String(string(b)), nil
}

// described are the names of the alarms among which a request looks, in order,
// each once; there need not be one of each. Of those that a page before has
// told, it leaves out what costs anything: a page costs what is on it.
func (s *Service) described(tx *store.Tx, in *api.DescribeAlarmsInput, after *string) (iter.Seq[string], error) {
	switch {
	case in.ChildrenOfAlarmName != nil:
		a := getAlarm(tx, *in.ChildrenOfAlarmName)
		if a == nil || a.Composite == nil {
			return slices.Values[[]string](nil), nil
		}
		rule, err := alarm.ParseRule(a.Composite.Rule)
		if err != nil {
			return nil, err
		}
		var children []string
		for _, ref := range rule.Children() {
			children = append(children, s.alarmName(ref))
		}
		return sortedOnce(children), nil
	case in.ParentsOfAlarmName != nil:
		return slices.Values(names(tx, parentSpace.Str(*in.ParentsOfAlarmName))), nil
	case len(in.AlarmNames) > 0:
		return sortedOnce(in.AlarmNames), nil
	}
	return named(tx, aws.ToString(in.AlarmNamePrefix), after), nil
}

// named are the names that begin with a prefix, those behind after if that is
// given.
func named(tx *store.Tx, prefix string, after *string) iter.Seq[string] {
	r := store.Prefix(alarmSpace.StrPrefix(prefix))
	if after != nil {
		r = r.After(alarmSpace.Str(*after))
	}
	return func(yield func(string) bool) {
		for k := range tx.Scan(r) {
			if !yield(k.Parts(alarmSpace).Str()) {
				return
			}
		}
	}
}

func sortedOnce(list []string) iter.Seq[string] {
	return slices.Values(slices.Compact(slices.Sorted(slices.Values(list))))
}

// wanted reports whether an alarm passes a request's filters.
func wanted(a *alarm.Alarm, in *api.DescribeAlarmsInput) bool {
	if in.StateValue != "" && a.State.Value != in.StateValue || !ofType(a.Type(), in.AlarmTypes) {
		return false
	}
	if in.ActionPrefix == nil {
		return true
	}
	for _, list := range [][]string{a.OKActions, a.AlarmActions, a.InsufficientDataActions} {
		if slices.ContainsFunc(list, func(s string) bool { return strings.HasPrefix(s, *in.ActionPrefix) }) {
			return true
		}
	}
	return false
}

// ofType reports whether alarms of a type are asked for; metric alarms are, if
// nothing is.
func ofType(t types.AlarmType, asked []types.AlarmType) bool {
	if len(asked) == 0 {
		return t == types.AlarmTypeMetricAlarm
	}
	return slices.Contains(asked, t)
}

// metricAlarmOut is an alarm as answers have it; in brief, that of a relative.
func metricAlarmOut(a *alarm.Alarm, brief bool) types.MetricAlarm {
	out := types.MetricAlarm{
		AlarmName: &a.Name, AlarmArn: &a.Arn, StateValue: a.State.Value, StateUpdatedTimestamp: &a.State.Updated,
	}
	if brief {
		return out
	}
	m := a.Metric
	out.AlarmDescription, out.AlarmConfigurationUpdatedTimestamp = a.Description, &a.Updated
	out.ActionsEnabled = &a.ActionsEnabled
	out.OKActions, out.AlarmActions, out.InsufficientDataActions = listOut(a.OKActions), listOut(a.AlarmActions), listOut(a.InsufficientDataActions)
	out.StateReason, out.StateReasonData = &a.State.Reason, given(a.State.Data)
	out.StateTransitionedTimestamp = &a.State.Transitioned
	out.ComparisonOperator, out.Threshold = m.Comparison, &m.Threshold
	out.EvaluationPeriods = aws.Int32(int32(m.Periods))
	if m.Datapoints != 0 {
		out.DatapointsToAlarm = aws.Int32(int32(m.Datapoints))
	}
	out.TreatMissingData, out.EvaluateLowSampleCountPercentile = given(m.Missing), given(m.LowSamples)
	out.Dimensions = []types.Dimension{}
	if !m.Single {
		out.Metrics = queriesOut(m.Queries)
		return out
	}
	q := m.Queries[0].Stat
	out.Namespace, out.MetricName, out.Dimensions = &q.Namespace, &q.Name, dimensionsOut(q.Dimensions)
	out.Period, out.Unit = &q.Period, types.StandardUnit(q.Unit)
	if alarm.IsStatistic(q.Statistic) {
		out.Statistic = types.Statistic(q.Statistic)
	} else {
		out.ExtendedStatistic = &q.Statistic
	}
	return out
}

func compositeOut(a *alarm.Alarm, brief bool) types.CompositeAlarm {
	out := types.CompositeAlarm{
		AlarmName: &a.Name, AlarmArn: &a.Arn, StateValue: a.State.Value, StateUpdatedTimestamp: &a.State.Updated,
	}
	if brief {
		return out
	}
	c := a.Composite
	out.AlarmDescription, out.AlarmConfigurationUpdatedTimestamp = a.Description, &a.Updated
	out.ActionsEnabled = &a.ActionsEnabled
	out.OKActions, out.AlarmActions, out.InsufficientDataActions = listOut(a.OKActions), listOut(a.AlarmActions), listOut(a.InsufficientDataActions)
	out.StateReason, out.StateReasonData = &a.State.Reason, given(a.State.Data)
	out.StateTransitionedTimestamp = &a.State.Transitioned
	out.AlarmRule = &c.Rule
	if c.Suppressor != "" {
		out.ActionsSuppressor = &c.Suppressor
		out.ActionsSuppressorWaitPeriod, out.ActionsSuppressorExtensionPeriod = &c.Wait, &c.Extension
	}
	out.ActionsSuppressedBy, out.ActionsSuppressedReason = c.SuppressedBy, given(alarm.Suppression(c.SuppressedBy))
	return out
}

func queriesOut(list []alarm.Query) []types.MetricDataQuery {
	out := make([]types.MetricDataQuery, len(list))
	for i, q := range list {
		out[i] = types.MetricDataQuery{Id: &q.ID, Label: given(q.Label), Expression: given(q.Expression), ReturnData: &q.ReturnData}
		if q.Period != 0 {
			out[i].Period = &q.Period
		}
		if m := q.Stat; m != nil {
			out[i].MetricStat = &types.MetricStat{
				Metric: &types.Metric{Namespace: &m.Namespace, MetricName: &m.Name, Dimensions: dimensionsOut(m.Dimensions)},
				Period: &m.Period, Stat: &m.Statistic, Unit: types.StandardUnit(m.Unit),
			}
		}
	}
	return out
}

func dimensionsOut(list []alarm.Dimension) []types.Dimension {
	out := []types.Dimension{}
	for _, d := range list {
		out = append(out, types.Dimension{Name: &d.Name, Value: &d.Value})
	}
	return out
}

// given is s, or nil if it is empty.
func given(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// listOut is never absent from an answer.
func listOut(s []string) []string {
	if s == nil {
		return []string{}
	}
	return s
}

// DescribeAlarmsForMetric lists the alarms on a single metric. Alarms on
// expressions are not among them.
func (s *Service) DescribeAlarmsForMetric(ctx context.Context, in *api.DescribeAlarmsForMetricInput) (*api.DescribeAlarmsForMetricOutput, error) {
	f := faults{code: codeValidation}
	f.namespace(in.Namespace, "Namespace")
	f.name(in.MetricName, "MetricName", maxName)
	f.dimensions(in.Dimensions, "Dimensions")
	if err := f.err(); err != nil {
		return nil, err
	}
	out := &api.DescribeAlarmsForMetricOutput{MetricAlarms: []types.MetricAlarm{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		for name := range named(tx, "", nil) {
			if a := getAlarm(tx, name); a != nil && watches(a, in) {
				out.MetricAlarms = append(out.MetricAlarms, metricAlarmOut(a, false))
			}
		}
		return nil
	})
}

func watches(a *alarm.Alarm, in *api.DescribeAlarmsForMetricInput) bool {
	if a.Metric == nil || !a.Metric.Single {
		return false
	}
	q := a.Metric.Queries[0].Stat
	have := metricOf(&q.Namespace, &q.Name, dimensionsOut(q.Dimensions))
	asked := metricOf(in.Namespace, in.MetricName, in.Dimensions)
	statistic := cmp.Or(aws.ToString(in.ExtendedStatistic), string(in.Statistic))
	return string(have.Key()) == string(asked.Key()) &&
		(statistic == "" || statistic == q.Statistic) &&
		(in.Period == nil || *in.Period == q.Period) &&
		(in.Unit == "" || string(in.Unit) == q.Unit)
}
