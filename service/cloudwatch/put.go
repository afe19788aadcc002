package cloudwatch

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// Limits of PutMetricData, from
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html.
const (
	maxPutBytes = 1 << 20
	maxData     = 1000
	maxValues   = 150
	maxPast     = 14 * 24 * time.Hour
	maxFuture   = 2 * time.Hour
)

// PutMetricData adds to metrics, which are made by it.
func (s *Service) PutMetricData(ctx context.Context, in *api.PutMetricDataInput) (*api.PutMetricDataOutput, error) {
	var f faults
	f.namespace(in.Namespace, "Namespace")
	if strings.HasPrefix(aws.ToString(in.Namespace), "AWS/") {
		f.value(*in.Namespace, "Namespace")
	}
	if len(in.EntityMetricData) > 0 {
		f.add(codeValue, "The parameter EntityMetricData is not supported by Runnel: send the metrics without their entities, as MetricData.")
	} else if len(in.MetricData) == 0 {
		f.required("MetricData")
	}
	f.size("MetricData", len(in.MetricData), maxData)
	now := s.store.Clock().Now()
	for i := range in.MetricData {
		f.datum(&in.MetricData[i], fmt.Sprintf("MetricData.member.%d", i+1), now)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	var b batch
	for i := range in.MetricData {
		b.addDatum(*in.Namespace, &in.MetricData[i], now)
	}
	err := s.store.Update(ctx, func(tx *store.Tx) error { return series.Put(tx, b.data) })
	return &api.PutMetricDataOutput{}, err
}

func (f *faults) datum(d *types.MetricDatum, name string, now time.Time) {
	f.name(d.MetricName, name+".MetricName", maxName)
	f.dimensions(d.Dimensions, name+".Dimensions")
	f.unit(d.Unit, name+".Unit")
	f.timestamp(d.Timestamp, name+".Timestamp", now)
	if r := d.StorageResolution; r != nil && *r != 1 && *r != 60 {
		f.value(*r, name+".StorageResolution")
	}
	switch {
	case d.Value != nil && d.Values != nil:
		f.exclusive(name+".Value", name+".Values")
	case d.Value != nil && d.StatisticValues != nil:
		f.exclusive(name+".Value", name+".StatisticValues")
	case d.Values != nil && d.StatisticValues != nil:
		f.exclusive(name+".Values", name+".StatisticValues")
	case d.Value != nil:
		f.number(*d.Value, name+".Value")
	case d.StatisticValues != nil:
		f.statisticSet(d.StatisticValues, name+".StatisticValues")
	case len(d.Values) > 0:
		f.values(d.Values, d.Counts, name)
	default:
		f.add(codeMissing, "At least one of the parameters %[1]s.Value, %[1]s.Values or %[1]s.StatisticValues must be specified.", name)
	}
}

func (f *faults) timestamp(t *time.Time, name string, now time.Time) {
	switch {
	case t == nil:
	case t.Before(now.Add(-maxPast)):
		f.add(codeValue, "The parameter %s must specify a time within the past two weeks.", name)
	case t.After(now.Add(maxFuture)):
		f.add(codeValue, "The parameter %s must specify a time no more than two hours in the future.", name)
	}
}

func (f *faults) statisticSet(set *types.StatisticSet, name string) {
	before := f.found
	for _, p := range []struct {
		name string
		v    *float64
	}{{".SampleCount", set.SampleCount}, {".Sum", set.Sum}, {".Minimum", set.Minimum}, {".Maximum", set.Maximum}} {
		if p.v == nil {
			f.required(name + p.name)
		} else {
			f.number(*p.v, name+p.name)
		}
	}
	switch {
	case f.found > before:
	case *set.SampleCount <= 0:
		f.add(codeValue, "The parameter %s.SampleCount must be greater than 0.", name)
	case *set.Maximum < *set.Minimum:
		f.add(codeValue, "The parameter %[1]s.Maximum must be greater than %[1]s.Minimum.", name)
	}
}

func (f *faults) values(values, counts []float64, name string) {
	f.size(name+".Values", len(values), maxValues)
	for i, v := range values {
		f.number(v, fmt.Sprintf("%s.Values.member.%d", name, i+1))
	}
	if counts != nil && len(counts) != len(values) {
		f.add(codeValue, "The parameters %[1]s.Values and %[1]s.Counts must be of the same size.", name)
	}
	for i, n := range counts {
		if !(n > 0 && n <= maxValue) {
			f.value(n, fmt.Sprintf("%s.Counts.member.%d", name, i+1))
		}
	}
}

// batch is what one request adds to series. What belongs in one row is merged.
type batch struct {
	data []series.Datum
	rows map[rowOf]int // index in data
}

type rowOf struct {
	key, unit string
	at        int64
	fine      bool
}

// values is the distribution of a row, which is made if it is not there.
func (b *batch) values(key store.Key, at time.Time, unit string, fine bool) *stat.Distribution {
	step := time.Minute
	if fine {
		step = time.Second
	}
	at = at.Truncate(step)
	row := rowOf{string(key), unit, at.Unix(), fine}
	i, ok := b.rows[row]
	if !ok {
		if b.rows == nil {
			b.rows = make(map[rowOf]int)
		}
		i = len(b.data)
		b.rows[row] = i
		b.data = append(b.data, series.Datum{Key: key, Time: at, Unit: unit, Fine: fine, Values: new(stat.Distribution)})
	}
	return b.data[i].Values
}

// addDatum adds a valid datum of a request.
func (b *batch) addDatum(namespace string, d *types.MetricDatum, now time.Time) {
	at, unit := now, unitNone
	if d.Timestamp != nil {
		at = *d.Timestamp
	}
	if d.Unit != "" {
		unit = string(d.Unit)
	}
	key := metricOf(&namespace, d.MetricName, d.Dimensions).Key()
	to := b.values(key, at, unit, aws.ToInt32(d.StorageResolution) == 1)
	switch set := d.StatisticValues; {
	case d.Value != nil:
		to.Add(*d.Value, 1)
	case set != nil:
		to.AddSet(*set.SampleCount, *set.Sum, *set.Minimum, *set.Maximum)
	default:
		for i, v := range d.Values {
			n := 1.0
			if d.Counts != nil {
				n = d.Counts[i]
			}
			to.Add(v, n)
		}
	}
}
