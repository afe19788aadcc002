package cloudwatch

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/wire"
)

// Alarms. What they decide and say is in package alarm; here they lie in the
// store, are evaluated when their time has come, and perform their actions in
// the transaction that changes their state.
//
// How they lie:
//
//	alarm         name              an [alarm.Alarm]
//	alarm-next    name              when a metric alarm is evaluated next
//	alarm-due     time name         nothing: the same, in the order of time
//	alarm-parent  child name        nothing: a composite alarm, by those in its rule
//	alarm-muted   suppressor name   nothing: a composite alarm, by its suppressor
//	alarm-history time id           an [alarm.Item]
//	alarm-entry   name time id      nothing: the same, by alarm
var (
	alarmSpace   = store.K("cloudwatch", "alarm")
	nextSpace    = store.K("cloudwatch", "alarm-next")
	dueSpace     = store.K("cloudwatch", "alarm-due")
	parentSpace  = store.K("cloudwatch", "alarm-parent")
	mutedSpace   = store.K("cloudwatch", "alarm-muted")
	historySpace = store.K("cloudwatch", "alarm-history")
	entrySpace   = store.K("cloudwatch", "alarm-entry")
)

// alarmOperations are those of alarms, for the table.
func (s *Service) alarmOperations() []wire.Operation {
	return []wire.Operation{
		wire.Op("DeleteAlarms", s.DeleteAlarms),
		wire.Op("DescribeAlarmHistory", s.DescribeAlarmHistory),
		wire.Op("DescribeAlarms", s.DescribeAlarms),
		wire.Op("DescribeAlarmsForMetric", s.DescribeAlarmsForMetric),
		wire.Op("DisableAlarmActions", s.DisableAlarmActions),
		wire.Op("EnableAlarmActions", s.EnableAlarmActions),
		wire.Op("ListTagsForResource", s.ListTagsForResource),
		wire.Op("PutCompositeAlarm", s.PutCompositeAlarm),
		wire.Op("PutMetricAlarm", s.PutMetricAlarm),
		wire.Op("SetAlarmState", s.SetAlarmState),
		wire.Op("TagResource", s.TagResource),
		wire.Op("UntagResource", s.UntagResource),
	}
}

// alarmUnions are the unions in the operations of alarms.
func alarmUnions() []wire.Union {
	return []wire.Union{
		wire.UnionOf[types.EvaluationCriteria]((*types.EvaluationCriteriaMemberPromQLCriteria)(nil)),
		wire.UnionOf[types.EvaluationWindow](
			(*types.EvaluationWindowMemberSlidingWindow)(nil), (*types.EvaluationWindowMemberWallClockWindow)(nil)),
	}
}

// Kinds of timers.
const (
	evaluateTimer = "cloudwatch.evaluate" // all alarms: at the first due row
	changeTimer   = "cloudwatch.change"   // a metric alarm that changes its state, by name
	releaseTimer  = "cloudwatch.release"  // a composite alarm whose actions wait, by name
	historyTimer  = "cloudwatch.history"  // the oldest entry of the history
)

// bindAlarms names the timers of alarms, for [New].
func (s *Service) bindAlarms() {
	if s.cfg.Router == nil {
		s.cfg.Router = event.NewRouter()
	}
	s.store.OnTimer(evaluateTimer, s.evaluateDue)
	s.store.OnTimer(changeTimer, s.changeDue)
	s.store.OnTimer(releaseTimer, s.releaseDue)
	s.store.OnTimer(historyTimer, purgeHistory)
}

func (s *Service) alarmArn(name string) string { return s.alarmArnPrefix() + name }

func (s *Service) alarmArnPrefix() string {
	return "arn:aws:cloudwatch:" + s.cfg.Region + ":" + s.cfg.Account + ":alarm:"
}

// alarmName is the name of an alarm that a request refers to by name or ARN.
func (s *Service) alarmName(ref string) string { return strings.TrimPrefix(ref, s.alarmArnPrefix()) }

// getAlarm returns nil if there is no such alarm.
func getAlarm(tx *store.Tx, name string) *alarm.Alarm {
	a := new(alarm.Alarm)
	if !tx.GetJSON(alarmSpace.Str(name), a) {
		return nil
	}
	return a
}

func putAlarm(tx *store.Tx, a *alarm.Alarm) { tx.PutJSON(alarmSpace.Str(a.Name), a) }

// names are the last parts of the keys that begin with k.
func names(tx *store.Tx, k store.Key) []string {
	var out []string
	for key := range tx.Scan(store.Prefix(k)) {
		out = append(out, key.Parts(k).Str())
	}
	return out
}

// configure saves an alarm that a request has made or changed: old is what it
// was, or nil.
func (s *Service) configure(ctx context.Context, tx *store.Tx, a, old *alarm.Alarm) error {
	now := tx.Now()
	a.Arn, a.Updated = s.alarmArn(a.Name), now
	if old == nil {
		a.State = alarm.State{
			Value: types.StateValueInsufficientData, Reason: alarm.Initial, Updated: now, Transitioned: now,
		}
	} else {
		a.State, a.Tags = old.State, old.Tags
	}
	putAlarm(tx, a)
	return s.configured(ctx, tx, a, old)
}

// configured tells of a configuration that is new, or another than that of old.
func (s *Service) configured(ctx context.Context, tx *store.Tx, a, old *alarm.Alarm) error {
	how, operation := "Create", "create"
	if old != nil {
		how, operation = "Update", "update"
	}
	keep(tx, a.Configured(how, tx.Now()))
	id, c := event.NewID(), s.changeOf(a, a.State)
	return s.announce(ctx, tx, c, id, c.ConfigurationEvent(id, operation, old, tx.Now()))
}

// remove deletes an alarm and all that is due because of it. Its history
// stays.
func (s *Service) remove(ctx context.Context, tx *store.Tx, a *alarm.Alarm) error {
	tx.Delete(alarmSpace.Str(a.Name))
	unschedule(tx, a.Name)
	s.unlink(tx, a)
	tx.ClearTimer(changeTimer, a.Name)
	tx.ClearTimer(releaseTimer, a.Name)
	keep(tx, a.Configured("Delete", tx.Now()))
	id, c := event.NewID(), s.changeOf(a, a.State)
	return s.announce(ctx, tx, c, id, c.ConfigurationEvent(id, "delete", nil, tx.Now()))
}
