package lambda

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/filter"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store"
)

// poller feeds a function from a queue, for one mapping as it is configured. It
// sleeps until the queue has something, then has workers (work.go) take it.
type poller struct {
	s        *Service
	m        mappingRow
	uuid     string
	patterns []*filter.Pattern
	source   event.ARN
	queue    event.Queue

	stop  context.CancelFunc
	wake  chan struct{} // a worker has gone, or has stopped gathering
	gate  chan struct{} // full while a worker gathers a batch
	ramp  *pace.Ramp
	watch *store.Watcher // of the queue
	topic string         // of watch

	mu      sync.Mutex
	workers int
	rested  time.Time // until when the queue is left alone
}

const (
	// troubleRest is how long a mapping whose queue is missing waits before it
	// looks again; a change of the function or the mapping ends the wait.
	troubleRest = time.Minute
	// vainRest is how long a queue is left alone that says it has messages and
	// gives none: its limit of messages in flight is reached.
	vainRest = 100 * time.Millisecond
)

// runPollers keeps a poller for each enabled mapping, until ctx ends and all
// batches under way are done with.
func (s *Service) runPollers(ctx context.Context) error {
	changed := s.st.Watch(mappingsTopic)
	defer changed.Close()
	var all sync.WaitGroup
	defer all.Wait()
	for {
		if err := s.followMappings(ctx, &all); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-changed.C:
		}
	}
}

// followMappings makes the pollers what the rows say.
func (s *Service) followMappings(ctx context.Context, all *sync.WaitGroup) error {
	enabled := make(map[string]mappingRow)
	known := make(map[string]bool)
	err := s.st.View(ctx, func(tx *store.Tx) error {
		for k := range tx.Scan(store.Prefix(key("mapping"))) {
			var m mappingRow
			if !tx.GetJSON(k, &m) {
				continue
			}
			known[aws.ToString(m.Config.UUID)] = true
			if m.Enabled {
				enabled[aws.ToString(m.Config.UUID)] = m
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for uuid, p := range s.sourcing {
		if m, ok := enabled[uuid]; !ok || m.Revision != p.m.Revision {
			p.stop()
			delete(s.sourcing, uuid)
		}
	}
	for uuid := range s.results {
		if !known[uuid] {
			delete(s.results, uuid)
		}
	}
	for uuid, m := range enabled {
		if s.sourcing[uuid] == nil {
			s.sourcing[uuid] = s.startPoller(ctx, uuid, m, all)
		}
	}
	return nil
}

func (s *Service) startPoller(ctx context.Context, uuid string, m mappingRow, all *sync.WaitGroup) *poller {
	ctx, stop := context.WithCancel(ctx)
	p := &poller{s: s, m: m, uuid: uuid, stop: stop, wake: make(chan struct{}, 1), gate: make(chan struct{}, 1),
		ramp: s.newRamp(m.concurrency())}
	all.Go(func() {
		defer stop()
		p.run(ctx)
	})
	return p
}

// run sleeps and has workers work, until ctx ends and the workers are gone.
func (p *poller) run(ctx context.Context) {
	var err error
	if p.patterns, err = compileFilters(p.m.Config.FilterCriteria); err == nil {
		p.source, p.queue, err = p.s.cfg.Router.Queue(aws.ToString(p.m.Config.EventSourceArn))
	}
	if err != nil {
		p.trouble(err)
		return
	}
	changed := p.s.st.Watch(functionTopic(p.m.Function.Name))
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

func (p *poller) now() time.Time { return p.s.st.Clock().Now() }

// look tells when the queue has, or will have, a visible message; zero if it is
// not known to have any.
func (p *poller) look(ctx context.Context) (time.Time, error) {
	if _, err := p.s.invocable(ctx, p.m.Function); err != nil {
		return time.Time{}, err
	}
	if n, own := p.s.slots.Reserved(p.m.Function.Name); own && n == 0 {
		return time.Time{}, nil // the function changes when it may run again
	}
	var state event.QueueState
	describe := func(tx *store.Tx) (err error) { state, err = p.queue.Describe(ctx, tx, p.source); return }
	if err := p.s.st.View(ctx, describe); err != nil {
		return time.Time{}, err
	}
	if p.watch == nil {
		// To miss nothing, watch first and look then.
		p.topic = state.Topic
		p.watch = p.s.st.Watch(p.topic)
		if err := p.s.st.View(ctx, describe); err != nil {
			return time.Time{}, err
		}
	}
	return state.NextVisible, nil
}

// employ adds a worker if there is room for one. It returns when to look again
// if nothing happens before: zero if a worker will tell.
func (p *poller) employ(ctx context.Context, workers *sync.WaitGroup) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.now().Before(p.rested) {
		return p.rested
	}
	if len(p.gate) > 0 {
		return time.Time{} // whoever gathers takes what arrives
	}
	if p.workers >= p.ramp.Size() && !p.ramp.Grow() {
		return p.ramp.Next()
	}
	p.hire(ctx, workers)
	return time.Time{}
}

// hire starts a worker. It needs p.mu.
func (p *poller) hire(ctx context.Context, workers *sync.WaitGroup) {
	p.workers++
	workers.Go(func() {
		w := &worker{poller: p, more: func() { p.backlog(ctx, workers) }}
		vain := w.run(ctx)
		p.mu.Lock()
		if !w.left {
			p.workers--
		}
		if p.workers == 0 {
			p.ramp.Rest()
		}
		if vain && p.workers == 0 {
			p.rested = p.now().Add(vainRest)
		}
		p.mu.Unlock()
		p.poke()
	})
}

// backlog is called by a worker that got a full batch: there is more.
func (p *poller) backlog(ctx context.Context, workers *sync.WaitGroup) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.workers < p.ramp.Size() || p.ramp.Grow() {
		p.hire(ctx, workers)
	}
}

func (p *poller) poke() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

func (p *poller) sleep(ctx context.Context, next time.Time, changed *store.Watcher) {
	var arrived, due <-chan struct{}
	if p.watch != nil {
		arrived = p.watch.C
	}
	if !next.IsZero() {
		a := p.s.st.Clock().Alarm(next)
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
func (p *poller) trouble(err error) {
	if errors.Is(err, context.Canceled) {
		return
	}
	text := err.Error()
	var api smithy.APIError
	switch {
	case errors.As(err, &api):
		text = api.ErrorMessage()
	case isMissing(err):
		text = "The specified queue does not exist or cannot be read."
	default:
		p.s.log.Error("event source mapping does not work", "uuid", p.uuid, "err", err)
	}
	p.s.setResult(p.uuid, "PROBLEM: "+text)
}
