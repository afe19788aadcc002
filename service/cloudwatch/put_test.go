package cloudwatch_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestPutMetricData(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		now := time.Now()
		fx.put("N",
			datum("v", 3), datum("v", 1), datum("v", 2),
			datum("v", 9, at(now.Add(-90*time.Second))),
			types.MetricDatum{MetricName: aws.String("w"), Values: []float64{1, 10}, Counts: []float64{9, 1}},
			types.MetricDatum{MetricName: aws.String("w"), Values: []float64{5}},
			types.MetricDatum{MetricName: aws.String("s"), StatisticValues: &types.StatisticSet{
				SampleCount: aws.Float64(4), Sum: aws.Float64(20), Minimum: aws.Float64(2), Maximum: aws.Float64(9)}},
			datum("d", 1, with("A", "1", "B", "2")), datum("d", 2, with("B", "2", "A", "1")), datum("d", 4, with("A", "1")),
		)
		for _, c := range []struct {
			query types.MetricDataQuery
			want  string
		}{
			{query("v", "v", "Sum", 60), "v=9@23:58:00,6@00:00:00"},
			{query("v", "v", "Average", 60), "v=9@23:58:00,2@00:00:00"},
			{query("v", "v", "Minimum", 60), "v=9@23:58:00,1@00:00:00"},
			{query("v", "v", "Maximum", 3600), "v=9@23:00:00,3@00:00:00"},
			{query("w", "w", "SampleCount", 60), "w=11@00:00:00"},
			{query("w", "w", "p90", 60), "w=5@00:00:00"},
			{query("w", "w", "p100", 60), "w=10@00:00:00"},
			{query("w", "w", "TS(1:10)", 60), "w=15@00:00:00"},
			{query("s", "s", "Average", 60), "s=5@00:00:00"},
			{query("s", "s", "p50", 60), "s="}, // its values are not known
			{query("d", "d", "Sum", 60, "A", "1", "B", "2"), "d=3@00:00:00"},
			{query("d", "d", "Sum", 60, "A", "1"), "d=4@00:00:00"},
			{query("d", "d", "Sum", 60), "d="}, // CloudWatch does not add up over dimensions
		} {
			equal(t, *c.query.MetricStat.Stat, told(fx.data(c.query)), c.want)
		}
	})
}

// TestResolution has data by the second told by the second.
func TestResolution(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for range 12 {
			fx.put("N", datum("a", 1, fine), datum("b", 1))
			time.Sleep(time.Second)
		}
		equal(t, "by 5 s", told(fx.data(query("a", "a", "Sum", 5))), "a=5@00:00:00,5@00:00:05,2@00:00:10")
		equal(t, "by 1 s", len(fx.data(query("a", "a", "Sum", 1)).MetricDataResults[0].Values), 12)
		equal(t, "by 60 s", told(fx.data(query("a", "a", "Sum", 60))), "a=12@00:00:00")
		equal(t, "of a minute", told(fx.data(query("b", "b", "Sum", 10))), "b=12@00:00:00")
	})
}

func TestPutMetricDataErrors(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		now := time.Now()
		long, one := strings.Repeat("x", 256), 1.0
		many := make([]types.Dimension, 31)
		for i := range many {
			many[i] = types.Dimension{Name: aws.String(strings.Repeat("d", i+1)), Value: aws.String("v")}
		}
		for _, c := range []struct {
			namespace string
			data      []types.MetricDatum
			want      string
		}{
			{"", []types.MetricDatum{datum("a", 1)}, "MissingRequiredParameterException: The parameter Namespace is required."},
			{"N", nil, "MissingRequiredParameterException: The parameter MetricData is required."},
			{"AWS/SQS", []types.MetricDatum{datum("a", 1)}, "InvalidParameterValueException: The value AWS/SQS for parameter Namespace is invalid."},
			{":x", []types.MetricDatum{datum("a", 1)}, "InvalidParameterValueException: The parameter Namespace must not start with a colon."},
			{"é", []types.MetricDatum{datum("a", 1)}, "InvalidParameterValueException: The value for parameter Namespace contains non-ASCII characters."},
			{"N", []types.MetricDatum{datum("", 1)}, "MissingRequiredParameterException: The parameter MetricData.member.1.MetricName is required."},
			{"N", []types.MetricDatum{datum(long, 1)}, "InvalidParameterValueException: The parameter MetricData.member.1.MetricName must be shorter than 256 characters."},
			{"N", []types.MetricDatum{datum("a", 1), {MetricName: aws.String("a")}}, "MissingRequiredParameterException: At least one of the parameters MetricData.member.2.Value, MetricData.member.2.Values or MetricData.member.2.StatisticValues must be specified."},
			{"N", []types.MetricDatum{datum("a", math.Inf(1))}, "InvalidParameterValueException: The value +Inf for parameter MetricData.member.1.Value is invalid."},
			{"N", []types.MetricDatum{datum("a", math.NaN())}, "InvalidParameterValueException: The value NaN for parameter MetricData.member.1.Value is invalid."},
			{"N", []types.MetricDatum{datum("a", 1e109)}, "InvalidParameterValueException: The value 1e+109 for parameter MetricData.member.1.Value is invalid."},
			{"N", []types.MetricDatum{datum("a", 1, at(now.Add(-15*24*time.Hour)))}, "InvalidParameterValueException: The parameter MetricData.member.1.Timestamp must specify a time within the past two weeks."},
			{"N", []types.MetricDatum{datum("a", 1, at(now.Add(3*time.Hour)))}, "InvalidParameterValueException: The parameter MetricData.member.1.Timestamp must specify a time no more than two hours in the future."},
			{"N", []types.MetricDatum{{MetricName: aws.String("a"), Value: &one, Values: []float64{1}}}, "InvalidParameterCombinationException: The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both."},
			{"N", []types.MetricDatum{{MetricName: aws.String("a"), Values: []float64{1}, Counts: []float64{1, 2}}}, "InvalidParameterValueException: The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."},
			{"N", []types.MetricDatum{{MetricName: aws.String("a"), Values: []float64{1}, Counts: []float64{0}}}, "InvalidParameterValueException: The value 0 for parameter MetricData.member.1.Counts.member.1 is invalid."},
			{"N", []types.MetricDatum{{MetricName: aws.String("a"), Values: make([]float64, 151)}}, "InvalidParameterValueException: The collection MetricData.member.1.Values must not have a size greater than 150."},
			{"N", []types.MetricDatum{{MetricName: aws.String("a"), StatisticValues: &types.StatisticSet{SampleCount: &one, Sum: &one, Minimum: &one}}}, "MissingRequiredParameterException: The parameter MetricData.member.1.StatisticValues.Maximum is required."},
			{"N", []types.MetricDatum{datum("a", 1, with("D", "x", "D", "y"))}, "InvalidParameterValueException: No Metric may specify the same dimension twice."},
			{"N", []types.MetricDatum{datum("a", 1, with("D", ""))}, "MissingRequiredParameterException: The parameter MetricData.member.1.Dimensions.member.1.Value is required."},
			{"N", []types.MetricDatum{{MetricName: aws.String("a"), Value: &one, Dimensions: many}}, "InvalidParameterValueException: The collection MetricData.member.1.Dimensions must not have a size greater than 30."},
			{"N", []types.MetricDatum{datum("a", 1, func(d *types.MetricDatum) { d.StorageResolution = aws.Int32(5) })}, "InvalidParameterValueException: The value 5 for parameter MetricData.member.1.StorageResolution is invalid."},
			{"N", make([]types.MetricDatum, 1001), "InvalidParameterValueException: The collection MetricData must not have a size greater than 1000."},
		} {
			_, err := fx.service.PutMetricData(ctx, &api.PutMetricDataInput{Namespace: &c.namespace, MetricData: c.data})
			if got, _, _ := strings.Cut(message(err), "\n"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		}
		list, err := fx.ListMetrics(ctx, &api.ListMetricsInput{})
		if err != nil || len(list.Metrics) > 0 {
			t.Error("something was kept of what was refused", list.Metrics, err)
		}
	})
}

// TestManyFaults has more faults than are told before one that is looked at
// closely.
func TestManyFaults(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		data := append(make([]types.MetricDatum, 60), types.MetricDatum{MetricName: aws.String("s"), StatisticValues: &types.StatisticSet{}})
		_, err := fx.service.PutMetricData(ctx, &api.PutMetricDataInput{Namespace: aws.String("N"), MetricData: data})
		equal(t, "lines", strings.Count(message(err), "\n"), 49)
	})
}

// TestEntities are refused by name.
func TestEntities(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		_, err := fx.PutMetricData(ctx, &api.PutMetricDataInput{Namespace: aws.String("N"), EntityMetricData: []types.EntityMetricData{
			{MetricData: []types.MetricDatum{datum("a", 1)}}}})
		if !strings.Contains(message(err), "EntityMetricData is not supported") {
			t.Error(message(err))
		}
	})
}

// TestTooLarge refuses requests of more than 1 MB.
func TestTooLarge(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		var data []types.MetricDatum
		for range 900 {
			data = append(data, datum(strings.Repeat("m", 255), 1, with("D", strings.Repeat("v", 1024))))
		}
		fx.Client = api.New(fx.Options(), func(o *api.Options) { o.DisableRequestCompression = true })
		_, err := fx.PutMetricData(ctx, &api.PutMetricDataInput{Namespace: aws.String("N"), MetricData: data})
		if !strings.Contains(message(err), "RequestEntityTooLarge") {
			t.Error(message(err))
		}
	})
}
