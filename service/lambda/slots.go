package lambda

import (
	"context"
	"slices"
	"sync"
)

// slots counts the invocations that run, against what is reserved for their
// functions and what the account has left.
type slots struct {
	mu       sync.Mutex
	limit    int            // of the account
	reserved map[string]int // by function; a function that is not there shares the rest
	running  map[string]int // by function
	shared   int            // running on what is not reserved
	waiting  []*waiter      // in the order in which they came
}

type waiter struct {
	name string
	free chan struct{} // closed when the slot is the waiter's
}

func newSlots(limit int) *slots {
	return &slots{limit: limit, reserved: make(map[string]int), running: make(map[string]int)}
}

// reserve sets a function's reserved concurrency; nil is none.
func (s *slots) reserve(name string, n *int32) {
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

// try takes a slot, or says why there is none: a reason of
// TooManyRequestsException.
func (s *slots) try(name string) (reason string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.take(name)
}

func (s *slots) take(name string) (reason string, ok bool) {
	if n, own := s.reserved[name]; own {
		if s.running[name] >= n {
			return reasonReserved, false
		}
	} else if s.shared >= s.unreserved() {
		return reasonAccount, false
	} else {
		s.shared++
	}
	s.running[name]++
	return "", true
}

func (s *slots) unreserved() int {
	n := s.limit
	for _, r := range s.reserved {
		n -= r
	}
	return n
}

// isZero reports whether a function may not run at all.
func (s *slots) isZero(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, own := s.reserved[name]
	return own && n == 0
}

// wait takes a slot as soon as there is one, or returns ctx's error.
func (s *slots) wait(ctx context.Context, name string) error {
	s.mu.Lock()
	if _, ok := s.take(name); ok {
		s.mu.Unlock()
		return nil
	}
	w := &waiter{name: name, free: make(chan struct{})}
	s.waiting = append(s.waiting, w)
	s.mu.Unlock()
	select {
	case <-w.free:
		return nil
	case <-ctx.Done():
		s.forsake(w)
		return ctx.Err()
	}
}

// forsake takes a waiter out of the line, or gives back what it was just given.
func (s *slots) forsake(w *waiter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-w.free:
		s.give(w.name)
	default:
		s.waiting = slices.DeleteFunc(s.waiting, func(o *waiter) bool { return o == w })
	}
}

// release gives a slot back.
func (s *slots) release(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.give(name)
}

func (s *slots) give(name string) {
	if s.running[name]--; s.running[name] == 0 {
		delete(s.running, name)
	}
	if _, own := s.reserved[name]; !own {
		s.shared--
	}
	s.grant()
}

// grant serves the line: the first who can have a slot gets it.
func (s *slots) grant() {
	s.waiting = slices.DeleteFunc(s.waiting, func(w *waiter) bool {
		_, ok := s.take(w.name)
		if ok {
			close(w.free)
		}
		return ok
	})
}
