package store

import (
	"bytes"
	"context"
	"sync"
	"time"
)

// TimerFunc is what happens when a timer is due. It runs in the transaction
// that removes the timer; if it fails, the timer is tried again after a
// while, and nothing that it did remains.
type TimerFunc func(ctx context.Context, tx *Tx, id string) error

// timerRetry is how long a timer waits whose function failed.
const timerRetry = 5 * time.Second

// scheduler wakes at the next due row. There is one a store.
type scheduler struct {
	c chan struct{}

	mu    sync.Mutex
	funcs map[string]TimerFunc
}

func (sc *scheduler) init() {
	sc.funcs = make(map[string]TimerFunc)
	sc.c = make(chan struct{}, 1)
}

// fn is what the timer with a key does, nil as long as nobody has said so. A
// damaged key's timer fails.
func (sc *scheduler) fn(key Key) TimerFunc {
	kind, id := timerParts(key)
	if !bytes.Equal(key, timerKey(kind, id)) {
		return func(context.Context, *Tx, string) error { return errKey }
	}
	sc.mu.Lock()
	defer sc.mu.Unlock()
	return sc.funcs[kind]
}

func (sc *scheduler) wake() {
	select {
	case sc.c <- struct{}{}:
	default:
	}
}

// OnTimer says what timers of a kind do. One that is due before that waits for
// it.
func (s *Store) OnTimer(kind string, fn TimerFunc) {
	s.timers.mu.Lock()
	s.timers.funcs[kind] = fn
	s.timers.mu.Unlock()
	s.timers.wake()
}

func dueSpace() Key                 { return K("timer", "due") }
func timerKey(kind, id string) Key  { return K("timer", "id", kind, id) }
func dueKey(t time.Time, k Key) Key { return dueSpace().Time(t).Raw(k) }
func dueParts(k Key) (time.Time, Key) {
	p := k.Parts(dueSpace())
	return p.Time(), Key(p.Raw()).Clone()
}
func timerParts(k Key) (_, _ string) { p := k.Parts(K("timer", "id")); return p.Str(), p.Str() }

// SetTimer has the timer (kind, id) fire at t, instead of when it was set
// before.
func (tx *Tx) SetTimer(kind, id string, t time.Time) {
	tx.ClearTimer(kind, id)
	k := timerKey(kind, id)
	due := dueKey(t, k)
	tx.Set(k, due)
	tx.Set(due, nil)
	tx.timer = true
}

// ClearTimer takes the timer (kind, id) back, if it is set.
func (tx *Tx) ClearTimer(kind, id string) {
	k := timerKey(kind, id)
	if due, ok := tx.Get(k); ok {
		tx.Delete(due)
		tx.Delete(k)
	}
}

// Timer reports when the timer (kind, id) is due, if it is set.
func (tx *Tx) Timer(kind, id string) (time.Time, bool) {
	due, ok := tx.Get(timerKey(kind, id))
	if !ok {
		return time.Time{}, false
	}
	t, _ := dueParts(due)
	return t, true
}

// Run fires timers as they become due, and removes what a crash left behind,
// until ctx ends or the log can no longer be written. It returns why.
func (s *Store) Run(ctx context.Context) error {
	swept := make(chan struct{})
	go func() { defer close(swept); s.SweepBlobs(ctx) }()
	defer func() { <-swept }()
	for {
		next, ok, err := s.fireDue(ctx)
		if err != nil {
			return err
		}
		if err := s.sleepUntil(ctx, next, ok); err != nil {
			return err
		}
	}
}

func (s *Store) sleepUntil(ctx context.Context, t time.Time, set bool) error {
	var due <-chan struct{}
	if set {
		a := s.clock.Alarm(t)
		defer a.Stop()
		due = a.C
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.horizon.failed:
		return s.horizon.failure()
	case <-s.timers.c:
	case <-due:
	}
	return nil
}

// fireDue fires all that is due, and tells when the next one will be.
func (s *Store) fireDue(ctx context.Context) (next time.Time, ok bool, err error) {
	for ctx.Err() == nil {
		var (
			due Key
			fn  TimerFunc
		)
		err := s.View(ctx, func(tx *Tx) error {
			for k := range tx.Scan(Prefix(dueSpace())) {
				t, key := dueParts(k)
				if ok = t.After(s.clock.Now()); ok {
					next = t
					break
				}
				if fn = s.timers.fn(key); fn != nil {
					due = k.Clone()
					break
				}
			}
			return nil
		})
		if err != nil || due == nil {
			return next, ok, err
		}
		if err := s.fire(ctx, due, fn); err != nil {
			return time.Time{}, false, err
		}
	}
	return time.Time{}, false, ctx.Err()
}

// fire runs one timer. A timer that fails is put off, so that it does not
// hold up the others.
func (s *Store) fire(ctx context.Context, due Key, fn TimerFunc) error {
	_, key := dueParts(due)
	kind, id := timerParts(key)
	err := s.Update(ctx, func(tx *Tx) error {
		if !tx.Has(due) {
			return nil // taken back or reset meanwhile
		}
		tx.Delete(due)
		tx.Delete(key)
		return fn(ctx, tx, id)
	})
	if err == nil || ctx.Err() != nil {
		return ctx.Err()
	}
	s.log.Error("timer failed, it is tried again", "kind", kind, "id", id, "err", err)
	return s.Update(ctx, func(tx *Tx) error {
		if tx.Has(due) {
			tx.Delete(due) // SetTimer does too, unless the rows are damaged
			tx.SetTimer(kind, id, tx.Now().Add(timerRetry))
		}
		return nil
	})
}
