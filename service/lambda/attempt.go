package lambda

import (
	"context"
	"errors"
	"time"

	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/async"
	"github.com/runnel/runnel/service/lambda/metrics"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store"
)

// outcome is how an attempt at an asynchronous invocation ended.
type outcome struct {
	async.Outcome
	inv *invocable
	w   *weighted
}

// attempt runs an asynchronous invocation once and records what came of it. An
// error says that nothing was recorded.
func (s *Service) attempt(ctx context.Context, p async.Place) error {
	in, err := s.async.Invocation(ctx, p)
	if err != nil || in == nil { // the function was deleted
		return err
	}
	r := ref{in.Name, in.Qualifier}
	i, err := s.invocable(ctx, r)
	var api smithy.APIError
	if errors.As(err, &api) { // the version or the alias was deleted
		s.log.Warn("asynchronous invocation is dropped", "function", s.arn(r), "err", err)
		scope := metrics.Of(r.Name, r.Qualifier)
		return s.st.Update(ctx, func(tx *store.Tx) error {
			s.async.Drop(tx, p)
			tx.OnCommit(func() { scope.Dropped(s.cfg.Metrics) })
			return nil
		})
	}
	if err != nil {
		return err
	}
	w := i.pick()
	o := &outcome{inv: i, w: w, Outcome: async.Outcome{
		Invocation: in, Attempts: p.Attempts, Version: w.fn.Version, ARN: s.arn(ref{r.Name, orLatest(r.Qualifier)}),
	}}
	if err := s.tryCall(ctx, o); err != nil {
		return err
	}
	if err := s.lines.flush(ctx); err != nil {
		return err
	}
	return s.st.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return s.record(ctx, tx, p, o) })
}

// tryCall waits for a slot and runs the function, unless it is too late for it.
func (s *Service) tryCall(ctx context.Context, o *outcome) error {
	in := o.Invocation
	if err := s.slots.Wait(ctx, in.Name); errors.Is(err, pace.ErrNone) {
		o.Gone = async.ZeroConcurrency
		o.w.scope.Throttled(s.cfg.Metrics)
		return nil
	} else if err != nil {
		return err
	}
	defer s.slots.Release(in.Name)
	now := s.st.Clock().Now()
	if o.expired(now) {
		o.Gone = async.AgeExceeded
		return nil
	}
	o.w.scope.Aged(s.cfg.Metrics, now.Sub(in.At))
	running, done := s.graceful(ctx)
	defer done()
	res, err := s.run(running, o.w, &call{ref: o.inv.ref, id: in.ID, trace: in.Trace, context: in.Context, payload: in.Payload})
	switch {
	case ctx.Err() != nil && err != nil:
		return err // the runtime stops: it runs again after the next start
	case err != nil:
		s.log.Error("function cannot be run, it is tried again", "function", o.w.fn.ARN, "err", err)
		o.Faults++
	case res.FunctionError != "":
		o.Failures++
	}
	o.Result = res
	return nil
}

// expired reports whether the event is older at t than it may become.
func (o *outcome) expired(t time.Time) bool {
	return t.Sub(o.Invocation.At) > time.Duration(o.inv.age())*time.Second
}

// record writes what came of an attempt: the invocation goes, with its
// destinations told, or gets its next place in line.
func (s *Service) record(ctx context.Context, tx *store.Tx, p async.Place, o *outcome) error {
	if !s.async.Waits(tx, p) {
		return nil // the function was deleted meanwhile
	}
	switch {
	case o.Gone != "":
		return s.conclude(ctx, tx, p, o, o.Gone)
	case o.Result == nil:
	case o.Result.FunctionError == "":
		return s.conclude(ctx, tx, p, o, async.Success)
	case o.Failures > uint64(o.inv.retries()):
		return s.conclude(ctx, tx, p, o, async.RetriesExhausted)
	}
	due := tx.Now().Add(o.Wait(o.Result == nil))
	if o.expired(due) {
		return s.conclude(ctx, tx, p, o, async.AgeExceeded)
	}
	s.async.Later(tx, p, due, o.Attempts)
	return nil
}

// conclude removes the invocation and tells its destination and dead-letter
// queue.
func (s *Service) conclude(ctx context.Context, tx *store.Tx, p async.Place, o *outcome, c async.Condition) error {
	s.async.Drop(tx, p)
	onSuccess, onFailure := destinations(o.inv.async.DestinationConfig)
	to := onSuccess
	if c != async.Success {
		to = onFailure
		tx.OnCommit(func() { o.w.scope.Dropped(s.cfg.Metrics) })
	}
	if to != "" {
		err := s.deliver(ctx, tx, to, o, false, event.Event{Body: o.Encode(tx.Now(), c)})
		if err != nil {
			return err
		}
	}
	if dlq := o.w.deadLetter(); dlq != "" && c != async.Success {
		return s.deliver(ctx, tx, dlq, o, true, event.Event{Body: o.Invocation.Payload, Attributes: o.DeadLetter()})
	}
	return nil
}

// deliver sends to a destination. One that refuses is logged and passed over,
// as AWS does.
func (s *Service) deliver(ctx context.Context, tx *store.Tx, to string, o *outcome, deadLetter bool, e event.Event) error {
	e.ID, e.Trace, e.From, e.Time = event.NewID(), o.Invocation.Trace, s.sender(), tx.Now()
	err := s.cfg.Router.Accept(ctx, tx, to, e)
	var api smithy.APIError
	if isMissing(err) || errors.As(err, &api) {
		s.log.Error("invocation record is not delivered", "function", o.w.fn.ARN, "to", to, "err", err)
		tx.OnCommit(func() { o.w.scope.Undelivered(s.cfg.Metrics, deadLetter) })
		return nil
	}
	return err
}
