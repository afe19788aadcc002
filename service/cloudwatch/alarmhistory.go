package cloudwatch

import (
	"cmp"
	"context"
	"encoding/base64"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
)

// historyRetention is how long CloudWatch keeps history, even of an alarm that
// was deleted
// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html).
const historyRetention = 30 * 24 * time.Hour

// keep adds an item to the history.
func keep(tx *store.Tx, item alarm.Item) {
	id := tx.NextID()
	tx.PutJSON(historySpace.Time(item.Time).Uint(id), item)
	tx.Set(entrySpace.Str(item.Name).Time(item.Time).Uint(id), nil)
	if _, ok := tx.Timer(historyTimer, ""); !ok {
		tx.SetTimer(historyTimer, "", item.Time.Add(historyRetention))
	}
}

// purgeBatch is how many items one transaction removes.
const purgeBatch = 500

// purgeHistory removes items that are old enough, and sets the timer for the
// next one.
func purgeHistory(_ context.Context, tx *store.Tx, _ string) error {
	n := 0
	for k := range tx.Scan(store.Prefix(historySpace)) {
		p := k.Parts(historySpace)
		at, id := p.Time(), p.Uint()
		if end := at.Add(historyRetention); end.After(tx.Now()) || n == purgeBatch {
			tx.SetTimer(historyTimer, "", end)
			break
		}
		n++
		var item alarm.Item
		tx.GetJSON(k, &item)
		tx.Delete(k)
		tx.Delete(entrySpace.Str(item.Name).Time(at).Uint(id))
	}
	return nil
}

// DescribeAlarmHistory lists what happened to alarms, the latest first unless
// asked otherwise: to metric alarms only, unless asked for others.
func (s *Service) DescribeAlarmHistory(ctx context.Context, in *api.DescribeAlarmHistoryInput) (*api.DescribeAlarmHistoryOutput, error) {
	if err := checkHistory(in); err != nil {
		return nil, err
	}
	q := newHistoryQuery(in)
	if in.NextToken != nil {
		rest, err := base64.RawURLEncoding.DecodeString(*in.NextToken)
		if err != nil || len(rest) != 16 {
			return nil, errNextToken(*in.NextToken)
		}
		q.resume(q.prefix.Raw(rest))
	}
	limit := int(aws.ToInt32(cmp.Or(in.MaxRecords, aws.Int32(maxRecords))))
	out := &api.DescribeAlarmHistoryOutput{AlarmHistoryItems: []types.AlarmHistoryItem{}}
	return out, s.store.View(ctx, func(tx *store.Tx) error {
		var last []byte // what of the last key follows the prefix
		for k, item := range q.items(tx) {
			if in.HistoryItemType != "" && in.HistoryItemType != item.Type || !ofType(item.Alarm, in.AlarmTypes) {
				continue
			}
			if len(out.AlarmHistoryItems) == limit {
				out.NextToken = aws.String(base64.RawURLEncoding.EncodeToString(last))
				return nil
			}
			last = k[len(q.prefix):].Clone()
			out.AlarmHistoryItems = append(out.AlarmHistoryItems, itemOut(item))
		}
		return nil
	})
}

func checkHistory(in *api.DescribeAlarmHistoryInput) error {
	f := faults{code: codeValidation}
	if in.AlarmName != nil {
		f.text(in.AlarmName, "AlarmName", 1, maxName)
	}
	if in.AlarmContributorId != nil {
		f.unsupported("AlarmContributorId", "")
	}
	if in.HistoryItemType != "" {
		checkOneOf(&f, in.HistoryItemType, "HistoryItemType", in.HistoryItemType.Values())
	}
	if in.ScanBy != "" {
		checkOneOf(&f, in.ScanBy, "ScanBy", in.ScanBy.Values())
	}
	f.alarmTypes(in.AlarmTypes)
	f.records(in.MaxRecords)
	return f.err()
}

func itemOut(item alarm.Item) types.AlarmHistoryItem {
	return types.AlarmHistoryItem{
		AlarmName: &item.Name, AlarmType: item.Alarm, HistoryItemType: item.Type, Timestamp: &item.Time,
		HistorySummary: &item.Summary, HistoryData: &item.Data,
	}
}

// historyQuery is a part of the history: of an alarm, or of all.
type historyQuery struct {
	prefix store.Key // what follows are a time and an id
	span   store.Range
}

func newHistoryQuery(in *api.DescribeAlarmHistoryInput) *historyQuery {
	q := &historyQuery{prefix: historySpace}
	if in.AlarmName != nil {
		q.prefix = entrySpace.Str(*in.AlarmName)
	}
	q.span = store.Prefix(q.prefix)
	if in.StartDate != nil {
		q.span.From = q.prefix.Time(keyed(*in.StartDate))
	}
	if in.EndDate != nil {
		q.span.To = q.prefix.Time(keyed(*in.EndDate).Add(1)) // EndDate is inclusive
	}
	if in.ScanBy != types.ScanByTimestampAscending {
		q.span = q.span.Backwards()
	}
	return q
}

// lastDay is within what keys can tell, in nanoseconds since 1970.
var lastDay = time.Date(2262, 1, 1, 0, 0, 0, 0, time.UTC)

// keyed is a time that somebody asks for, such as the year 9999, as keys have it.
func keyed(t time.Time) time.Time {
	switch {
	case t.After(lastDay):
		return lastDay
	case t.Before(time.Unix(0, 0)):
		return time.Unix(0, 0)
	}
	return t
}

// resume goes on behind k.
func (q *historyQuery) resume(k store.Key) {
	if q.span.Reverse {
		q.span = q.span.Before(k)
	} else {
		q.span = q.span.After(k)
	}
}

// items yields the items and their keys.
func (q *historyQuery) items(tx *store.Tx) func(yield func(store.Key, alarm.Item) bool) {
	return func(yield func(store.Key, alarm.Item) bool) {
		for k := range tx.Scan(q.span) {
			var item alarm.Item
			tx.GetJSON(historySpace.Raw(k[len(q.prefix):]), &item)
			if !yield(k, item) {
				return
			}
		}
	}
}
