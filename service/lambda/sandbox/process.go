package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// cause is why this side ended a process.
type cause int32

const (
	causeNone    cause = iota
	causeRetired       // idle for long, replaced, or the executor closes
	causeTimeout
	causeMemory
	causeCaller // the caller gave up
)

// A process is one running instance of a function.
//
// It starts, asks for its first event (ready), and then goes round: parked in
// "next", busy with a call, settling between its answer and its next "next".
// Callers may give it a call while it settles; it takes it when it gets there.
type process struct {
	x   *Executor
	f   *Function
	cmd *exec.Cmd
	tmp string
	api *runtimeAPI
	log *processLog

	started time.Time
	expires time.Time // of its credentials; zero: never

	// ready is closed by the first "next"; exited when the process is reaped,
	// its group killed and its log read to the end.
	ready  chan struct{}
	exited chan struct{}
	why    atomic.Int32 // cause

	killing sync.Mutex
	reaped  bool

	mu        sync.Mutex
	isReady   bool
	initFault *fault
	parked    *apiConn // waits in "next"
	call      *call    // given to the process, not answered
	settling  *call    // answered, with "next" still to come

	memory memoryUse

	// Of whoever has the process: the caller that it works for.
	served int
	init   time.Duration

	// Under Executor.mu.
	pool *pool
	idle *time.Timer
}

// launch starts a process. An *entrypointError is the function's fault; any
// other error is the machine's.
func (x *Executor) launch(ctx context.Context, f *Function) (*process, error) {
	c, err := x.commandOf(f)
	if err != nil {
		return nil, err
	}
	var cred Credentials
	if f.Credentials != nil {
		if cred, err = f.Credentials(ctx); err != nil {
			return nil, err
		}
	}
	p := &process{x: x, f: f, expires: cred.Expires, ready: make(chan struct{}), exited: make(chan struct{})}
	p.log = &processLog{
		group: f.logGroup(), stream: logStream(x.cfg.Now(), f.version()), now: x.cfg.Now, sink: x.cfg.Logs,
		joined: familyOf(f.Runtime) == familyPython || familyOf(f.Runtime) == familyNode,
	}
	if p.tmp, err = os.MkdirTemp(x.tmpDir(), "tmp"); err != nil {
		return nil, err
	}
	if p.api, err = listen(); err != nil {
		os.RemoveAll(p.tmp)
		return nil, err
	}
	p.api.p = p
	if err := p.start(c, cred); err != nil {
		p.api.close()
		os.RemoveAll(p.tmp)
		return nil, err
	}
	return p, nil
}

func (p *process) start(c *command, cred Credentials) error {
	out, err := openLog(p.log)
	if err != nil {
		return err
	}
	defer out.Close()
	if err := makeBlocking(out); err != nil {
		p.log.r.Close()
		return err
	}
	dir, err := filepath.Abs(p.f.Dir)
	if err != nil {
		return err
	}
	p.cmd = &exec.Cmd{Path: c.argv[0], Args: c.argv, Dir: dir, Stdout: out, Stderr: out, SysProcAttr: processAttr()}
	p.cmd.Env = p.x.environment(p.f, c, p, cred)
	p.started = time.Now()
	if err := p.x.spawn(p.cmd); err != nil {
		p.log.r.Close()
		return entrypointFailure(err)
	}
	p.memory.open(p.cmd.Process.Pid)
	go p.api.serve()
	go p.log.follow()
	return nil
}

// entrypointText says what failed by the path that the program has on Lambda.
func entrypointText(err error) string {
	var at *fs.PathError
	if !errors.As(err, &at) {
		return err.Error()
	}
	return fmt.Sprintf("%s /var/task/%s: %v", at.Op, filepath.Base(at.Path), at.Err)
}

// entrypointFailure is the function's fault when the program is what cannot be
// executed, as Lambda sees it.
func entrypointFailure(err error) error {
	for _, e := range []error{syscall.ENOEXEC, syscall.EACCES, syscall.EPERM, syscall.ENOENT} {
		if errors.Is(err, e) {
			return &entrypointError{entrypointText(err)}
		}
	}
	return err
}

// reap waits for the end of the process and cleans up after it.
func (p *process) reap() {
	awaitEnd(p.cmd, func() {
		p.killing.Lock()
		defer p.killing.Unlock()
		killGroup(p.cmd.Process.Pid)
		p.reaped = true
	})
	p.log.drain()
	p.sayExit()
	p.log.close()
	p.api.close()
	p.memory.close()
	os.RemoveAll(p.tmp)
	close(p.exited)
	p.x.gone(p)
}

// sayExit logs an end that no caller waits for: after an answer, or idle.
func (p *process) sayExit() {
	p.mu.Lock()
	last := p.settling
	p.mu.Unlock()
	if last == nil || p.cause() == causeRetired {
		return
	}
	p.log.say(p.exitFault(last.in.RequestID).logLine)
}

// exitFault must not be called before the process has ended.
func (p *process) exitFault(id string) *fault {
	return exitFault(id, p.cmd.ProcessState, p.cause())
}

func (p *process) cause() cause { return cause(p.why.Load()) }

// kill ends the process and its group; the first cause is kept. A group that
// may be gone is left alone: its number could be another's.
func (p *process) kill(why cause) {
	p.killing.Lock()
	defer p.killing.Unlock()
	if !p.reaped {
		p.why.CompareAndSwap(int32(causeNone), int32(why))
		killGroup(p.cmd.Process.Pid)
	}
}

// busy says whether the process may be using memory for someone.
func (p *process) busy() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.call != nil || p.settling != nil || !p.isReady
}

// next is the process asking for an event on c. The newest request is the one
// that gets it. What the process wrote so far is not part of that event's log.
func (p *process) next(c *apiConn) error {
	p.log.drain()
	p.mu.Lock()
	waiting := p.call
	if p.initFault != nil || waiting != nil && !waiting.began.IsZero() {
		from := "InitError"
		if p.initFault == nil {
			from = "Running"
		}
		p.mu.Unlock()
		return c.refuseTransition(from, "Ready")
	}
	if s := p.settling; s != nil {
		p.settling = nil
		close(s.settled)
	}
	if !p.isReady {
		p.isReady = true
		close(p.ready)
	}
	if waiting == nil {
		old := p.parked
		p.parked = c
		p.mu.Unlock()
		if old != nil && old != c {
			old.c.Close() // its requester asks anew, and is not to get two events
		}
		return nil
	}
	p.begin(waiting)
	p.mu.Unlock()
	return p.deliver(c, waiting)
}

// unpark forgets a connection that is gone.
func (p *process) unpark(c *apiConn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.parked == c {
		p.parked = nil
	}
}

// begin starts the clock of a call. It needs p.mu.
func (p *process) begin(c *call) {
	if !c.announced {
		p.announce(c)
	}
	c.began = time.Now()
	c.deadline = c.began.Add(c.limit)
}

// announce opens the call's part of the log.
func (p *process) announce(c *call) {
	c.announced = true
	p.log.begin(c.in.Tail)
	p.log.say(startLine(c.in.RequestID, p.f.version()))
}

func (p *process) deliver(conn *apiConn, c *call) error {
	c.failed = conn.event(c, p.f.ARN)
	close(c.begun)
	return c.failed
}

// give hands a call to the process, which takes it at once or when it has
// settled.
func (p *process) give(c *call) {
	p.mu.Lock()
	p.call = c
	conn := p.parked
	p.parked = nil
	if conn != nil {
		p.begin(c)
	}
	p.mu.Unlock()
	if conn != nil {
		_ = p.deliver(conn, c) // the call has the error
	}
}

// answer ends the call that the process works on, once all that it wrote so far
// is in the log. It is false when id does not name that call.
func (p *process) answer(id string, a answer) bool {
	p.mu.Lock()
	c := p.call
	if c == nil || c.began.IsZero() || c.in.RequestID != id {
		p.mu.Unlock()
		return false
	}
	p.call, p.settling = nil, c
	p.mu.Unlock()
	p.log.drain()
	c.a, c.ended = a, time.Now()
	close(c.answered)
	return true
}

// takeBack withdraws a call that was not answered. It is false when the answer
// came first.
func (p *process) takeBack(c *call) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.call != c {
		return false
	}
	p.call = nil
	return true
}

// failInit keeps the error that the runtime reported instead of asking for its
// first event.
func (p *process) failInit(f *fault) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.isReady || p.initFault != nil {
		return false
	}
	p.initFault = f
	return true
}
