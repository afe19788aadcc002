package lambda

import (
	"sync"
	"time"

	"github.com/runnel/runnel/store"
)

const (
	rampStart = 2
	// rampStep is how long all must have been busy before there is one more: a
	// process costs more to start than a short backlog costs to wait.
	rampStep = 50 * time.Millisecond
)

// ramp is how many invocations may run at once for one consumer of a backlog.
// It starts small and grows while there is more to do than hands to do it. It
// never takes all of the account's concurrency, so that those who wait for an
// answer find room.
type ramp struct {
	clock *store.Clock
	most  int

	mu   sync.Mutex
	now  int
	last time.Time // when it was last found too small, or grew
}

// newRamp is a ramp up to most; 0 is as far as the account allows.
func (s *Service) newRamp(most int) *ramp {
	limit := max(rampStart, s.cfg.Concurrency/2)
	if most == 0 || most > limit {
		most = limit
	}
	return &ramp{clock: s.st.Clock(), most: most, now: min(rampStart, most)}
}

func (r *ramp) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// grow is called when all are busy and more waits. It reports whether there may
// be one more.
func (r *ramp) grow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now >= r.most {
		return false
	}
	now := r.clock.Now()
	switch {
	case r.last.IsZero():
		r.last = now
		return false
	case now.Sub(r.last) < rampStep:
		return false
	}
	r.now++
	r.last = now
	return true
}

// next is when grow will be true, if it ever will; else zero.
func (r *ramp) next() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now >= r.most || r.last.IsZero() {
		return time.Time{}
	}
	return r.last.Add(rampStep)
}

// rest begins anew, after the backlog is gone.
func (r *ramp) rest() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now, r.last = min(rampStart, r.most), time.Time{}
}
