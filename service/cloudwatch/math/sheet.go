package math

import (
	"errors"
	"slices"
	"strings"
	"time"
)

// Sheet is the queries of a request: metrics, and expressions over them and
// over each other. All are added before the first Result. It is used by one
// goroutine.
type Sheet struct {
	from, to time.Time
	metrics  []Series
	cells    map[string]*cell
	made     int // data points that expressions have made
}

// cell is a query.
type cell struct {
	id     string
	label  string
	period time.Duration // as given; 0 is that of the metrics
	expr   *Expr         // nil: a metric

	busy bool // being evaluated: who asks for it again has come in a circle
	done bool
	v    value
	err  error
}

// NewSheet is a sheet without queries over the time from from on and before
// to, to which FILL, TIME_SERIES and the calendar functions keep. The periods
// of all series are counted from from.
func NewSheet(from, to time.Time) *Sheet {
	return &Sheet{from: from, to: to, cells: make(map[string]*cell)}
}

// AddMetric adds a metric under the ID of m. Ids are unique.
func (s *Sheet) AddMetric(m Series) {
	s.metrics = append(s.metrics, m)
	s.cells[m.ID] = &cell{id: m.ID, label: m.Label, v: m, done: true}
}

// AddExpression adds an expression under an id. The label is that of its
// result; period is that of TIME_SERIES, or 0 for the longest of the metrics.
// It returns an [*Error] if the expression cannot be parsed.
func (s *Sheet) AddExpression(id, label string, period time.Duration, expression string) error {
	e, err := Parse(expression)
	if err != nil {
		return &Error{id, err.Error()}
	}
	s.cells[id] = &cell{id: id, label: label, period: period, expr: e}
	return nil
}

// Result is what a query gives. A single series has the query's ID and label;
// the series of an array keep their own IDs and have both labels. Errors are
// an [*Error].
func (s *Sheet) Result(id string) ([]Series, error) {
	v, err := s.top(id)
	if err != nil {
		return nil, err
	}
	c := s.cells[id]
	switch v := v.(type) {
	case Series:
		v.ID, v.Label = id, c.label
		return []Series{v}, nil
	case []Series:
		v = slices.Clone(v)
		for i := range v {
			v[i].Label = strings.TrimSpace(c.label + " " + v[i].Label)
		}
		return v, nil
	}
	return nil, &Error{id, "The result of an expression must be a time series or an array of time series, not a " + string(kindOf(v))}
}

// Kind is the type of what a query gives, found without any data: whatever is
// wrong with an expression, but not with its data, is an [*Error] of Kind.
func (s *Sheet) Kind(id string) (Kind, error) {
	blank := NewSheet(s.from, s.from)
	for _, m := range s.metrics {
		m.Points = nil
		blank.AddMetric(m)
	}
	for id, c := range s.cells {
		if c.expr != nil {
			blank.cells[id] = &cell{id: c.id, label: c.label, period: c.period, expr: c.expr}
		}
	}
	v, err := blank.top(id)
	if err != nil {
		return "", err
	}
	return kindOf(v), nil
}

// top evaluates a query for those outside, to whom errors say where they are.
func (s *Sheet) top(id string) (value, error) {
	v, err := s.value(id)
	if located := (*Error)(nil); err != nil && !errors.As(err, &located) {
		err = &Error{id, err.Error()}
	}
	return v, err
}

// value evaluates a query, once.
func (s *Sheet) value(id string) (value, error) {
	c := s.cells[id]
	switch {
	case c == nil:
		return nil, faultf("Unknown identifier '%s'", id)
	case c.done:
		return c.v, c.err
	case c.busy:
		return nil, faultf("Circular reference to '%s'", id)
	}
	c.busy = true
	c.v, c.err = c.expr.root.eval(&context{sheet: s, cell: c})
	if located := (*Error)(nil); c.err != nil && !errors.As(c.err, &located) {
		c.err = &Error{id, c.err.Error()}
	}
	c.busy, c.done = false, true
	return c.v, c.err
}

// areMetrics reports whether nodes are no more than the ids of metrics.
func (s *Sheet) areMetrics(nodes []node) bool {
	return !slices.ContainsFunc(nodes, func(n node) bool {
		id, ok := n.(refNode)
		return !ok || s.cells[string(id)] == nil || s.cells[string(id)].expr != nil
	})
}

// period is that of series which come from no metric.
func (c *context) period() time.Duration {
	if c.cell.period != 0 {
		return c.cell.period
	}
	if d := longest(c.sheet.metrics); d != 0 {
		return d
	}
	return time.Minute
}

// begins reports whether a period begins at t. It counts seconds, since from
// may be further from t than a Duration reaches.
func (s *Sheet) begins(t time.Time, period time.Duration) bool {
	step := int64(period / time.Second)
	return step <= 0 || (t.Unix()-s.from.Unix())%step == 0
}

// maxPoints is how many data points a request may have
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html).
const maxPoints = 100_800

// times are the periods of the sheet's time.
func (c *context) times(period time.Duration) ([]time.Time, error) {
	if period > 0 && c.sheet.to.Sub(c.sheet.from)/period > maxPoints {
		return nil, faultf("The result has more than %d data points", maxPoints)
	}
	return Timestamps(c.sheet.from, c.sheet.to, period), nil
}
