package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
)

// change puts an alarm into a state, writes its history, performs its actions,
// and lets the composite alarms know that depend on it: all in tx. path are
// the alarms whose changes led to this one; who is in it is not told again,
// since CloudWatch stops at cycles.
func (s *Service) change(ctx context.Context, tx *store.Tx, a *alarm.Alarm, to alarm.State, path []string) error {
	old := a.State
	to.Updated, to.Transitioned = tx.Now(), old.Transitioned
	if to.Value != old.Value {
		to.Transitioned = to.Updated
	}
	a.State = to
	if to.Value == old.Value {
		putAlarm(tx, a)
		return nil
	}
	c := s.changeOf(a, old)
	keep(tx, c.Item())
	act := s.admitActions(tx, a, old)
	putAlarm(tx, a)
	if act {
		if err := s.perform(ctx, tx, c); err != nil {
			return err
		}
	}
	id := event.NewID()
	if err := s.announce(ctx, tx, c, id, c.Event(id)); err != nil {
		return err
	}
	path = append(slices.Clip(path), a.Name)
	if err := s.tellParents(ctx, tx, a, path); err != nil {
		return err
	}
	return s.tellMuted(ctx, tx, a, old.Value)
}

func (s *Service) changeOf(a *alarm.Alarm, old alarm.State) alarm.Change {
	return alarm.Change{Alarm: a, Old: old, Account: s.cfg.Account, Region: s.cfg.Region}
}

// perform hands a change to the actions of the alarm's state. What a target
// refuses is kept in the history, as CloudWatch does, and stops nothing.
func (s *Service) perform(ctx context.Context, tx *store.Tx, c alarm.Change) error {
	if !c.ActionsEnabled {
		return nil
	}
	for _, to := range c.Actions(c.State.Value) {
		e, told := s.eventFor(c, to)
		err := s.cfg.Router.Accept(ctx, tx, to, e)
		failure, ok := refusal(err, to)
		if err != nil && !ok {
			return err
		}
		if failure != "" {
			tx.OnCommit(func() {
				s.cfg.Logger.WarnContext(ctx, "alarm action failed", "alarm", c.Name, "action", to, "err", failure)
			})
		}
		keep(tx, c.Action(tx.Now(), to, told, failure))
	}
	return nil
}

// Principals of alarms' actions. That of topics sends to event buses too.
const (
	snsPrincipal    = "cloudwatch.amazonaws.com"
	lambdaPrincipal = "lambda.alarms.cloudwatch.amazonaws.com"
)

// eventFor is a change as an action gets it, and as the history tells of it.
func (s *Service) eventFor(c alarm.Change, to string) (event.Event, string) {
	e := event.Event{
		ID: event.NewID(), Trace: event.NewTrace(c.State.Updated), Time: c.State.Updated,
		From: event.Sender{Service: snsPrincipal, ARN: c.Arn, Account: s.cfg.Account},
	}
	if serviceOf(to) == "lambda" {
		e.From.Service = lambdaPrincipal
		e.Body = c.Invocation(e.ID)
		return e, string(e.Body)
	}
	e.Subject, e.Body = c.Subject(), []byte(c.Notification())
	return e, c.Published()
}

// serviceOf is the service of an ARN.
func serviceOf(s string) string {
	a, err := arn.Parse(s)
	if err != nil {
		return ""
	}
	return a.Service
}

// refusal is what the history says of an action that its target refused.
func refusal(err error, to string) (string, bool) {
	switch {
	case errors.Is(err, event.ErrDenied) && serviceOf(to) == "lambda":
		return "CloudWatch Alarms is not authorized to perform: lambda:InvokeFunction on the resource " + to +
			" because no resource-based policy allows the lambda:InvokeFunction action", true
	case errors.Is(err, event.ErrDenied):
		return "CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: " + to, true
	case errors.Is(err, event.ErrNotFound):
		return "Resource " + to + " does not exist", true
	}
	return "", false
}

// announce sends what happened to an alarm to the account's default event bus,
// if there is one.
func (s *Service) announce(ctx context.Context, tx *store.Tx, c alarm.Change, id string, body []byte) error {
	err := s.cfg.Router.Accept(ctx, tx, "arn:aws:events:"+s.cfg.Region+":"+s.cfg.Account+":event-bus/default", event.Event{
		ID: id, Trace: event.NewTrace(tx.Now()), Time: tx.Now(), Body: body,
		From: event.Sender{Service: snsPrincipal, ARN: c.Arn, Account: s.cfg.Account},
	})
	if errors.Is(err, event.ErrNotFound) || errors.Is(err, event.ErrDenied) {
		return nil
	}
	return err
}

// Limits of SetAlarmState, from the service's model.
const (
	maxReason     = 1023
	maxReasonData = 4000
)

// SetAlarmState puts an alarm into a state for the time being: the next
// evaluation decides anew.
func (s *Service) SetAlarmState(ctx context.Context, in *api.SetAlarmStateInput) (*api.SetAlarmStateOutput, error) {
	f := faults{code: codeValidation}
	f.text(in.AlarmName, "AlarmName", 1, maxName)
	f.text(in.StateReason, "StateReason", 0, maxReason)
	checkOneOf(&f, in.StateValue, "StateValue", in.StateValue.Values())
	if in.StateReasonData != nil {
		f.text(in.StateReasonData, "StateReasonData", 0, maxReasonData)
	}
	if err := f.err(); err != nil {
		return nil, err
	}
	data := aws.ToString(in.StateReasonData)
	if data != "" && !json.Valid([]byte(data)) {
		return nil, &types.InvalidFormatFault{Message: aws.String("StateReasonData was not valid JSON")}
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		a := getAlarm(tx, *in.AlarmName)
		if a == nil {
			return &types.ResourceNotFound{}
		}
		if a.Composite != nil {
			a.Composite.Triggers = nil
		}
		return s.change(ctx, tx, a, alarm.State{Value: in.StateValue, Reason: *in.StateReason, Data: data}, nil)
	})
}

// EnableAlarmActions has alarms perform their actions again.
func (s *Service) EnableAlarmActions(ctx context.Context, in *api.EnableAlarmActionsInput) (*api.EnableAlarmActionsOutput, error) {
	return nil, s.switchActions(ctx, in.AlarmNames, true)
}

// DisableAlarmActions keeps alarms from performing their actions.
func (s *Service) DisableAlarmActions(ctx context.Context, in *api.DisableAlarmActionsInput) (*api.DisableAlarmActionsOutput, error) {
	return nil, s.switchActions(ctx, in.AlarmNames, false)
}

// switchActions passes over alarms that there are not.
func (s *Service) switchActions(ctx context.Context, names []string, on bool) error {
	if err := checkAlarmNames(names); err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		for _, name := range names {
			a := getAlarm(tx, name)
			if a == nil || a.ActionsEnabled == on {
				continue
			}
			old := *a
			a.ActionsEnabled, a.Updated = on, tx.Now()
			putAlarm(tx, a)
			if err := s.configured(ctx, tx, a, &old); err != nil {
				return err
			}
		}
		return nil
	})
}

// maxAlarmNames is how many alarms a request may name.
const maxAlarmNames = 100

func checkAlarmNames(names []string) error {
	f := faults{code: codeValidation}
	if len(names) == 0 {
		f.required("AlarmNames")
	}
	f.size("AlarmNames", len(names), maxAlarmNames)
	return f.err()
}

// DeleteAlarms deletes alarms, of which one may be a composite alarm. It passes
// over those that there are not.
func (s *Service) DeleteAlarms(ctx context.Context, in *api.DeleteAlarmsInput) (*api.DeleteAlarmsOutput, error) {
	if err := checkAlarmNames(in.AlarmNames); err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		var going []*alarm.Alarm
		composites := 0
		for _, name := range in.AlarmNames {
			a := getAlarm(tx, name)
			if a == nil || slices.ContainsFunc(going, func(b *alarm.Alarm) bool { return b.Name == name }) {
				continue
			}
			going = append(going, a)
			if a.Composite != nil {
				composites++
			}
		}
		if composites > 1 {
			return errValidation("You can't delete more than one composite alarm in one operation.")
		}
		for _, a := range going {
			if dependents(tx, a.Name, in.AlarmNames) {
				return errValidation("Cannot delete %s as there are composite alarm(s) depending on it.", a.Name)
			}
		}
		for _, a := range going {
			if err := s.remove(ctx, tx, a); err != nil {
				return err
			}
		}
		return nil
	})
}

// dependents reports whether a composite alarm that is not going too depends
// on an alarm.
func dependents(tx *store.Tx, name string, going []string) bool {
	stays := func(parent string) bool { return parent == name || !slices.Contains(going, parent) }
	return slices.ContainsFunc(names(tx, parentSpace.Str(name)), stays) ||
		slices.ContainsFunc(names(tx, mutedSpace.Str(name)), stays)
}
