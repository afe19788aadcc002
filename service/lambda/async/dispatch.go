package async

import (
	"context"
	"sync"
	"time"

	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store"
)

// dispatcher hands the asynchronous invocations of one function to processes,
// as fast as slots allow. There is one while the function has any.
type dispatcher struct {
	q    *Queue
	name string

	wake chan struct{} // something arrived, or ended

	cursor uint64              // the last of the ready that was taken
	taken  map[uint64]struct{} // by seq: what runs, or waits to
	queue  []Place             // taken, in order, and not begun
	ramp   *pace.Ramp

	mu      sync.Mutex
	ended   []uint64 // what ended since the loop last looked
	running int
}

// takeAtOnce is how many places are read from the store at once.
const takeAtOnce = 256

func (d *dispatcher) poke() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// run dispatches until nothing is left, or ctx ends; then it waits for what
// runs.
func (d *dispatcher) run(ctx context.Context) {
	var all sync.WaitGroup
	defer all.Wait()
	for {
		next, err := d.look(ctx)
		if err != nil {
			if ctx.Err() == nil {
				d.q.cfg.Logger.Error("asynchronous invocations wait", "function", d.name, "err", err)
			}
			next = d.q.st.Clock().Now().Add(time.Second)
		}
		d.start(ctx, &all)
		if ctx.Err() != nil {
			return
		}
		if d.idle(next) {
			return
		}
		d.sleep(ctx, next)
	}
}

// idle ends the dispatcher if it has nothing to do and nothing to wait for.
func (d *dispatcher) idle(next time.Time) bool {
	if len(d.taken) > 0 || !next.IsZero() {
		return false
	}
	d.q.mu.Lock()
	defer d.q.mu.Unlock()
	if len(d.wake) > 0 {
		return false // something arrived meanwhile: sleep returns at once
	}
	delete(d.q.dispatch, d.name)
	return true
}

func (d *dispatcher) sleep(ctx context.Context, next time.Time) {
	if grow := d.ramp.Next(); len(d.queue) > 0 && !grow.IsZero() && (next.IsZero() || grow.Before(next)) {
		next = grow
	}
	var due <-chan struct{}
	if !next.IsZero() {
		a := d.q.st.Clock().Alarm(next)
		defer a.Stop()
		due = a.C
	}
	select {
	case <-ctx.Done():
	case <-d.wake:
	case <-due:
	}
}

// look forgets what ended and takes what is due, and tells when more will be.
// It takes no more than a batch ahead of what runs.
func (d *dispatcher) look(ctx context.Context) (next time.Time, err error) {
	d.mu.Lock()
	for _, seq := range d.ended {
		delete(d.taken, seq)
	}
	d.ended = d.ended[:0]
	d.mu.Unlock()
	if len(d.queue) > 0 {
		return time.Time{}, nil
	}
	err = d.q.st.View(ctx, func(tx *store.Tx) (err error) {
		if next, err = d.takeLate(tx); err == nil {
			err = d.takeReady(tx)
		}
		return err
	})
	return next, err
}

func (d *dispatcher) takeReady(tx *store.Tx) error {
	all := space("ready", d.name)
	r := store.Prefix(all)
	if d.cursor > 0 {
		r = r.After(all.Uint(d.cursor))
	}
	for k, v := range tx.Scan(r) {
		if len(d.queue) >= takeAtOnce {
			return nil
		}
		seq := k.Parts(all).Uint()
		if err := d.take(k, v, seq); err != nil {
			return err
		}
		d.cursor = seq
	}
	return nil
}

// takeLate takes what is due of what is tried again, and tells when the next
// will be.
func (d *dispatcher) takeLate(tx *store.Tx) (next time.Time, err error) {
	all := space("late", d.name)
	for k, v := range tx.Scan(store.Prefix(all)) {
		p := k.Parts(all)
		due, seq := p.Time(), p.Uint()
		if _, ok := d.taken[seq]; ok {
			continue
		}
		if due.After(tx.Now()) || len(d.queue) >= takeAtOnce {
			return due, nil
		}
		if err := d.take(k, v, seq); err != nil {
			return time.Time{}, err
		}
	}
	return time.Time{}, nil
}

func (d *dispatcher) take(k store.Key, v []byte, seq uint64) error {
	a, err := decodeAttempts(v)
	if err != nil {
		return err
	}
	d.queue = append(d.queue, Place{name: d.name, key: k.Clone(), seq: seq, Attempts: a})
	d.taken[seq] = struct{}{}
	return nil
}

// start begins what was taken, as far as the ramp allows.
func (d *dispatcher) start(ctx context.Context, all *sync.WaitGroup) {
	for len(d.queue) > 0 && ctx.Err() == nil {
		d.mu.Lock()
		free := d.running < d.ramp.Size() || d.ramp.Grow()
		if free {
			d.running++
		}
		d.mu.Unlock()
		if !free {
			return
		}
		p := d.queue[0]
		d.queue = d.queue[1:]
		all.Go(func() { d.serve(ctx, p) })
	}
}

// serve brings one invocation to an end. While the store cannot say what came
// of it, it is tried again: its row is as it was.
func (d *dispatcher) serve(ctx context.Context, p Place) {
	for {
		err := d.q.cfg.Attempt(ctx, p)
		if err == nil || ctx.Err() != nil {
			break
		}
		d.q.cfg.Logger.Error("asynchronous invocation is tried again", "function", d.name, "err", err)
		d.q.pause(ctx, time.Second)
	}
	d.ramp.Done()
	d.mu.Lock()
	d.running--
	d.ended = append(d.ended, p.seq)
	d.mu.Unlock()
	d.poke()
}
