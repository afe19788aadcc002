package stat

import (
	"encoding/binary"
	"errors"
	"math"
)

// A distribution as bytes: a version, the level, 0xff for one whose values
// are not known, then numbers: Count, Sum, Min, Max, how many bins, and of each
// bin the key (of buckets: how far from the last one) and the count.
//
// A number that is whole and below 2^52 is a varint with a 0 as its lowest bit;
// another one is the byte 1 and its eight bytes.
const (
	encodingVersion = 1
	levelOpaque     = 0xff
	maxLevel        = 20      // where two buckets hold all float64s
	maxKey          = 1 << 16 // of a bucket: the finest ones go to 40,000
)

var errEncoding = errors.New("stat: malformed distribution")

// Append appends d, encoded.
func (d *Distribution) Append(b []byte) []byte {
	level := d.level
	if d.opaque {
		level = levelOpaque
	}
	b = append(b, encodingVersion, level)
	for _, f := range []float64{d.Count, d.Sum, d.Min, d.Max} {
		b = appendNumber(b, f)
	}
	b = binary.AppendUvarint(b, uint64(len(d.bins)))
	last := 0.0
	for _, bin := range d.bins {
		b = appendNumber(b, bin.key-last)
		b = appendNumber(b, bin.n)
		if d.level > 0 && !math.IsInf(bin.key, -1) {
			last = bin.key
		}
	}
	return b
}

func appendNumber(b []byte, f float64) []byte {
	if f == math.Trunc(f) && math.Abs(f) < 1<<52 && !(f == 0 && math.Signbit(f)) {
		i := int64(f)
		return binary.AppendUvarint(b, uint64(i<<1^i>>63)<<1)
	}
	b = append(b, 1)
	return binary.BigEndian.AppendUint64(b, math.Float64bits(f))
}

// Decode reads what [Distribution.Append] wrote. All of b must be it.
func Decode(b []byte) (Distribution, error) {
	var d Distribution
	if len(b) < 2 || b[0] != encodingVersion {
		return d, errEncoding
	}
	switch d.level = b[1]; {
	case d.level == levelOpaque:
		d.level, d.opaque = 0, true
	case d.level > maxLevel:
		return d, errEncoding
	}
	r := reader{b: b[2:]}
	for _, f := range []*float64{&d.Count, &d.Sum, &d.Min, &d.Max} {
		*f = r.number()
	}
	r.bins(&d)
	if r.bad || len(r.b) > 0 || !(d.Count > 0) && len(d.bins) > 0 {
		return Distribution{}, errEncoding
	}
	return d, nil
}

type reader struct {
	b   []byte
	bad bool
}

func (r *reader) bins(d *Distribution) {
	n := r.uvarint()
	if n > maxBuckets || d.level == 0 && n > maxExact || d.opaque && n > 0 {
		r.bad = true
		return
	}
	d.bins = make([]bin, n)
	last := 0.0
	for i := range d.bins {
		key := last + r.number()
		d.bins[i] = bin{key, r.number()}
		if !d.validKey(key) || i > 0 && key <= d.bins[i-1].key || !(d.bins[i].n > 0) {
			r.bad = true
			return
		}
		if d.level > 0 && !math.IsInf(key, -1) {
			last = key
		}
	}
}

func (d *Distribution) validKey(key float64) bool {
	if d.level == 0 {
		return key >= 0 && !math.IsInf(key, 1)
	}
	return math.IsInf(key, -1) || math.Abs(key) <= maxKey && key == math.Trunc(key)
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) number() float64 {
	v := r.uvarint()
	if v&1 == 0 {
		return float64(int64(v>>2) ^ -int64(v>>1&1))
	}
	if len(r.b) < 8 {
		r.bad, r.b = true, nil
		return 0
	}
	f := math.Float64frombits(binary.BigEndian.Uint64(r.b))
	r.b = r.b[8:]
	return f
}
