package store

import (
	"sync"
	"time"
)

// Clock tells the time to all of the runtime. It runs with the machine's
// clock, and can be advanced on purpose.
type Clock struct {
	mu     sync.Mutex
	ahead  time.Duration
	alarms map[*Alarm]struct{}
}

// NewClock is a clock that shows the machine's time.
func NewClock() *Clock { return &Clock{alarms: make(map[*Alarm]struct{})} }

// Now is the time, in UTC.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time { return time.Now().Add(c.ahead).UTC() }

// Advance moves the clock on by d; what became due fires.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead += d
	for a := range c.alarms {
		a.timer.Reset(a.at.Sub(c.now()))
	}
}

// Alarm fires once, when its clock reaches a time.
type Alarm struct {
	C     <-chan struct{}
	clock *Clock
	at    time.Time
	timer *time.Timer
}

// Alarm is one that fires at t; at once if that is past.
func (c *Clock) Alarm(t time.Time) *Alarm {
	ch := make(chan struct{}, 1)
	a := &Alarm{C: ch, clock: c, at: t}
	c.mu.Lock()
	defer c.mu.Unlock()
	a.timer = time.AfterFunc(t.Sub(c.now()), func() {
		select {
		case ch <- struct{}{}:
		default:
		}
	})
	c.alarms[a] = struct{}{}
	return a
}

// Stop ends the alarm. It must be called, fired or not.
func (a *Alarm) Stop() {
	a.clock.mu.Lock()
	defer a.clock.mu.Unlock()
	a.timer.Stop()
	delete(a.clock.alarms, a)
}
