package stat

import (
	"bytes"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func of(values ...float64) *Distribution {
	d := new(Distribution)
	for _, v := range values {
		d.Add(v, 1)
	}
	return d
}

// TestOf has the statistics of
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
// (2026-11-20), of the values 1 to 10.
func TestOf(t *testing.T) {
	d := of(7, 2, 9, 4, 10, 1, 3, 8, 6, 5)
	for _, c := range []struct {
		stat string
		want float64
	}{
		{"SampleCount", 10}, {"Sum", 55}, {"Average", 5.5}, {"Minimum", 1}, {"Maximum", 10},
		{"p50", 5}, {"p90", 9}, {"p91", 10}, {"p100", 10}, {"p0", 1}, {"p99.9", 10}, {"P10", 1},
		{"tm90", 5}, {"TM(10%:90%)", 5.5}, {"TM(:90%)", 5}, {"TM(90%:)", 10}, {"TM(2:5)", 4}, {"tm(2:5)", 4},
		{"IQM", 5.5}, {"TM(25%:75%)", 5.5},
		{"WM(10%:90%)", (1 + 2 + 3 + 4 + 5 + 6 + 7 + 8 + 9 + 9) / 10.}, {"wm90", 5.4}, {"WM(3:8)", (3 + 3 + 3 + 4 + 5 + 6 + 7 + 8 + 8 + 8) / 10.},
		{"tc90", 9}, {"TC(2:5)", 3}, {"TC(80%:)", 2}, {"ts90", 45}, {"TS(80%:)", 19}, {"TS(:3)", 6},
		{"PR(:3)", 30}, {"PR(3:8)", 50}, {"PR(8:)", 20}, {"PR(:0.5)", 0},
	} {
		st, ok := Parse(c.stat)
		if !ok {
			t.Errorf("%s is not a statistic", c.stat)
			continue
		}
		if got, ok := st.Of(d); !ok || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s = %v, %v, want %v", c.stat, got, ok, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{
		"", "sum", "p", "p101", "p-1", "p1e1", "p.", "p9.", "p1.12345678901", "tm", "tm101", "TM", "TM()", "TM(:)", "TM(1:2",
		"TM(1%:2)", "TM(5:2)", "TM(5:5)", "TM(101%:)", "PR", "pr90", "PR(1%:2%)", "PR(1)", "XX(1:2)", "p(1:2)", "IQM(1:2)",
		"tmNaN", "tmInf", "Average ", "tm+1", "tm0x1",
	} {
		if _, ok := Parse(s); ok {
			t.Errorf("%q is taken for a statistic", s)
		}
	}
}

// TestOpaque has statistics only where the values are known.
func TestOpaque(t *testing.T) {
	p50, _ := Parse("p50")
	sum, _ := Parse("Sum")
	set := new(Distribution)
	set.AddSet(4, 20, 2, 9)
	same := new(Distribution)
	same.AddSet(4, 8, 2, 2) // https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
	mixed := of(1, 2)
	mixed.Merge(set)
	for _, c := range []struct {
		name string
		d    *Distribution
		p50  bool
		sum  float64
	}{
		{"statistic set", set, false, 20}, {"set of one value", same, true, 8}, {"values and set", mixed, false, 23},
		{"negative", of(1, -1), false, 0}, {"empty", of(), false, 0}, {"values", of(1, 2), true, 3},
	} {
		if _, ok := p50.Of(c.d); ok != c.p50 {
			t.Errorf("%s: has a p50: %v", c.name, ok)
		}
		if v, ok := sum.Of(c.d); v != c.sum || ok != (c.d.Count > 0) {
			t.Errorf("%s: sum %v %v", c.name, v, ok)
		}
	}
}

// values draws values of which there are few or many different ones, close
// together or far apart.
func values(t *rapid.T) []float64 {
	one := rapid.SampledFrom([]*rapid.Generator[float64]{
		rapid.Float64Range(0, 10), rapid.Float64Range(1, 1e4), rapid.Float64Range(1e-30, 1e30),
		rapid.Map(rapid.IntRange(0, 20), func(i int) float64 { return float64(i) }),
	}).Draw(t, "kind")
	return rapid.SliceOfN(one, 1, 2000).Draw(t, "values")
}

// TestAgainstSorted compares with what is computed from all values, in order.
func TestAgainstSorted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := values(t)
		parts := make([]Distribution, rapid.IntRange(1, 5).Draw(t, "parts"))
		for i, v := range all {
			parts[i%len(parts)].Add(v, 1)
		}
		var d Distribution
		for i := range parts {
			p, err := Decode(parts[i].Append(nil))
			if err != nil {
				t.Fatal(err)
			}
			d.Merge(&p)
		}
		slices.Sort(all)
		n := len(all)
		if d.Count != float64(n) || d.Min != all[0] || d.Max != all[n-1] {
			t.Fatalf("count %v min %v max %v", d.Count, d.Min, d.Max)
		}
		g := math.Pow(growth, math.Exp2(float64(max(d.level, 1)-1)))
		bound := (g-1)/(g+1) + 1e-9
		if len(d.bins) > maxBuckets {
			t.Fatalf("%d bins", len(d.bins))
		}
		for _, p := range []float64{0, 1, 25, 50, 90, 99, 100} {
			want := all[max(0, int(math.Ceil(p*float64(n)/100))-1)]
			got := Stat{kind: percentile, top: bound0(p)}
			v, ok := got.Of(&d)
			if !ok || math.Abs(v-want) > bound*want {
				t.Fatalf("p%v = %v, want %v within %v of it", p, v, want, bound)
			}
		}
	})
}

func bound0(p float64) bound { return bound{at: p, percent: true} }

// TestMergeIsAdding has the same whatever is merged in whatever order.
func TestMergeIsAdding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var a, b Distribution
		for i, v := range values(t) {
			if i%3 == 0 {
				a.Add(v, 1)
			} else {
				b.Add(v, 1)
			}
		}
		ab, ba := a.Clone(), b.Clone()
		ab.Merge(&b)
		ba.Merge(&a)
		if !slices.Equal(ab.bins, ba.bins) || ab.level != ba.level || ab.Count != ba.Count {
			t.Fatalf("merged differently: level %d and %d, %d and %d bins", ab.level, ba.level, len(ab.bins), len(ba.bins))
		}
	})
}

func TestEncode(t *testing.T) {
	for _, d := range []*Distribution{
		of(), of(0), of(1), of(1, 2, 3), of(0.1, 0.25, 1e300, math.MaxFloat64/2), of(-1), of(math.Copysign(0, -1)), many(65), many(5000),
	} {
		b := d.Append(nil)
		back, err := Decode(b)
		if err != nil {
			t.Fatalf("%v: %v", d, err)
		}
		if !bytes.Equal(back.Append(nil), b) || back.Count != d.Count || back.Sum != d.Sum || !slices.Equal(back.bins, d.bins) {
			t.Errorf("%v became %v", d, back)
		}
	}
	if n := len(of(1, 1, 1).Append(nil)); n > 12 {
		t.Errorf("counting three times one takes %d bytes", n)
	}
}

func many(n int) *Distribution {
	d := of(0)
	for i := range n {
		d.Add(math.Pow(1.1, float64(i%1500)), 1)
	}
	return d
}

func FuzzDecode(f *testing.F) {
	for _, d := range []*Distribution{of(), of(1, 2.5), of(-1), many(100), many(5000)} {
		f.Add(d.Append(nil))
	}
	f.Add([]byte{1, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		d, err := Decode(b)
		if err != nil {
			return
		}
		for _, s := range []string{"Sum", "p99", "TM(10%:90%)", "WM(1:2)", "PR(:5)"} {
			st, _ := Parse(s)
			st.Of(&d)
		}
		other := of(1, 2, 3)
		other.Merge(&d)
		if _, err := Decode(d.Append(nil)); err != nil {
			t.Fatalf("what was decoded cannot be encoded: %v", err)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"Sum", "p99.9", "TM(2%:98%)", "PR(:300)", "iqm", "ts90"} {
		f.Add(s)
	}
	d := of(1, 2, 3, 4)
	f.Fuzz(func(t *testing.T, s string) {
		if st, ok := Parse(s); ok {
			st.Of(d)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	for name, next := range map[string]func(int) float64{
		"one_value": func(int) float64 { return 1 }, "latencies": func(i int) float64 { return float64(i*7919%100_000) / 1000 },
	} {
		b.Run(name, func(b *testing.B) {
			var d Distribution
			for i := range b.N {
				d.Add(next(i), 1)
			}
		})
	}
}
