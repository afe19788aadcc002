package math_test

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/runnel/runnel/service/cloudwatch/math"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

// start is a Monday.
var start = time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)

// TestGolden runs the scripts in testdata. "m1 = 30 - 20" is a metric with
// a value a minute, "-" being a missing one; "m1/5 = ..." has one every five
// minutes; "e1: m1 + 1" is an expression. What follows each expression is its
// result: the ids and values of its series, or its error.
func TestGolden(t *testing.T) {
	for _, name := range []string{"operators", "functions", "arrays", "fill", "if", "errors"} {
		t.Run(name, func(t *testing.T) {
			file := "testdata/" + name + ".txt"
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := runScript(t, string(want))
			if *rewrite {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(want) {
				t.Errorf("%s is not what came out; see go test -rewrite and git diff. Got:\n%s", file, got)
			}
		})
	}
}

func runScript(t *testing.T, script string) string {
	var out strings.Builder
	sheet := math.NewSheet(start, start.Add(5*time.Minute))
	for lines := bufio.NewScanner(strings.NewReader(script)); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "  ") {
			continue // a result
		}
		fmt.Fprintln(&out, line)
		metric, values, isMetric := strings.Cut(line, " = ")
		id, expression, isExpression := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, "#"):
		case isExpression && !strings.Contains(id, " "):
			fmt.Fprintf(&out, "  %s\n", result(t, sheet, id, expression))
		case isMetric:
			sheet.AddMetric(parseMetric(t, metric, values))
		}
	}
	return out.String()
}

func parseMetric(t *testing.T, id, values string) math.Series {
	t.Helper()
	s := math.Series{Period: time.Minute}
	id, minutes, ok := strings.Cut(id, "/")
	if ok {
		n, err := strconv.Atoi(minutes)
		if err != nil {
			t.Fatal(err)
		}
		s.Period = time.Duration(n) * time.Minute
	}
	s.ID, s.Label = id, "label of "+id
	for i, v := range strings.Fields(values) {
		if v == "-" {
			continue
		}
		f, err := strconv.ParseFloat(v, 64)
		if err != nil {
			t.Fatal(err)
		}
		s.Points = append(s.Points, math.Point{Time: start.Add(time.Duration(i) * s.Period), Value: f})
	}
	return s
}

// result evaluates an expression, checks that Kind knew what it would be, and
// describes it.
func result(t *testing.T, sheet *math.Sheet, id, expression string) string {
	t.Helper()
	if err := sheet.AddExpression(id, "", 0, expression); err != nil {
		return err.Error()
	}
	kind, kindErr := sheet.Kind(id)
	list, err := sheet.Result(id)
	if located := (*math.Error)(nil); err != nil && !errors.As(err, &located) {
		t.Errorf("%s: %v is no *math.Error", expression, err)
	}
	if err != nil {
		if kindErr == nil && (kind == math.TimeSeries || kind == math.Array) {
			t.Errorf("%s: %v, but its kind is %s", expression, err, kind)
		}
		return err.Error()
	}
	if kindErr != nil || kind == math.TimeSeries && len(list) != 1 {
		t.Errorf("%s: %d series, but its kind is %s, %v", expression, len(list), kind, kindErr)
	}
	return describe(kind, list)
}

func describe(kind math.Kind, list []math.Series) string {
	var all []string
	for _, s := range list {
		var values []string
		at := map[int64]float64{}
		for _, p := range s.Points {
			at[p.Time.Unix()] = p.Value
		}
		for _, t := range math.Timestamps(start, start.Add(5*s.Period), s.Period) {
			text := "-"
			if v, ok := at[t.Unix()]; ok {
				text = strconv.FormatFloat(v, 'g', 6, 64)
			}
			values = append(values, text)
		}
		text := strings.Join(values, " ")
		if kind == math.Array {
			text = s.ID + " [" + text + "]"
		}
		all = append(all, text)
	}
	if len(all) == 0 {
		return "no series"
	}
	return strings.Join(all, ", ")
}

func TestLabels(t *testing.T) {
	sheet := math.NewSheet(start, start.Add(5*time.Minute))
	sheet.AddMetric(parseMetric(t, "m1", "1 2 3"))
	sheet.AddMetric(parseMetric(t, "m2", "1 2 3"))
	for _, c := range []struct{ label, expression, want string }{
		{"Twice", "m1*2", "e1 Twice"},
		{"", "m1*2", "e1 "},
		{"Twice", "METRICS()*2", "m1 Twice label of m1, m2 Twice label of m2"},
		{"", "[m2]", "m2 label of m2"},
	} {
		if err := sheet.AddExpression("e1", c.label, 0, c.expression); err != nil {
			t.Fatal(err)
		}
		list, err := sheet.Result("e1")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range list {
			got = append(got, s.ID+" "+s.Label)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%q labelled %q: %q, want %q", c.expression, c.label, text, c.want)
		}
	}
}

func TestRefs(t *testing.T) {
	e, err := math.Parse("m2 + SUM([m1, m2]) / METRICS(\"m3\")")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(e.Refs(), " "); got != "m2 m1" {
		t.Errorf("refs are %q", got)
	}
}

func TestCircle(t *testing.T) {
	sheet := math.NewSheet(start, start.Add(5*time.Minute))
	for id, expression := range map[string]string{"a": "b * 2", "b": "ABS(c)", "c": "a"} {
		if err := sheet.AddExpression(id, "", 0, expression); err != nil {
			t.Fatal(err)
		}
	}
	want := "Error in expression 'c': Circular reference to 'a'"
	if _, err := sheet.Kind("a"); err == nil || err.Error() != want {
		t.Errorf("kind: %v, want %s", err, want)
	}
	if _, err := sheet.Result("a"); err == nil || err.Error() != want {
		t.Errorf("result: %v, want %s", err, want)
	}
}

// A stranger says over what time a series without gaps is made.
func TestTooManyPoints(t *testing.T) {
	for _, expression := range []string{"TIME_SERIES(1)", "FILL(m1, 0)", "EPOCH(m1)", "FILL([m1], REPEAT)"} {
		sheet := math.NewSheet(time.Unix(0, 0), start)
		sheet.AddMetric(math.Series{ID: "m1", Period: time.Second})
		if err := sheet.AddExpression("e1", "", 0, expression); err != nil {
			t.Fatal(err)
		}
		if _, err := sheet.Result("e1"); err == nil {
			t.Errorf("%s over 56 years of seconds: no error", expression)
		}
	}
}

// A few short expressions name the same series again and again.
func TestTooLargeArrays(t *testing.T) {
	again := func(id string) string { return "[" + strings.TrimSuffix(strings.Repeat(id+",", 400), ",") + "]" }
	for _, c := range []struct {
		expressions []string
		want        string
	}{
		{[]string{again("m1"), again("e1"), again("e2"), again("e3")}, "Error in expression 'e2': An array has more than 1000 time series, which is a limit of Runnel"},
		{[]string{again("m1"), "FILL(e1, 0)"}, "Error in expression 'e2': An array has more than 2000000 data points, which is a limit of Runnel"},
		{[]string{"FILL(m1, 0)", again("e1")}, "Error in expression 'e2': An array has more than 2000000 data points, which is a limit of Runnel"},
		{[]string{again("m1"), "[e1, e1]"}, ""},
	} {
		sheet := math.NewSheet(start, start.Add(10_000*time.Second))
		sheet.AddMetric(math.Series{ID: "m1", Period: time.Second})
		last := ""
		for i, expression := range c.expressions {
			last = fmt.Sprint("e", i+1)
			if err := sheet.AddExpression(last, "", 0, expression); err != nil {
				t.Fatal(err)
			}
		}
		got := ""
		if _, err := sheet.Result(last); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%.20q...: %q, want %q", c.expressions, got, c.want)
		}
	}
}

// TestTooManyPointsInAll has expressions of which each is small enough: one
// after the other, and as arguments that are held until the last one is there.
func TestTooManyPointsInAll(t *testing.T) {
	nested := "e1"
	for range 12 {
		nested = "SORT(e1*2," + nested + ")"
	}
	for _, c := range []struct {
		expression string
		times      int
		sound      bool
	}{{"e1 * 2", 5, true}, {"SORT(e1, MAX, ASC)", 20, true}, {"e1 * 2", 12, false}, {"-e1", 12, false}, {"ABS(e1)", 12, false}, {nested, 1, false}} {
		sheet := math.NewSheet(start, start.Add(100*time.Second))
		sheet.AddMetric(math.Series{ID: "m1", Period: time.Second})
		sheet.LeavePoints(20_000)
		add := func(id, expression string) {
			if err := sheet.AddExpression(id, "", 0, expression); err != nil {
				t.Fatal(err)
			}
		}
		add("e0", "TIME_SERIES(1)")
		add("e1", "["+strings.TrimSuffix(strings.Repeat("e0,", 19), ",")+"]")
		got := ""
		for i := range c.times {
			id := fmt.Sprint("x", i)
			add(id, c.expression)
			if _, err := sheet.Result(id); err != nil {
				_, got, _ = strings.Cut(err.Error(), ": ")
			}
		}
		want := "The expressions have more than 20000000 data points in all, which is a limit of Runnel"
		if c.sound {
			want = ""
		}
		if got != want {
			t.Errorf("%d times %.40s: %q, want %q", c.times, c.expression, got, want)
		}
	}
}

// TestFarStart has a sheet begin further back than a Duration reaches.
func TestFarStart(t *testing.T) {
	sheet := math.NewSheet(time.Time{}, start.Add(5*time.Minute))
	sheet.AddMetric(parseMetric(t, "m1", "1 2 3"))
	if err := sheet.AddExpression("e1", "", 0, "m1 + m1"); err != nil {
		t.Fatal(err)
	}
	list, err := sheet.Result("e1")
	if err != nil || len(list) != 1 || len(list[0].Points) != 3 {
		t.Errorf("of three points: %v, %v", list, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"SUM(METRICS())/SUM(m1)*100", "IF(m1<400, 10, 2)", "-m1^2", "FILL(m1, REPEAT)", "[m1,m2]/m3",
		"SORT(METRICS(), AVG, DESC, 10)", "METRICS(“4xx”)", "1e5 * .5", "m1 AND m2 || m3", "((((", "m1 +", "SEARCH('{x}', 'Sum')",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		sheet := math.NewSheet(start, start.Add(5*time.Minute))
		sheet.AddMetric(parseMetric(t, "m1", "30 - 20 0 -1"))
		sheet.AddMetric(parseMetric(t, "m2", "- 5"))
		if sheet.AddExpression("e1", "", 0, s) != nil {
			return
		}
		kind, kindErr := sheet.Kind("e1")
		list, err := sheet.Result("e1")
		if (kindErr != nil || kind != math.TimeSeries && kind != math.Array) != (err != nil) {
			t.Fatalf("%q: kind %s, %v, but result %v", s, kind, kindErr, err)
		}
		for _, series := range list {
			for i, p := range series.Points {
				if p.Value != p.Value {
					t.Fatalf("%q: a point is no number", s)
				}
				if i > 0 && !p.Time.After(series.Points[i-1].Time) {
					t.Fatalf("%q: points are out of order", s)
				}
			}
		}
	})
}
