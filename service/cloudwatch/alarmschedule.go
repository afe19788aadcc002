package cloudwatch

import (
	"context"
	"time"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
)

// When alarms are evaluated. Each metric alarm has one due row, and one timer
// stands for the first of all: alarms that are due together share transactions.

// evaluateLater has a metric alarm evaluated after now.
func evaluateLater(tx *store.Tx, a *alarm.Alarm) {
	unschedule(tx, a.Name)
	at := nextEvaluation(a.Metric, tx.Now())
	tx.Set(nextSpace.Str(a.Name), []byte(dueSpace.Time(at)))
	tx.Set(dueSpace.Time(at).Str(a.Name), nil)
	evaluateBy(tx, at)
}

func unschedule(tx *store.Tx, name string) {
	if due, ok := tx.Get(nextSpace.Str(name)); ok {
		tx.Delete(store.Key(due).Str(name))
		tx.Delete(nextSpace.Str(name))
	}
}

// evaluateBy has the timer fire at a time, if not before.
func evaluateBy(tx *store.Tx, at time.Time) {
	if set, ok := tx.Timer(evaluateTimer, ""); !ok || at.Before(set) {
		tx.SetTimer(evaluateTimer, "", at)
	}
}

// Alarms of a period under a minute are evaluated every 10 seconds, all others
// every minute, the first time when that in which they were made is over. The
// delay lets data arrive that is sent at the period's end; what comes later
// still counts in the next evaluations.
const (
	evaluationDelay = 5 * time.Second
	fineInterval    = 10 * time.Second
)

func nextEvaluation(m *alarm.Metric, now time.Time) time.Time {
	step := evaluationInterval(m)
	return now.Truncate(step).Add(step + evaluationDelay)
}

func evaluationInterval(m *alarm.Metric) time.Duration {
	if m.Seconds() < 60 {
		return fineInterval
	}
	return time.Minute
}

// One transaction evaluates so many alarms, or fewer that look at so many data
// points: nobody else writes meanwhile. An alarm may look at a day of them.
const (
	evaluationBatch  = 20
	evaluationPoints = 1000
)

// evaluateDue evaluates the alarms that are due, and sets the timer for the
// next ones. An alarm whose state is to change does that in a transaction of its
// own, so that what goes wrong with one alarm's actions holds up no other.
func (s *Service) evaluateDue(ctx context.Context, tx *store.Tx, _ string) error {
	var due []*alarm.Alarm
	points := 0
	for k := range tx.Scan(store.Prefix(dueSpace)) {
		p := k.Parts(dueSpace)
		at, name := p.Time(), p.Str()
		if at.After(tx.Now()) || len(due) == evaluationBatch || points >= evaluationPoints {
			evaluateBy(tx, at)
			break
		}
		tx.Delete(k)
		if a := getAlarm(tx, name); a != nil && a.Metric != nil {
			due = append(due, a)
			points += a.Metric.Range() * len(a.Metric.Queries)
		}
	}
	for _, a := range due {
		evaluateLater(tx, a)
		if _, changed := s.evaluate(ctx, tx, a); changed {
			tx.SetTimer(changeTimer, a.Name, tx.Now())
		}
	}
	return nil
}

// changeDue changes the state of a metric alarm to what it evaluates to.
func (s *Service) changeDue(ctx context.Context, tx *store.Tx, name string) error {
	a := getAlarm(tx, name)
	if a == nil || a.Metric == nil {
		return nil
	}
	to, changed := s.evaluate(ctx, tx, a)
	if !changed {
		return nil
	}
	return s.change(ctx, tx, a, to, nil)
}
