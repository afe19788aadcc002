// Package pace says how many invocations run at once: [Slots] by what the account
// and each function may have, [Ramp] by what is of use to a backlog.
package pace

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Slots counts the invocations that run, against what is reserved for their
// functions and what the account has left.
type Slots struct {
	mu       sync.Mutex
	limit    int            // of the account
	reserved map[string]int // by function; a function that is not there shares the rest
	running  map[string]int // by function
	shared   int            // running on what is not reserved
	total    int            // running in all
	waiting  []*waiter      // in the order in which they came
}

// Reasons of TooManyRequestsException, as the API has them.
const (
	ReasonAccount  = "ConcurrentInvocationLimitExceeded"
	ReasonReserved = "ReservedFunctionConcurrentInvocationLimitExceeded"
)

// ErrNone says that there is no slot to wait for: the function's reserved
// concurrency is 0.
var ErrNone = errors.New("pace: the reserved concurrency is 0")

type waiter struct {
	name string
	err  error         // set before done
	done chan struct{} // closed when the slot is the waiter's, or err says why it will not be
}

// NewSlots is slots for an account with a limit of concurrent executions.
func NewSlots(limit int) *Slots {
	return &Slots{limit: limit, reserved: make(map[string]int), running: make(map[string]int)}
}

// Reserve sets a function's reserved concurrency; nil is none.
func (s *Slots) Reserve(name string, n *int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, had := s.reserved[name]; !had {
		s.shared -= s.running[name] // what runs is counted anew
	}
	delete(s.reserved, name)
	if n != nil {
		s.reserved[name] = int(*n)
	} else {
		s.shared += s.running[name]
	}
	s.grant()
}

// Try takes a slot, or says why there is none.
func (s *Slots) Try(name string) (reason string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(name)
}

func (s *Slots) take(name string) (reason string, ok bool) {
	if n, own := s.reserved[name]; own {
		if s.running[name] >= n {
			return ReasonReserved, false
		}
	} else if s.shared >= s.unreserved() {
		return ReasonAccount, false
	} else {
		s.shared++
	}
	s.running[name]++
	s.total++
	return "", true
}

func (s *Slots) unreserved() int {
	n := s.limit
	for _, r := range s.reserved {
		n -= r
	}
	return n
}

// Reserved is how many are reserved for a function, if it has any of its own.
func (s *Slots) Reserved(name string) (n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, ok = s.reserved[name]
	return n, ok
}

// Usage is how many invocations run: of a function, in all, and on what is not
// reserved.
func (s *Slots) Usage(name string) (function, all, unreserved int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.running[name], s.total, s.shared
}

// Wait takes a slot as soon as there is one, or returns ctx's error, or ErrNone
// as soon as there will be none.
func (s *Slots) Wait(ctx context.Context, name string) error {
	w := &waiter{name: name, done: make(chan struct{})}
	s.mu.Lock()
	if !s.serve(w) {
		s.waiting = append(s.waiting, w)
	}
	s.mu.Unlock()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		s.forsake(w)
		return ctx.Err()
	}
}

// forsake takes a waiter out of the line, or gives back what it was just given.
func (s *Slots) forsake(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.done:
		if w.err == nil {
			s.give(w.name)
		}
	default:
		s.waiting = slices.DeleteFunc(s.waiting, func(o *waiter) bool { return o == w })
	}
}

// Release gives a slot back.
func (s *Slots) Release(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.give(name)
}

func (s *Slots) give(name string) {
	s.total--
	if s.running[name]--; s.running[name] == 0 {
		delete(s.running, name)
	}
	if _, own := s.reserved[name]; !own {
		s.shared--
	}
	s.grant()
}

// grant serves the line: the first who can have a slot gets it.
func (s *Slots) grant() { s.waiting = slices.DeleteFunc(s.waiting, s.serve) }

// serve ends a wait, if it can be ended now.
func (s *Slots) serve(w *waiter) bool {
	if n, own := s.reserved[w.name]; own && n == 0 {
		w.err = ErrNone
	} else if _, ok := s.take(w.name); !ok {
		return false
	}
	close(w.done)
	return true
}
