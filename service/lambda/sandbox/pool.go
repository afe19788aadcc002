package sandbox

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"
)

// A pool is the processes of one function version. Executor.mu guards it.
//
// A caller that finds no idle process waits in line and takes the first that is
// free, a new one or another caller's: while one is starting, a busy one often
// finishes first.
type pool struct {
	x        *Executor
	f        *Function  // the newest revision
	idle     []*process // the one used last is last, so that the others can go
	size     int        // processes, busy ones included
	waiters  []chan grant
	starting int
	queued   bool // in Executor.queue
	retired  bool // by Executor.Retire
}

// A grant is what a caller waited for: a process, or the failed start of one.
type grant struct {
	p     *process
	fault *fault           // the initialisation failed; the second attempt is the caller's
	entry *entrypointError // there is nothing to start
	err   error
}

// maxStarting bounds how many processes of a function start at once; more would
// only make each other late.
func maxStarting() int { return max(4, 2*runtime.GOMAXPROCS(0)) }

// acquire waits for a process of f.
func (x *Executor) acquire(ctx context.Context, f *Function) (grant, error) {
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return grant{}, ErrClosed
	}
	pl := x.pool(f)
	if p := pl.takeIdle(); p != nil {
		x.mu.Unlock()
		return grant{p: p}, nil
	}
	w := make(chan grant, 1)
	pl.waiters = append(pl.waiters, w)
	pl.grow()
	x.mu.Unlock()
	select {
	case g := <-w:
		return g, g.err
	case <-ctx.Done():
	case <-x.closing:
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	pl.waiters = slices.DeleteFunc(pl.waiters, func(other chan grant) bool { return other == w })
	select {
	case g := <-w: // it came too late: the next may have it
		if g.p != nil {
			pl.put(g.p)
		}
	default:
	}
	if x.closed {
		return grant{}, ErrClosed
	}
	return grant{}, ctx.Err()
}

// pool is the pool of f, at its revision.
func (x *Executor) pool(f *Function) *pool {
	pl := x.pools[f.ARN]
	if pl == nil {
		pl = &pool{x: x, f: f}
		x.pools[f.ARN] = pl
	}
	if pl.f.Revision != f.Revision {
		pl.revise()
	}
	pl.f = f
	return pl
}

// revise ends idle processes. Busy ones go when they are put back.
func (pl *pool) revise() {
	for _, p := range pl.idle {
		p.retire()
	}
	pl.idle = nil
}

func (pl *pool) takeIdle() *process {
	for len(pl.idle) > 0 {
		last := len(pl.idle) - 1
		p := pl.idle[last]
		pl.idle[last] = nil
		pl.idle = pl.idle[:last]
		p.idle.Stop()
		if p.current(pl.f) && !p.expiring() {
			return p
		}
		p.retire()
	}
	return nil
}

// current says whether p is of f's revision.
func (p *process) current(f *Function) bool { return p.f.Revision == f.Revision }

// expiring says whether p's credentials may end during an invocation.
func (p *process) expiring() bool {
	return !p.expires.IsZero() && time.Until(p.expires) < p.f.timeout()+time.Minute
}

func (p *process) dead() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

func (p *process) retire() {
	if p.idle != nil {
		p.idle.Stop()
	}
	p.kill(causeRetired)
}

// grow starts processes for callers that wait, as far as the machine may.
func (pl *pool) grow() {
	x := pl.x
	for !x.closed && pl.starting < min(len(pl.waiters), maxStarting()) {
		if x.count >= x.cfg.MaxProcesses {
			if !pl.queued {
				pl.queued = true
				x.queue = append(x.queue, pl)
			}
			x.evict(pl)
			return
		}
		x.count++
		pl.starting++
		x.wait.Add(1)
		go pl.start(pl.f)
	}
}

// evict ends an idle process of another function, to make room for one of pl.
func (x *Executor) evict(pl *pool) {
	for _, other := range x.pools {
		if other != pl && len(other.idle) > 0 {
			p := other.idle[0]
			other.idle = slices.Delete(other.idle, 0, 1)
			p.retire()
			return
		}
	}
}

// start starts one process and hands it to the first caller that waits.
func (pl *pool) start(f *Function) {
	x := pl.x
	defer x.wait.Done()
	ctx, cancel := context.WithTimeout(context.Background(), x.cfg.InitTimeout)
	defer cancel()
	p, err := x.launch(ctx, f)
	if err != nil {
		x.mu.Lock()
		defer x.mu.Unlock()
		x.count--
		pl.starting--
		pl.fail(launchFailure(err))
		x.growQueued()
		return
	}
	x.adopt(pl, p)
	fault := p.awaitReady(ctx)
	if fault != nil && p.cause() != causeRetired {
		p.log.say(initReportLine(time.Since(p.started), "init", fault))
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	pl.starting--
	if fault != nil {
		pl.fail(grant{fault: fault})
		return
	}
	pl.put(p)
}

func launchFailure(err error) grant {
	var entry *entrypointError
	if errors.As(err, &entry) {
		return grant{entry: entry}
	}
	return grant{err: err}
}

// adopt makes a process one of the pool's; gone is its counterpart. The process
// is in the count already.
func (x *Executor) adopt(pl *pool, p *process) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.wait.Add(1)
	p.pool = pl
	x.live[p] = struct{}{}
	pl.size++
	if x.closed {
		p.retire()
	}
	x.wakeWatch()
	go p.reap()
}

// gone forgets a process that has ended, and lets others have its place.
func (x *Executor) gone(p *process) {
	defer x.wait.Done()
	x.mu.Lock()
	defer x.mu.Unlock()
	pl := p.pool
	delete(x.live, p)
	pl.size--
	pl.dropIdle(p)
	if p.idle != nil {
		p.idle.Stop()
	}
	x.count--
	x.growQueued()
	pl.grow()
	if pl.size == 0 && pl.starting == 0 && len(pl.waiters) == 0 && x.pools[pl.f.ARN] == pl {
		delete(x.pools, pl.f.ARN)
	}
}

func (x *Executor) growQueued() {
	queue := x.queue
	x.queue = nil
	for _, pl := range queue {
		pl.queued = false
		pl.grow()
	}
}

// put takes a process back, for the first caller that waits or for later.
func (pl *pool) put(p *process) {
	if p.dead() {
		pl.grow()
		return
	}
	// A new process serves once at least: its credentials are the freshest there
	// are, and it had its turn.
	spent := p.served > 0 && (p.expiring() || pl.x.starves(pl))
	unused := len(pl.waiters) == 0 && (pl.retired || len(pl.x.queue) > 0)
	if pl.x.closed || !p.current(pl.f) || spent || unused {
		p.retire()
		return // gone gives its place to another
	}
	if len(pl.waiters) > 0 {
		pl.hand(grant{p: p})
		return
	}
	pl.idle = append(pl.idle, p)
	if p.idle == nil {
		p.idle = time.AfterFunc(pl.x.cfg.IdleTimeout, func() { pl.expire(p) })
	} else {
		p.idle.Reset(pl.x.cfg.IdleTimeout)
	}
}

// starves says whether a function has no process at all while pl has.
func (x *Executor) starves(pl *pool) bool {
	return slices.ContainsFunc(x.queue, func(other *pool) bool {
		return other != pl && other.size == 0 && other.starting == 0
	})
}

// hand gives g to the caller that has waited longest.
func (pl *pool) hand(g grant) {
	w := pl.waiters[0]
	pl.waiters[0] = nil
	pl.waiters = pl.waiters[1:]
	w <- g
}

// fail tells one caller that a start failed. The others get starts of their own.
func (pl *pool) fail(g grant) {
	if len(pl.waiters) > 0 {
		pl.hand(g)
	}
	pl.grow()
}

// expire ends a process that has been idle for long.
func (pl *pool) expire(p *process) {
	pl.x.mu.Lock()
	defer pl.x.mu.Unlock()
	if pl.dropIdle(p) {
		p.retire()
	}
}

func (pl *pool) dropIdle(p *process) bool {
	i := slices.Index(pl.idle, p)
	if i < 0 {
		return false
	}
	pl.idle = slices.Delete(pl.idle, i, i+1)
	return true
}

func (x *Executor) busyProcesses() []*process {
	x.mu.Lock()
	defer x.mu.Unlock()
	var busy []*process
	for p := range x.live {
		if p.busy() {
			busy = append(busy, p)
		}
	}
	return busy
}
