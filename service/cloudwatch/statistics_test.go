package cloudwatch_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func TestGetMetricStatistics(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		begin := time.Now()
		for i := range 6 {
			fx.put("N", datum("a", float64(i), in(types.StandardUnitSeconds)), datum("a", 100, in(types.StandardUnitBytes)))
			time.Sleep(time.Minute)
		}
		get := func(period int32, unit types.StandardUnit) string {
			out, err := fx.GetMetricStatistics(ctx, &api.GetMetricStatisticsInput{
				Namespace: aws.String("N"), MetricName: aws.String("a"), Period: &period, Unit: unit,
				StartTime: aws.Time(begin.Add(30 * time.Second)), EndTime: aws.Time(time.Now()),
				Statistics: []types.Statistic{"Sum", "Average", "Maximum", "Minimum", "SampleCount"},
			})
			if err != nil {
				t.Fatal(err)
			}
			var b strings.Builder
			for _, p := range out.Datapoints {
				fmt.Fprintf(&b, "%s %v %v %v %v %v %s;", p.Timestamp.UTC().Format("15:04"), *p.SampleCount, *p.Sum, *p.Average, *p.Minimum, *p.Maximum, p.Unit)
			}
			return b.String()
		}
		equal(t, "by 300", get(300, ""), "00:00 5 500 100 100 100 Bytes;00:00 5 10 2 0 4 Seconds;00:05 1 100 100 100 100 Bytes;00:05 1 5 5 5 5 Seconds;")
		equal(t, "in seconds", get(180, "Seconds"), "00:00 3 3 1 0 2 Seconds;00:03 3 12 4 3 5 Seconds;")
		equal(t, "in percent", get(180, "Percent"), "")
		// Without a unit, data of any unit is one series.
		equal(t, "series", told(fx.data(query("m", "a", "SampleCount", 3600))), "m=12@23:06:00")
	})
}

func TestGetMetricStatisticsErrors(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		now := time.Now()
		for _, c := range []struct {
			change func(*api.GetMetricStatisticsInput)
			want   string
		}{
			{func(in *api.GetMetricStatisticsInput) { in.StartTime = in.EndTime },
				"InvalidParameterValueException: The parameter StartTime must not equal parameter EndTime."},
			{func(in *api.GetMetricStatisticsInput) { in.StartTime, in.EndTime = in.EndTime, in.StartTime },
				"InvalidParameterValueException: The parameter StartTime must be less than the parameter EndTime."},
			{func(in *api.GetMetricStatisticsInput) { in.StartTime = aws.Time(now.Add(-1000 * time.Hour)) },
				"InvalidParameterCombinationException: You have requested up to 60,000 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range."},
			{func(in *api.GetMetricStatisticsInput) { in.ExtendedStatistics = []string{"p50"} },
				"InvalidParameterCombinationException: The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both."},
			{func(in *api.GetMetricStatisticsInput) { in.Statistics = nil },
				"InvalidParameterCombinationException: Must specify either Statistics or ExtendedStatistics"},
			{func(in *api.GetMetricStatisticsInput) { in.Statistics, in.ExtendedStatistics = nil, []string{"p"} },
				"InvalidParameterValueException: The value p for parameter ExtendedStatistics.member.1 is invalid."},
			{func(in *api.GetMetricStatisticsInput) { in.Statistics[0] = "Median" },
				"InvalidParameterValueException: The parameter Statistics.member.1 must be a value in the set [SampleCount Average Sum Minimum Maximum]."},
			{func(in *api.GetMetricStatisticsInput) { in.Period = aws.Int32(90) },
				"InvalidParameterValueException: The parameter Period must be a multiple of 60."},
			{func(in *api.GetMetricStatisticsInput) { in.MetricName = nil },
				"MissingRequiredParameterException: The parameter MetricName is required."},
		} {
			in := &api.GetMetricStatisticsInput{Namespace: aws.String("N"), MetricName: aws.String("a"), Period: aws.Int32(60),
				StartTime: aws.Time(now.Add(-time.Hour)), EndTime: &now, Statistics: []types.Statistic{"Sum"}}
			c.change(in)
			_, err := fx.service.GetMetricStatistics(ctx, in)
			equal(t, "error", message(err), c.want)
		}
	})
}

func TestListMetrics(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		list := func(in *api.ListMetricsInput) string {
			t.Helper()
			var names []string
			for p := api.NewListMetricsPaginator(fx.Client, in); p.HasMorePages(); {
				out, err := p.NextPage(ctx)
				if err != nil {
					return message(err)
				}
				if len(out.Metrics) > 500 {
					t.Error("a page of", len(out.Metrics))
				}
				for _, m := range out.Metrics {
					name := *m.Namespace + "." + *m.MetricName
					for _, d := range m.Dimensions {
						name += "," + *d.Name + "=" + *d.Value
					}
					names = append(names, name)
				}
			}
			return strings.Join(names, " ")
		}
		filter := func(name string, value *string) []types.DimensionFilter {
			return []types.DimensionFilter{{Name: &name, Value: value}}
		}
		fx.put("N", datum("a", 1), datum("a", 1, with("Q", "x")), datum("a", 1, with("Z", "1", "Q", "y")), datum("b", 1))
		fx.put("M", datum("a", 1))
		n, a := aws.String("N"), aws.String("a")
		equal(t, "all", list(&api.ListMetricsInput{}), "M.a N.a N.a,Q=x N.a,Q=y,Z=1 N.b")
		equal(t, "namespace", list(&api.ListMetricsInput{Namespace: n}), "N.a N.a,Q=x N.a,Q=y,Z=1 N.b")
		equal(t, "name", list(&api.ListMetricsInput{MetricName: a}), "M.a N.a N.a,Q=x N.a,Q=y,Z=1")
		equal(t, "dimension", list(&api.ListMetricsInput{Namespace: n, MetricName: a, Dimensions: filter("Q", nil)}), "N.a,Q=x N.a,Q=y,Z=1")
		equal(t, "value", list(&api.ListMetricsInput{Dimensions: filter("Q", aws.String("x"))}), "N.a,Q=x")
		equal(t, "other account", list(&api.ListMetricsInput{OwningAccount: aws.String("111111111111")}), "")
		equal(t, "token", list(&api.ListMetricsInput{NextToken: aws.String("!")}),
			"InvalidParameterValue: The value ! for parameter NextToken is invalid.")

		fx.pass(4 * time.Hour)
		fx.put("N", datum("b", 1))
		equal(t, "active", list(&api.ListMetricsInput{RecentlyActive: types.RecentlyActivePt3h}), "N.b")
		fx.pass(14 * 24 * time.Hour)
		equal(t, "two weeks later", list(&api.ListMetricsInput{}), "N.b")

		for i := range 12 {
			var data []types.MetricDatum
			for j := range 100 {
				data = append(data, datum("many", 1, with("I", fmt.Sprintf("%04d", i*100+j))))
			}
			fx.put("P", data...)
		}
		equal(t, "pages", len(strings.Fields(list(&api.ListMetricsInput{Namespace: aws.String("P")}))), 1200)
	})
}
