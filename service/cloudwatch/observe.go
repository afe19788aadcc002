package cloudwatch

import (
	"context"
	"encoding/binary"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// What services observe of themselves is counted in memory, by metric, for the
// minute that runs. When it ends, each shard of the metrics writes what it
// counted in one transaction, together with the batch's number; that is how
// readers know what they have seen in the rows and what only memory holds.

var _ event.Metrics = (*Service)(nil)

const (
	shards   = 16
	maxCells = 1024 // metrics in memory, a shard
)

var flushedSpace = store.K("cloudwatch", "flushed") // and the shard's number: the last batch written

// Observe implements [event.Metrics].
func (s *Service) Observe(m event.Metric, value float64) { s.observed.observe(&m, value) }

// Sample implements [event.Metrics].
func (s *Service) Sample(f func(ctx context.Context) error) {
	s.observed.samples = append(s.observed.samples, f)
}

// observed is what is counted in memory.
type observed struct {
	store   *store.Store
	shards  [shards]shard
	samples []func(ctx context.Context) error
	stirred chan struct{} // something is counted that no minute's end waits for
	refused atomic.Uint64 // values of metrics that there was no room for

	mu    sync.Mutex
	byKey map[string][]*cell // by series.Metric.Key
}

// shard is some of the metrics.
type shard struct {
	owner *observed
	row   store.Key

	mu     sync.Mutex
	cells  map[event.Metric]*cell
	recent [128]*cell // by hash, since looking in cells takes most of the time
	dirty  []*cell    // those that counted in this minute
	batch  uint64     // the number of what is being counted
	begin  time.Time  // of the minute, if there are dirty cells
}

// cell counts a metric.
type cell struct {
	shard    *shard
	metric   event.Metric
	key      store.Key // of the series
	unit     string
	now      count
	previous count // kept for readers whose snapshot is older than its rows
}

// count is what was counted in a minute.
type count struct {
	batch  uint64
	begin  time.Time
	values stat.Distribution
}

func newObserved(st *store.Store) *observed {
	o := &observed{store: st, stirred: make(chan struct{}, 1), byKey: make(map[string][]*cell)}
	for i := range o.shards {
		o.shards[i] = shard{owner: o, row: flushedSpace.Uint(uint64(i)), cells: make(map[event.Metric]*cell)}
	}
	return o
}

func (o *observed) observe(m *event.Metric, value float64) {
	if !(math.Abs(value) <= maxValue) {
		return
	}
	h := hash(m)
	sh := &o.shards[h%shards]
	sh.mu.Lock()
	defer sh.mu.Unlock()
	c := sh.find(m, h/shards)
	if c == nil {
		o.refused.Add(1)
		o.stir() // the minute's end makes room
		return
	}
	if c.now.values.Count == 0 {
		sh.touch(c)
	}
	c.now.values.Add(value, 1)
}

// hash spreads metrics by what mostly differs. It is cheap: that some metrics
// share a hash costs time alone.
func hash(m *event.Metric) uint32 {
	h := uint32(len(m.Dimensions[0].Value))
	for _, s := range [...]string{m.Name, m.Dimensions[0].Value, m.Dimensions[1].Value} {
		if n := len(s); n > 3 {
			h = (h ^ uint32(s[n-1]) ^ uint32(s[n-2])<<8 ^ uint32(s[n-3])<<16 ^ uint32(n)<<24) * 0x9e3779b1
		} else if n > 0 {
			h = (h ^ uint32(s[n-1]) ^ uint32(s[0])<<8) * 0x9e3779b1
		}
	}
	return h ^ h>>15
}

// find is the cell of a metric, or nil if there is no room for it.
func (sh *shard) find(m *event.Metric, h uint32) *cell {
	recent := &sh.recent[h%uint32(len(sh.recent))]
	if c := *recent; c != nil && c.metric == *m {
		return c
	}
	c := sh.cells[*m]
	if c == nil {
		c = sh.add(*m)
	}
	*recent = c
	return c
}

// add makes a cell for a new metric, if there is room.
func (sh *shard) add(m event.Metric) *cell {
	if len(sh.cells) >= maxCells {
		return nil
	}
	for i, d := range m.Dimensions {
		m.Dimensions[i].Value = strings.Clone(d.Value) // it may be part of a request
	}
	c := &cell{shard: sh, metric: m, key: seriesOf(m).Key(), unit: m.Unit}
	if c.unit == "" {
		c.unit = unitNone
	}
	sh.cells[m] = c
	o := sh.owner
	o.mu.Lock()
	defer o.mu.Unlock()
	o.byKey[string(c.key)] = append(o.byKey[string(c.key)], c)
	return c
}

// touch begins to count in a cell, and in the shard if it is the first one.
func (sh *shard) touch(c *cell) {
	if len(sh.dirty) == 0 {
		sh.batch = sh.owner.store.NextID()
		sh.begin = sh.owner.store.Clock().Now().Truncate(time.Minute)
		sh.owner.stir()
	}
	c.now.batch, c.now.begin = sh.batch, sh.begin
	sh.dirty = append(sh.dirty, c)
}

// stir has the end of the minute waited for.
func (o *observed) stir() {
	select {
	case o.stirred <- struct{}{}:
	default:
	}
}

// seriesOf is the series of a service's metric.
func seriesOf(m event.Metric) series.Metric {
	out := series.Metric{Namespace: m.Namespace, Name: m.Name}
	for _, d := range m.Dimensions {
		if d.Name != "" {
			out.Dimensions = append(out.Dimensions, series.Dimension{Name: d.Name, Value: d.Value})
		}
	}
	return out
}

// collect adds what rows do not hold yet, as tx sees them.
func (o *observed) collect(tx *store.Tx, key store.Key, to *series.Collector) error {
	o.mu.Lock()
	cells := o.byKey[string(key)] // never changed, only replaced
	o.mu.Unlock()
	for _, c := range cells {
		flushed, err := c.shard.flushed(tx)
		if err != nil {
			return err
		}
		c.shard.mu.Lock()
		for _, n := range []*count{&c.previous, &c.now} {
			if n.values.Count > 0 && n.batch > flushed {
				to.Add(n.begin, c.unit, &n.values)
			}
		}
		c.shard.mu.Unlock()
	}
	return nil
}

// flushed is the last batch of the shard that rows hold.
func (sh *shard) flushed(tx *store.Tx) (uint64, error) {
	b, ok := tx.Get(sh.row)
	if !ok {
		return 0, nil
	}
	if len(b) != 8 {
		return 0, errRow
	}
	return binary.BigEndian.Uint64(b), nil
}

// run writes what was counted whenever a minute ends in which something was,
// and at the end. Where levels are sampled, each minute is one.
func (o *observed) run(ctx context.Context, log *slog.Logger) error {
	defer func() { o.flush(context.WithoutCancel(ctx), log) }()
	for {
		if len(o.samples) == 0 {
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-o.stirred:
			}
		}
		if err := o.minute(ctx); err != nil {
			return err
		}
		o.flush(ctx, log)
		o.sample(ctx, log)
	}
}

// minute waits until the minute ends that is being counted, which is past if
// the clock was set forward.
func (o *observed) minute(ctx context.Context) error {
	clock := o.store.Clock()
	begin := clock.Now().Truncate(time.Minute)
	for i := range o.shards {
		if b, counts := o.shards[i].counting(); counts && b.Before(begin) {
			begin = b
		}
	}
	a := clock.Alarm(begin.Add(time.Minute))
	defer a.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-a.C:
		return nil
	}
}

// counting tells when the minute began that is being counted, if one is.
func (sh *shard) counting() (time.Time, bool) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	return sh.begin, len(sh.dirty) > 0
}

// flush writes all that was counted: each shard for itself, so that no
// transaction is long, and all durable with the last one. It is called by one
// goroutine.
func (o *observed) flush(ctx context.Context, log *slog.Logger) {
	ctx = context.WithoutCancel(ctx)
	var full []sealed
	for i := range o.shards {
		if b := o.shards[i].seal(); len(b.cells) > 0 {
			full = append(full, b)
		}
	}
	for i, b := range full {
		update := o.store.UpdateLazy
		if i == len(full)-1 {
			update = o.store.Update
		}
		data := b.data()
		if err := update(ctx, func(tx *store.Tx) error { return b.write(tx, data) }); err != nil {
			log.ErrorContext(ctx, "metrics of a minute are lost", "err", err)
		}
	}
	if n := o.refused.Swap(0); n > 0 {
		log.WarnContext(ctx, "too many metrics: values were not counted", "values", n, "limit", shards*maxCells)
	}
}

// sample has those observe who have levels to tell.
func (o *observed) sample(ctx context.Context, log *slog.Logger) {
	for _, f := range o.samples {
		if err := f(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "a level could not be sampled", "err", err)
		}
	}
}

// sealed is what a shard counted in a batch that ended.
type sealed struct {
	shard  *shard
	number uint64
	cells  []*cell // what they counted is in previous, until the shard is sealed again
}

// seal ends the counting of a batch, and begins the next one.
func (sh *shard) seal() sealed {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	b := sealed{sh, sh.batch, sh.dirty}
	if len(b.cells) == 0 {
		b.number = 0
	}
	for _, c := range b.cells {
		c.now, c.previous = c.previous, c.now
		c.now.values.Reset()
	}
	if len(b.cells) > 0 && sh.begin.Minute() == 0 || len(sh.cells) == maxCells {
		sh.evict(b.number)
	}
	sh.dirty = nil
	return b
}

func (b sealed) data() []series.Datum {
	data := make([]series.Datum, len(b.cells))
	for i, c := range b.cells {
		data[i] = series.Datum{Key: c.key, Time: c.previous.begin, Unit: c.unit, Values: &c.previous.values}
	}
	return data
}

func (b sealed) write(tx *store.Tx, data []series.Datum) error {
	tx.Set(b.shard.row, binary.BigEndian.AppendUint64(nil, b.number))
	return series.Put(tx, data)
}

// evict drops the cells that counted nothing in the batch that ended: each hour,
// and when there is no room.
func (sh *shard) evict(batch uint64) {
	sh.recent = [len(sh.recent)]*cell{}
	o := sh.owner
	o.mu.Lock()
	defer o.mu.Unlock()
	for m, c := range sh.cells {
		if c.previous.batch == batch {
			continue
		}
		delete(sh.cells, m)
		var rest []*cell
		for _, other := range o.byKey[string(c.key)] {
			if other != c {
				rest = append(rest, other)
			}
		}
		if o.byKey[string(c.key)] = rest; rest == nil {
			delete(o.byKey, string(c.key))
		}
	}
}
