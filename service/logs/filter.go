package logs

import (
	"context"
	"math"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/runnel/runnel/store"
)

// maxScanned bounds how many events one FilterLogEvents looks at: as on AWS, a
// page may be empty and yet have a token.
const maxScanned = 100_000

// FilterLogEvents implements the operation of that name.
func (s *Service) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	f, err := newFilter(in)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.FilterLogEventsOutput{Events: []types.FilteredLogEvent{}, SearchedLogStreams: []types.SearchedLogStream{}}
	return out, s.st.View(ctx, func(tx *store.Tx) error {
		if !tx.Has(groupKey(f.group)) {
			return errNoGroup()
		}
		return f.scan(tx, out)
	})
}

// filter is one call of FilterLogEvents.
type filter struct {
	group   string
	limit   int
	events  store.Range
	pattern *pattern
	names   []string
	prefix  string
}

func newFilter(in *cloudwatchlogs.FilterLogEventsInput) (*filter, error) {
	group, err := nameOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(in.Limit, maxBatchEvents)
	if err != nil {
		return nil, err
	}
	if in.LogStreamNamePrefix != nil && len(in.LogStreamNames) > 0 {
		return nil, errParameter("logStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
	}
	p, err := parsePattern(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, err
	}
	f := &filter{group: group, limit: limit, pattern: p, names: in.LogStreamNames, prefix: aws.ToString(in.LogStreamNamePrefix)}
	end := in.EndTime
	if end != nil && *end < math.MaxInt64 {
		end = aws.Int64(*end + 1) // here EndTime is included
	}
	f.events = between(eventsOf(group), in.StartTime, end)
	if in.NextToken != nil {
		_, pos, err := parseToken(*in.NextToken)
		if err != nil {
			return nil, err
		}
		f.events = f.events.After(eventsOf(group).Raw(pos))
	}
	return f, nil
}

func (f *filter) wants(stream string) bool {
	if len(f.names) > 0 {
		return slices.Contains(f.names, stream)
	}
	return strings.HasPrefix(stream, f.prefix)
}

func (f *filter) scan(tx *store.Tx, out *cloudwatchlogs.FilterLogEventsOutput) error {
	var last position
	scanned, size := 0, 0
	for k, v := range tx.Scan(f.events) {
		if len(out.Events) == f.limit || scanned == maxScanned || size > maxPageBytes {
			out.NextToken = aws.String("f/" + last.id())
			return nil
		}
		e, err := decodeEvent(position(k.Parts(eventsOf(f.group)).Raw()), v)
		if err != nil {
			return err
		}
		last = e.pos
		scanned++
		if !f.wants(e.stream) || !f.pattern.matches(e.text) {
			continue
		}
		size += len(e.text) + eventOverhead
		out.Events = append(out.Events, types.FilteredLogEvent{
			EventId:       aws.String(e.pos.id()),
			LogStreamName: &e.stream,
			Timestamp:     &e.at,
			IngestionTime: &e.ingested,
			Message:       &e.text,
		})
	}
	return nil
}
