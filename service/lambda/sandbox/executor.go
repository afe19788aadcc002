package sandbox

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"time"
)

// Config is what an Executor needs to know of its surroundings.
type Config struct {
	// Dir is a folder of this Executor alone: the processes' temporary folders
	// and the embedded runtimes. It is made when it is not there.
	Dir string
	// Endpoint is the URL that functions find in AWS_ENDPOINT_URL.
	Endpoint string
	Region   string

	// Self runs a bootstrap file that holds nothing but the line "#!runnel".
	Self []string
	// Python and Node are the interpreters, "python3" and "node" when empty.
	Python, Node string

	// IdleTimeout is how long a process waits for work, 5 minutes when zero.
	IdleTimeout time.Duration
	// InitTimeout is how long a process may take to ask for its first event,
	// 10 s when zero, as on AWS.
	InitTimeout time.Duration
	// MaxProcesses bounds all processes together, 200 when zero. Invocations
	// beyond it wait; functions that invoke each other synchronously, deeper
	// than this, wait for themselves until they time out.
	MaxProcesses int

	// Logs receives log lines, in order for each stream. It is called by many
	// goroutines and must not call the Executor. A function that writes waits
	// for it.
	Logs func([]LogEvent)
	// Now stamps log lines, time.Now when nil. Deadlines are of the machine's
	// clock, which functions read too.
	Now func() time.Time
}

// An Executor runs invocations in processes. Its methods may be called by many
// goroutines.
type Executor struct {
	cfg          Config
	python, node interpreter

	spawning chan spawnRequest
	awake    chan struct{} // wakes watchMemory
	closing  chan struct{}
	wait     sync.WaitGroup // goroutines, starts and processes

	mu     sync.Mutex
	closed bool
	pools  map[string]*pool // by ARN
	live   map[*process]struct{}
	count  int     // of live and of those about to be
	queue  []*pool // pools that were refused a process, oldest first
}

// ErrClosed is returned for invocations that Close cut short.
var ErrClosed = errors.New("sandbox: the executor is closed")

// New makes an Executor, which owns processes until it is closed. What a
// predecessor that was killed left in Dir is removed.
func New(cfg Config) (*Executor, error) {
	if !supported {
		return nil, errors.New("functions run on Linux, macOS and the BSDs, not on " + runtime.GOOS)
	}
	if cfg.Dir == "" {
		return nil, errors.New("sandbox: no folder is configured")
	}
	dir, err := filepath.Abs(cfg.Dir)
	if err != nil {
		return nil, err
	}
	cfg.Dir = dir
	if len(cfg.Self) > 0 {
		program, err := exec.LookPath(cfg.Self[0])
		if err != nil {
			return nil, fmt.Errorf("sandbox: %w", err)
		}
		if program, err = filepath.Abs(program); err != nil { // processes run in folders of their own
			return nil, err
		}
		cfg.Self = append([]string{program}, cfg.Self[1:]...)
	}
	cfg.setDefaults()
	x := &Executor{
		cfg:      cfg,
		spawning: make(chan spawnRequest),
		awake:    make(chan struct{}, 1),
		closing:  make(chan struct{}),
		pools:    map[string]*pool{},
		live:     map[*process]struct{}{},
		python: interpreter{name: cfg.Python, probe: []string{"-c", "import sys; print(sys.executable)"},
			missing: "Python functions need python3: install Python 3.8 or later (https://www.python.org/downloads/) and see that it is in PATH"},
		node: interpreter{name: cfg.Node, probe: []string{"-p", "process.execPath"},
			missing: "Node.js functions need node: install Node.js 18 or later (https://nodejs.org/en/download) and see that it is in PATH"},
	}
	if err := x.prepareDir(); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	x.wait.Add(2)
	go x.spawner()
	go x.watchMemory()
	return x, nil
}

func (c *Config) setDefaults() {
	if c.IdleTimeout <= 0 {
		c.IdleTimeout = 5 * time.Minute
	}
	if c.InitTimeout <= 0 {
		c.InitTimeout = 10 * time.Second
	}
	if c.MaxProcesses <= 0 {
		c.MaxProcesses = 200
	}
	if c.Python == "" {
		c.Python = "python3"
	}
	if c.Node == "" {
		c.Node = "node"
	}
	if c.Logs == nil {
		c.Logs = func([]LogEvent) {}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
}

func (x *Executor) tmpDir() string { return filepath.Join(x.cfg.Dir, "tmp") }

func (x *Executor) prepareDir() error {
	if left, _ := os.ReadDir(x.tmpDir()); len(left) > 0 {
		killLeftovers(x.tmpDir())
	}
	for _, dir := range []string{"tmp", "pycache"} {
		if err := os.RemoveAll(filepath.Join(x.cfg.Dir, dir)); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(x.tmpDir(), 0o755); err != nil {
		return err
	}
	return x.installShims()
}

// Close kills all processes and waits for their end. Invocations under way
// return ErrClosed.
func (x *Executor) Close() error {
	x.mu.Lock()
	if x.closed {
		x.mu.Unlock()
		return nil
	}
	x.closed = true
	for p := range x.live {
		p.retire()
	}
	x.mu.Unlock()
	close(x.closing)
	x.wait.Wait()
	return nil
}

// Retire ends the idle processes of a function version, and the busy ones when
// they have finished. It is for a version that was deleted or replaced.
func (x *Executor) Retire(arn string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if pl := x.pools[arn]; pl != nil {
		pl.retired = true
		pl.revise()
		delete(x.pools, arn)
	}
}

type spawnRequest struct {
	cmd  *exec.Cmd
	done chan error
}

// spawner starts all processes from one thread that lives as long as the
// Executor, since the kernel ends them with the thread that started them.
func (x *Executor) spawner() {
	defer x.wait.Done()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	for {
		select {
		case r := <-x.spawning:
			r.done <- r.cmd.Start()
		case <-x.closing:
			return
		}
	}
}

func (x *Executor) spawn(cmd *exec.Cmd) error {
	r := spawnRequest{cmd, make(chan error, 1)}
	select {
	case x.spawning <- r:
		return <-r.done
	case <-x.closing:
		return ErrClosed
	}
}

// logStream is a new name of the form "2026/11/20/[$LATEST]0123...".
func logStream(now time.Time, version string) string {
	var id [16]byte
	rand.Read(id[:])
	return now.UTC().Format("2006/01/02/") + "[" + version + "]" + hex.EncodeToString(id[:])
}
