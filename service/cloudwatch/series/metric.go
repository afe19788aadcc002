// Package series is how the metrics of CloudWatch lie in the store: which there
// are, what was measured when, and how that grows coarser with age.
//
// How it lies:
//
//	metric namespace name dimensions...   a definition; see definition
//	name   id                             the key of the definition
//	point  id tier time unit              a distribution of values; see stat
//	age    due tier id begin              nothing: the rows of id's tier in the
//	                                      span that begins then are to grow coarser
//
// What holds:
//
//   - A value is in one row: that of its tier (1 second, 1 minute, 5 minutes or
//     1 hour), merged with what else was measured then. Reading adds up the
//     rows of all tiers in a range, so a row may move on at any time.
//   - Rows stay in a tier for as long as CloudWatch keeps data at that
//     resolution: 3 hours, 15 days, 63 days, 455 days. Each span of rows has an
//     age row that says when it is to move on, by small transactions.
//   - A write costs what it writes, however much there is.
package series

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/runnel/runnel/store"
)

var (
	metricSpace = store.K("cloudwatch", "metric")
	nameSpace   = store.K("cloudwatch", "name")
	pointSpace  = store.K("cloudwatch", "point")
	ageSpace    = store.K("cloudwatch", "age")
)

var errRow = errors.New("cloudwatch: malformed row")

// Metric names a series. The order of its dimensions does not matter.
type Metric struct {
	Namespace  string
	Name       string
	Dimensions []Dimension
}

// Dimension is a property by which series of the same name differ.
type Dimension struct{ Name, Value string }

// Key identifies the metric, and sorts by namespace, name and dimensions.
func (m Metric) Key() store.Key {
	d := m.Dimensions
	if !slices.IsSortedFunc(d, compareDimensions) {
		d = slices.SortedFunc(slices.Values(d), compareDimensions)
	}
	k := metricSpace.Str(m.Namespace).Str(m.Name)
	for _, d := range d {
		k = k.Str(d.Name).Str(d.Value)
	}
	return k
}

func compareDimensions(a, b Dimension) int {
	return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
}

func metricOf(k store.Key) (Metric, error) {
	p := k.Parts(metricSpace)
	m := Metric{Namespace: p.Str(), Name: p.Str()}
	for p.Err() == nil && len(p.Raw()) > 0 {
		m.Dimensions = append(m.Dimensions, Dimension{p.Str(), p.Str()})
	}
	if p.Err() != nil {
		return m, fmt.Errorf("%w: %q: %w", errRow, k, p.Err())
	}
	return m, nil
}

// definition is the row of a metric.
type definition struct {
	id   uint64
	last int64 // when something was measured, in seconds; late by up to lastSlack

	// filed is the beginning of the newest span that has an age row, for rows
	// of a second and for rows of a minute.
	filed [2]int64
}

// lastSlack is how late definition.last may be, so that not every write
// writes it.
const lastSlack = 15 * time.Minute

const (
	definitionVersion = 1
	definitionSize    = 1 + 4*8
)

func (d definition) encode() []byte {
	b := make([]byte, 1, definitionSize)
	b[0] = definitionVersion
	b = binary.BigEndian.AppendUint64(b, d.id)
	for _, n := range []int64{d.last, d.filed[0], d.filed[1]} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	return b
}

func decodeDefinition(b []byte) (definition, error) {
	if len(b) != definitionSize || b[0] != definitionVersion {
		return definition{}, errRow
	}
	n := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[1+8*i:])) }
	return definition{id: uint64(n(0)), last: n(1), filed: [2]int64{n(2), n(3)}}, nil
}

// lookup finds the definition at a metric's key, if there is one.
func lookup(tx *store.Tx, k store.Key) (definition, bool, error) {
	b, ok := tx.Get(k)
	if !ok {
		return definition{}, false, nil
	}
	d, err := decodeDefinition(b)
	return d, true, err
}

// Listed is a metric, and when something was measured for it, about.
type Listed struct {
	Metric
	Key  store.Key // where to go on after it
	Last time.Time
}

// List yields the metrics of a namespace, and in it of a name, or all, in the
// order of their keys. It begins behind the key after, if there is one.
func List(tx *store.Tx, namespace, name string, after store.Key) iter.Seq2[Listed, error] {
	prefix := metricSpace
	if namespace != "" {
		prefix = prefix.Str(namespace)
	}
	if namespace != "" && name != "" {
		prefix = prefix.Str(name)
	}
	r := store.Prefix(prefix)
	if after != nil {
		r = r.After(after)
	}
	return func(yield func(Listed, error) bool) {
		for k, v := range tx.Scan(r) {
			m, err := metricOf(k)
			d, err2 := decodeDefinition(v)
			err = cmp.Or(err, err2)
			if err == nil && name != "" && m.Name != name {
				continue
			}
			if !yield(Listed{m, k.Clone(), time.Unix(d.last, 0).UTC()}, err) || err != nil {
				return
			}
		}
	}
}
