package sandbox

import (
	"context"
	"errors"
	"time"
)

// A call is one invocation on its way through a process.
type call struct {
	in        *Invocation // a copy: who writes it may be late, and the call with another process
	given     *Invocation // the caller's, which the next call is made of if this one is not taken
	limit     time.Duration
	announced bool // START is in the log

	begun    chan struct{} // closed when the process has the event
	failed   error         // the event could not be written; set before begun
	answered chan struct{} // closed when a has its value
	a        answer
	settled  chan struct{} // closed when the process asks for more

	began, ended, deadline time.Time
}

type answer struct {
	payload []byte
	fault   *fault
}

func newCall(in *Invocation, limit time.Duration) *call {
	own := *in
	return &call{
		in: &own, given: in, limit: limit,
		begun: make(chan struct{}), answered: make(chan struct{}), settled: make(chan struct{}),
	}
}

// errNotTaken says that a process went before it took the event, so that
// another may have it.
var errNotTaken = errors.New("sandbox: the process is gone")

// settleGrace is how long, at least, a process has from its answer to its next
// request before a caller that waits for it goes elsewhere.
const settleGrace = time.Second

// Invoke runs one invocation and returns what came of it, a failure of the
// function included. An error says that there is no outcome: the machine could
// not start the function, ctx ended (the process is killed) or the Executor was
// closed.
//
// The function's timeout runs from the moment that a process has the event.
func (x *Executor) Invoke(ctx context.Context, f *Function, in Invocation) (*Result, error) {
	if in.RequestID == "" {
		return nil, errors.New("sandbox: an invocation needs a request ID")
	}
	for {
		g, err := x.acquire(ctx, f)
		switch {
		case err != nil:
			return nil, err
		case g.entry != nil:
			return x.refuseEntry(f, &in, g.entry), nil
		case g.p == nil:
			return x.invokeAgain(ctx, f, &in)
		}
		r, err := g.p.run(ctx, newCall(&in, f.timeout()))
		if !errors.Is(err, errNotTaken) {
			return r, err
		}
	}
}

// refuseEntry is the outcome for a function that has nothing to start.
func (x *Executor) refuseEntry(f *Function, in *Invocation, entry *entrypointError) *Result {
	log := &processLog{group: f.logGroup(), stream: logStream(x.cfg.Now(), f.version()), now: x.cfg.Now, sink: x.cfg.Logs}
	fault := entry.fault(in.RequestID)
	log.begin(in.Tail)
	log.say(startLine(in.RequestID, f.version()))
	return conclude(log, f, newCall(in, f.timeout()), &Result{}, fault)
}

// invokeAgain starts a process whose initialisation has failed before. This
// time it is part of the invocation, and counts towards its timeout:
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html#runtimes-lifecycle-ib.
func (x *Executor) invokeAgain(ctx context.Context, f *Function, in *Invocation) (*Result, error) {
	limit := f.timeout()
	p, err := x.launch(ctx, f)
	if err != nil {
		if g := launchFailure(err); g.entry != nil {
			return x.refuseEntry(f, in, g.entry), nil
		}
		return nil, err
	}
	x.mu.Lock()
	pl := x.pool(f)
	x.count++
	x.mu.Unlock()
	x.adopt(pl, p)
	c := newCall(in, limit)
	p.announce(c)
	start, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if fault := p.awaitReady(start); fault != nil {
		if err := p.interrupted(ctx); err != nil {
			return nil, err
		}
		p.log.say(initReportLine(time.Since(p.started), "invoke", fault))
		return p.failedStart(c, fault), nil
	}
	c.limit = max(limit-p.init, time.Millisecond)
	r, err := p.run(ctx, c)
	if errors.Is(err, errNotTaken) { // cannot be: it is the process's first
		err = ErrClosed
	}
	return r, err
}

// failedStart is the outcome when the second attempt failed too.
func (p *process) failedStart(c *call, fault *fault) *Result {
	r := &Result{Duration: time.Since(p.started)}
	id := c.in.RequestID
	switch {
	case fault.status == "timeout":
		fault = timeoutFault(id, c.limit, p.x.cfg.Now())
		r.Duration = c.limit
	case fault.reported:
		fault.logLine = p.exitFault(id).logLine
	default:
		fault = p.exitFault(id)
	}
	return conclude(p.log, p.f, c, r, fault)
}

// awaitReady waits until the process asks for its first event. On failure the
// process is dead when it returns.
func (p *process) awaitReady(ctx context.Context) *fault {
	select {
	case <-p.ready:
		p.init = time.Since(p.started)
		return nil
	case <-p.exited:
	case <-ctx.Done():
		p.kill(causeTimeout)
		<-p.exited
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.initFault != nil:
		return p.initFault
	case p.cause() == causeTimeout:
		return &fault{errorType: typeTimeout, status: "timeout"}
	}
	return p.exitFault("")
}

// interrupted says why the end of a process says nothing about the function.
func (p *process) interrupted(ctx context.Context) error {
	if p.cause() == causeRetired {
		return ErrClosed
	}
	return context.Cause(ctx)
}

// run has the process, which the caller has for itself, serve c, and puts it
// back.
func (p *process) run(ctx context.Context, c *call) (*Result, error) {
	first := p.served == 0
	p.served++
	p.x.wakeWatch()
	p.give(c)
	if err := p.awaitTaken(ctx, c, first); err != nil {
		return nil, err
	}
	fault, err := p.awaitAnswer(ctx, c)
	if err != nil {
		return nil, err
	}
	r := &Result{Payload: c.a.payload, Duration: c.ended.Sub(c.began)}
	if first {
		r.InitDuration = p.init
	}
	if p.memory.sample(sampleAge) > 0 {
		r.MaxMemoryMB = p.memory.peakMB()
	}
	r = conclude(p.log, p.f, c, r, fault)
	p.x.release(p)
	return r, nil
}

// awaitTaken waits until the process has the event. A process that was asked
// before may have gone meanwhile; one that goes before its first event has
// failed, and awaitAnswer says so.
func (p *process) awaitTaken(ctx context.Context, c *call, first bool) error {
	select {
	case <-c.begun: // it was parked
	default:
		settle := time.NewTimer(p.settleTime())
		defer settle.Stop()
		select {
		case <-c.begun:
		case <-p.exited:
		case <-settle.C:
			p.kill(causeTimeout)
			<-p.exited
		case <-ctx.Done():
			return p.abandon(ctx, c)
		}
	}
	if p.taken(c) {
		c.in.Payload, c.given.Payload = nil, nil // megabytes, and the process may take its time
		return nil
	}
	if p.cause() == causeRetired && p.x.isClosed() {
		return ErrClosed
	}
	p.kill(causeRetired)
	<-p.exited
	if !first {
		return errNotTaken
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.began.IsZero() {
		p.begin(c)
	}
	return nil
}

// taken reports whether the process has the event. What is being written to one
// that has ended is soon written, or fails.
func (p *process) taken(c *call) bool {
	p.mu.Lock()
	asked := !c.began.IsZero()
	p.mu.Unlock()
	if !asked {
		return false
	}
	<-c.begun
	return c.failed == nil
}

func (p *process) settleTime() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.settling == nil {
		return settleGrace
	}
	return max(settleGrace, time.Until(p.settling.deadline))
}

// abandon takes an unanswered call from the process because its caller gave up.
func (p *process) abandon(ctx context.Context, c *call) error {
	p.mu.Lock()
	idle := p.call == c && c.began.IsZero()
	if p.call == c {
		p.call = nil
	}
	p.mu.Unlock()
	if !idle {
		p.kill(causeCaller)
		<-p.exited
	}
	p.x.release(p)
	return context.Cause(ctx)
}

// awaitAnswer waits for the end of a call that the process has: its answer, its
// timeout or its end. An error is the caller's, or of Close.
func (p *process) awaitAnswer(ctx context.Context, c *call) (*fault, error) {
	timer := time.NewTimer(time.Until(c.deadline))
	defer timer.Stop()
	select {
	case <-c.answered:
	case <-p.exited:
	case <-timer.C:
		if p.takeBack(c) {
			return p.timedOut(c), nil
		}
		<-c.answered
	case <-ctx.Done():
		if p.takeBack(c) {
			return nil, p.abandon(ctx, c)
		}
		<-c.answered
	}
	if p.takeBack(c) { // it ended without an answer
		c.ended = time.Now()
		if p.cause() == causeRetired && p.x.isClosed() {
			return nil, ErrClosed
		}
		return p.exitFault(c.in.RequestID), nil
	}
	<-c.answered
	if c.a.fault != nil { // the process may end over it, which belongs to this log
		select {
		case <-c.settled:
		case <-p.exited:
		case <-time.After(max(settleGrace, time.Until(c.deadline))):
		}
	}
	return c.a.fault, nil
}

func (p *process) timedOut(c *call) *fault {
	p.kill(causeTimeout)
	<-p.exited
	c.ended = c.began.Add(c.limit)
	return timeoutFault(c.in.RequestID, p.f.timeout(), p.x.cfg.Now())
}

// conclude completes the result and writes the end of the invocation's log.
func conclude(log *processLog, f *Function, c *call, r *Result, fault *fault) *Result {
	r.LogStream = log.stream
	r.Billed = billed(r.Duration, r.InitDuration)
	if fault != nil {
		r.Payload, r.FunctionError, r.ErrorType = fault.body(), "Unhandled", fault.errorType
		if fault.errorType == typeOutOfMemory {
			r.MaxMemoryMB = f.memoryMB()
		}
		if fault.logLine != "" {
			log.say(fault.logLine)
		}
	}
	log.say(endLine(c.in.RequestID), reportLine(c.in.RequestID, r, f.memoryMB(), fault))
	if c.in.Tail {
		r.LogTail = log.takeTail()
	}
	return r
}

func (x *Executor) release(p *process) {
	x.mu.Lock()
	defer x.mu.Unlock()
	p.pool.put(p)
}

func (x *Executor) isClosed() bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.closed
}
