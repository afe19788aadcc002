package logs

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
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

// DescribeLogStreams implements the operation of that name. By name it reads one
// page; by time, all streams of the group.
func (s *Service) DescribeLogStreams(ctx context.Context, in *cloudwatchlogs.DescribeLogStreamsInput) (*cloudwatchlogs.DescribeLogStreamsOutput, error) {
	l, err := newStreamList(in)
	if err != nil {
		return nil, err
	}
	out := &cloudwatchlogs.DescribeLogStreamsOutput{LogStreams: []types.LogStream{}}
	return out, s.st.View(ctx, func(tx *store.Tx) error {
		if !tx.Has(groupKey(l.group)) {
			return errNoGroup()
		}
		for _, st := range l.read(tx, l.limit+1) {
			if len(out.LogStreams) == l.limit {
				out.NextToken = aws.String(l.after.token())
				break
			}
			out.LogStreams = append(out.LogStreams, s.describeStream(l.group, st))
			l.after = &st
		}
		return nil
	})
}

// streamList is one call of DescribeLogStreams.
type streamList struct {
	group      string
	prefix     string
	byTime     bool
	descending bool
	limit      int
	after      *logStream // the last one that was shown, or nil
}

func newStreamList(in *cloudwatchlogs.DescribeLogStreamsInput) (*streamList, error) {
	group, err := nameOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(in.Limit, 50)
	if err != nil {
		return nil, err
	}
	l := &streamList{
		group: group, prefix: aws.ToString(in.LogStreamNamePrefix), limit: limit,
		byTime: in.OrderBy == types.OrderByLastEventTime, descending: aws.ToBool(in.Descending),
	}
	if names := in.OrderBy.Values(); in.OrderBy != "" && !slices.Contains(names, in.OrderBy) {
		return nil, errConstraint(in.OrderBy, "orderBy", fmt.Sprintf("Member must satisfy enum value set: %v", names))
	}
	if l.byTime && in.LogStreamNamePrefix != nil {
		return nil, errParameter("Cannot order by LastEventTime with a logStreamNamePrefix.")
	}
	if in.NextToken != nil {
		l.after, err = parseStreamToken(*in.NextToken)
	}
	return l, err
}

// token tells where a page ended: by time and name, whichever the order is, so
// that it holds when the stream is gone.
func (st *logStream) token() string { return fmt.Sprintf("%d/%s", st.Last, st.Name) }

func parseStreamToken(token string) (*logStream, error) {
	last, name, ok := strings.Cut(token, "/")
	ms, err := strconv.ParseInt(last, 10, 64)
	if !ok || err != nil {
		return nil, errToken()
	}
	return &logStream{Last: ms, Name: name}, nil
}

// read returns the streams to show, up to a number of them.
func (l *streamList) read(tx *store.Tx, most int) []logStream {
	r := store.Prefix(streamsOf(l.group).StrPrefix(l.prefix))
	if l.byTime {
		return l.sorted(readStreams(tx, r, math.MaxInt), most)
	}
	if l.descending {
		r = r.Backwards()
	}
	switch {
	case l.after != nil && l.descending:
		r = r.Before(streamKey(l.group, l.after.Name))
	case l.after != nil:
		r = r.After(streamKey(l.group, l.after.Name))
	}
	return readStreams(tx, r, most)
}

func readStreams(tx *store.Tx, r store.Range, most int) (list []logStream) {
	for k := range tx.Scan(r) {
		var st logStream
		tx.GetJSON(k, &st)
		if list = append(list, st); len(list) == most {
			break
		}
	}
	return list
}

// sorted orders streams by time and leaves out those that were shown.
func (l *streamList) sorted(all []logStream, most int) []logStream {
	compare := func(a, b logStream) int {
		c := cmp.Or(cmp.Compare(a.Last, b.Last), strings.Compare(a.Name, b.Name))
		if l.descending {
			return -c
		}
		return c
	}
	if l.after != nil {
		all = slices.DeleteFunc(all, func(st logStream) bool { return compare(st, *l.after) <= 0 })
	}
	slices.SortFunc(all, compare)
	return all[:min(most, len(all))]
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
