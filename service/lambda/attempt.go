package lambda

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/service/lambda/sandbox"
	"github.com/runnel/runnel/store"
)

// outcome is how an attempt at an asynchronous invocation ended.
type outcome struct {
	call *call
	at   time.Time // when the event was accepted
	attempts
	inv    *invocable
	w      *weighted
	result *sandbox.Result // nil if no process took it
	gone   condition       // set if the event was given up before it could run
}

// attempt runs an asynchronous invocation once and records what came of it. An
// error says that nothing was recorded.
func (s *Service) attempt(ctx context.Context, name string, p place) error {
	o := &outcome{attempts: p.attempts}
	var body []byte
	err := s.st.View(ctx, func(tx *store.Tx) error { body, _ = tx.Get(bodyKey(name, p.seq)); return nil })
	if err != nil || body == nil { // the function was deleted
		return err
	}
	if o.call, o.at, err = decodeBody(name, body); err != nil {
		return err
	}
	o.inv, err = s.invocable(ctx, o.call.ref)
	var api smithy.APIError
	if errors.As(err, &api) { // the version or the alias was deleted
		s.log.Warn("asynchronous invocation is dropped", "function", s.arn(o.call.ref), "err", err)
		return s.st.Update(ctx, func(tx *store.Tx) error { drop(tx, name, p); return nil })
	}
	if err != nil {
		return err
	}
	o.w = o.inv.pick()
	if err := s.tryCall(ctx, o); err != nil {
		return err
	}
	if err := s.lines.flush(ctx); err != nil {
		return err
	}
	return s.st.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return s.record(ctx, tx, name, p, o) })
}

// tryCall waits for a slot and runs the function, unless it is too late for it.
func (s *Service) tryCall(ctx context.Context, o *outcome) error {
	name := o.call.ref.Name
	if err := s.slots.Wait(ctx, name); errors.Is(err, pace.ErrNone) {
		o.gone = zeroConcurrency
		return nil
	} else if err != nil {
		return err
	}
	defer s.slots.Release(name)
	if o.expired(s.st.Clock().Now()) {
		o.gone = ageExceeded
		return nil
	}
	running, done := s.graceful(ctx)
	defer done()
	res, err := s.run(running, o.w, o.call)
	switch {
	case ctx.Err() != nil && err != nil:
		return err // the runtime stops: it runs again after the next start
	case err != nil:
		s.log.Error("function cannot be run, it is tried again", "function", o.w.fn.ARN, "err", err)
		o.faults++
	case res.FunctionError != "":
		o.failures++
	}
	o.result = res
	return nil
}

// expired reports whether the event is older at t than it may become.
func (o *outcome) expired(t time.Time) bool {
	return t.Sub(o.at) > time.Duration(o.inv.age())*time.Second
}

// record writes what came of an attempt: the invocation goes, with its
// destinations told, or gets its next place in line.
func (s *Service) record(ctx context.Context, tx *store.Tx, name string, p place, o *outcome) error {
	if !tx.Has(p.key) {
		return nil // the function was deleted meanwhile
	}
	var wait time.Duration
	switch {
	case o.gone != "":
		return s.conclude(ctx, tx, name, p, o, o.gone)
	case o.result == nil:
		wait = faultBackoff(o.faults)
	case o.result.FunctionError == "":
		return s.conclude(ctx, tx, name, p, o, success)
	case o.failures > uint64(o.inv.retries()):
		return s.conclude(ctx, tx, name, p, o, retriesExhausted)
	default:
		wait = retryAfter(o.failures)
	}
	due := tx.Now().Add(wait)
	if o.expired(due) {
		return s.conclude(ctx, tx, name, p, o, ageExceeded)
	}
	tx.Delete(p.key)
	tx.Set(lateKey(name, due, p.seq), o.attempts.encode())
	return nil
}

func drop(tx *store.Tx, name string, p place) {
	tx.Delete(p.key)
	tx.Delete(bodyKey(name, p.seq))
}

// conclude removes the invocation and tells its destination and dead-letter
// queue.
func (s *Service) conclude(ctx context.Context, tx *store.Tx, name string, p place, o *outcome, c condition) error {
	drop(tx, name, p)
	onSuccess, onFailure := destinations(o.inv.async.DestinationConfig)
	to := onFailure
	if c == success {
		to = onSuccess
	}
	if to != "" {
		err := s.deliver(ctx, tx, to, o, event.Event{Body: o.destinationRecord(s, tx.Now(), c)})
		if err != nil {
			return err
		}
	}
	if dlq := o.w.deadLetter(); dlq != "" && c != success {
		return s.deliver(ctx, tx, dlq, o, event.Event{Body: o.call.payload, Attributes: o.deadLetterAttributes()})
	}
	return nil
}

// deliver sends to a destination. One that refuses is logged and passed over,
// as AWS counts it in a metric (DestinationDeliveryFailures, DeadLetterErrors).
func (s *Service) deliver(ctx context.Context, tx *store.Tx, to string, o *outcome, e event.Event) error {
	e.ID, e.Trace, e.From, e.Time = event.NewID(), o.call.trace, s.sender(), tx.Now()
	err := s.cfg.Router.Accept(ctx, tx, to, e)
	var api smithy.APIError
	if isMissing(err) || errors.As(err, &api) {
		s.log.Error("invocation record is not delivered", "function", aws.ToString(o.w.row.Config.FunctionArn), "to", to, "err", err)
		return nil
	}
	return err
}
