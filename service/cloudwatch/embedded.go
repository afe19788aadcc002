package cloudwatch

import (
	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch/emf"
	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/store"
)

// Limits of a line. The specification sets none to directives; the transaction
// that keeps the line has one to its length.
const (
	maxEmbedded      = 10_000  // values times dimension sets
	maxEmbeddedNames = 4 << 20 // bytes of the metrics' names and dimensions, told for each set
)

// Embedded implements [event.Metrics].
func (s *Service) Embedded(line event.LogLine) (put func(*store.Tx) error) {
	if !emf.May(line.Text) {
		return nil
	}
	parsed, err := emf.Parse(line.Text)
	now := s.store.Clock().Now()
	if err != nil || parsed.Time.Before(now.Add(-maxPast)) || parsed.Time.After(now.Add(maxFuture)) {
		return nil // a line as any other
	}
	var b batch
	n, names := 0, 0
	for _, m := range parsed.Metrics {
		if n += len(m.Values) * len(m.Dimensions); n > maxEmbedded {
			return nil
		}
		for _, set := range m.Dimensions {
			id := series.Metric{Namespace: m.Namespace, Name: m.Name, Dimensions: make([]series.Dimension, len(set))}
			for i, d := range set {
				id.Dimensions[i] = series.Dimension(d)
			}
			key := id.Key()
			if names += len(key); names > maxEmbeddedNames {
				return nil
			}
			to := b.values(key, parsed.Time, m.Unit, m.Fine)
			for _, v := range m.Values {
				to.Add(v, 1)
			}
		}
	}
	return func(tx *store.Tx) error { return series.Put(tx, b.data) }
}
