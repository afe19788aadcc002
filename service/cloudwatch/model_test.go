package cloudwatch_test

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/store/storetest"
)

// measurement is what the model keeps: everything.
type measurement struct {
	at    time.Time
	value float64
}

// step is a step of a history.
type step struct {
	op    string
	value float64
	after time.Duration // how late the value comes, or how long nothing happens
	fine  bool
}

// TestModel puts and observes at random, while minutes, hours and weeks pass,
// and compares with statistics computed from a plain list.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seconds := func(list ...int) time.Duration {
			return time.Duration(rapid.SampledFrom(list).Draw(rt, "seconds")) * time.Second
		}
		steps := make([]step, rapid.IntRange(1, 50).Draw(rt, "steps"))
		for i := range steps {
			s := step{op: rapid.SampledFrom([]string{"put", "put", "observe", "pass"}).Draw(rt, "op")}
			s.value = float64(rapid.IntRange(0, 100).Draw(rt, "value"))
			switch s.op {
			case "put":
				s.after, s.fine = seconds(0, 0, 0, 5, 600, 5*3600, 13*86400), rapid.Bool().Draw(rt, "fine")
			case "pass":
				s.after = seconds(1, 20, 60, 3600, 86400, 20*86400)
			}
			steps[i] = s
		}
		fault := ""
		synctest.Test(t, func(t *testing.T) { fault = newFixture(t, storetest.Open(t)).history(steps) })
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

// history does the steps, and says where the service and the model differ.
func (fx *fixture) history(steps []step) string {
	var all []measurement
	for i, s := range steps {
		switch s.op {
		case "put":
			d := datum("m", s.value, at(fx.now().Add(-s.after)))
			if s.fine {
				fine(&d)
			}
			fx.put("N", d)
			all = append(all, measurement{*d.Timestamp, s.value})
		case "observe":
			fx.service.Observe(measured("m"), s.value)
			all = append(all, measurement{fx.now(), s.value})
		case "pass":
			fx.pass(s.after)
		}
		for _, age := range []time.Duration{1, 10 * 24, 30 * 24, 100 * 24} {
			from, to := fx.now().Add(-age*time.Hour).Truncate(time.Hour), fx.now().Add(time.Second)
			if fault := fx.compare(all, from, to); fault != "" {
				return fmt.Sprintf("step %d, %d hours back: %s", i, age, fault)
			}
		}
	}
	return ""
}

// compare compares the statistics of hours, at which all data is kept.
func (fx *fixture) compare(all []measurement, from, to time.Time) string {
	sums, counts, most := map[int64]float64{}, map[int64]float64{}, map[int64]float64{}
	for _, m := range all {
		if m.at.Before(from) || !m.at.Before(to) {
			continue
		}
		hour := m.at.Unix() / 3600 * 3600
		sums[hour] += m.value
		counts[hour]++
		most[hour] = math.Max(most[hour], m.value)
	}
	out := fx.dataOf(&api.GetMetricDataInput{StartTime: &from, EndTime: &to, MetricDataQueries: []types.MetricDataQuery{
		query("sum", "m", "Sum", 3600), query("count", "m", "SampleCount", 3600), query("most", "m", "p100", 3600)}})
	for i, want := range []map[int64]float64{sums, counts, most} {
		r := out.MetricDataResults[i]
		if len(r.Values) != len(want) {
			return fmt.Sprintf("%s: %d hours, want %d", aws.ToString(r.Id), len(r.Values), len(want))
		}
		for j, v := range r.Values {
			if w := want[r.Timestamps[j].Unix()]; v != w {
				return fmt.Sprintf("%s at %s: %v, want %v", *r.Id, r.Timestamps[j], v, w)
			}
		}
	}
	return ""
}
