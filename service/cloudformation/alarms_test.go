package cloudformation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	cwapi "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func (r *rig) alarms() *cwapi.DescribeAlarmsOutput {
	r.t.Helper()
	out, err := cwapi.NewFromConfig(r.aws).DescribeAlarms(ctx, &cwapi.DescribeAlarmsInput{
		AlarmTypes: []cw.AlarmType{cw.AlarmTypeMetricAlarm, cw.AlarmTypeCompositeAlarm}})
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

// alarmNames are those of both kinds.
func (r *rig) alarmNames() []string {
	r.t.Helper()
	names := []string{}
	all := r.alarms()
	for _, a := range all.MetricAlarms {
		names = append(names, *a.AlarmName)
	}
	for _, a := range all.CompositeAlarms {
		names = append(names, *a.AlarmName)
	}
	slices.Sort(names)
	return names
}

// TestAlarmUpdates sets each property of an alarm, changes it and takes it away.
func TestAlarmUpdates(t *testing.T) {
	const body = `
Resources:
  T: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}
  A: {Type: AWS::CloudWatch::Alarm, Properties: {ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 3, Threshold: 1.5, %s}}
Outputs: {Arn: {Value: !GetAtt A.Arn}, Ref: {Value: !Ref A}}
`
	const single = "Namespace: AWS/Lambda, MetricName: Errors, Period: 60, Statistic: Sum"
	with := func(props string) string { return strings.Replace(body, "%s", props, 1) }
	inBubble(t, func(t *testing.T, r *rig) {
		alarm := func() cw.MetricAlarm {
			t.Helper()
			all := r.alarms().MetricAlarms
			if len(all) != 1 {
				t.Fatalf("%+v", all)
			}
			return all[0]
		}
		st := r.create("s", with(`Namespace: AWS/Lambda, MetricName: Duration, Period: 60, ExtendedStatistic: p99, EvaluateLowSampleCountPercentile: ignore,
    Dimensions: [{Name: FunctionName, Value: f}], Unit: Milliseconds, DatapointsToAlarm: 2, TreatMissingData: breaching, AlarmDescription: first, ActionsEnabled: false,
    AlarmActions: [!Ref T], OKActions: !Ref T, InsufficientDataActions: [!Ref T], Tags: [{Key: a, Value: b}]`))
		r.status(st, types.StackStatusCreateComplete)
		name := r.resources("s")["A"]
		holds(t, outputs(st), "Ref", name, "Arn", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:"+name)
		a := alarm()
		if *a.AlarmName != name || *a.Threshold != 1.5 || *a.EvaluationPeriods != 3 || *a.ExtendedStatistic != "p99" || *a.EvaluateLowSampleCountPercentile != "ignore" ||
			*a.Dimensions[0].Value != "f" || a.Unit != cw.StandardUnitMilliseconds || *a.DatapointsToAlarm != 2 || *a.TreatMissingData != "breaching" ||
			*a.AlarmDescription != "first" || *a.ActionsEnabled || len(a.AlarmActions)+len(a.OKActions)+len(a.InsufficientDataActions) != 3 {
			t.Errorf("%+v", a)
		}
		r.status(r.update("s", with(single+", Tags: [{Key: c, Value: d}]")), types.StackStatusUpdateComplete)
		a = alarm()
		if *a.AlarmName != name || *a.MetricName != "Errors" || a.Statistic != cw.StatisticSum || a.ExtendedStatistic != nil || len(a.Dimensions) > 0 || a.Unit != "" ||
			a.DatapointsToAlarm != nil || a.TreatMissingData != nil || a.AlarmDescription != nil || !*a.ActionsEnabled || len(a.AlarmActions)+len(a.OKActions) > 0 {
			t.Errorf("%+v", a)
		}
		tags, err := cwapi.NewFromConfig(r.aws).ListTagsForResource(ctx, &cwapi.ListTagsForResourceInput{ResourceARN: a.AlarmArn})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "c" {
			t.Errorf("%+v %v", tags, err)
		}
		r.status(r.update("s", with(`Metrics: [{Id: rate, Expression: e / i, Label: rate, ReturnData: true},
      {Id: e, ReturnData: false, MetricStat: {Metric: {Namespace: AWS/Lambda, MetricName: Errors, Dimensions: [{Name: FunctionName, Value: f}]}, Period: 60, Stat: Sum}},
      {Id: i, ReturnData: false, MetricStat: {Metric: {Namespace: AWS/Lambda, MetricName: Invocations}, Period: 60, Stat: Sum}}]`)), types.StackStatusUpdateComplete)
		if a = alarm(); len(a.Metrics) != 3 || a.MetricName != nil {
			t.Errorf("%+v", a)
		}
		r.status(r.update("s", with(single+", AlarmName: mine")), types.StackStatusUpdateComplete)
		if got := r.alarmNames(); !slices.Equal(got, []string{"mine"}) {
			t.Error(got)
		}
		r.status(r.update("s", with("Namespace: AWS/Lambda, MetricName: Errors, Period: 7, Statistic: Sum, AlarmName: mine")), types.StackStatusUpdateRollbackComplete)
		if a = alarm(); *a.Period != 60 {
			t.Errorf("%+v", a)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if got := r.alarmNames(); len(got) > 0 {
			t.Error(got)
		}
	})
}

// TestCompositeAlarms: a composite alarm comes after those that its rule names,
// and goes before them.
func TestCompositeAlarms(t *testing.T) {
	const body = `
Resources:
  T: {Type: AWS::SNS::Topic, Properties: {TopicName: t}}
  All:
    Type: AWS::CloudWatch::CompositeAlarm
    Properties: {AlarmName: all, AlarmRule: !Sub 'ALARM("${One}") OR ALARM("${Two}")', AlarmDescription: first, AlarmActions: [!Ref T],
      ActionsSuppressor: !GetAtt Two.Arn, ActionsSuppressorWaitPeriod: 60, ActionsSuppressorExtensionPeriod: 30, Tags: [{Key: a, Value: b}]}
  One: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: one, ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Threshold: 0, Namespace: N, MetricName: M, Period: 60, Statistic: Sum}}
  Two: {Type: AWS::CloudWatch::Alarm, Properties: {AlarmName: two, ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Threshold: 0, Namespace: N, MetricName: M, Period: 60, Statistic: Sum}}
Outputs: {Arn: {Value: !GetAtt All.Arn}, Ref: {Value: !Ref All}}
`
	inBubble(t, func(t *testing.T, r *rig) {
		st := r.create("s", body)
		r.status(st, types.StackStatusCreateComplete)
		holds(t, outputs(st), "Ref", "all", "Arn", "arn:aws:cloudwatch:us-east-1:000000000000:alarm:all")
		a := r.alarms().CompositeAlarms[0]
		if *a.AlarmRule != `ALARM("one") OR ALARM("two")` || *a.AlarmDescription != "first" || len(a.AlarmActions) != 1 ||
			*a.ActionsSuppressorWaitPeriod != 60 || *a.ActionsSuppressorExtensionPeriod != 30 || !strings.HasSuffix(*a.ActionsSuppressor, ":two") {
			t.Errorf("%+v", a)
		}
		second := strings.NewReplacer(` OR ALARM("${Two}")`, "", ", AlarmDescription: first, AlarmActions: [!Ref T],\n      ActionsSuppressor: !GetAtt Two.Arn, ActionsSuppressorWaitPeriod: 60, ActionsSuppressorExtensionPeriod: 30", "").Replace(body)
		r.status(r.update("s", second[:strings.Index(second, "  Two:")]), types.StackStatusUpdateComplete)
		a = r.alarms().CompositeAlarms[0]
		if *a.AlarmRule != `ALARM("one")` || a.AlarmDescription != nil || len(a.AlarmActions) > 0 || a.ActionsSuppressor != nil {
			t.Errorf("%+v", a)
		}
		if got := r.alarmNames(); !slices.Equal(got, []string{"all", "one"}) {
			t.Error(got)
		}
		// A rule that names no alarm is taken back, and so is its alarm's new name.
		bad := strings.NewReplacer("AlarmName: one", "AlarmName: renamed", `"${One}"`, `"nowhere`).Replace(second)
		r.status(r.update("s", bad), types.StackStatusUpdateRollbackComplete)
		if got := r.alarmNames(); !slices.Equal(got, []string{"all", "one"}) {
			t.Error(got)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if got := r.alarmNames(); len(got) > 0 {
			t.Error(got)
		}
		gone := map[string]int{}
		for i, line := range r.history(*st.StackId) {
			if name, ok := strings.CutSuffix(line, " DELETE_COMPLETE"); ok {
				gone[name] = i
			}
		}
		if gone["All"] > gone["One"] {
			t.Errorf("the alarm went before what its rule is in: %v", gone)
		}
	})
}

// TestDashboards: a dashboard's body may be a text or what it says.
func TestDashboards(t *testing.T) {
	const body = `Resources: {D: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardBody: '{"widgets": []}'}}}`
	inBubble(t, func(t *testing.T, r *rig) {
		client := cwapi.NewFromConfig(r.aws)
		is := func(want string) {
			t.Helper()
			out, err := client.GetDashboard(ctx, &cwapi.GetDashboardInput{DashboardName: aws.String(r.resources("s")["D"])})
			if err != nil || *out.DashboardBody != want {
				t.Error(out, err)
			}
		}
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		is(`{"widgets": []}`)
		r.status(r.update("s", strings.Replace(body, `'{"widgets": []}'`, "{widgets: [], start: -P1D}", 1)), types.StackStatusUpdateComplete)
		is(`{"start":"-P1D","widgets":[]}`)
		r.status(r.update("s", strings.Replace(body, "{Dash", "{DashboardName: mine, Dash", 1)), types.StackStatusUpdateComplete)
		if got := r.resources("s")["D"]; got != "mine" {
			t.Error(got)
		}
		if _, err := client.DeleteDashboards(ctx, &cwapi.DeleteDashboardsInput{DashboardNames: []string{"mine"}}); err != nil {
			t.Fatal(err)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		out, err := client.ListDashboards(ctx, &cwapi.ListDashboardsInput{})
		if err != nil || len(out.DashboardEntries) > 0 {
			t.Error(out, err)
		}
	})
}

func TestRefusedAlarms(t *testing.T) {
	for name, c := range map[string]struct{ kind, props, words string }{
		"no_operator":      {"Alarm", "EvaluationPeriods: 1, Threshold: 0", "[The property {/ComparisonOperator} is required] in resource A of type AWS::CloudWatch::Alarm"},
		"no_threshold":     {"Alarm", "ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Namespace: N, MetricName: M, Period: 60, Statistic: Sum", "Threshold"},
		"anomaly":          {"Alarm", "ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, ThresholdMetricId: x", "Encountered unsupported property ThresholdMetricId in resource A of type AWS::CloudWatch::Alarm"},
		"unknown_in_query": {"Alarm", "ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Threshold: 0, Metrics: [{Id: a, Colour: red}]", "Encountered unsupported property Colour in A/Metrics/0"},
		"taken_name":       {"Alarm", "AlarmName: taken, ComparisonOperator: GreaterThanThreshold, EvaluationPeriods: 1, Threshold: 0, Namespace: N, MetricName: M, Period: 60, Statistic: Sum", "taken already exists"},
		"taken_composite":  {"CompositeAlarm", "AlarmName: taken, AlarmRule: 'TRUE'", "taken already exists"},
		"no_rule":          {"CompositeAlarm", "AlarmName: x", "[The property {/AlarmRule} is required]"},
		"bad_rule":         {"CompositeAlarm", "AlarmRule: ALARM(", "AlarmRule"},
		"dashboard":        {"Dashboard", "DashboardBody: text", "The field DashboardBody must be a valid JSON object"},
		"dashboard_tags":   {"Dashboard", "DashboardBody: '{}', Tags: []", "Encountered unsupported property Tags"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				_, err := cwapi.NewFromConfig(r.aws).PutCompositeAlarm(ctx, &cwapi.PutCompositeAlarmInput{AlarmName: aws.String("taken"), AlarmRule: aws.String("TRUE")})
				if err != nil {
					t.Fatal(err)
				}
				r.status(r.create("s", "Resources: {A: {Type: AWS::CloudWatch::"+c.kind+", Properties: {"+c.props+"}}}"), types.StackStatusRollbackComplete)
				if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, c.words) {
					t.Errorf("no %q in\n%s", c.words, h)
				}
				if got := r.alarmNames(); !slices.Equal(got, []string{"taken"}) {
					t.Errorf("alarms %v", got)
				}
			})
		})
	}
}
