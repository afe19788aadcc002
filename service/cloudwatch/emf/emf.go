// Package emf reads CloudWatch's embedded metric format: metrics in the lines
// of a log, as
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
// has them.
//
// A line holds metrics if it is a JSON object with a member "_aws" that the
// specification admits. Else it is no more than a line. What a valid line
// refers to and does not hold, or holds as another type, is left out: the
// specification lets a reader take the metrics that are right.
package emf

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"time"
	"unicode/utf8"
)

// Limits, from the specification.
const (
	maxLine       = 1 << 20 // bytes of a line
	maxDirectives = 100     // ours: the specification sets no limit
	maxMetrics    = 100     // of a directive
	maxSets       = 100     // ours: dimension sets of a directive
	maxDimensions = 30      // of a set
	maxValues     = 100     // of a metric
	maxNamespace  = 1024    // characters
	maxMetricName = 1024
	maxDimension  = 250  // characters of a name
	maxText       = 1024 // characters of a dimension's value
)

var errFormat = errors.New("emf: not in the embedded metric format")

// Metric is what a line says of a metric.
type Metric struct {
	Namespace  string
	Name       string
	Unit       string        // "None" if the line says none
	Fine       bool          // StorageResolution is 1
	Dimensions [][]Dimension // a series for each set; one set may be empty
	Values     []float64
}

// Dimension is a name and what the line has under it.
type Dimension struct{ Name, Value string }

// Line is a line's metrics, and their time.
type Line struct {
	Time    time.Time
	Metrics []Metric
}

// May reports whether a line is worth parsing: lines without metrics, which
// are nearly all, are told apart by this alone.
func May(line string) bool {
	return strings.HasPrefix(strings.TrimLeft(line, " \t\r\n"), "{") && strings.Contains(line, `"_aws"`)
}

type metadata struct {
	Timestamp         *float64 // milliseconds since 1970
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  *string
	Dimensions *[][]string
	Metrics    *[]definition
}

type definition struct {
	Name              *string
	Unit              *string
	StorageResolution *int
}

// Parse reads a line. The error says that it is not in the format.
func Parse(line string) (Line, error) {
	if len(line) > maxLine {
		return Line{}, errFormat
	}
	root := members{values: make(map[string][]float64), texts: make(map[string]string)}
	if err := json.Unmarshal([]byte(line), &root.raw); err != nil {
		return Line{}, errors.Join(errFormat, err)
	}
	var meta metadata
	if err := decodeExact(root.raw["_aws"], &meta); err != nil {
		return Line{}, errors.Join(errFormat, err)
	}
	at, ok := meta.time()
	if !ok || len(meta.CloudWatchMetrics) > maxDirectives {
		return Line{}, errFormat
	}
	out := Line{Time: at}
	for _, d := range meta.CloudWatchMetrics {
		if !d.valid() {
			return Line{}, errFormat
		}
		out.Metrics = append(out.Metrics, d.metrics(&root)...)
	}
	return out, nil
}

// decodeExact decodes JSON whose members' names are case-sensitive.
func decodeExact(raw json.RawMessage, to *metadata) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return err
	}
	if err := decode(m["Timestamp"], &to.Timestamp); err != nil {
		return err
	}
	var list []map[string]json.RawMessage
	if err := decode(m["CloudWatchMetrics"], &list); err != nil {
		return err
	}
	if list == nil {
		return errFormat
	}
	for _, m := range list {
		d, err := decodeDirective(m)
		if err != nil {
			return err
		}
		to.CloudWatchMetrics = append(to.CloudWatchMetrics, d)
	}
	return nil
}

func decodeDirective(m map[string]json.RawMessage) (directive, error) {
	var d directive
	var metrics []map[string]json.RawMessage
	err := errors.Join(decode(m["Namespace"], &d.Namespace), decode(m["Dimensions"], &d.Dimensions),
		decode(m["Metrics"], &metrics))
	if err != nil || metrics == nil {
		return d, errors.Join(errFormat, err)
	}
	list := make([]definition, len(metrics))
	for i, m := range metrics {
		def := &list[i]
		err = errors.Join(err, decode(m["Name"], &def.Name), decode(m["Unit"], &def.Unit),
			decode(m["StorageResolution"], &def.StorageResolution))
	}
	d.Metrics = &list
	return d, err
}

func decode(raw json.RawMessage, to any) error {
	if raw == nil {
		return nil
	}
	return json.Unmarshal(raw, to)
}

// time is the time of the metrics, if it is one.
func (m metadata) time() (time.Time, bool) {
	if m.Timestamp == nil || *m.Timestamp < 0 || *m.Timestamp > 1<<52 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(*m.Timestamp)).UTC(), true
}

func (d directive) valid() bool {
	if d.Namespace == nil || !sized(*d.Namespace, maxNamespace) || d.Dimensions == nil || len(*d.Dimensions) > maxSets ||
		len(*d.Metrics) > maxMetrics {
		return false
	}
	for _, set := range *d.Dimensions {
		if len(set) > maxDimensions {
			return false
		}
		for _, name := range set {
			if !sized(name, maxDimension) {
				return false
			}
		}
	}
	for _, m := range *d.Metrics {
		if m.Name == nil || !sized(*m.Name, maxMetricName) || m.Unit != nil && !units[*m.Unit] {
			return false
		}
		if r := m.StorageResolution; r != nil && *r != 1 && *r != 60 {
			return false
		}
	}
	return true
}

func sized(s string, limit int) bool { return s != "" && utf8.RuneCountInString(s) <= limit }

// metrics are those of a directive whose members the line has.
func (d directive) metrics(root *members) []Metric {
	sets := d.sets(root)
	if len(sets) == 0 {
		return nil
	}
	var out []Metric
	for _, def := range *d.Metrics {
		m := Metric{Namespace: *d.Namespace, Name: *def.Name, Unit: "None", Dimensions: sets, Values: root.valuesOf(*def.Name)}
		if len(m.Values) == 0 {
			continue
		}
		if def.Unit != nil {
			m.Unit = *def.Unit
		}
		m.Fine = def.StorageResolution != nil && *def.StorageResolution == 1
		out = append(out, m)
	}
	return out
}

// sets are the directive's dimension sets that the line has values for.
func (d directive) sets(root *members) [][]Dimension {
	var out [][]Dimension
	for _, names := range *d.Dimensions {
		set, ok := make([]Dimension, 0, len(names)), true
		seen := make(map[string]bool, len(names))
		for _, name := range names {
			text := root.text(name)
			if text == "" {
				ok = false
				break
			}
			if !seen[name] {
				set = append(set, Dimension{name, text})
			}
			seen[name] = true
		}
		if ok {
			out = append(out, set)
		}
	}
	return out
}

// members are those of a line. Each is read once, however often the line refers
// to it: it may be long, and ten thousand definitions may name it.
type members struct {
	raw    map[string]json.RawMessage
	values map[string][]float64
	texts  map[string]string // "" for what can be no dimension's value
}

func (m *members) valuesOf(name string) []float64 {
	list, known := m.values[name]
	if !known {
		list = values(m.raw[name])
		m.values[name] = list
	}
	return list
}

func (m *members) text(name string) string {
	text, known := m.texts[name]
	if !known {
		if json.Unmarshal(m.raw[name], &text) != nil || !sized(text, maxText) {
			text = ""
		}
		m.texts[name] = text
	}
	return text
}

// values reads a number or a list of up to 100 of them.
func values(raw json.RawMessage) []float64 {
	var list []*float64
	if len(raw) > 0 && raw[0] != '[' {
		var v *float64
		if json.Unmarshal(raw, &v) != nil || v == nil {
			return nil
		}
		list = append(list, v)
	} else if json.Unmarshal(raw, &list) != nil || len(list) > maxValues {
		return nil
	}
	out := make([]float64, 0, len(list))
	for _, v := range list {
		if v == nil || math.Abs(*v) > 1<<360 {
			return nil
		}
		out = append(out, *v)
	}
	return out
}
