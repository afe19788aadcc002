package stat

import (
	"math"
	"strconv"
	"strings"
)

// Stat is a statistic, as
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
// has them. It is comparable.
type Stat struct {
	kind     kind
	low, top bound // of those that have boundaries
}

type kind uint8

const (
	sampleCount kind = iota + 1
	sum
	average
	minimum
	maximum
	percentile     // of top
	trimmedMean    // TM
	winsorizedMean // WM
	trimmedCount   // TC
	trimmedSum     // TS
	percentileRank // PR
)

// bound is a boundary: a value, or a percentage of the values from below.
type bound struct {
	at      float64
	percent bool
	open    bool // there is none
}

var simple = map[string]kind{
	"SampleCount": sampleCount, "Sum": sum, "Average": average, "Minimum": minimum, "Maximum": maximum,
}

var trimmed = map[string]kind{
	"tm": trimmedMean, "wm": winsorizedMean, "tc": trimmedCount, "ts": trimmedSum,
}

// Parse reads a statistic as requests name it: Sum, p99.9, tm90, TM(2%:98%),
// TS(:80%), PR(100:2000), IQM. It reports whether it is one.
func Parse(s string) (Stat, bool) {
	if k, ok := simple[s]; ok {
		return Stat{kind: k}, true
	}
	lower := strings.ToLower(s)
	if lower == "iqm" {
		return Stat{trimmedMean, bound{at: 25, percent: true}, bound{at: 75, percent: true}}, true
	}
	if name, rest, ok := strings.Cut(lower, "("); ok {
		return parseRange(name, rest)
	}
	if rest, ok := strings.CutPrefix(lower, "p"); ok {
		top, ok := parsePercent(rest)
		return Stat{kind: percentile, top: top}, ok
	}
	if len(lower) < 3 {
		return Stat{}, false
	}
	k, known := trimmed[lower[:2]]
	top, ok := parsePercent(lower[2:])
	return Stat{kind: k, low: bound{open: true}, top: top}, known && ok
}

// parseRange reads what follows "TM(": at least one boundary, both percentages
// or both values.
func parseRange(name, rest string) (Stat, bool) {
	k, known := trimmed[name]
	if name == "pr" {
		k, known = percentileRank, true
	}
	rest, closed := strings.CutSuffix(rest, ")")
	from, to, colon := strings.Cut(rest, ":")
	if !known || !closed || !colon {
		return Stat{}, false
	}
	low, ok1 := parseBound(from)
	top, ok2 := parseBound(to)
	if !ok1 || !ok2 || low.open && top.open {
		return Stat{}, false
	}
	if !low.open && !top.open && (low.percent != top.percent || low.at >= top.at) {
		return Stat{}, false
	}
	if k == percentileRank && (low.percent || top.percent) {
		return Stat{}, false
	}
	return Stat{k, low, top}, true
}

func parseBound(s string) (bound, bool) {
	if s == "" {
		return bound{open: true}, true
	}
	if p, ok := strings.CutSuffix(s, "%"); ok {
		return parsePercent(p)
	}
	f, ok := parseDecimal(s)
	return bound{at: f}, ok
}

func parsePercent(s string) (bound, bool) {
	f, ok := parseDecimal(s)
	return bound{at: f, percent: true}, ok && f <= 100
}

// parseDecimal reads digits with up to ten decimal places.
func parseDecimal(s string) (float64, bool) {
	whole, fraction, point := strings.Cut(s, ".")
	if whole == "" && fraction == "" || point && fraction == "" || len(fraction) > 10 {
		return 0, false
	}
	if strings.Trim(whole+fraction, "0123456789") != "" {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil
}

// NeedsValues reports whether the statistic is one that needs the values
// themselves, so that statistic sets and negative values have none.
func (st Stat) NeedsValues() bool { return st.kind >= percentile }

// IsPercentile reports whether the statistic is pNN.
func (st Stat) IsPercentile() bool { return st.kind == percentile }

// Percentile is NN of pNN.
func (st Stat) Percentile() float64 { return st.top.at }

// Of is the statistic of d, and whether d has it: an empty one has none, and
// one whose values are not known has no more than count, sum and extremes.
func (st Stat) Of(d *Distribution) (float64, bool) {
	if d.Count == 0 || st.NeedsValues() && d.opaque {
		return 0, false
	}
	switch st.kind {
	case sampleCount:
		return d.Count, true
	case sum:
		return d.Sum, true
	case average:
		return d.Sum / d.Count, true
	case minimum:
		return d.Min, true
	case maximum:
		return d.Max, true
	case percentile:
		return d.quantile(st.top.at), true
	}
	return st.ofRange(d)
}

// ofRange is a statistic of the values within boundaries, the lower one
// exclusive, the upper one inclusive.
func (st Stat) ofRange(d *Distribution) (float64, bool) {
	in := d.within(st.low, st.top)
	switch st.kind {
	case percentileRank:
		return 100 * in.count / d.Count, true
	case trimmedCount:
		return in.count, true
	case trimmedSum:
		return in.sum, true
	case winsorizedMean:
		return (in.sum + in.below*d.edge(st.low) + in.above*d.edge(st.top)) / d.Count, true
	}
	return in.sum / in.count, in.count > 0
}

// span is what lies within boundaries, and how many values do not.
type span struct{ count, sum, below, above float64 }

func (d *Distribution) within(low, top bound) span {
	var s span
	rank := 0.0 // values before the bin
	for _, b := range d.bins {
		v := d.value(b)
		below := d.under(low, v, rank, b.n, 0)
		upTo := d.under(top, v, rank, b.n, b.n)
		n := max(0, upTo-below)
		s.count += n
		s.sum += n * v
		s.below += below
		s.above += b.n - max(upTo, below)
		rank += b.n
	}
	return s
}

// under is how many of a bin's n values lie on the lower side of a boundary,
// or at it; unbounded if there is none. A value that a percentage divides counts
// in part, as the interquartile mean is defined.
func (d *Distribution) under(b bound, v, rank, n, unbounded float64) float64 {
	switch {
	case b.open:
		return unbounded
	case b.percent:
		return min(max(b.at*d.Count/100-rank, 0), n)
	case v <= b.at:
		return n
	}
	return 0
}

// edge is the value at a boundary.
func (d *Distribution) edge(b bound) float64 {
	switch {
	case b.open:
		return 0 // nothing lies beyond
	case b.percent:
		return d.quantile(b.at)
	}
	return b.at
}

// rank is how many values a percentage of all is: whole ones, where values
// were counted so.
func (d *Distribution) rank(percent float64) float64 {
	exact := percent * d.Count / 100
	if r := math.Round(exact); math.Abs(exact-r) < 1e-9*max(1, exact) {
		return min(r, d.Count)
	}
	return min(math.Ceil(exact), d.Count)
}

// quantile is the least value that percent of all values do not exceed.
func (d *Distribution) quantile(percent float64) float64 {
	rank, seen := max(d.rank(percent), math.SmallestNonzeroFloat64), 0.0
	for _, b := range d.bins {
		if seen += b.n; seen >= rank {
			return d.value(b)
		}
	}
	return d.Max
}
