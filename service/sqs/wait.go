package sqs

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store"
)

// await receives messages, the first of them within the time that the wish,
// or the queue, allows.
func (s *Service) await(ctx context.Context, name string, w *wish) ([]taken, error) {
	a := attempt{service: s, name: name, wish: w}
	if err := a.try(ctx); err != nil || len(a.got) > 0 || a.wait == 0 {
		return a.got, err
	}
	deadline := s.store.Clock().Alarm(s.store.Clock().Now().Add(a.wait))
	defer deadline.Stop()

	turn, leave := s.lines.join(name)
	defer leave()
	select {
	case turn <- struct{}{}:
	case <-deadline.C:
		return nil, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	a.found = sync.OnceFunc(func() { <-turn })
	defer a.found()
	err := s.wait(ctx, &a, deadline)
	return a.got, err
}

// wait tries whenever there is reason to hope, until the deadline.
func (s *Service) wait(ctx context.Context, a *attempt, deadline *store.Alarm) error {
	arrivals := s.store.Watch("sqs/" + a.name)
	defer arrivals.Close()
	for {
		if err := a.try(ctx); err != nil || len(a.got) > 0 {
			return err
		}
		due, stop := s.alarm(a.next)
		select {
		case <-arrivals.C:
		case <-due:
		case <-deadline.C:
			stop()
			return nil
		case <-ctx.Done():
			stop()
			return ctx.Err()
		}
		stop()
	}
}

// alarm fires at t; never if t is zero.
func (s *Service) alarm(t time.Time) (<-chan struct{}, func()) {
	if t.IsZero() {
		return nil, func() {}
	}
	a := s.store.Clock().Alarm(t)
	return a.C, a.Stop
}

// attempt is a receive that may be tried several times.
type attempt struct {
	service *Service
	name    string
	wish    *wish
	found   func() // called in the transaction that found messages

	got  []taken
	next time.Time     // when a message will be visible
	wait time.Duration // how long to wait for one
}

func (a *attempt) try(ctx context.Context) error {
	err := a.service.store.Update(ctx, func(tx *store.Tx) (err error) {
		q := a.service.load(tx, a.name)
		if q == nil {
			return errNoQueue()
		}
		if a.wait = q.wait; a.wish.wait != nil {
			a.wait = *a.wish.wait
		}
		a.got, a.next, err = a.service.receive(tx, q, a.wish.order)
		if len(a.got) > 0 && a.found != nil {
			a.found()
		}
		return err
	})
	// Only who does not wait is told that too many messages are in flight. Who
	// does looks again when one of them was deleted, or becomes visible.
	if over := (*types.OverLimit)(nil); errors.As(err, &over) && a.wait > 0 {
		return nil
	}
	return err
}

// lines are the receivers that wait, by queue. Of those that wait for a queue
// one at a time, the one whose turn it is, watches it, so that a message wakes
// one and not all; the others stand in line in the order in which they came.
type lines struct {
	mu      sync.Mutex
	byQueue map[string]*line
}

type line struct {
	turn chan struct{} // full while someone watches
	size int           // how many wait, the one included
}

// join returns the line of a queue, and what to call when the wait is over.
func (ls *lines) join(queue string) (turn chan struct{}, leave func()) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if ls.byQueue == nil {
		ls.byQueue = make(map[string]*line)
	}
	l := ls.byQueue[queue]
	if l == nil {
		l = &line{turn: make(chan struct{}, 1)}
		ls.byQueue[queue] = l
	}
	l.size++
	return l.turn, func() {
		ls.mu.Lock()
		defer ls.mu.Unlock()
		if l.size--; l.size == 0 {
			delete(ls.byQueue, queue)
		}
	}
}
