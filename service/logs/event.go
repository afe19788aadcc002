package logs

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// Limits of PutLogEvents, from its API reference (2026-11-20).
const (
	maxBatchBytes  = 1048576
	maxBatchEvents = 10000
	eventOverhead  = 26 // bytes that each event counts beside its text
	maxAge         = 14 * 24 * time.Hour
	maxAhead       = 2 * time.Hour
	maxSpan        = 24 * time.Hour
)

// sequenceToken is what streams that no longer need one still show.
const sequenceToken = "49039859599999999999999999999999999999999999999999999999"

// Events are rows by group, time and number; beside each stands a row by
// group, stream, time and number that says it is of that stream.
func eventsOf(group string) store.Key { return store.K("logs", "event", group) }
func indexOf(group string) store.Key  { return store.K("logs", "index", group) }

// position is an event's place in its group: eventsOf(group).Raw(position).
type position []byte

func newPosition(at time.Time, seq uint64) position {
	return position(store.Key(nil).Time(at).Uint(seq))
}

// id is the event's id as clients see it; it sorts as the position does.
func (p position) id() string {
	n := store.Key(p).Parts(nil)
	return fmt.Sprintf("%020d%020d", n.Uint(), n.Uint())
}

// row is the value of an event: version, ingestion time, stream, text.
const rowVersion = 1

func encodeEvent(stream, text string, ingested int64) []byte {
	b := binary.AppendVarint([]byte{rowVersion}, ingested)
	b = binary.AppendUvarint(b, uint64(len(stream)))
	return append(append(b, stream...), text...)
}

// logEvent is an event as it is kept.
type logEvent struct {
	pos          position
	at, ingested int64 // milliseconds since 1970
	stream, text string
}

var errRow = errors.New("logs: malformed event row")

func decodeEvent(pos position, b []byte) (e logEvent, err error) {
	e.pos = slices.Clone(pos)
	e.at = store.Key(pos).Parts(nil).Time().UnixMilli()
	if len(b) == 0 || b[0] != rowVersion {
		return e, errRow
	}
	ingested, n := binary.Varint(b[1:])
	if n <= 0 {
		return e, errRow
	}
	b = b[1+n:]
	size, n := binary.Uvarint(b)
	if n <= 0 || uint64(len(b)-n) < size {
		return e, errRow
	}
	b = b[n:]
	e.ingested, e.stream, e.text = ingested, string(b[:size]), string(b[size:])
	return e, nil
}

// Append implements [event.Logs].
func (s *Service) Append(group, name string, lines []event.LogLine) (add func(*store.Tx) error) {
	read := make([]line, len(lines))
	for i, l := range lines {
		read[i] = s.read(l)
	}
	return func(tx *store.Tx) error { return s.add(tx, group, name, read) }
}

// line is a line of a log, read before the transaction that keeps it.
type line struct {
	event.LogLine
	metrics func(*store.Tx) error // keeps those that it holds; nil if none
}

func (s *Service) read(l event.LogLine) line { return line{l, s.cfg.Metrics.Embedded(l)} }

// add is append to a stream that need not be there.
func (s *Service) add(tx *store.Tx, group, name string, lines []line) error {
	if len(lines) == 0 {
		return nil
	}
	if !tx.Has(groupKey(group)) {
		newGroup(tx, group).save(tx)
	}
	st := &logStream{Name: name, Created: tx.Now().UnixMilli()}
	tx.GetJSON(streamKey(group, name), st)
	return s.append(tx, group, st, lines)
}

// append adds lines to a stream of a group, and the metrics that they hold.
func (s *Service) append(tx *store.Tx, group string, st *logStream, lines []line) error {
	now := tx.Now().UnixMilli()
	index := indexOf(group).Str(st.Name)
	bytes := 0
	for _, line := range lines {
		bytes += len(line.Text) + eventOverhead
		at := line.Time.Truncate(time.Millisecond)
		pos := newPosition(at, tx.NextID())
		tx.Set(eventsOf(group).Raw(pos), encodeEvent(st.Name, line.Text, now))
		tx.Set(index.Raw(pos), nil)
		ms := at.UnixMilli()
		if st.Ingested == 0 || ms < st.First {
			st.First = ms
		}
		st.Last, st.Ingested = max(st.Last, ms), now
		if line.metrics == nil {
			continue
		}
		if err := line.metrics(tx); err != nil {
			return err
		}
	}
	tx.PutJSON(streamKey(group, st.Name), st)
	tx.OnCommit(func() { s.measure(group, len(lines), bytes) })
	return nil
}

// PutLogEvents implements the operation of that name.
func (s *Service) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	group, err := nameOf(in.LogGroupName, nil)
	if err != nil {
		return nil, err
	}
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	lines := make([]line, len(in.LogEvents))
	for i, e := range in.LogEvents {
		lines[i] = s.read(event.LogLine{Time: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Text: *e.Message})
	}
	out := &cloudwatchlogs.PutLogEventsOutput{NextSequenceToken: aws.String(sequenceToken)}
	return out, s.st.Update(ctx, func(tx *store.Tx) error {
		st, err := loadStream(tx, group, aws.ToString(in.LogStreamName))
		if err != nil {
			return err
		}
		g, err := loadGroup(tx, group)
		if err != nil {
			return err
		}
		lines, rejected := accepted(lines, tx.Now(), g.Retention)
		out.RejectedLogEventsInfo = rejected
		if len(lines) == 0 {
			return nil
		}
		return s.append(tx, group, st, lines)
	})
}

// checkBatch refuses a batch that breaks a limit as a whole.
func checkBatch(events []types.InputLogEvent) error {
	if len(events) == 0 || len(events) > maxBatchEvents {
		return errConstraint(len(events), "logEvents", "Member must have length between 1 and 10000")
	}
	size := 0
	for i, e := range events {
		if e.Timestamp == nil {
			return errConstraint("null", fmt.Sprintf("logEvents.%d.member.timestamp", i+1), "Member must not be null")
		}
		if aws.ToString(e.Message) == "" {
			return errConstraint("", fmt.Sprintf("logEvents.%d.member.message", i+1), "Member must have length greater than or equal to 1")
		}
		if i > 0 && aws.ToInt64(e.Timestamp) < aws.ToInt64(events[i-1].Timestamp) {
			return errParameter("Log events in a single PutLogEvents request must be in chronological order.")
		}
		size += len(*e.Message) + eventOverhead
	}
	if size > maxBatchBytes {
		return errParameter("Upload too large: %d bytes exceeds limit of %d", size, maxBatchBytes)
	}
	span := aws.ToInt64(events[len(events)-1].Timestamp) - aws.ToInt64(events[0].Timestamp)
	if span > maxSpan.Milliseconds() {
		return errParameter("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// accepted leaves out what is too old, too new or past the group's retention.
// The batch is in the order of time.
func accepted(all []line, now time.Time, retention int32) ([]line, *types.RejectedLogEventsInfo) {
	tooOld, tooNew := now.Add(-maxAge), now.Add(maxAhead)
	expired := time.Time{}
	if retention > 0 {
		expired = now.AddDate(0, 0, -int(retention))
	}
	var info types.RejectedLogEventsInfo
	var lines []line
	for i, l := range all {
		at := l.Time
		switch {
		case at.Before(expired):
			info.ExpiredLogEventEndIndex = aws.Int32(int32(i + 1))
		case at.Before(tooOld):
			info.TooOldLogEventEndIndex = aws.Int32(int32(i + 1))
		case at.After(tooNew):
			if info.TooNewLogEventStartIndex == nil {
				info.TooNewLogEventStartIndex = aws.Int32(int32(i))
			}
		default:
			lines = append(lines, l)
		}
	}
	if len(lines) == len(all) {
		return lines, nil
	}
	return lines, &info
}

// between is the events of a prefix from start on and before end, both in
// milliseconds since 1970 and both optional.
func between(prefix store.Key, start, end *int64) store.Range {
	r := store.Prefix(prefix)
	if start != nil {
		r.From = prefix.Time(timeOf(*start))
	}
	if end != nil {
		r.To = prefix.Time(timeOf(*end))
	}
	return r
}

// timeOf is the time that a client gives, if keys can have it, or else the
// first or last that they can: clients say "to the end" with the largest number.
func timeOf(ms int64) time.Time {
	const end = math.MaxInt64 / int64(time.Millisecond)
	return time.UnixMilli(max(0, min(ms, end)))
}

// GetLogEvents implements the operation of that name. Its tokens are the
// direction and the position of the last event shown; at either end of a
// stream a token comes back as it was given.
func (s *Service) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	group, err := nameOf(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize(in.Limit, maxBatchEvents)
	if err != nil {
		return nil, err
	}
	forward := aws.ToBool(in.StartFromHead)
	index := indexOf(group).Str(aws.ToString(in.LogStreamName))
	r := between(index, in.StartTime, in.EndTime)
	if token := aws.ToString(in.NextToken); token != "" {
		dir, pos, err := parseToken(token)
		if err != nil {
			return nil, err
		}
		if forward = dir == 'f'; forward {
			r = r.After(index.Raw(pos))
		} else {
			r = r.Before(index.Raw(pos))
		}
	}
	var events []logEvent
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if _, err := loadStream(tx, group, aws.ToString(in.LogStreamName)); err != nil {
			return err
		}
		events, err = readStream(tx, group, index, r, forward, limit)
		return err
	})
	if err != nil {
		return nil, err
	}
	return eventPage(events, aws.ToString(in.NextToken)), nil
}

// maxPageBytes bounds an answer with events.
const maxPageBytes = 1 << 20

// readStream reads up to limit events of the index range, in order of time.
func readStream(tx *store.Tx, group string, index store.Key, r store.Range, forward bool, limit int) (events []logEvent, err error) {
	if !forward {
		r = r.Backwards()
	}
	size := 0
	for k := range tx.Scan(r) {
		pos := position(k.Parts(index).Raw())
		b, ok := tx.Get(eventsOf(group).Raw(pos))
		if !ok {
			return nil, errRow
		}
		e, err := decodeEvent(pos, b)
		if err != nil {
			return nil, err
		}
		size += len(e.text) + eventOverhead
		if len(events) == limit || size > maxPageBytes && len(events) > 0 {
			break
		}
		events = append(events, e)
	}
	if !forward {
		slices.Reverse(events)
	}
	return events, nil
}

func eventPage(events []logEvent, token string) *cloudwatchlogs.GetLogEventsOutput {
	out := &cloudwatchlogs.GetLogEventsOutput{Events: []types.OutputLogEvent{}}
	for _, e := range events {
		out.Events = append(out.Events, types.OutputLogEvent{Timestamp: &e.at, IngestionTime: &e.ingested, Message: &e.text})
	}
	first, last := position(make([]byte, 16)), position(make([]byte, 16))
	if len(events) > 0 {
		first, last = events[0].pos, events[len(events)-1].pos
	} else if token != "" {
		_, pos, _ := parseToken(token) // it was read before
		first, last = pos, pos
	}
	out.NextForwardToken, out.NextBackwardToken = aws.String("f/"+last.id()), aws.String("b/"+first.id())
	return out
}

// parseToken reads "f/" or "b/" and a position's id.
func parseToken(token string) (dir byte, pos position, err error) {
	if len(token) != 42 || token[1] != '/' || token[0] != 'f' && token[0] != 'b' {
		return 0, nil, errToken()
	}
	at, err1 := strconv.ParseUint(token[2:22], 10, 64)
	seq, err2 := strconv.ParseUint(token[22:], 10, 64)
	if cmp.Or(err1, err2) != nil {
		return 0, nil, errToken()
	}
	return token[0], position(store.Key(nil).Uint(at).Uint(seq)), nil
}
