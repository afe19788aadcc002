package lambda

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

// Check reports whether the function exists and from may invoke it.
func (s *Service) Check(_ context.Context, tx *store.Tx, to event.ARN, from event.Sender) error {
	r, ok := refOf(to)
	if !ok {
		return fmt.Errorf("%s: %w", to, event.ErrNotFound)
	}
	n, ok := s.number(tx, r)
	if !ok || !tx.Has(versionKey(r.Name, n)) {
		return fmt.Errorf("function %s: %w", to, event.ErrNotFound)
	}
	if from.Service == "" {
		return nil
	}
	p, err := readPolicy(tx, r)
	if err == nil && !s.permits(p, r, from) {
		err = fmt.Errorf("function %s: %w", to, event.ErrDenied)
	}
	return err
}

// Accept adds an asynchronous invocation, in the transaction of what caused it.
// An event that is longer than an invocation may be is not permitted: nothing
// but that event fails.
func (s *Service) Accept(ctx context.Context, tx *store.Tx, to event.ARN, e event.Event) error {
	if err := s.Check(ctx, tx, to, e.From); err != nil {
		return err
	}
	r, _ := refOf(to)
	c := &call{ref: r, id: event.NewID(), trace: e.Trace, payload: e.Body}
	if c.trace == "" {
		c.trace = event.NewTrace(tx.Now())
	}
	err := s.enqueue(tx, c)
	var api smithy.APIError
	if errors.As(err, &api) {
		return fmt.Errorf("function %s: %w: %w", to, err, event.ErrDenied)
	}
	return err
}

// InvokeFunction implements [event.Functions].
func (s *Service) InvokeFunction(ctx context.Context, to event.ARN, in event.Invocation) (event.Result, error) {
	r, ok := refOf(to)
	if !ok {
		return event.Result{}, fmt.Errorf("%s: %w", to, event.ErrNotFound)
	}
	i, err := s.invocable(ctx, r)
	if err != nil {
		return event.Result{}, eventError(to, err)
	}
	if !s.permits(i.policy, r, in.From) {
		return event.Result{}, fmt.Errorf("function %s: %w", to, event.ErrDenied)
	}
	if n := len(in.Payload); n > maxSyncPayload {
		return event.Result{}, fmt.Errorf("function %s: %d bytes (limit %d bytes): %w", to, n, maxSyncPayload, event.ErrTooLarge)
	}
	c := &call{ref: r, id: event.NewID(), trace: in.Trace, payload: in.Payload}
	if c.trace == "" {
		c.trace = event.NewTrace(s.st.Clock().Now())
	}
	out, err := s.invokeNow(ctx, i, c)
	if err != nil {
		return event.Result{}, eventError(to, err)
	}
	return event.Result{Payload: out.Payload, Failed: out.FunctionError != nil}, nil
}

// eventError translates Lambda's errors into those that services share.
func eventError(to event.ARN, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	switch api.ErrorCode() {
	case "ResourceNotFoundException":
		return fmt.Errorf("%w: %w", event.ErrNotFound, err)
	case "TooManyRequestsException":
		return fmt.Errorf("function %s: %w", to, event.ErrBusy)
	}
	return err
}
