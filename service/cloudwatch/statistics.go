package cloudwatch

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/service/cloudwatch/stat"
	"github.com/runnel/runnel/store"
)

// Limits of GetMetricStatistics, from
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html.
const (
	maxDatapoints = 1440
	maxExtended   = 10
)

// GetMetricStatistics tells statistics of one metric. Data points are ordered
// by time, which AWS does not promise.
func (s *Service) GetMetricStatistics(ctx context.Context, in *api.GetMetricStatisticsInput) (*api.GetMetricStatisticsOutput, error) {
	if err := checkStatistics(in); err != nil {
		return nil, err
	}
	out := &api.GetMetricStatisticsOutput{Label: in.MetricName, Datapoints: []types.Datapoint{}}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		buckets, err := s.buckets(tx, series.Query{
			Metric: metricOf(in.Namespace, in.MetricName, in.Dimensions),
			Unit:   string(in.Unit),
			Period: seconds(in.Period),
			From:   series.Align(*in.StartTime, seconds(in.Period), tx.Now()),
			To:     *in.EndTime,
		})
		for i := range buckets {
			if p, ok := datapoint(in, &buckets[i]); ok {
				out.Datapoints = append(out.Datapoints, p)
			}
		}
		return err
	})
	return out, err
}

func checkStatistics(in *api.GetMetricStatisticsInput) error {
	var f faults
	f.namespace(in.Namespace, "Namespace")
	f.name(in.MetricName, "MetricName", maxName)
	f.dimensions(in.Dimensions, "Dimensions")
	f.interval(in.StartTime, in.EndTime)
	f.period(in.Period, "Period")
	f.unit(in.Unit, "Unit")
	switch {
	case len(in.Statistics) > 0 && len(in.ExtendedStatistics) > 0:
		f.exclusive("Statistics", "ExtendedStatistics")
	case len(in.Statistics) == 0 && len(in.ExtendedStatistics) == 0:
		f.add(codeCombination, "Must specify either Statistics or ExtendedStatistics")
	}
	f.size("ExtendedStatistics", len(in.ExtendedStatistics), maxExtended)
	for i, name := range in.Statistics {
		if !slices.Contains(name.Values(), name) {
			f.add(codeValue, "The parameter Statistics.member.%d must be a value in the set %v.", i+1, name.Values())
		}
	}
	for i, name := range in.ExtendedStatistics {
		if st, ok := stat.Parse(name); !ok || !st.NeedsValues() {
			f.value(name, fmt.Sprintf("ExtendedStatistics.member.%d", i+1))
		}
	}
	if f.found == 0 {
		if n := int64(in.EndTime.Sub(*in.StartTime) / seconds(in.Period)); n > maxDatapoints {
			f.add(codeCombination, "You have requested up to %s datapoints, which exceeds the limit of 1,440. "+
				"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", grouped(n))
		}
	}
	return f.err()
}

// grouped is n with a comma between thousands.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	var b strings.Builder
	for i, c := range s {
		if i > 0 && (len(s)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(c)
	}
	return b.String()
}

// datapoint is what was asked for of a bucket, if the bucket has any of it.
func datapoint(in *api.GetMetricStatisticsInput, b *series.Bucket) (types.Datapoint, bool) {
	p := types.Datapoint{Timestamp: aws.Time(b.Time.Truncate(time.Second)), Unit: types.StandardUnit(b.Unit)}
	for _, name := range in.Statistics {
		st, _ := stat.Parse(string(name))
		v, _ := st.Of(&b.Distribution)
		switch name {
		case types.StatisticSampleCount:
			p.SampleCount = &v
		case types.StatisticAverage:
			p.Average = &v
		case types.StatisticSum:
			p.Sum = &v
		case types.StatisticMinimum:
			p.Minimum = &v
		case types.StatisticMaximum:
			p.Maximum = &v
		}
	}
	for _, name := range in.ExtendedStatistics {
		st, _ := stat.Parse(name)
		if v, ok := st.Of(&b.Distribution); ok {
			if p.ExtendedStatistics == nil {
				p.ExtendedStatistics = make(map[string]float64)
			}
			p.ExtendedStatistics[name] = v
		}
	}
	return p, len(in.Statistics) > 0 || len(p.ExtendedStatistics) > 0
}
