package cloudwatch

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
)

// Suppression, by
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Create_Composite_Alarm_Suppress_Actions.html:
// while the suppressor is in ALARM, actions are not performed. A change of
// state waits for the suppressor to get there, for the wait period; when the
// suppressor leaves ALARM, for the extension period. After either, actions are
// performed if the state still is another than it was before.

// admitActions reports whether actions may be performed now. If not, it notes
// in a why, and sets the timer for when they may.
func (s *Service) admitActions(tx *store.Tx, a *alarm.Alarm, old alarm.State) bool {
	c := a.Composite
	if c == nil || c.Suppressor == "" {
		return true
	}
	if c.SuppressedBy == "" {
		c.Acted = old
	}
	switch {
	case s.stateOf(tx, c.Suppressor) == types.StateValueAlarm:
		s.suppress(tx, a, types.ActionsSuppressedByAlarm, 0)
	case c.SuppressedBy == types.ActionsSuppressedByExtensionPeriod:
	case c.Wait > 0:
		s.suppress(tx, a, types.ActionsSuppressedByWaitPeriod, c.Wait)
	default:
		c.SuppressedBy = ""
		return true
	}
	return false
}

// suppress holds back an alarm's actions, for a number of seconds or, if that
// is 0, until its suppressor changes.
func (s *Service) suppress(tx *store.Tx, a *alarm.Alarm, by types.ActionsSuppressedBy, seconds int32) {
	a.Composite.SuppressedBy = by
	if seconds == 0 {
		tx.ClearTimer(releaseTimer, a.Name)
		return
	}
	tx.SetTimer(releaseTimer, a.Name, tx.Now().Add(time.Duration(seconds)*time.Second))
}

// tellMuted tells the composite alarms whose suppressor a is that it changed.
func (s *Service) tellMuted(ctx context.Context, tx *store.Tx, a *alarm.Alarm, old types.StateValue) error {
	if a.State.Value != types.StateValueAlarm && old != types.StateValueAlarm {
		return nil
	}
	for _, name := range names(tx, mutedSpace.Str(a.Name)) {
		m := getAlarm(tx, name)
		if m == nil || m.Composite == nil || m.Composite.SuppressedBy == "" {
			continue
		}
		switch {
		case a.State.Value == types.StateValueAlarm:
			s.suppress(tx, m, types.ActionsSuppressedByAlarm, 0)
		case m.Composite.Extension > 0:
			s.suppress(tx, m, types.ActionsSuppressedByExtensionPeriod, m.Composite.Extension)
		default:
			if err := s.release(ctx, tx, m); err != nil {
				return err
			}
			continue
		}
		putAlarm(tx, m)
	}
	return nil
}

// release ends a suppression.
func (s *Service) release(ctx context.Context, tx *store.Tx, a *alarm.Alarm) error {
	acted := a.Composite.Acted
	a.Composite.SuppressedBy, a.Composite.Acted = "", alarm.State{}
	putAlarm(tx, a)
	if acted.Value == a.State.Value {
		return nil
	}
	return s.perform(ctx, tx, s.changeOf(a, acted))
}

// releaseDue ends a wait or extension period.
func (s *Service) releaseDue(ctx context.Context, tx *store.Tx, name string) error {
	a := getAlarm(tx, name)
	if a == nil || a.Composite == nil || a.Composite.SuppressedBy == "" {
		return nil
	}
	return s.release(ctx, tx, a)
}
