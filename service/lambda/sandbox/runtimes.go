package sandbox

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// The runtimes that Lambda brings along for interpreted languages, ours here.
//
//go:embed shim/bootstrap.py shim/index.cjs shim/resolve.mjs
var shims embed.FS

// selfBootstrap is the whole text of a bootstrap file that stands for the
// program in Config.Self.
const selfBootstrap = "#!runnel"

type family int

const (
	familyNone family = iota
	familyBootstrap
	familyGo
	familyPython
	familyNode
)

// familyOf accepts every identifier that AWS has had for the languages it knows,
// old ones too: they run on what is installed.
func familyOf(runtime string) family {
	switch {
	case runtime == "provided", runtime == "provided.al2", runtime == "provided.al2023":
		return familyBootstrap
	case runtime == "go1.x":
		return familyGo
	case strings.HasPrefix(runtime, "python3."):
		return familyPython
	case strings.HasPrefix(runtime, "nodejs"):
		return familyNode
	}
	return familyNone
}

// Available says whether functions of this runtime can run here. The error
// tells a person what to install, or that the runtime is not supported.
func (x *Executor) Available(runtime string) error {
	switch familyOf(runtime) {
	case familyBootstrap, familyGo:
		return nil
	case familyPython:
		_, err := x.python.find()
		return err
	case familyNode:
		_, err := x.node.find()
		return err
	}
	return fmt.Errorf("runtime %q is not supported: functions run as a bootstrap (provided.al2, provided.al2023, go1.x), "+
		"on python3.* or on nodejs*", runtime)
}

// An interpreter is a program of the machine that is looked for once, and again
// after it was not found.
type interpreter struct {
	name    string   // program, looked up in PATH
	probe   []string // arguments that make it print its own path
	missing string   // what to do when it is not there

	mu   sync.Mutex
	path string
}

// find asks the program for its own path: what PATH names may be a wrapper that
// needs an environment which functions do not get.
func (i *interpreter) find() (string, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.path != "" {
		return i.path, nil
	}
	found, err := exec.LookPath(i.name)
	if err != nil {
		return "", fmt.Errorf("%s: %w", i.missing, err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, found, i.probe...).Output()
	path := strings.TrimSpace(string(out))
	if err != nil || path == "" {
		return "", fmt.Errorf("%s: %s does not run: %v", i.missing, found, err)
	}
	i.path = path
	return path, nil
}

// A command is what starts a function's process.
type command struct {
	argv       []string
	runtimeDir string   // LAMBDA_RUNTIME_DIR
	path       string   // folder to put first in PATH
	env        []string // variables of the runtime, which a function may override
}

// commandOf finds the program for a function. The error is an *entrypointError
// where Lambda would blame the function's package.
func (x *Executor) commandOf(f *Function) (*command, error) {
	dir, err := filepath.Abs(f.Dir)
	if err != nil {
		return nil, err
	}
	switch familyOf(f.Runtime) {
	case familyBootstrap:
		return x.bootstrapCommand(dir, "bootstrap")
	case familyGo:
		return x.bootstrapCommand(dir, f.Handler)
	case familyPython:
		return x.pythonCommand()
	case familyNode:
		return x.nodeCommand(f)
	}
	return nil, x.Available(f.Runtime)
}

func (x *Executor) bootstrapCommand(dir, name string) (*command, error) {
	path := filepath.Join(dir, filepath.FromSlash(name))
	info, err := os.Stat(path)
	if errors.Is(err, os.ErrNotExist) || err == nil && info.IsDir() {
		return nil, &entrypointError{fmt.Sprintf("Couldn't find valid bootstrap(s): [%s]", path)}
	}
	if err != nil {
		return nil, err
	}
	self, err := isSelf(path, info.Size())
	if err != nil {
		return nil, err
	}
	if !self {
		return &command{argv: []string{path}, runtimeDir: dir}, nil
	}
	if len(x.cfg.Self) == 0 {
		return nil, fmt.Errorf("%s is %q, but no program is configured for it", path, selfBootstrap)
	}
	return &command{argv: x.cfg.Self, runtimeDir: dir}, nil
}

func isSelf(path string, size int64) (bool, error) {
	if size > int64(len(selfBootstrap))+2 { // and a line end
		return false, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	return string(bytes.TrimSpace(b)) == selfBootstrap, nil
}

func (x *Executor) pythonCommand() (*command, error) {
	python, err := x.python.find()
	if err != nil {
		return nil, err
	}
	runtimeDir := x.shimDir()
	return &command{
		// The code folder stays as it was unpacked: compiled modules go elsewhere.
		argv: []string{python, "-X", "pycache_prefix=" + filepath.Join(x.cfg.Dir, "pycache"),
			filepath.Join(runtimeDir, "bootstrap.py")},
		runtimeDir: runtimeDir,
		path:       filepath.Dir(python),
	}, nil
}

func (x *Executor) nodeCommand(f *Function) (*command, error) {
	node, err := x.node.find()
	if err != nil {
		return nil, err
	}
	runtimeDir := x.shimDir()
	modules := []string{filepath.Join(filepath.Dir(node), "..", "lib", "node_modules")}
	if host := os.Getenv("NODE_PATH"); host != "" {
		modules = append(filepath.SplitList(host), modules...)
	}
	return &command{
		// V8 sizes its heap by the machine; on Lambda that is the function's memory.
		argv: []string{node, fmt.Sprintf("--max-old-space-size=%d", f.memoryMB()), "--max-http-header-size=81920",
			filepath.Join(runtimeDir, "index.cjs")},
		runtimeDir: runtimeDir,
		path:       filepath.Dir(node),
		env:        []string{"NODE_PATH=" + strings.Join(modules, string(os.PathListSeparator))},
	}, nil
}

func (x *Executor) shimDir() string { return filepath.Join(x.cfg.Dir, "runtime") }

// installShims writes the embedded runtimes where interpreters can read them.
func (x *Executor) installShims() error {
	if err := os.MkdirAll(x.shimDir(), 0o755); err != nil {
		return err
	}
	entries, err := shims.ReadDir("shim")
	if err != nil {
		return err
	}
	for _, e := range entries {
		text, err := shims.ReadFile("shim/" + e.Name())
		if err != nil {
			return err
		}
		if err := writeIfChanged(filepath.Join(x.shimDir(), e.Name()), text); err != nil {
			return err
		}
	}
	return nil
}

// writeIfChanged keeps the modification time, and so the interpreter's cache,
// of a file that is as it should be.
func writeIfChanged(path string, text []byte) error {
	if f, err := os.Open(path); err == nil {
		old, err := io.ReadAll(io.LimitReader(f, int64(len(text))+1))
		f.Close()
		if err == nil && bytes.Equal(old, text) {
			return nil
		}
	}
	return os.WriteFile(path, text, 0o644)
}
