package alarm_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
)

// TestEvaluateProperties holds Evaluate against what the documentation says in
// so many words, over random alarms and data points.
func TestEvaluateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 6).Draw(t, "N")
		test := alarm.Test{
			Comparison: types.ComparisonOperatorGreaterThanThreshold, Threshold: 50, Periods: n,
			Datapoints: rapid.IntRange(1, n).Draw(t, "M"), Missing: rapid.SampledFrom(treatments).Draw(t, "missing"),
		}
		points := make([]alarm.Datapoint, test.Range())
		real, good := 0, -1 // how many points there are, and one that does not breach
		for i := range points {
			points[i] = alarm.Datapoint{Time: start.Add(time.Duration(i) * time.Minute)}
			switch rapid.IntRange(0, 2).Draw(t, "point") {
			case 0:
				points[i].Missing = true
				continue
			case 1:
				good = i
			case 2:
				points[i].Value = 99
			}
			real++
		}
		o := test.Evaluate(points)
		if len(o.Evaluated) != n {
			t.Fatalf("%d points were evaluated", len(o.Evaluated))
		}
		if real == 0 {
			want := map[string]types.StateValue{
				alarm.Missing: types.StateValueInsufficientData, alarm.Ignore: "",
				alarm.Breaching: types.StateValueAlarm, alarm.NotBreaching: types.StateValueOk,
			}[test.Missing]
			if o.State != want {
				t.Fatalf("without data: %q, want %q", o.State, want)
			}
		}
		if real >= n {
			if breaching := count(o.Evaluated); (o.State == types.StateValueAlarm) != (breaching >= test.Datapoints) || o.State == "" {
				t.Fatalf("%d of %d breach: %q", breaching, n, o.State)
			}
			for _, other := range treatments {
				again := test
				again.Missing = other
				if again.Evaluate(points).State != o.State {
					t.Fatal("what to do with missing data mattered, and none was needed")
				}
			}
		}
		if o.State == types.StateValueAlarm && good >= 0 {
			points[good].Value = 99
			if worse := test.Evaluate(points).State; worse != types.StateValueAlarm {
				t.Fatalf("one point more breaches, and the alarm is in %q", worse)
			}
		}
	})
}

func count(points []alarm.Datapoint) (breaching int) {
	for _, p := range points {
		if !p.Missing && p.Value > 50 {
			breaching++
		}
	}
	return breaching
}
