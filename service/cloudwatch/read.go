package cloudwatch

import (
	"time"

	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// point is a statistic of the period that begins at Time.
type point struct {
	Time    time.Time
	Value   float64
	Samples float64 // how many values it is of
}

// points reads a statistic of a series, oldest first: one point for each
// period of the query that has data, whatever the units if the query names
// none. What services have observed and nobody has written yet is in it, so
// that a minute is complete when it ends. It works in any transaction.
//
// Periods are counted from q.From: align it, with [series.Align] or to the
// period.
func (s *Service) points(tx *store.Tx, q series.Query, st stat.Stat) ([]point, error) {
	buckets, err := s.buckets(tx, q)
	if err != nil {
		return nil, err
	}
	var out []point
	for i := 0; i < len(buckets); {
		d, at := buckets[i].Distribution, buckets[i].Time
		for i++; i < len(buckets) && buckets[i].Time.Equal(at); i++ {
			d.Merge(&buckets[i].Distribution)
		}
		if v, ok := st.Of(&d); ok {
			out = append(out, point{at, v, d.Count})
		}
	}
	return out, nil
}

// buckets is what was measured in the periods of a query, by time and unit.
func (s *Service) buckets(tx *store.Tx, q series.Query) ([]series.Bucket, error) {
	c := series.NewCollector(q, tx.Now())
	if err := c.Read(tx); err != nil {
		return nil, err
	}
	if err := s.observed.collect(tx, q.Metric.Key(), c); err != nil {
		return nil, err
	}
	return c.Buckets(), nil
}
