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

func TestGetMetricDataMath(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for i := range 4 {
			fx.put("N", datum("errors", float64(i)), datum("calls", 10))
			time.Sleep(time.Minute)
		}
		hidden := query("e", "errors", "Sum", 60)
		hidden.ReturnData = aws.Bool(false)
		equal(t, "rate", told(fx.data(hidden, query("c", "calls", "Sum", 60), expression("r", "100 * e / c"))),
			"c=10@00:00:00,10@00:01:00,10@00:02:00,10@00:03:00 r=0@00:00:00,10@00:01:00,20@00:02:00,30@00:03:00")
		// Periods begin with the start, which is no multiple of them.
		out := fx.dataOf(&api.GetMetricDataInput{
			StartTime: aws.Time(time.Now().Add(-17 * time.Minute)), EndTime: aws.Time(time.Now()),
			MetricDataQueries: []types.MetricDataQuery{query("e", "errors", "Sum", 300), expression("r", "e * 2"),
				query("c", "calls", "Sum", 300), expression("p", "200 * e / c")}})
		equal(t, "by 300", told(out), "e=5@00:02:00,1@23:57:00 r=10@00:02:00,2@23:57:00 c=20@00:02:00,20@23:57:00 p=50@00:02:00,10@23:57:00")
		for text, want := range map[string]string{
			"SUM(":        "ValidationError: Error in expression 'x'",
			"missing + 1": "ValidationError: Error in expression 'x'",
			"x + 1":       "ValidationError: Error in expression 'x'",
		} {
			_, err := fx.GetMetricData(ctx, &api.GetMetricDataInput{StartTime: aws.Time(time.Now().Add(-time.Hour)),
				EndTime: aws.Time(time.Now()), MetricDataQueries: []types.MetricDataQuery{expression("x", text)}})
			if !strings.HasPrefix(message(err), want) {
				t.Errorf("%s: %s", text, message(err))
			}
		}
	})
}

// TestGetMetricDataPages puts pages together, in both orders, while data of
// the present goes on coming.
func TestGetMetricDataPages(t *testing.T) {
	for _, order := range []types.ScanBy{types.ScanByTimestampAscending, types.ScanByTimestampDescending} {
		t.Run(string(order), func(t *testing.T) {
			inBubble(t, func(t *testing.T, fx *fixture) {
				begin := time.Now()
				for i := range 25 {
					fx.put("N", datum("a", float64(i)), datum("b", float64(-i)))
					time.Sleep(time.Minute)
				}
				in := &api.GetMetricDataInput{StartTime: &begin, EndTime: aws.Time(time.Now().Add(time.Hour)), ScanBy: order, MaxDatapoints: aws.Int32(7),
					MetricDataQueries: []types.MetricDataQuery{query("a", "a", "Sum", 60), query("none", "none", "Sum", 60), query("b", "b", "Sum", 60)}}
				got := map[string][]float64{}
				pages := 0
				for {
					out := fx.dataOf(in)
					equal(t, "results", len(out.MetricDataResults), 3)
					points := 0
					for _, r := range out.MetricDataResults {
						got[*r.Id] = append(got[*r.Id], r.Values...)
						points += len(r.Values)
						if out.NextToken == nil {
							equal(t, "status", r.StatusCode, types.StatusCodeComplete)
						}
					}
					pages++
					if points > 7 {
						t.Fatal("a page of", points)
					}
					if in.NextToken = out.NextToken; in.NextToken == nil {
						break
					}
					if order == types.ScanByTimestampDescending {
						fx.put("N", datum("a", 100)) // newer than what is to come
						time.Sleep(time.Minute)
					}
				}
				equal(t, "of a", len(got["a"]), 25)
				equal(t, "of none", len(got["none"]), 0)
				equal(t, "of b", len(got["b"]), 25)
				equal(t, "pages", pages, 8)
				if order == types.ScanByTimestampAscending {
					equal(t, "first and last", fmt.Sprint(got["a"][0], got["a"][24], got["b"][24]), "0 24 -24")
				} else {
					equal(t, "first and last", fmt.Sprint(got["a"][0], got["a"][24], got["b"][0]), "24 0 -24")
				}
			})
		})
	}
}

func TestGetMetricDataLabels(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for i := range 3 {
			fx.put("N", datum("a", float64(i+1), with("Q", "x")), datum("a", 1, with("Q", "y")))
			time.Sleep(time.Minute)
		}
		label := func(text, zone string) string {
			q := query("m", "a", "Sum", 60, "Q", "x")
			q.Label = &text
			out := fx.dataOf(&api.GetMetricDataInput{StartTime: aws.Time(time.Now().Add(-time.Hour)), EndTime: aws.Time(time.Now()),
				MetricDataQueries: []types.MetricDataQuery{q}, LabelOptions: &types.LabelOptions{Timezone: &zone}})
			return *out.MetricDataResults[0].Label
		}
		for text, want := range map[string]string{
			"plain":     "plain",
			"${LABEL}!": "a!",
			"${PROP('Dim.Q')} ${PROP('Stat')} ${PROP('Period')} ${PROP('Region')}": "x Sum 60 us-east-1",
			"${PROP('Namespace')}/${PROP('MetricName')} ${PROP('Dim.None')}":       "N/a ",
			"[${MIN} ${MAX} ${AVG} ${SUM} ${FIRST} ${LAST} ${DATAPOINT_COUNT}]":    "[1 3 2 6 1 3 3]",
			"${MAX_TIME}": "2000-01-01 01:32:00 +0130",
			"${FIRST_LAST_TIME_RANGE} ${MIN_MAX_RANGE}": "2m 2",
			"${LAST_TIME_RELATIVE}":                     "1m",
			"${UNKNOWN}":                                "${UNKNOWN}",
		} {
			equal(t, text, label(text, "+0130"), want)
		}
		out := fx.data(query("m1", "a", "Sum", 60, "Q", "x"), query("m2", "a", "Sum", 60, "Q", "y"), query("m3", "b", "Sum", 60),
			query("m4", "c", "Sum", 60), query("m5", "c", "p99", 60), expression("e1", "m1+m2"))
		var labels []string
		for _, r := range out.MetricDataResults {
			labels = append(labels, *r.Label)
		}
		equal(t, "made", strings.Join(labels, ", "), "x a, y a, b, c Sum, c p99, e1")
	})
}

func TestGetMetricDataErrors(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		now := time.Now()
		q := func(change func(*types.MetricDataQuery)) types.MetricDataQuery {
			q := query("m", "a", "Sum", 60)
			change(&q)
			return q
		}
		same := query("m", "a", "Sum", 60)
		for _, c := range []struct {
			queries []types.MetricDataQuery
			want    string
		}{
			{nil, "The parameter MetricDataQueries is required."},
			{make([]types.MetricDataQuery, 501), "The collection MetricDataQueries must not have a size greater than 500."},
			{[]types.MetricDataQuery{same, same}, "The values for parameter id in MetricDataQueries are not unique."},
			{[]types.MetricDataQuery{query("5xx", "a", "Sum", 60)}, "The value 5xx for parameter MetricDataQueries.member.1.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."},
			{[]types.MetricDataQuery{query("m", "a", "p101", 60)}, "The value for parameter MetricDataQueries.member.1.MetricStat.Stat is not a valid statistic."},
			{[]types.MetricDataQuery{query("m", "a", "Sum", 0)}, "The parameter MetricDataQueries.member.1.MetricStat.Period must be greater than 0."},
			{[]types.MetricDataQuery{query("m", "a", "Sum", 61)}, "The parameter MetricDataQueries.member.1.MetricStat.Period must be a multiple of 60."},
			{[]types.MetricDataQuery{query("m", "a", "Sum", 7)}, "The parameter MetricDataQueries.member.1.MetricStat.Period must be 1, 5, 10, 20, 30, or a multiple of 60."},
			{[]types.MetricDataQuery{q(func(q *types.MetricDataQuery) { q.Period = aws.Int32(60) })},
				"The parameters MetricDataQueries.member.1.Period and MetricDataQueries.member.1.MetricStat are mutually exclusive and you have specified both."},
			{[]types.MetricDataQuery{q(func(q *types.MetricDataQuery) { q.Expression = aws.String("1") })},
				"The parameters MetricDataQueries.member.1.Expression and MetricDataQueries.member.1.MetricStat are mutually exclusive and you have specified both."},
			{[]types.MetricDataQuery{q(func(q *types.MetricDataQuery) { q.MetricStat = nil })},
				"At least one of the parameters MetricDataQueries.member.1.Expression or MetricDataQueries.member.1.MetricStat must be specified."},
			{[]types.MetricDataQuery{q(func(q *types.MetricDataQuery) { q.AccountId = aws.String("111111111111") })},
				"The value 111111111111 for parameter MetricDataQueries.member.1.AccountId is invalid."},
			{[]types.MetricDataQuery{q(func(q *types.MetricDataQuery) { q.MetricStat.Metric = nil })},
				"The parameter MetricDataQueries.member.1.MetricStat.Metric is required."},
		} {
			_, err := fx.service.GetMetricData(ctx, &api.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: &now, MetricDataQueries: c.queries})
			if got, _, _ := strings.Cut(message(err), "\n"); got != "ValidationError: "+c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		}
		for token, want := range map[string]string{"x": "x", "v1.-1": "v1.-1", "v1.1.2.3": "v1.1.2.3"} {
			_, err := fx.GetMetricData(ctx, &api.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: &now,
				MetricDataQueries: []types.MetricDataQuery{same}, NextToken: &token})
			equal(t, token, message(err), "InvalidNextToken: The value "+want+" for parameter NextToken is invalid.")
		}
	})
}

// TestExpressionsRefused are those that Runnel does not have, by name.
func TestExpressionsRefused(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for _, text := range []string{
			`SEARCH('{N} a', 'Sum', 60)`, `ANOMALY_DETECTION_BAND(m)`, `SELECT AVG(a) FROM N`, `INSIGHT_RULE_METRIC("r")`,
		} {
			now := time.Now()
			_, err := fx.GetMetricData(ctx, &api.GetMetricDataInput{StartTime: aws.Time(now.Add(-time.Hour)), EndTime: &now,
				MetricDataQueries: []types.MetricDataQuery{query("m", "a", "Sum", 60), expression("e", text)}})
			if name, _, _ := strings.Cut(text, "("); !strings.HasPrefix(message(err), "ValidationError") || !strings.Contains(message(err), strings.Fields(name)[0]) {
				t.Errorf("%s: %s", text, message(err))
			}
		}
	})
}
