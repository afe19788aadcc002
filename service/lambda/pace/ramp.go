package pace

import (
	"sync"
	"time"

	"github.com/runnel/runnel/store"
)

const (
	start = 2 // how many a backlog begins with
	// step is how long all must have been busy before there are more, and
	// how long more are tried for: a process costs more to start than a short
	// backlog costs to wait.
	step = 200 * time.Millisecond
	// worth is how much of the growth in hands must come back as growth of the
	// rate, for more to have been worth it.
	worth = 0.4
	// shortHold and longHold are the least and the most time after more were
	// not worth it, until more are tried again.
	shortHold = 500 * time.Millisecond
	longHold  = 30 * time.Second
)

// Ramp is how many invocations may run at once for one consumer of a backlog.
// It starts small, and grows by half while there is more to do than hands to do
// it and while more hands do more: a function that waits gets many processes,
// one that computes gets no more than the machine has use for.
type Ramp struct {
	clock *store.Clock
	most  int

	mu    sync.Mutex
	now   int
	prior int           // what it was before it last grew
	rate  float64       // invocations a second, before it last grew
	ended int           // invocations since
	since time.Time     // when it last grew, or was first found too small
	hold  time.Duration // how long it does not grow after that
	last  time.Duration // the last hold, if no growth was worth it since
}

// NewRamp is a ramp up to most.
func NewRamp(clock *store.Clock, most int) *Ramp {
	r := &Ramp{clock: clock, most: most}
	r.Rest()
	return r
}

// Size is how many may run now.
func (r *Ramp) Size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.now
}

// Done counts an invocation that has ended.
func (r *Ramp) Done() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended++
}

// Grow is called when all are busy and more waits. It reports whether there may
// be more.
func (r *Ramp) Grow() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.clock.Now()
	if r.since.IsZero() {
		r.begin(now, 0)
		return false
	}
	if now.Before(r.since.Add(step + r.hold)) {
		return false
	}
	rate := float64(r.ended) / now.Sub(r.since).Seconds()
	if r.hold == 0 && r.ended > 0 && rate < r.rate*r.gain() {
		r.now = r.prior // the last growth was not worth it
		r.last = min(longHold, max(shortHold, 2*r.last))
		r.begin(now, r.last)
		return false
	}
	if r.hold == 0 {
		r.last = 0
	}
	r.prior, r.now = r.now, min(r.most, r.now+max(1, r.now/2))
	r.rate = rate
	r.begin(now, 0)
	return r.now > r.prior
}

// gain is by how much the rate must have risen since it last grew. It needs
// r.mu.
func (r *Ramp) gain() float64 { return 1 + worth*(float64(r.now)/float64(r.prior)-1) }

// begin starts to count anew. It needs r.mu.
func (r *Ramp) begin(now time.Time, hold time.Duration) {
	r.since, r.ended, r.hold = now, 0, hold
}

// Next is when Grow may be true, if it ever may; else zero.
func (r *Ramp) Next() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now >= r.most || r.since.IsZero() {
		return time.Time{}
	}
	return r.since.Add(step + r.hold)
}

// Rest begins anew, after the backlog is gone.
func (r *Ramp) Rest() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now, r.rate, r.last = min(start, r.most), 0, 0
	r.prior = r.now
	r.begin(time.Time{}, 0)
}
