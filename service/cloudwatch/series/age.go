package series

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"

	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// tier is a resolution at which rows are kept.
type tier struct {
	index   int
	seconds int64 // of one row
	keep    int64 // how old a row gets in it, in seconds
	span    int64 // rows move on by this many seconds at once
}

const (
	hour = 60 * 60
	day  = 24 * hour
)

// tiers are those of "Metrics retention" in
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html.
var tiers = [4]tier{
	{0, 1, 3 * hour, hour},
	{1, 60, 15 * day, day},
	{2, 300, 63 * day, day},
	{3, hour, 455 * day, day},
}

// horizon is the time before which nothing is told at a period, in seconds.
func horizon(period time.Duration, now time.Time) int64 {
	p := int64(period / time.Second)
	for i := len(tiers) - 1; i >= 0; i-- {
		if p%tiers[i].seconds == 0 && p > 0 {
			return now.Unix() - tiers[i].keep
		}
	}
	return now.Unix()
}

// Align rounds the start of a query down, as GetMetricData documents for
// StartTime: to the query's period if that is less than a minute, else to the
// resolution that data of that age has.
func Align(start time.Time, period time.Duration, now time.Time) time.Time {
	step := int64(period / time.Second)
	if step >= 60 || step < 1 {
		step = 60
		for _, t := range tiers[1:3] {
			if start.Unix() < now.Unix()-t.keep {
				step = tiers[t.index+1].seconds
			}
		}
	}
	return time.Unix(floor(start.Unix(), step), 0).UTC()
}

const (
	ageTimer = "cloudwatch.age"
	ageBatch = 2 // spans that one transaction moves
)

// Register has the store move rows on as they grow old.
func Register(st *store.Store) { st.OnTimer(ageTimer, age) }

// file says that a span of rows is to move on when all of it is old enough.
// Different series do it at different minutes.
func file(tx *store.Tx, t tier, id uint64, begin int64) {
	due := begin + t.span + t.keep
	if t.index > 0 {
		due += int64(id%1440) * 60
	}
	tx.Set(ageKey(due, t, id, begin), nil)
	ageBy(tx, due)
}

// ageBy has the timer fire when due, if not before.
func ageBy(tx *store.Tx, due int64) {
	at := time.Unix(due, 0)
	if next, ok := tx.Timer(ageTimer, ""); !ok || at.Before(next) {
		tx.SetTimer(ageTimer, "", at)
	}
}

func ageKey(due int64, t tier, id uint64, begin int64) store.Key {
	b := binary.BigEndian.AppendUint64(nil, uint64(max(0, due)))
	b = append(b, byte(t.index))
	b = binary.BigEndian.AppendUint64(b, id)
	b = binary.BigEndian.AppendUint64(b, uint64(max(0, begin)))
	return ageSpace.Raw(b)
}

// step is an age row.
type step struct {
	due   int64
	tier  tier
	id    uint64
	begin int64
}

func stepOf(k store.Key) (step, error) {
	b := k[len(ageSpace):]
	if len(b) != 25 || int(b[8]) >= len(tiers) {
		return step{}, fmt.Errorf("%w: %q", errRow, k)
	}
	n := func(i int) uint64 { return binary.BigEndian.Uint64(b[i:]) }
	return step{int64(n(0)), tiers[b[8]], n(9), int64(n(17))}, nil
}

// age moves a few spans of rows on that are due, and sets the timer for the
// next ones.
func age(_ context.Context, tx *store.Tx, _ string) error {
	n, now := 0, tx.Now().Unix()
	for k := range tx.Scan(store.Prefix(ageSpace)) {
		s, err := stepOf(k)
		if err != nil {
			return err
		}
		if s.due > now || n == ageBatch {
			ageBy(tx, s.due)
			return nil
		}
		n++
		tx.Delete(k)
		if err := s.do(tx); err != nil {
			return err
		}
	}
	return nil
}

// do moves the rows of a span to the next tier; from the last one, they go.
func (s step) do(tx *store.Tx) error {
	r := store.Range{From: startKey(s.id, s.tier, s.begin), To: startKey(s.id, s.tier, s.begin+s.tier.span)}
	if s.tier.index == len(tiers)-1 {
		tx.DeleteRange(r)
		return forget(tx, s.id)
	}
	next := tiers[s.tier.index+1]
	sums, err := sumUp(tx, r, next.seconds)
	if err != nil || len(sums) == 0 {
		return err
	}
	tx.DeleteRange(r)
	for at, d := range sums {
		if err := merge(tx, pointKey(s.id, next, at.at, at.unit), d); err != nil {
			return err
		}
	}
	file(tx, next, s.id, floor(s.begin, next.span))
	return nil
}

// sumUp merges rows into coarser ones.
func sumUp(tx *store.Tx, r store.Range, seconds int64) (map[spot]*stat.Distribution, error) {
	sums := make(map[spot]*stat.Distribution)
	for k, row := range tx.Scan(r) {
		at, err := spotOf(k)
		if err != nil {
			return nil, err
		}
		d, err := stat.Decode(row)
		if err != nil {
			return nil, fmt.Errorf("row %q: %w", k, err)
		}
		at.at = floor(at.at, seconds)
		if sum := sums[at]; sum != nil {
			sum.Merge(&d)
		} else {
			sums[at] = &d
		}
	}
	return sums, nil
}

// forget removes the definition of a series that has no rows left.
func forget(tx *store.Tx, id uint64) error {
	for range tx.Scan(store.Prefix(pointSpace.Uint(id))) {
		return nil
	}
	name := nameSpace.Uint(id)
	if k, ok := tx.Get(name); ok {
		tx.Delete(k)
		tx.Delete(name)
	}
	return nil
}
