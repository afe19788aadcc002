package cloudwatch

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/series"
	"github.com/runnel/runnel/store"
)

const (
	listPage           = 500
	listed             = 14 * 24 * time.Hour          // how long a metric without new data is listed
	active             = 3*time.Hour + 15*time.Minute // PT3H; AWS allows itself 50 minutes more
	maxDimensionFilter = 10
)

// ListMetrics lists the metrics that had data in the last two weeks.
func (s *Service) ListMetrics(ctx context.Context, in *api.ListMetricsInput) (*api.ListMetricsOutput, error) {
	var f faults
	f.filters(in)
	after, err := base64.RawURLEncoding.DecodeString(aws.ToString(in.NextToken))
	if err != nil {
		f.value(*in.NextToken, "NextToken")
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	out := &api.ListMetricsOutput{Metrics: []types.Metric{}}
	if in.OwningAccount != nil && *in.OwningAccount != s.cfg.Account {
		return out, nil
	}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		since := tx.Now().Add(-listed)
		if in.RecentlyActive != "" {
			since = tx.Now().Add(-active)
		}
		var last store.Key
		for m, err := range series.List(tx, aws.ToString(in.Namespace), aws.ToString(in.MetricName), after) {
			if err != nil {
				return err
			}
			if m.Last.Before(since) || !matches(m.Dimensions, in.Dimensions) {
				continue
			}
			if len(out.Metrics) == listPage {
				out.NextToken = aws.String(base64.RawURLEncoding.EncodeToString(last))
				return nil
			}
			last = m.Key
			out.Metrics = append(out.Metrics, metricOut(m.Metric))
			if aws.ToBool(in.IncludeLinkedAccounts) {
				out.OwningAccounts = append(out.OwningAccounts, s.cfg.Account)
			}
		}
		return nil
	})
	return out, err
}

// filters checks what is asked for in a list.
func (f *faults) filters(in *api.ListMetricsInput) {
	if in.Namespace != nil {
		f.namespace(in.Namespace, "Namespace")
	}
	if in.MetricName != nil {
		f.name(in.MetricName, "MetricName", maxName)
	}
	if r := in.RecentlyActive; r != "" && !slices.Contains(r.Values(), r) {
		f.value(r, "RecentlyActive")
	}
	f.size("Dimensions", len(in.Dimensions), maxDimensionFilter)
	for i, d := range in.Dimensions {
		f.name(d.Name, fmt.Sprintf("Dimensions.member.%d.Name", i+1), maxName)
		if d.Value != nil {
			f.name(d.Value, fmt.Sprintf("Dimensions.member.%d.Value", i+1), maxDimensionValue)
		}
	}
}

// matches reports whether a metric has all dimensions of a filter, with their
// values where the filter has them.
func matches(have []series.Dimension, filter []types.DimensionFilter) bool {
	for _, want := range filter {
		if !slices.ContainsFunc(have, func(d series.Dimension) bool {
			return d.Name == *want.Name && (want.Value == nil || d.Value == *want.Value)
		}) {
			return false
		}
	}
	return true
}

func metricOut(m series.Metric) types.Metric {
	out := types.Metric{Namespace: &m.Namespace, MetricName: &m.Name, Dimensions: make([]types.Dimension, len(m.Dimensions))}
	for i, d := range m.Dimensions {
		out.Dimensions[i] = types.Dimension{Name: &d.Name, Value: &d.Value}
	}
	return out
}
