package eventbridge

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/eventbridge/schedule"
	"github.com/runnel/runnel/store"
)

// scheduleTimer is the kind of the timers of schedules; their IDs are the names
// of rules of the default bus, which alone has schedules.
const scheduleTimer = "events schedule"

// reschedule sets the timer of a rule of the default bus to when it is due, or
// clears it.
func (s *Service) reschedule(tx *store.Tx, bus string, r *ruleRow) error {
	if bus != defaultBus {
		return nil
	}
	if r.Schedule == "" || !r.enabled() {
		r.Due = time.Time{}
	} else if r.Due.IsZero() {
		plan, err := schedule.Parse(r.Schedule)
		if err != nil {
			return err
		}
		r.Due, _ = plan.Next(tx.Now())
	}
	if r.Due.IsZero() {
		tx.ClearTimer(scheduleTimer, r.Name)
	} else {
		tx.SetTimer(scheduleTimer, r.Name, r.Due)
	}
	return nil
}

// fire sends a scheduled event to the targets of a rule, and to them alone, and
// sets the next time.
func (s *Service) fire(ctx context.Context, tx *store.Tx, name string) error {
	r := new(ruleRow)
	if !tx.GetJSON(ruleKey(defaultBus, name), r) || r.Schedule == "" || !r.enabled() {
		return nil
	}
	plan, err := schedule.Parse(r.Schedule)
	if err != nil {
		return err
	}
	set, err := s.rules(tx, defaultBus)
	if err != nil {
		return err
	}
	a, err := s.arrive(envelope{
		DetailType: "Scheduled Event", Source: "aws.events", Time: r.Due.Format(event.EnvelopeTime),
		Resources: []string{s.ruleARN(defaultBus, name)}, Detail: jsontext.Value("{}"),
	}, "", tx.Now())
	if err != nil {
		return err
	}
	a.path = []string{defaultBus}
	if ready := set.find(name); ready != nil {
		if err := s.trigger(ctx, tx, a.want(ready), a); err != nil {
			return err
		}
	}
	next, ok := schedule.Following(plan, r.Due, tx.Now())
	if r.Due = next; ok {
		tx.SetTimer(scheduleTimer, name, next)
	}
	tx.PutJSON(ruleKey(defaultBus, name), r)
	return nil
}
