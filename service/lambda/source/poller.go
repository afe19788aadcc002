// Package source feeds a function from a queue, as an event source mapping says:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html.
//
// A [Poller] sleeps until the queue has something, then has workers take batches
// to the function: more of them while there is a backlog and while more do more.
//
// What holds: a message leaves the queue after the function has had it, or after
// a filter has passed it over, and in the transaction in which the next batch is
// received. What the function failed on comes back when its visibility timeout
// ends; the queue counts how often, and has its own dead letters.
//
// A FIFO queue gives out nothing of a message group while a batch has some of
// it, so that workers at once, and batches that fail, keep the order of groups.
package source

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/pattern"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store"
)

// Config is a mapping, and what it works with.
type Config struct {
	Store  *store.Store
	Slots  *pace.Slots
	Ramp   *pace.Ramp // how many batches at once
	Logger *slog.Logger

	Queue    event.Queue
	From     event.ARN // of the queue
	Function Function

	BatchSize int
	Window    time.Duration      // how long a batch may take to fill
	Patterns  []*pattern.Pattern // a message passes by one of them; none: all pass
	// ReportsFailures says that the function answers with the messages that it
	// failed on.
	ReportsFailures bool

	// Result is told how the last batch went, or why there was none.
	Result func(text string)
}

// Function is where messages go.
type Function interface {
	// Name is what its slots go by.
	Name() string
	// Topic is woken in the store when anything about the function changes.
	Topic() string
	// Check returns why the function cannot be invoked, if it is not there.
	Check(ctx context.Context) error
	// Invoke runs the function, for which the caller holds a slot. A function
	// that failed is no error.
	Invoke(ctx context.Context, trace string, payload []byte) (event.Result, error)
}

// Poller feeds a function from a queue.
type Poller struct {
	Config

	wake  chan struct{}  // a worker has gone, or has stopped gathering
	gate  chan struct{}  // full while a worker gathers a batch
	watch *store.Watcher // of the queue
	topic string         // of watch

	mu      sync.Mutex
	workers int
}

// New is a poller that does nothing before Run.
func New(cfg Config) *Poller {
	return &Poller{Config: cfg, wake: make(chan struct{}, 1), gate: make(chan struct{}, 1)}
}

// troubleRest is how long a mapping whose queue is missing waits before it
// looks again; a change of the function or the mapping ends the wait.
const troubleRest = time.Minute

// Run sleeps and has workers work, until ctx ends and the workers are gone:
// batches under way are done with first.
func (p *Poller) Run(ctx context.Context) {
	changed := p.Store.Watch(p.Function.Topic())
	defer changed.Close()
	defer func() {
		if p.watch != nil {
			p.watch.Close()
		}
	}()
	var workers sync.WaitGroup
	defer workers.Wait()
	for ctx.Err() == nil {
		next, err := p.look(ctx)
		if err != nil {
			p.trouble(err)
			next = p.now().Add(troubleRest)
		} else if !next.IsZero() && !next.After(p.now()) {
			next = p.employ(ctx, &workers)
		}
		p.sleep(ctx, next, changed)
	}
}

func (p *Poller) now() time.Time { return p.Store.Clock().Now() }

// look tells when the queue has, or will have, a visible message; zero if it is
// not known to have any.
func (p *Poller) look(ctx context.Context) (time.Time, error) {
	if err := p.Function.Check(ctx); err != nil {
		return time.Time{}, err
	}
	if n, own := p.Slots.Reserved(p.Function.Name()); own && n == 0 {
		return time.Time{}, nil // the function changes when it may run again
	}
	var state event.QueueState
	describe := func(tx *store.Tx) (err error) { state, err = p.Queue.Describe(ctx, tx, p.From); return }
	if err := p.Store.View(ctx, describe); err != nil {
		return time.Time{}, err
	}
	if p.watch == nil {
		// To miss nothing, watch first and look then.
		p.topic = state.Topic
		p.watch = p.Store.Watch(p.topic)
		if err := p.Store.View(ctx, describe); err != nil {
			return time.Time{}, err
		}
	}
	return state.NextVisible, nil
}

// employ adds a worker if there is room for one. It returns when to look again
// if nothing happens before: zero if a worker will tell.
func (p *Poller) employ(ctx context.Context, workers *sync.WaitGroup) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.gate) > 0 {
		return time.Time{} // whoever gathers takes what arrives
	}
	if p.workers >= p.Ramp.Size() && !p.Ramp.Grow() {
		return p.Ramp.Next()
	}
	p.hire(ctx, workers)
	return time.Time{}
}

// hire starts a worker. It needs p.mu.
func (p *Poller) hire(ctx context.Context, workers *sync.WaitGroup) {
	p.workers++
	workers.Go(func() {
		w := &worker{Poller: p, more: func() { p.backlog(ctx, workers) }}
		w.run(ctx)
		p.mu.Lock()
		if !w.left {
			p.workers--
		}
		if p.workers == 0 {
			p.Ramp.Rest()
		}
		p.mu.Unlock()
		p.poke()
	})
}

// backlog is called by a worker that got a full batch: there is more.
func (p *Poller) backlog(ctx context.Context, workers *sync.WaitGroup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workers < p.Ramp.Size() || p.Ramp.Grow() {
		p.hire(ctx, workers)
	}
}

func (p *Poller) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *Poller) sleep(ctx context.Context, next time.Time, changed *store.Watcher) {
	var arrived, due <-chan struct{}
	if p.watch != nil {
		arrived = p.watch.C
	}
	if !next.IsZero() {
		a := p.Store.Clock().Alarm(next)
		defer a.Stop()
		due = a.C
	}
	select {
	case <-ctx.Done():
	case <-arrived:
	case <-p.wake:
	case <-changed.C:
	case <-due:
	}
}

// trouble shows why a mapping does nothing.
func (p *Poller) trouble(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	text := err.Error()
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		text = api.ErrorMessage()
	case errors.Is(err, event.ErrNotFound), errors.Is(err, event.ErrDenied):
		text = "The specified queue does not exist or cannot be read."
	default:
		p.Logger.Error("event source mapping does not work", "err", err)
	}
	p.Result("PROBLEM: " + text)
}
