package lambda

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/source"
	"github.com/runnel/runnel/store"
)

// feed is an event source mapping at work.
type feed struct {
	revision string // of the mapping
	stop     context.CancelFunc
}

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
	for uuid, f := range s.sourcing {
		if m, ok := enabled[uuid]; !ok || m.Revision != f.revision {
			f.stop()
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
			ctx, stop := context.WithCancel(ctx)
			s.sourcing[uuid] = &feed{revision: m.Revision, stop: stop}
			all.Go(func() {
				defer stop()
				s.runPoller(ctx, uuid, &m)
			})
		}
	}
	return nil
}

// runPoller feeds a function as a mapping says, until ctx ends.
func (s *Service) runPoller(ctx context.Context, uuid string, m *mappingRow) {
	patterns, err := compileFilters(m.Config.FilterCriteria)
	if err != nil {
		s.setResult(uuid, "PROBLEM: "+err.Error())
		return
	}
	from, queue, err := s.cfg.Router.Queue(aws.ToString(m.Config.EventSourceArn))
	if err != nil {
		s.setResult(uuid, "PROBLEM: "+err.Error())
		return
	}
	source.New(source.Config{
		Store: s.st, Slots: s.slots, Ramp: s.newRamp(m.concurrency()), Logger: s.log.With("uuid", uuid),
		Queue: queue, From: from, Function: fed{s, m.Function},
		BatchSize: m.batchSize(), Window: m.window(), Patterns: patterns, ReportsFailures: m.reportsFailures(),
		Result: func(text string) { s.setResult(uuid, text) },
	}).Run(ctx)
}

// fed is a function as those see it who feed it.
type fed struct {
	s   *Service
	ref ref
}

func (f fed) Name() string  { return f.ref.Name }
func (f fed) Topic() string { return functionTopic(f.ref.Name) }

func (f fed) Check(ctx context.Context) error {
	_, err := f.s.invocable(ctx, f.ref)
	return err
}

// Invoke goes on for the grace after ctx has ended. What the function printed is
// in its log when it returns.
func (f fed) Invoke(ctx context.Context, trace string, payload []byte) (event.Result, error) {
	i, err := f.s.invocable(ctx, f.ref)
	if err != nil {
		return event.Result{}, err
	}
	c := &call{ref: f.ref, id: event.NewID(), trace: trace, payload: payload}
	if c.trace == "" {
		c.trace = event.NewTrace(f.s.st.Clock().Now())
	}
	running, done := f.s.graceful(ctx)
	defer done()
	res, err := f.s.run(running, i.pick(), c)
	if err == nil {
		err = f.s.lines.flush(ctx)
	}
	if err != nil {
		return event.Result{}, err
	}
	return event.Result{Payload: res.Payload, Failed: res.FunctionError != ""}, nil
}
