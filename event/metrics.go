package event

import (
	"context"

	"github.com/runnel/runnel/store"
)

// Metrics takes what services measure of themselves.
type Metrics interface {
	// Observe counts a value towards its metric's current minute. It touches
	// memory alone and never waits, so that the path of the data may call it;
	// measurements of the last moments before a crash are lost. What it keeps of
	// m's strings it copies.
	Observe(m Metric, value float64)

	// Sample has f called once a minute, to observe what is a level and not
	// an occurrence. It is for the wiring, before anything runs.
	Sample(f func(ctx context.Context) error)

	// Embedded reads the metrics that a log line holds in the embedded metric
	// format. It returns what puts them into the transaction that keeps the line,
	// or nil if there are none. A line that is malformed is no more than a line.
	Embedded(line LogLine) (put func(*store.Tx) error)
}

// Metric names a series of measurements, as CloudWatch does. It is comparable.
type Metric struct {
	Namespace  string // "AWS/SQS"
	Name       string // "NumberOfMessagesSent"
	Unit       string // "Count", "Milliseconds", ...
	Dimensions Dimensions
}

// Dimensions tell the series of one name apart. Those without a name are none.
type Dimensions [4]Dimension

// Dimension is a property of what is measured.
type Dimension struct{ Name, Value string }

// NoMetrics measures nothing.
type NoMetrics struct{}

// Observe implements [Metrics].
func (NoMetrics) Observe(Metric, float64) {}

// Sample implements [Metrics].
func (NoMetrics) Sample(func(context.Context) error) {}

// Embedded implements [Metrics].
func (NoMetrics) Embedded(LogLine) func(*store.Tx) error { return nil }
