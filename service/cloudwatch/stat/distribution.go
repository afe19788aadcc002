// Package stat is what CloudWatch keeps of the values of a metric over a time,
// and the statistics that it tells of them. It is pure: no time, no store.
package stat

import (
	"math"
	"slices"
)

// Limits of what a distribution holds.
const (
	maxExact   = 64  // different values that are kept as they are
	maxBuckets = 512 // buckets afterwards

	// growth is the ratio of a fine bucket's ends. What a bucket stands for is
	// off by (growth-1)/(growth+1), 1 %, at most.
	growth = 1.02
)

// Distribution is a set of values, each with how often it occurred. It can be
// merged with others, in any order, with the same result.
//
// Up to 64 different values are kept exactly. Beyond, values are counted in
// buckets whose ends grow by 2 %; when values are so far apart that they need
// more than 512 buckets (a factor of 25,000), every two neighbours become one,
// again and again: the error doubles then, and is still relative.
// Negative values are known by their number, sum and extremes alone, since
// CloudWatch tells no percentiles of a metric that has them.
//
// The zero value is empty.
type Distribution struct {
	Count, Sum float64
	Min, Max   float64 // if Count > 0

	opaque bool // values are not known: a statistic set, or negative
	level  uint8
	bins   []bin // sorted by key
}

// bin counts values. At level 0 key is the value; above, it is i for what lies
// in (g^(i-1), g^i], g being the level's growth, and -Inf for 0.
type bin struct{ key, n float64 }

// Add counts value n times. Both must be finite, and n above 0.
func (d *Distribution) Add(value, n float64) {
	value += 0 // -0 is 0
	d.extend(value, value, n, value*n)
	switch {
	case d.opaque:
	case value < 0:
		d.hide()
	case d.level == 0:
		d.insert(value, n)
		if len(d.bins) > maxExact {
			d.bucket()
		}
	default:
		d.insert(index(value, d.level), n)
		d.fit()
	}
}

// AddSet counts a set of values of which no more is known.
func (d *Distribution) AddSet(count, sum, least, most float64) {
	if least == most && sum == least*count {
		d.Add(least, count)
		return
	}
	d.extend(least, most, count, sum)
	d.hide()
}

// Merge adds all that o holds. It does not change o.
func (d *Distribution) Merge(o *Distribution) {
	if o.Count == 0 {
		return
	}
	d.extend(o.Min, o.Max, o.Count, o.Sum)
	if d.opaque || o.opaque {
		d.hide()
		return
	}
	if o.level > 0 && d.level == 0 {
		d.bucket()
	}
	for d.level < o.level {
		d.collapse()
	}
	for _, b := range o.bins {
		d.insert(rekey(b.key, o.level, d.level), b.n)
		if d.level == 0 && len(d.bins) > maxExact {
			d.bucket()
		}
		d.fit()
	}
}

// Reset empties d, and keeps its memory for what comes.
func (d *Distribution) Reset() { *d = Distribution{bins: d.bins[:0]} }

// Clone is a copy that shares no memory.
func (d *Distribution) Clone() Distribution {
	c := *d
	c.bins = slices.Clone(d.bins)
	return c
}

func (d *Distribution) extend(least, most, n, sum float64) {
	if d.Count == 0 {
		d.Min, d.Max = least, most
	}
	d.Min, d.Max = min(d.Min, least), max(d.Max, most)
	d.Count += n
	d.Sum += sum
}

func (d *Distribution) hide() { d.opaque, d.level, d.bins = true, 0, d.bins[:0] }

func (d *Distribution) insert(key, n float64) {
	if last := len(d.bins) - 1; last >= 0 && d.bins[last].key == key {
		d.bins[last].n += n // the same value again, most often
		return
	}
	i := d.search(key)
	if i < len(d.bins) && d.bins[i].key == key {
		d.bins[i].n += n
		return
	}
	d.bins = slices.Insert(d.bins, i, bin{key, n})
}

// search finds the first bin whose key is not below key.
func (d *Distribution) search(key float64) int {
	low, high := 0, len(d.bins)
	for low < high {
		if middle := (low + high) / 2; d.bins[middle].key < key {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low
}

// bucket goes from values to buckets.
func (d *Distribution) bucket() {
	d.level = 1
	d.squeeze(func(key float64) float64 { return index(key, 1) })
	d.fit()
}

// fit makes buckets coarser until they are few enough.
func (d *Distribution) fit() {
	for d.level > 0 && len(d.bins) > maxBuckets {
		d.collapse()
	}
}

// collapse makes one bucket of every two.
func (d *Distribution) collapse() {
	d.level++
	d.squeeze(func(key float64) float64 { return math.Ceil(key / 2) })
}

// squeeze gives each bin a new key, in the same order, and adds up those that
// have the same one then.
func (d *Distribution) squeeze(rekey func(float64) float64) {
	out := d.bins[:0]
	for _, b := range d.bins {
		key := rekey(b.key)
		if last := len(out) - 1; last >= 0 && out[last].key == key {
			out[last].n += b.n
		} else {
			out = append(out, bin{key, b.n})
		}
	}
	d.bins = out
}

// rekey is a key of one level at another one, which is not finer.
func rekey(key float64, from, to uint8) float64 {
	if from == 0 && to > 0 {
		return index(key, to)
	}
	for ; from < to; from++ {
		key = math.Ceil(key / 2)
	}
	return key
}

var logGrowth = math.Log(growth)

// index is the bucket of a value at a level above 0. Levels are computed one
// from the other, so that what is added late and what was merged agree.
func index(value float64, level uint8) float64 {
	if value == 0 {
		return math.Inf(-1)
	}
	return rekey(math.Ceil(math.Log(value)/logGrowth), 1, level)
}

// value is what a bin stands for.
func (d *Distribution) value(b bin) float64 {
	if d.level == 0 {
		return b.key
	}
	if math.IsInf(b.key, -1) {
		return 0
	}
	g := math.Exp(logGrowth * math.Exp2(float64(d.level-1)))
	middle := 2 * math.Pow(g, b.key) / (g + 1)
	return min(max(middle, d.Min), d.Max)
}
