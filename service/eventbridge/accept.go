package eventbridge

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/store"
)

// Check implements [event.Target] for event buses. The account's own services
// may send to all of them; others as the bus's policy says.
func (s *Service) Check(_ context.Context, tx *store.Tx, to event.ARN, from event.Sender) error {
	name, ok := strings.CutPrefix(to.Resource, "event-bus/")
	if !ok || to.AccountID != s.cfg.Account || to.Region != s.cfg.Region {
		return fmt.Errorf("event bus %s: %w", to, event.ErrNotFound)
	}
	b, err := s.bus(tx, name)
	if err != nil {
		return fmt.Errorf("event bus %s: %w", to, event.ErrNotFound)
	}
	if from.Account == "" || from.Account == s.cfg.Account {
		return nil
	}
	var doc *policy.Document
	if b.Policy != "" {
		if doc, err = policy.Parse(b.Policy); err != nil {
			return err
		}
	}
	keys := map[string]string{"aws:SourceArn": from.ARN, "aws:SourceAccount": from.Account}
	if !policy.Allows(doc, from.Service, "events:PutEvents", s.busARN(name), keys) {
		return fmt.Errorf("%s may not send to %s: %w", from.Service, to, event.ErrDenied)
	}
	return nil
}

// Accept implements [event.Target]. The event's Body is the whole event as
// rules are to see it, as JSON: the sender gives source, detail-type, resources
// and detail, and what it leaves out of version, id, account, time and region
// is filled in from the event and the runtime. The record of a function's
// destination, which is no such event, becomes the detail of one. What is no
// event, or is larger than one may be, is denied.
func (s *Service) Accept(ctx context.Context, tx *store.Tx, to event.ARN, e event.Event) error {
	if err := s.Check(ctx, tx, to, e.From); err != nil {
		return err
	}
	bus := strings.TrimPrefix(to.Resource, "event-bus/")
	if set, err := s.rules(tx, bus); err != nil || len(set.rules) == 0 {
		return err // nobody listens, as is usual: the sender waits for nothing
	}
	a, err := s.received(to, e, tx.Now())
	if err != nil {
		return fmt.Errorf("event for %s: %w: %w", to, event.ErrDenied, err)
	}
	return s.publish(ctx, tx, bus, a)
}

// received is another service's event on a bus.
func (s *Service) received(to event.ARN, e event.Event, now time.Time) (*arrival, error) {
	if len(e.Body) > maxSize {
		return nil, fmt.Errorf("it has %d bytes, and may have %d", len(e.Body), maxSize)
	}
	var env envelope
	if err := json.Unmarshal(e.Body, &env, lenient); err != nil {
		return nil, err
	}
	if env.DetailType == "" && e.From.Service == "lambda.amazonaws.com" {
		var err error
		if env, err = invocationResult(to, e.Body); err != nil {
			return nil, err
		}
	}
	if env.Source == "" || env.DetailType == "" || env.Detail.Kind() != '{' {
		return nil, errors.New("it lacks source, detail-type or detail")
	}
	if env.ID == "" {
		env.ID = e.ID
	}
	if env.Time == "" && !e.Time.IsZero() {
		env.Time = e.Time.UTC().Format(event.EnvelopeTime)
	}
	return s.arrive(env, e.Trace, now)
}

// invocationResult is a function's record as an event:
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html.
func invocationResult(to event.ARN, record []byte) (envelope, error) {
	var r struct {
		RequestContext struct {
			FunctionARN string `json:"functionArn"`
			Condition   string `json:"condition"`
		} `json:"requestContext"`
	}
	if err := json.Unmarshal(record, &r, lenient); err != nil {
		return envelope{}, err
	}
	result := "Failure"
	if r.RequestContext.Condition == "Success" {
		result = "Success"
	}
	return envelope{
		Source: "lambda", DetailType: "Lambda Function Invocation Result - " + result,
		Resources: []string{to.String(), r.RequestContext.FunctionARN}, Detail: jsontext.Value(record),
	}, nil
}
