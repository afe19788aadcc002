package cloudwatch

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/service/cloudwatch/alarm"
	"github.com/runnel/runnel/store"
)

// PutCompositeAlarm makes a composite alarm, or gives the one of that name
// another configuration, and evaluates it.
func (s *Service) PutCompositeAlarm(ctx context.Context, in *api.PutCompositeAlarmInput) (*api.PutCompositeAlarmOutput, error) {
	a, rule, err := s.compositeAlarm(in)
	if err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		old := getAlarm(tx, a.Name)
		if old != nil && old.Composite == nil {
			return errValidation("Alarm %s already exists, and is not a composite alarm.", a.Name)
		}
		if missing := s.missing(tx, a, rule); len(missing) > 0 {
			return errValidation("Could not save the composite alarm as alarms [%s] in the alarm rule do not exist", strings.Join(missing, ", "))
		}
		happened := "created"
		if old != nil {
			happened = "updated"
			s.unlink(tx, old)
			a.Composite.Triggers = old.Composite.Triggers
			if a.Composite.Suppressor == old.Composite.Suppressor {
				a.Composite.SuppressedBy, a.Composite.Acted = old.Composite.SuppressedBy, old.Composite.Acted
			} else {
				tx.ClearTimer(releaseTimer, a.Name)
			}
		}
		if err := s.configure(ctx, tx, a, old); err != nil {
			return err
		}
		s.link(tx, a, rule)
		to := s.compositeState(tx, rule)
		if to == a.State.Value {
			return nil
		}
		return s.changeComposite(ctx, tx, a, to, alarm.Evaluation(a.Arn, happened, to), s.triggers(tx, rule), nil)
	})
}

// compositeAlarm is the alarm that a request describes.
func (s *Service) compositeAlarm(in *api.PutCompositeAlarmInput) (*alarm.Alarm, *alarm.Rule, error) {
	f := faults{code: codeValidation}
	f.text(in.AlarmName, "AlarmName", 1, maxName)
	a := f.common(&commonAlarm{
		in.AlarmName, in.AlarmDescription, in.ActionsEnabled, in.OKActions, in.AlarmActions, in.InsufficientDataActions, in.Tags, s.cfg.Region,
	})
	if in.ActionConfiguration != nil {
		f.unsupported("ActionConfiguration", "")
	}
	rule, err := alarm.ParseRule(aws.ToString(in.AlarmRule))
	if err != nil {
		f.add(codeValidation, "%s", err)
	}
	a.Composite = &alarm.Composite{Rule: aws.ToString(in.AlarmRule)}
	wait, extension := in.ActionsSuppressorWaitPeriod, in.ActionsSuppressorExtensionPeriod
	switch {
	case in.ActionsSuppressor == nil:
		if wait != nil || extension != nil {
			f.required("ActionsSuppressor")
		}
	case wait == nil:
		f.required("ActionsSuppressorWaitPeriod")
	case extension == nil:
		f.required("ActionsSuppressorExtensionPeriod")
	default:
		f.notNegative(*wait, "ActionsSuppressorWaitPeriod")
		f.notNegative(*extension, "ActionsSuppressorExtensionPeriod")
		f.text(in.ActionsSuppressor, "ActionsSuppressor", 1, 1600)
		a.Composite.Suppressor, a.Composite.Wait, a.Composite.Extension = *in.ActionsSuppressor, *wait, *extension
	}
	return a, rule, f.err()
}

// missing are the alarms that a composite alarm refers to and that there are
// not.
func (s *Service) missing(tx *store.Tx, a *alarm.Alarm, rule *alarm.Rule) []string {
	var out []string
	for _, ref := range append(slices.Clone(rule.Children()), a.Composite.Suppressor) {
		if ref != "" && !tx.Has(alarmSpace.Str(s.alarmName(ref))) && s.alarmName(ref) != a.Name {
			out = append(out, ref)
		}
	}
	return out
}

// link has a composite alarm found by the alarms that it depends on.
func (s *Service) link(tx *store.Tx, a *alarm.Alarm, rule *alarm.Rule) {
	for _, k := range s.links(a, rule) {
		tx.Set(k, nil)
	}
}

// unlink takes link back.
func (s *Service) unlink(tx *store.Tx, a *alarm.Alarm) {
	if a.Composite == nil {
		return
	}
	rule, err := alarm.ParseRule(a.Composite.Rule)
	if err != nil {
		return // it was parsed when it was put
	}
	for _, k := range s.links(a, rule) {
		tx.Delete(k)
	}
}

func (s *Service) links(a *alarm.Alarm, rule *alarm.Rule) []store.Key {
	var out []store.Key
	for _, child := range rule.Children() {
		out = append(out, parentSpace.Str(s.alarmName(child)).Str(a.Name))
	}
	if suppressor := a.Composite.Suppressor; suppressor != "" {
		out = append(out, mutedSpace.Str(s.alarmName(suppressor)).Str(a.Name))
	}
	return out
}

// compositeState is the state that a rule makes.
func (s *Service) compositeState(tx *store.Tx, rule *alarm.Rule) types.StateValue {
	if rule.Holds(func(ref string) types.StateValue { return s.stateOf(tx, ref) }) {
		return types.StateValueAlarm
	}
	return types.StateValueOk
}

// triggers are all children of a rule, in the states that they are in.
func (s *Service) triggers(tx *store.Tx, rule *alarm.Rule) []alarm.Trigger {
	var out []alarm.Trigger
	for _, ref := range rule.Children() {
		if child := getAlarm(tx, s.alarmName(ref)); child != nil {
			out = append(out, triggerOf(child))
		}
	}
	return out
}

func triggerOf(child *alarm.Alarm) alarm.Trigger {
	return alarm.Trigger{Arn: child.Arn, Value: child.State.Value, Time: child.State.Updated}
}

// changeComposite changes the state of a composite alarm, because of its
// children.
func (s *Service) changeComposite(ctx context.Context, tx *store.Tx, a *alarm.Alarm, to types.StateValue, reason string, triggers []alarm.Trigger, path []string) error {
	a.Composite.Triggers = triggers
	return s.change(ctx, tx, a, alarm.State{Value: to, Reason: reason, Data: a.Composite.Data()}, path)
}

// stateOf is the state of an alarm, "" if there is none.
func (s *Service) stateOf(tx *store.Tx, ref string) types.StateValue {
	if a := getAlarm(tx, s.alarmName(ref)); a != nil {
		return a.State.Value
	}
	return ""
}

// tellParents evaluates the composite alarms in whose rules a is.
func (s *Service) tellParents(ctx context.Context, tx *store.Tx, a *alarm.Alarm, path []string) error {
	for _, name := range names(tx, parentSpace.Str(a.Name)) {
		if slices.Contains(path, name) {
			continue
		}
		parent := getAlarm(tx, name)
		if parent == nil || parent.Composite == nil {
			continue
		}
		rule, err := alarm.ParseRule(parent.Composite.Rule)
		if err != nil {
			return err // it was parsed when it was put
		}
		to := s.compositeState(tx, rule)
		if to == parent.State.Value {
			continue
		}
		reason := alarm.Transition(a.Arn, a.State.Value, a.State.Updated)
		if err := s.changeComposite(ctx, tx, parent, to, reason, []alarm.Trigger{triggerOf(a)}, path); err != nil {
			return err
		}
	}
	return nil
}
