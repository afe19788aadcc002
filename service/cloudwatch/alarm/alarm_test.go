package alarm_test

import (
	"bufio"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

var start = time.Date(2026, 11, 20, 16, 59, 0, 0, time.UTC)

// golden runs each line of a file through f, and compares what comes out with
// the lines below it, which are indented.
func golden(t *testing.T, name string, f func(line string) []string) {
	t.Helper()
	file := "testdata/" + name + ".txt"
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for lines := bufio.NewScanner(strings.NewReader(string(want))); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue
		}
		fmt.Fprintln(&out, line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		for _, l := range f(line) {
			fmt.Fprintln(&out, "  "+l)
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if out.String() != string(want) {
		t.Errorf("%s is not what came out; see go test -rewrite and git diff. Got:\n%s", file, out.String())
	}
}

// parseTest reads "M/N points", or "N points" for an alarm that was not given
// M: 0 is a point that does not breach, X one that does, - a missing one.
func parseTest(t *testing.T, line string) (alarm.Test, []alarm.Datapoint) {
	t.Helper()
	test := alarm.Test{Comparison: types.ComparisonOperatorGreaterThanThreshold, Threshold: 50}
	head, rest, _ := strings.Cut(line, " ")
	if _, err := fmt.Sscanf(head, "%d/%d", &test.Datapoints, &test.Periods); err != nil {
		test.Datapoints = 0
		if _, err := fmt.Sscanf(head, "%d", &test.Periods); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
	}
	var points []alarm.Datapoint
	for i, mark := range strings.Fields(rest) {
		p := alarm.Datapoint{Time: start.Add(time.Duration(i) * time.Minute), Samples: 3}
		switch mark {
		case "-":
			p.Missing = true
		case "X":
			p.Value = 99.5
		}
		points = append(points, p)
	}
	return test, points
}

var treatments = []string{alarm.Missing, alarm.Ignore, alarm.Breaching, alarm.NotBreaching}

func TestEvaluate(t *testing.T) {
	golden(t, "evaluate", func(line string) []string {
		test, points := parseTest(t, line)
		if n := test.Range(); n != len(points) {
			t.Errorf("%q: %d points, and the range is %d", line, len(points), n)
		}
		var states []string
		for _, test.Missing = range treatments {
			o := test.Evaluate(points)
			if len(o.Evaluated) != test.Periods {
				t.Errorf("%q, %s: %d points were evaluated", line, test.Missing, len(o.Evaluated))
			}
			states = append(states, test.Missing+" "+string(o.State))
			if o.State == "" {
				states[len(states)-1] = test.Missing + " (stays)"
			}
		}
		return []string{strings.Join(states, ", ")}
	})
}

func TestReasons(t *testing.T) {
	golden(t, "reasons", func(line string) []string {
		test, points := parseTest(t, line)
		var out []string
		seen := map[string]bool{}
		for _, test.Missing = range treatments {
			o := test.Evaluate(points)
			if o.State == "" {
				continue
			}
			if reason := test.Reason(o); !seen[reason] {
				seen[reason] = true
				out = append(out, string(o.State)+": "+reason)
			}
		}
		return out
	})
}

func TestComparisons(t *testing.T) {
	for comparison, want := range map[types.ComparisonOperator]string{
		types.ComparisonOperatorGreaterThanThreshold:          "  X was greater than",
		types.ComparisonOperatorGreaterThanOrEqualToThreshold: " XX was greater than or equal to",
		types.ComparisonOperatorLessThanThreshold:             "X   was less than",
		types.ComparisonOperatorLessThanOrEqualToThreshold:    "XX  was less than or equal to",
	} {
		test := alarm.Test{Comparison: comparison, Threshold: 5, Periods: 1}
		var got, reason string
		for _, v := range []float64{4, 5, 6} {
			o := test.Evaluate([]alarm.Datapoint{{Time: start, Value: v}})
			mark := " "
			if o.State == types.StateValueAlarm {
				mark, reason = "X", test.Reason(o)
			}
			got += mark
		}
		marks, words := want[:3], strings.TrimSpace(want[3:])
		if got != marks || !strings.Contains(reason, words+" the threshold (5.0)") {
			t.Errorf("%s: %q, %s", comparison, got, reason)
		}
	}
}

func TestEnough(t *testing.T) {
	for _, c := range []struct {
		percentile, samples float64
		want                bool
	}{
		{99, 999, false}, {99, 1000, true}, {90, 99, false}, {90, 100, true},
		{50, 19, false}, {50, 20, true}, {1, 999, false}, {1, 1000, true}, {100, 1e9, false},
	} {
		if got := alarm.Enough(c.percentile, c.samples); got != c.want {
			t.Errorf("p%v of %v samples: %v", c.percentile, c.samples, got)
		}
	}
}

// TestRules reads "rule | alarm=STATE ..."; alarms that are not named are OK.
func TestRules(t *testing.T) {
	golden(t, "rules", func(line string) []string {
		text, rest, _ := strings.Cut(line, "|")
		rule, err := alarm.ParseRule(strings.TrimSuffix(text, " "))
		if err != nil {
			return []string{err.Error()}
		}
		states := map[string]types.StateValue{}
		for _, s := range strings.Fields(rest) {
			name, value, _ := strings.Cut(s, "=")
			states[name] = types.StateValue(value)
		}
		holds := rule.Holds(func(name string) types.StateValue {
			if s, ok := states[name]; ok {
				return s
			}
			return types.StateValueOk
		})
		return []string{fmt.Sprintf("%v %q", holds, rule.Children())}
	})
}

func TestRuleLimits(t *testing.T) {
	var many []string
	for i := range 101 {
		many = append(many, fmt.Sprintf("OK(a%d)", i))
	}
	for name, rule := range map[string]string{
		"children": strings.Join(many, " OR "),
		"elements": strings.Repeat("TRUE OR ", 500) + "TRUE",
		"depth":    strings.Repeat("(", 501) + "TRUE" + strings.Repeat(")", 501),
		"length":   "ALARM(" + strings.Repeat("a", 10240) + ")",
	} {
		if _, err := alarm.ParseRule(rule); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := alarm.ParseRule(strings.Join(many[:100], " AND ")); err != nil {
		t.Error(err)
	}
}

func FuzzParseRule(f *testing.F) {
	for _, s := range []string{"ALARM(a) AND NOT (OK(\"b\\\"\") OR TRUE)", "NOT NOT FALSE", "INSUFFICIENT_DATA(arn:aws:cloudwatch:x)", "(((", "ALARM(\""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		rule, err := alarm.ParseRule(s)
		if err != nil {
			return
		}
		for _, v := range types.StateValue("").Values() {
			rule.Holds(func(name string) types.StateValue {
				if name == "" {
					t.Errorf("%q: a child without a name", s)
				}
				return v
			})
		}
	})
}

// TestLongData has an alarm look at more data points than its StateReasonData
// has room for: 4,000 characters, by the service's model.
func TestLongData(t *testing.T) {
	const periods = 8640
	m := alarm.Metric{
		Test: alarm.Test{Comparison: types.ComparisonOperatorGreaterThanThreshold, Threshold: 50, Periods: periods}, Single: true,
		Queries: []alarm.Query{{ReturnData: true, Stat: &alarm.Stat{Namespace: "N", Name: "m", Period: 10, Statistic: "Sum"}}},
	}
	var points []alarm.Datapoint // the last of which has the value 0
	for i := range periods {
		points = append(points, alarm.Datapoint{Time: start.Add(time.Duration(i) * 10 * time.Second), Value: float64(periods - 1 - i), Samples: 1})
	}
	text := m.Data(m.Evaluate(points), start)
	var data struct {
		RecentDatapoints    []float64
		EvaluatedDatapoints []struct{ Value float64 }
	}
	if err := json.Unmarshal([]byte(text), &data); err != nil {
		t.Fatal(err)
	}
	if len(text) > 4000 || len(text) < 3900 {
		t.Errorf("%d characters", len(text))
	}
	n := len(data.EvaluatedDatapoints)
	if n == 0 || data.EvaluatedDatapoints[0].Value != 0 || data.EvaluatedDatapoints[n-1].Value != float64(n-1) {
		t.Errorf("the newest %d points: %v", n, data.EvaluatedDatapoints)
	}
	if r := data.RecentDatapoints; len(r) != n || r[0] != float64(n-1) || r[n-1] != 0 {
		t.Errorf("recent points: %v", r)
	}
}

func TestNumbers(t *testing.T) {
	for threshold, want := range map[float64]string{
		0: "0.0", 5: "5.0", -5: "-5.0", 0.1: "0.1", 99.50160229693434: "99.50160229693434", 9999999: "9999999.0",
		1e7: "1.0E7", 1099511627776: "1.099511627776E12", -12345678.5: "-1.23456785E7", 0.001: "0.001", 0.0009: "9.0E-4", 1e-10: "1.0E-10",
	} {
		test := alarm.Test{Comparison: types.ComparisonOperatorLessThanThreshold, Threshold: threshold, Periods: 1}
		reason := test.Reason(test.Evaluate([]alarm.Datapoint{{Time: start, Value: 1e300}}))
		if !strings.HasSuffix(reason, "was not less than the threshold ("+want+").") {
			t.Errorf("%v: %s", threshold, reason)
		}
	}
}

// TestExtended is the part of a notification that TestReasons and the service's
// scripts do not show: a percentile, in a unit, by the documentation's names.
func TestExtended(t *testing.T) {
	a := &alarm.Alarm{Name: strings.Repeat("n", 120), Metric: &alarm.Metric{
		Test: alarm.Test{Comparison: types.ComparisonOperatorLessThanThreshold, Periods: 2}, Single: true,
		Queries: []alarm.Query{{ReturnData: true, Stat: &alarm.Stat{
			Namespace: "N", Name: "m", Statistic: "p99", Period: 60, Unit: "Seconds", Dimensions: []alarm.Dimension{{Name: "A", Value: "1"}}}}},
	}}
	c := alarm.Change{Alarm: a, Account: "000000000000", Region: "mars-north-1"}
	want := `"Region":"mars-north-1"`
	if n := c.Notification(); !strings.Contains(n, want) {
		t.Errorf("%s has no %s", n, want)
	}
	want = `"Trigger":{"MetricName":"m","Namespace":"N","StatisticType":"ExtendedStatistic","ExtendedStatistic":"p99","Unit":"Seconds",` +
		`"Dimensions":[{"value":"1","name":"A"}],"Period":60,"EvaluationPeriods":2,"ComparisonOperator":"LessThanThreshold","Threshold":0.0,` +
		`"TreatMissingData":"","EvaluateLowSampleCountPercentile":""}}`
	if n := c.Notification(); !strings.HasSuffix(n, want) {
		t.Errorf("%s does not end in %s", n, want)
	}
	if s := c.Subject(); len(s) != 100 || !strings.HasSuffix(s, "...") {
		t.Errorf("%q has %d characters", s, len(s))
	}
}
