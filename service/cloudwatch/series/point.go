package series

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// Datum is what was measured of a metric at a time.
type Datum struct {
	Key    store.Key // the metric's
	Time   time.Time
	Unit   string // "None" if there is none
	Fine   bool   // keep it by the second
	Values *stat.Distribution
}

// Put adds data to their series. It makes the series that there are not yet.
func Put(tx *store.Tx, data []Datum) error {
	w := writer{tx: tx, now: tx.Now().Unix()}
	for _, d := range data {
		if err := w.put(d); err != nil {
			return err
		}
	}
	return nil
}

type writer struct {
	tx  *store.Tx
	now int64
}

func (w *writer) put(d Datum) error {
	def, found, err := lookup(w.tx, d.Key)
	if err != nil {
		return err
	}
	was := def
	if !found {
		def.id = w.tx.NextID()
		w.tx.Set(nameSpace.Uint(def.id), d.Key)
	}
	if w.now-def.last > int64(lastSlack/time.Second) {
		def.last = w.now
	}
	t := tierOf(d, w.now)
	at := floor(d.Time.Unix(), t.seconds)
	if begin := floor(at, t.span); !found || begin > def.filed[t.index] {
		def.filed[t.index] = begin
		file(w.tx, t, def.id, begin)
	} else if begin < def.filed[t.index] {
		file(w.tx, t, def.id, begin) // it may be there; that does no harm
	}
	if def != was {
		w.tx.Set(d.Key, def.encode())
	}
	return merge(w.tx, pointKey(def.id, t, at, d.Unit), d.Values)
}

// tierOf is where a datum goes. What comes too late to be kept by the second
// goes to its minute at once.
func tierOf(d Datum, now int64) tier {
	if d.Fine && d.Time.Unix() > now-tiers[0].keep {
		return tiers[0]
	}
	return tiers[1]
}

// merge adds values to a row.
func merge(tx *store.Tx, k store.Key, values *stat.Distribution) error {
	row, ok := tx.Get(k)
	if !ok {
		tx.Set(k, values.Append(nil))
		return nil
	}
	d, err := stat.Decode(row)
	if err != nil {
		return fmt.Errorf("row %q: %w", k, err)
	}
	d.Merge(values)
	tx.Set(k, d.Append(nil))
	return nil
}

func floor(n, step int64) int64 { return n - ((n%step)+step)%step }

// spot is where in a series a row is.
type spot struct {
	at   int64 // seconds since 1970
	unit string
}

func pointKey(id uint64, t tier, at int64, unit string) store.Key {
	k := append(startKey(id, t, at), unit...)
	return k
}

// startKey is where the rows of a tier from a time on begin.
func startKey(id uint64, t tier, at int64) store.Key {
	k := make(store.Key, len(pointSpace), len(pointSpace)+32)
	copy(k, pointSpace)
	k = binary.BigEndian.AppendUint64(k, id)
	k = append(k, byte(t.index))
	return binary.BigEndian.AppendUint64(k, uint64(max(0, at)))
}

func spotOf(k store.Key) (spot, error) {
	rest := k[min(len(k), len(pointSpace)+9):]
	if len(rest) < 8 {
		return spot{}, fmt.Errorf("%w: %q", errRow, k)
	}
	return spot{int64(binary.BigEndian.Uint64(rest)), string(rest[8:])}, nil
}

// Query asks for a series.
type Query struct {
	Metric Metric
	Unit   string // only what was measured in it; "": all
	Period time.Duration
	// From is when the first period begins; see [Align]. To is exclusive.
	From, To time.Time
}

// Bucket is what was measured in a period, in a unit.
type Bucket struct {
	Time time.Time // when the period began
	Unit string
	stat.Distribution
}

// Collector sorts what was measured into a query's periods. What is too old to
// be told at the query's period is left out.
type Collector struct {
	q       Query
	oldest  int64
	buckets map[spot]*stat.Distribution
}

// NewCollector has collected nothing yet.
func NewCollector(q Query, now time.Time) *Collector {
	oldest := max(q.From.Unix(), horizon(q.Period, now))
	return &Collector{q, oldest, make(map[spot]*stat.Distribution)}
}

// Read collects the rows of the query's series.
func (c *Collector) Read(tx *store.Tx) error {
	def, found, err := lookup(tx, c.q.Metric.Key())
	if err != nil || !found {
		return err
	}
	for _, t := range tiers {
		r := store.Range{From: startKey(def.id, t, c.oldest), To: startKey(def.id, t, ceilSecond(c.q.To))}
		for k, row := range tx.Scan(r) {
			at, err := spotOf(k)
			if err != nil {
				return err
			}
			if !c.wants(at) {
				continue
			}
			d, err := stat.Decode(row)
			if err != nil {
				return fmt.Errorf("row %q: %w", k, err)
			}
			c.add(at, &d)
		}
	}
	return nil
}

// Add takes what was measured at a time, if the query wants it.
func (c *Collector) Add(at time.Time, unit string, d *stat.Distribution) {
	if p := (spot{at.Unix(), unit}); c.wants(p) {
		c.add(p, d)
	}
}

func (c *Collector) wants(p spot) bool {
	return p.at >= c.oldest && p.at < ceilSecond(c.q.To) && (c.q.Unit == "" || c.q.Unit == p.unit)
}

func (c *Collector) add(p spot, d *stat.Distribution) {
	from := c.q.From.Unix()
	p.at = from + floor(p.at-from, max(1, int64(c.q.Period/time.Second)))
	b := c.buckets[p]
	if b == nil {
		b = new(stat.Distribution)
		c.buckets[p] = b
	}
	b.Merge(d)
}

// Buckets are the periods that have data, by time and unit. The collector is
// spent then.
func (c *Collector) Buckets() []Bucket {
	out := make([]Bucket, 0, len(c.buckets))
	for p, d := range c.buckets {
		out = append(out, Bucket{time.Unix(p.at, 0).UTC(), p.unit, *d})
	}
	slices.SortFunc(out, func(a, b Bucket) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Unit, b.Unit))
	})
	return out
}

func ceilSecond(t time.Time) int64 {
	s := t.Unix()
	if t.Nanosecond() > 0 {
		s++
	}
	return s
}
