// Package async is the queue of asynchronous invocations: the rows in which they
// wait, the dispatchers that hand them to functions, and what is told of how
// they ended. It follows
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html.
//
// An invocation is written in the transaction of whatever caused it, and goes
// in the transaction that records how it ended. A crash runs it again.
package async

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store"
)

// Config is the surroundings of a Queue. All members are required.
type Config struct {
	Store  *store.Store
	Logger *slog.Logger

	// Ramp makes a ramp for the backlog of one function.
	Ramp func() *pace.Ramp

	// Functions are the names of all functions, which may have invocations from
	// before.
	Functions func(tx *store.Tx) []string

	// Attempt runs an invocation once, and has [Queue.Later] or [Queue.Drop]
	// record what came of it. An error says that nothing was recorded: the
	// invocation is tried again.
	Attempt func(ctx context.Context, p Place) error
}

// Queue is the asynchronous invocations of all functions.
type Queue struct {
	st  *store.Store
	cfg Config

	mu       sync.Mutex
	dispatch map[string]*dispatcher // by function name; nil is wanted
	wake     chan struct{}          // a dispatcher is wanted
}

// New is a queue that hands out nothing before Run.
func New(cfg Config) *Queue {
	return &Queue{st: cfg.Store, cfg: cfg, dispatch: make(map[string]*dispatcher), wake: make(chan struct{}, 1)}
}

// Add writes an invocation, which is accepted at the time of tx.
func (q *Queue) Add(tx *store.Tx, in *Invocation) {
	seq := tx.NextID()
	name := in.Name
	tx.Set(bodyKey(name, seq), encodeBody(in, tx.Now()))
	tx.Set(readyKey(name, seq), Attempts{}.encode())
	tx.OnCommit(func() { q.arrived(name) })
}

// Invocation reads what waits in a place, nil if it is gone because its function
// was deleted.
func (q *Queue) Invocation(ctx context.Context, p Place) (*Invocation, error) {
	var body []byte
	err := q.st.View(ctx, func(tx *store.Tx) error { body, _ = tx.Get(bodyKey(p.name, p.seq)); return nil })
	if err != nil || body == nil {
		return nil, err
	}
	return decodeBody(p.name, body)
}

// Waits reports whether the place is still taken: it is not if the function was
// deleted.
func (q *Queue) Waits(tx *store.Tx, p Place) bool { return tx.Has(p.key) }

// Later has the invocation tried again when due.
func (q *Queue) Later(tx *store.Tx, p Place, due time.Time, a Attempts) {
	tx.Delete(p.key)
	tx.Set(lateKey(p.name, due, p.seq), a.encode())
}

// Drop removes an invocation that is done with.
func (q *Queue) Drop(tx *store.Tx, p Place) {
	tx.Delete(p.key)
	tx.Delete(bodyKey(p.name, p.seq))
}

// Of are the prefixes of all rows of a function.
func Of(name string) []store.Key {
	return []store.Key{space("ready", name), space("late", name), space("body", name)}
}

// arrived tells that a function has an invocation.
func (q *Queue) arrived(name string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if d := q.dispatch[name]; d != nil {
		d.poke()
		return
	}
	q.dispatch[name] = nil // wanted
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Run hands out invocations until ctx ends and all attempts have ended; it
// returns ctx's error.
func (q *Queue) Run(ctx context.Context) error {
	var all sync.WaitGroup
	defer all.Wait()
	if err := q.resume(ctx); err != nil {
		return err
	}
	for {
		for _, d := range q.wanted() {
			all.Go(func() { d.run(ctx) })
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-q.wake:
		}
	}
}

// resume finds the functions that have invocations from before.
func (q *Queue) resume(ctx context.Context) error {
	var names []string
	err := q.st.View(ctx, func(tx *store.Tx) error {
		for _, name := range q.cfg.Functions(tx) {
			if hasAny(tx, space("body", name)) {
				names = append(names, name)
			}
		}
		return nil
	})
	for _, name := range names {
		q.arrived(name)
	}
	return err
}

func hasAny(tx *store.Tx, prefix store.Key) bool {
	for range tx.Scan(store.Prefix(prefix)) {
		return true
	}
	return false
}

// wanted makes the dispatchers that do not exist yet.
func (q *Queue) wanted() []*dispatcher {
	q.mu.Lock()
	defer q.mu.Unlock()
	var made []*dispatcher
	for name, d := range q.dispatch {
		if d == nil {
			d = &dispatcher{q: q, name: name, wake: make(chan struct{}, 1), taken: make(map[uint64]struct{}), ramp: q.cfg.Ramp()}
			q.dispatch[name] = d
			made = append(made, d)
		}
	}
	return made
}

// pause waits for a while, or for the end of ctx.
func (q *Queue) pause(ctx context.Context, t time.Duration) {
	a := q.st.Clock().Alarm(q.st.Clock().Now().Add(t))
	defer a.Stop()
	select {
	case <-ctx.Done():
	case <-a.C:
	}
}
