package emf

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

func (l Line) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "at %s\n", l.Time.Format("2006-01-02T15:04:05.000Z"))
	for _, m := range l.Metrics {
		fmt.Fprintf(&b, "%s %s %s fine=%v %v %v\n", m.Namespace, m.Name, m.Unit, m.Fine, m.Dimensions, m.Values)
	}
	return b.String()
}

// TestParse reads the cases of testdata/emf.txt: a line, and below what it holds.
func TestParse(t *testing.T) {
	text, err := os.ReadFile("testdata/emf.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range strings.Split(string(text), "\n\n")[1:] {
		line, want, _ := strings.Cut(strings.TrimSpace(c), "\n")
		got := "not a line of metrics"
		if l, err := Parse(line); err == nil {
			got = strings.TrimSpace(l.String())
		}
		if got != want {
			t.Errorf("case %d: %s\ngot:\n%s\nwant:\n%s", i+1, line, got, want)
		}
	}
}

func TestLimits(t *testing.T) {
	list := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	doc := func(sets, metrics, root string) string {
		return fmt.Sprintf(`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[%s],"Metrics":[%s]}]},"m":1%s}`, sets, metrics, root)
	}
	for _, c := range []struct {
		name, line string
		metrics    int // -1: refused
	}{
		{"30 dimensions", doc("["+list(30, `"d"`)+"]", `{"Name":"m"}`, `,"d":"x"`), 1},
		{"31 dimensions", doc("["+list(31, `"d"`)+"]", `{"Name":"m"}`, `,"d":"x"`), -1},
		{"100 metrics", doc("[]", list(100, `{"Name":"m"}`), ""), 100},
		{"101 metrics", doc("[]", list(101, `{"Name":"m"}`), ""), -1},
		{"100 values", doc("[]", `{"Name":"v"}`, `,"v":[`+list(100, "1")+"]"), 1},
		{"101 values", doc("[]", `{"Name":"v"}`, `,"v":[`+list(101, "1")+"]"), 0},
		{"deep", strings.Repeat("[", 1<<20-1), -1},
		{"long", doc("[]", `{"Name":"m"}`, `,"x":"`+strings.Repeat("x", 1<<20)+`"`), -1},
		{"long name", doc("[]", `{"Name":"`+strings.Repeat("n", 1025)+`"}`, ""), -1},
		{"long value", doc(`["d"]`, `{"Name":"m"}`, `,"d":"`+strings.Repeat("n", 1025)+`"`), 0},
	} {
		l, err := Parse(c.line)
		if got := len(l.Metrics); err == nil && got != c.metrics || err != nil && c.metrics >= 0 {
			t.Errorf("%s: %d metrics, %v; want %d", c.name, got, err, c.metrics)
		}
	}
}

// TestRepeated has a line refer again and again to members that are long. The
// store waits while a line is read, so each is read once: this takes minutes
// otherwise.
func TestRepeated(t *testing.T) {
	list := func(n int, item string) string { return strings.TrimSuffix(strings.Repeat(item+",", n), ",") }
	directive := func(sets, metrics string) string {
		return fmt.Sprintf(`{"Namespace":"N","Dimensions":[%s],"Metrics":[%s]}`, sets, metrics)
	}
	for _, c := range []struct {
		name, directive, member string
		metrics                 int
	}{
		{"values", directive("[]", list(100, `{"Name":"v"}`)), `"v":[` + list(200_000, "1") + "]", 0},
		{"dimension", directive(list(100, `["d"]`), `{"Name":"m"}`), `"m":1,"d":"` + strings.Repeat("x", 400_000) + `"`, 0},
		{"both", directive(list(100, `["d"]`), list(100, `{"Name":"m"}`)), `"m":1,"d":"x"`, 10_000},
	} {
		l, err := Parse(`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[` + list(100, c.directive) + `]},` + c.member + `}`)
		if err != nil || len(l.Metrics) != c.metrics {
			t.Errorf("%s: %d metrics, %v; want %d", c.name, len(l.Metrics), err, c.metrics)
		}
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile("testdata/emf.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if May(line) {
			f.Add(line)
		}
	}
	f.Fuzz(func(t *testing.T, line string) {
		l, err := Parse(line)
		if err == nil && !strings.HasPrefix(strings.TrimLeft(line, " \t\r\n"), "{") {
			t.Fatalf("%q is no object", line)
		}
		for _, m := range l.Metrics {
			if m.Namespace == "" || m.Name == "" || len(m.Values) == 0 || len(m.Dimensions) == 0 {
				t.Fatalf("%q gave %+v", line, m)
			}
		}
	})
}

func BenchmarkMay(b *testing.B) {
	line := strings.Repeat("an ordinary line of a log ", 8)
	for b.Loop() {
		May(line)
	}
}
