package runnel_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// metric is a metric with one dimension.
type metric struct{ namespace, name, dimension, value string }

// statistic is the sum, or the maximum, over all that the metric has of the last
// hour.
func (r *rig) statistic(m metric, stat string) (total float64) {
	r.Helper()
	now := r.clock.Now()
	out := must(r.metrics.GetMetricData(r.Context(), &cloudwatch.GetMetricDataInput{
		StartTime: aws.Time(now.Add(-time.Hour)), EndTime: aws.Time(now.Add(time.Minute)),
		MetricDataQueries: []cloudwatchtypes.MetricDataQuery{{
			Id: aws.String("m"),
			MetricStat: &cloudwatchtypes.MetricStat{
				Stat: &stat, Period: aws.Int32(60),
				Metric: &cloudwatchtypes.Metric{
					Namespace: &m.namespace, MetricName: &m.name,
					Dimensions: []cloudwatchtypes.Dimension{{Name: &m.dimension, Value: &m.value}},
				},
			},
		}},
	}))(r)
	for _, v := range out.MetricDataResults[0].Values {
		if stat == "Sum" {
			total += v
		} else {
			total = max(total, v)
		}
	}
	return total
}

func (r *rig) awaitSum(m metric, want float64)     { r.Helper(); r.awaitStatistic(m, "Sum", want) }
func (r *rig) awaitMaximum(m metric, want float64) { r.Helper(); r.awaitStatistic(m, "Maximum", want) }

func (r *rig) awaitStatistic(m metric, stat string, want float64) {
	r.Helper()
	eventually(r, fmt.Sprintf("%s %v of %v", stat, want, m), func() (bool, any) {
		got := r.statistic(m, stat)
		return got == want, got
	})
}

func (r *rig) awaitAlarm(name, state string) {
	r.Helper()
	eventually(r, "alarm "+name+" is "+state, func() (bool, any) {
		out := must(r.metrics.DescribeAlarms(r.Context(), &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{name}}))(r)
		if len(out.MetricAlarms) != 1 {
			return false, "no alarm"
		}
		a := out.MetricAlarms[0]
		return string(a.StateValue) == state, fmt.Sprintf("%s: %s", a.StateValue, aws.ToString(a.StateReason))
	})
}

// TestEmbeddedMetric has a function print a metric among its log lines, and an
// alarm go off at it.
func TestEmbeddedMetric(t *testing.T) {
	t.Parallel()
	r := start(t)
	r.behave("print", r.role("worker"), nil)
	queue, arn := r.queueFor("told", "sns.amazonaws.com")
	topic := r.topic("alarms")
	r.subscribe(topic, "sqs", arn, "RawMessageDelivery", "true")
	must(r.metrics.PutMetricAlarm(t.Context(), &cloudwatch.PutMetricAlarmInput{
		AlarmName: aws.String("slow"), Namespace: aws.String("Pipeline"), MetricName: aws.String("Latency"),
		Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Stage"), Value: aws.String("load")}},
		Period:     aws.Int32(60), EvaluationPeriods: aws.Int32(1), Statistic: cloudwatchtypes.StatisticMaximum,
		Threshold: aws.Float64(100), ComparisonOperator: cloudwatchtypes.ComparisonOperatorGreaterThanThreshold,
		AlarmActions: []string{topic},
	}))(t)
	for _, latency := range []int{7, 123} {
		line := fmt.Sprintf(`{"_aws": {"Timestamp": %d, "CloudWatchMetrics": [{"Namespace": "Pipeline", "Dimensions": [["Stage"]],
			"Metrics": [{"Name": "Latency", "Unit": "Milliseconds"}]}]}, "Stage": "load", "Latency": %d, "request": "r-%d"}`,
			r.clock.Now().UnixMilli(), latency, latency)
		r.print(line)
	}
	latency := metric{"Pipeline", "Latency", "Stage", "load"}
	r.awaitSum(latency, 130)
	r.awaitMaximum(latency, 123)
	r.awaitLogged("print", `{ $.request = "r-7" }`, 1)
	r.clock.Advance(time.Minute + 10*time.Second)
	r.awaitAlarm("slow", "ALARM")
	r.take(queue, 1)
}

// print has the function of that name write a line to its log.
func (r *rig) print(line string) {
	r.Helper()
	out := must(r.lambda.Invoke(r.Context(), &lambda.InvokeInput{FunctionName: aws.String("print"), Payload: fmt.Appendf(nil, "%q", line)}))(r)
	if out.FunctionError != nil {
		r.Fatalf("%s", out.Payload)
	}
}

// behave makes the function of that name in the test binary, with variables.
func (r *rig) behave(name string, role *string, variables map[string]string) (arn string) {
	r.Helper()
	return *must(r.lambda.CreateFunction(r.Context(), &lambda.CreateFunctionInput{
		FunctionName: &name, Role: role, Runtime: lambdatypes.RuntimeProvidedal2023, Handler: aws.String("test." + name),
		Timeout: aws.Int32(30), MemorySize: aws.Int32(512),
		Code:        &lambdatypes.FunctionCode{ZipFile: zipOf(r, map[string]string{"bootstrap": "#!runnel\n"})},
		Environment: &lambdatypes.Environment{Variables: variables},
	}))(r).FunctionArn
}
