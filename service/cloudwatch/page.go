package cloudwatch

import (
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/math"
)

// pageToken is where a page of GetMetricData begins: in which of the results,
// and behind which of its times. That is right even if data came meanwhile.
type pageToken struct {
	result int
	after  int64 // seconds since 1970, if some
	some   bool  // some of the result was told already
}

func (t pageToken) String() string {
	if !t.some {
		return fmt.Sprintf("v1.%d", t.result)
	}
	return fmt.Sprintf("v1.%d.%d", t.result, t.after)
}

func parsePageToken(s *string) (pageToken, error) {
	var t pageToken
	if s == nil {
		return t, nil
	}
	if n, _ := fmt.Sscanf(*s, "v1.%d.%d", &t.result, &t.after); n == 2 {
		t.some = true
	}
	if t.String() != *s || t.result < 0 {
		return t, errNextToken(*s)
	}
	return t, nil
}

// pageSize is how many points a page has at most.
func pageSize(in *api.GetMetricDataInput) int {
	if in.MaxDatapoints != nil {
		return int(*in.MaxDatapoints)
	}
	return maxPage
}

// page is the answer from a token on: up to MaxDatapoints points, one result
// after the other. Every page has all results, so that whoever puts pages
// together finds each; those that are not complete say PartialData.
func page(in *api.GetMetricDataInput, results []result, from pageToken) *api.GetMetricDataOutput {
	out := &api.GetMetricDataOutput{MetricDataResults: []types.MetricDataResult{}, Messages: []types.MessageData{}}
	left := pageSize(in)
	for i := range results {
		points := ordered(in, results[i].series.Points)
		switch {
		case i < from.result:
			points = nil
		case i == from.result && from.some:
			points = points[behind(in, points, from.after):]
		}
		r := types.MetricDataResult{Id: results[i].query.Id, Label: &results[i].label, StatusCode: types.StatusCodeComplete,
			Timestamps: []time.Time{}, Values: []float64{}}
		n := min(left, len(points))
		for _, p := range points[:n] {
			r.Timestamps = append(r.Timestamps, p.Time)
			r.Values = append(r.Values, p.Value)
		}
		left -= n
		if n < len(points) || results[i].later {
			r.StatusCode = types.StatusCodePartialData
			if out.NextToken == nil {
				t := pageToken{result: i}
				if n > 0 {
					t.after, t.some = points[n-1].Time.Unix(), true
				} else if i == from.result {
					t = from
				}
				out.NextToken = aws.String(t.String())
			}
		}
		out.MetricDataResults = append(out.MetricDataResults, r)
	}
	return out
}

func ordered(in *api.GetMetricDataInput, points []math.Point) []math.Point {
	if in.ScanBy == types.ScanByTimestampAscending {
		return points
	}
	points = slices.Clone(points)
	slices.Reverse(points)
	return points
}

// behind is how many points a client has that has seen those up to after.
func behind(in *api.GetMetricDataInput, points []math.Point, after int64) int {
	for i, p := range points {
		at := p.Time.Unix()
		if in.ScanBy == types.ScanByTimestampAscending && at > after || in.ScanBy != types.ScanByTimestampAscending && at < after {
			return i
		}
	}
	return len(points)
}
