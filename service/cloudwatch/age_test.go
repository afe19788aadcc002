package cloudwatch_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/store"
)

// rows counts the rows of points.
func (fx *fixture) rows() int {
	n := 0
	err := fx.store.View(ctx, func(tx *store.Tx) error {
		for range tx.Scan(store.Prefix(store.K("cloudwatch", "point"))) {
			n++
		}
		return nil
	})
	if err != nil {
		fx.t.Fatal(err)
	}
	return n
}

func (fx *fixture) now() time.Time { return fx.store.Clock().Now() }

// pass has time pass at once, and waits until what became due is done.
func (fx *fixture) pass(d time.Duration) {
	fx.store.Clock().Advance(d)
	synctest.Wait()
}

// past is the sum of a metric since a time, by a period: how many points, and
// their sum.
func (fx *fixture) past(metric string, since time.Time, period int32) string {
	fx.t.Helper()
	out := fx.dataOf(&api.GetMetricDataInput{StartTime: aws.Time(since), EndTime: aws.Time(fx.now()),
		MetricDataQueries: []types.MetricDataQuery{query("m", metric, "Sum", period)}})
	sum := 0.0
	for _, v := range out.MetricDataResults[0].Values {
		sum += v
	}
	return fmt.Sprintf("%d/%v", len(out.MetricDataResults[0].Values), sum)
}

// TestAge follows data through the years: it is told at the periods that
// CloudWatch keeps, in fewer and fewer rows, and is gone in the end. Source:
// "Metrics retention" in
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html
// (2026-11-20).
func TestAge(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		const hour, day = time.Hour, 24 * time.Hour
		begin := time.Now()
		for range 120 { // two minutes by the second, and by the minute
			fx.put("N", datum("fine", 1, fine), datum("coarse", 1))
			time.Sleep(time.Second)
		}
		for range 10 {
			fx.put("N", datum("coarse", 1))
			time.Sleep(time.Minute)
		}
		for _, c := range []struct {
			age    time.Duration
			metric string
			period int32
			want   string
		}{
			{2 * hour, "fine", 1, "120/120"}, {2 * hour, "fine", 60, "2/120"},
			{5 * hour, "fine", 1, "0/0"}, {5 * hour, "fine", 30, "0/0"}, {5 * hour, "fine", 60, "2/120"}, {5 * hour, "coarse", 60, "12/130"},
			{14 * day, "coarse", 60, "12/130"}, {14 * day, "fine", 60, "2/120"},
			{17 * day, "coarse", 60, "0/0"}, {17 * day, "coarse", 300, "3/130"}, {17 * day, "fine", 300, "1/120"},
			{62 * day, "coarse", 300, "3/130"}, {62 * day, "coarse", 3600, "1/130"},
			{66 * day, "coarse", 300, "0/0"}, {66 * day, "coarse", 3600, "1/130"}, {66 * day, "fine", 86400, "1/120"},
			{454 * day, "coarse", 3600, "1/130"},
			{458 * day, "coarse", 3600, "0/0"},
		} {
			fx.pass(begin.Add(c.age).Sub(fx.now()))
			equal(t, fmt.Sprint(c.metric, " after ", c.age, " by ", c.period), fx.past(c.metric, begin, c.period), c.want)
		}
		equal(t, "rows in the end", fx.rows(), 0)
		n := 0
		err := fx.store.View(ctx, func(tx *store.Tx) error {
			for k := range tx.Scan(store.Prefix(store.K("cloudwatch"))) {
				t.Logf("left: %q", k)
				n++
			}
			return nil
		})
		if err != nil || n > 0 {
			t.Error(n, "rows are left", err)
		}
	})
}

// TestAgeManySeries has the spans of many series move on in turn.
func TestAgeManySeries(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		begin := time.Now()
		for range 3 {
			for i := range 50 {
				fx.put("N", datum(fmt.Sprint("m", i), 1))
			}
			time.Sleep(time.Minute)
		}
		equal(t, "rows", fx.rows(), 150)
		fx.pass(17 * 24 * time.Hour)
		equal(t, "rows later", fx.rows(), 50)
		for i := range 50 {
			equal(t, "sum", fx.past(fmt.Sprint("m", i), begin, 300), "1/3")
		}
	})
}

// TestLate takes data of the past two weeks, wherever it belongs by now.
func TestLate(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		begin := time.Now()
		fx.put("N", datum("a", 1), datum("b", 1, fine))
		fx.pass(13 * 24 * time.Hour)
		fx.put("N", datum("a", 2, at(begin.Add(30*time.Second))), datum("b", 2, fine, at(begin)), datum("b", 4))
		equal(t, "a", fx.past("a", begin, 60), "1/3")
		equal(t, "b", fx.past("b", begin.Add(-time.Minute), 60), "1/3")
		fx.pass(10 * 24 * time.Hour)
		equal(t, "a later", fx.past("a", begin, 300), "1/3")
		equal(t, "b later", fx.past("b", begin, 300), "2/7")
	})
}
