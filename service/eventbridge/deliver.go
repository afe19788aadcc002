package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/eventbridge/input"
	"github.com/runnel/runnel/store"
)

// maxBusPath is how many buses an event may be on, one after the other.
const maxBusPath = 4

// publish brings an event to a bus, and to the targets of the rules that match.
func (s *Service) publish(ctx context.Context, tx *store.Tx, bus string, a *arrival) error {
	set, err := s.rules(tx, bus)
	if err != nil {
		return err
	}
	a.path = append(a.path, bus)
	defer func() { a.path = a.path[:len(a.path)-1] }()
	for _, w := range a.plan(set) {
		s.observe(tx, "MatchedEvents", w.rule)
		if err := s.trigger(ctx, tx, w, a); err != nil {
			return err
		}
	}
	return nil
}

// trigger sends an event to the targets of a rule.
func (s *Service) trigger(ctx context.Context, tx *store.Tx, w wanted, a *arrival) error {
	r := w.rule
	s.observe(tx, "TriggeredRules", r)
	for i, t := range r.targets {
		s.observe(tx, "Invocations", r)
		err := s.send(ctx, tx, r, t, a, w.inputs[i])
		code := errorCode(err)
		if err != nil && code == "" {
			return err
		}
		if err != nil {
			s.observe(tx, "FailedInvocations", r)
			if err := s.bury(ctx, tx, r, t, a, code, err); err != nil {
				return err
			}
		}
	}
	return nil
}

// errHops says that an event was on too many buses, or on this one already.
var errHops = errors.New("the event has been on this bus, or on too many")

// errorCode is EventBridge's code for an error of the target's, "" for others:
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html.
func errorCode(err error) string {
	switch {
	case errors.Is(err, event.ErrNotFound):
		return "NO_RESOURCE"
	case errors.Is(err, event.ErrDenied):
		return "NO_PERMISSIONS"
	case errors.Is(err, input.ErrJSON):
		return "INVALID_JSON"
	case errors.Is(err, input.ErrSize):
		return "INVALID_PARAMETER"
	case errors.Is(err, errHops):
		return "RESOURCE_LIMIT_EXCEEDED"
	}
	return ""
}

func (s *Service) send(ctx context.Context, tx *store.Tx, r *rule, t *target, a *arrival, m made) error {
	if m.err != nil {
		return m.err
	}
	if bus, ok := strings.CutPrefix(*t.Arn, s.busARN("")); ok {
		return s.forward(ctx, tx, bus, a)
	}
	e := event.Event{ID: a.id, Trace: a.trace, From: s.sender(r), Time: tx.Now(), Body: m.body}
	if t.SqsParameters != nil {
		e.Group = aws.ToString(t.SqsParameters.MessageGroupId)
	}
	return s.cfg.Router.Accept(ctx, tx, *t.Arn, e)
}

// forward brings an event to another bus, as it is: buses take no input that
// was made of it.
func (s *Service) forward(ctx context.Context, tx *store.Tx, bus string, a *arrival) error {
	if _, err := s.bus(tx, bus); err != nil {
		return fmt.Errorf("event bus %s: %w", bus, event.ErrNotFound)
	}
	if len(a.path) == maxBusPath || slices.Contains(a.path, bus) {
		return errHops
	}
	return s.publish(ctx, tx, bus, a)
}

// sender is EventBridge on behalf of a rule.
func (s *Service) sender(r *rule) event.Sender {
	return event.Sender{Service: "events.amazonaws.com", ARN: r.arn, Account: s.cfg.Account}
}

// bury sends an event that its target did not take to the target's dead-letter
// queue, with the attributes of
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html#eb-rule-dlq.
// Those that tell of retries are not there, since there were none.
func (s *Service) bury(ctx context.Context, tx *store.Tx, r *rule, t *target, a *arrival, code string, cause error) error {
	queue := deadLetterARN(t.DeadLetterConfig)
	if queue == "" {
		tx.OnCommit(func() {
			s.cfg.Logger.WarnContext(ctx, "event dropped", "rule", r.arn, "target", *t.Arn, "event", a.id, "err", cause)
		})
		return nil
	}
	e := event.Event{ID: a.id, Trace: a.trace, From: s.sender(r), Time: tx.Now(), Body: a.json, Attributes: map[string]event.Attribute{
		"RULE_ARN":      {DataType: "String", String: r.arn},
		"TARGET_ARN":    {DataType: "String", String: *t.Arn},
		"ERROR_CODE":    {DataType: "String", String: code},
		"ERROR_MESSAGE": {DataType: "String", String: cause.Error()},
	}}
	err := s.cfg.Router.Accept(ctx, tx, queue, e)
	switch {
	case err == nil:
		s.observe(tx, "InvocationsSentToDlq", r)
	case errorCode(err) != "":
		s.observe(tx, "InvocationsFailedToBeSentToDlq", r)
		tx.OnCommit(func() {
			s.cfg.Logger.WarnContext(ctx, "event dropped", "rule", r.arn, "queue", queue, "event", a.id, "err", err)
		})
	default:
		return err
	}
	return nil
}
