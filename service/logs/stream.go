package logs

import (
	"cmp"
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/runnel/runnel/store"
)

// logStream is a log stream's row. Times are milliseconds since 1970; zero where
// there is none yet.
type logStream struct {
	Name        string
	Created     int64
	First, Last int64 // of events
	Ingested    int64 // when events last came in
}

func streamsOf(group string) store.Key       { return store.K("logs", "stream", group) }
func streamKey(group, name string) store.Key { return streamsOf(group).Str(name) }

var streamName = regexp.MustCompile(`^[^:*]{1,512}$`)

func checkStreamName(name *string) (string, error) {
	if !streamName.MatchString(aws.ToString(name)) {
		return "", errConstraint(aws.ToString(name), "logStreamName", "Member must satisfy regular expression pattern: [^:*]*")
	}
	return *name, nil
}

// loadStream returns the stream, or errNoGroup or errNoStream.
func loadStream(tx *store.Tx, group, name string) (*logStream, error) {
	st := new(logStream)
	if tx.GetJSON(streamKey(group, name), st) {
		return st, nil
	}
	if !tx.Has(groupKey(group)) {
		return nil, errNoGroup()
	}
	return nil, errNoStream()
}

// CreateLogStream implements the operation of that name.
func (s *Service) CreateLogStream(ctx context.Context, in *cloudwatchlogs.CreateLogStreamInput) (*cloudwatchlogs.CreateLogStreamOutput, error) {
	group, err := nameOf(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	name, err := checkStreamName(in.LogStreamName)
	if err != nil {
		return nil, err
	}
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		if !tx.Has(groupKey(group)) {
			return errNoGroup()
		}
		if tx.Has(streamKey(group, name)) {
			return errStreamExists()
		}
		tx.PutJSON(streamKey(group, name), logStream{Name: name, Created: tx.Now().UnixMilli()})
		return nil
	})
}

// DeleteLogStream implements the operation of that name. It costs as much as
// the stream is long.
func (s *Service) DeleteLogStream(ctx context.Context, in *cloudwatchlogs.DeleteLogStreamInput) (*cloudwatchlogs.DeleteLogStreamOutput, error) {
	group, err := nameOf(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	name := aws.ToString(in.LogStreamName)
	return nil, s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := loadStream(tx, group, name); err != nil {
			return err
		}
		tx.Delete(streamKey(group, name))
		index := indexOf(group).Str(name)
		for k := range tx.Scan(store.Prefix(index)) {
			tx.Delete(eventsOf(group).Raw(k.Parts(index).Raw()))
		}
		tx.DeleteRange(store.Prefix(index))
		return nil
	})
}

// DescribeLogStreams implements the operation of that name.
func (s *Service) DescribeLogStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	group, err := nameOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	byTime := in.OrderBy == types.OrderByLastEventTime
	if byTime && in.LogStreamNamePrefix != nil {
		return nil, errParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	var all []logStream
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if !tx.Has(groupKey(group)) {
			return errNoGroup()
		}
		for k := range tx.Scan(store.Prefix(streamsOf(group).StrPrefix(aws.ToString(in.LogStreamNamePrefix)))) {
			var st logStream
			tx.GetJSON(k, &st)
			all = append(all, st)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	order(all, byTime, aws.ToBool(in.Descending))
	return s.streamPage(group, all, aws.ToString(in.NextToken), limit), nil
}

func order(all []logStream, byTime, descending bool) {
	slices.SortFunc(all, func(a, b logStream) int {
		c := strings.Compare(a.Name, b.Name)
		if byTime {
			c = cmp.Or(cmp.Compare(a.Last, b.Last), c)
		}
		if descending {
			return -c
		}
		return c
	})
}

// streamPage is the page that follows the stream named by token.
func (s *Service) streamPage(group string, all []logStream, token string, limit int) *cloudwatchlogs.DescribeLogStreamsOutput {
	out := &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}}
	if i := slices.IndexFunc(all, func(st logStream) bool { return st.Name == token }); i >= 0 {
		all = all[i+1:]
	}
	if len(all) > limit {
		all = all[:limit]
		out.NextToken = &all[limit-1].Name
	}
	for _, st := range all {
		out.LogStreams = append(out.LogStreams, s.describeStream(group, st))
	}
	return out
}

func (s *Service) describeStream(group string, st logStream) types.LogStream {
	d := types.LogStream{
		LogStreamName:       &st.Name,
		Arn:                 aws.String(fmt.Sprintf("%s:log-stream:%s", s.arn(&logGroup{Name: group}), st.Name)),
		CreationTime:        &st.Created,
		StoredBytes:         aws.Int64(0),
		UploadSequenceToken: aws.String(sequenceToken),
	}
	if st.Ingested > 0 {
		d.FirstEventTimestamp, d.LastEventTimestamp, d.LastIngestionTime = &st.First, &st.Last, &st.Ingested
	}
	return d
}
