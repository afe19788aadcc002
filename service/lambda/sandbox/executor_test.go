package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// A bench is an Executor and what its functions logged.
type bench struct {
	*Executor
	t   testing.TB
	ids int

	mu    sync.Mutex
	lines []LogEvent
	heard chan struct{} // closed and replaced with each line
}

func newBench(t testing.TB, edit func(*Config)) *bench {
	t.Helper()
	b := &bench{t: t, heard: make(chan struct{})}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{
		Dir: t.TempDir(), Endpoint: "http://127.0.0.1:4566", Region: "eu-west-1",
		Self: []string{self, "function"}, Logs: b.log,
	}
	if edit != nil {
		edit(&cfg)
	}
	x, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	b.Executor = x
	return b
}

func (b *bench) log(events []LogEvent) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.lines = append(b.lines, events...)
	close(b.heard)
	b.heard = make(chan struct{})
}

// text is the log so far, with what differs between runs replaced.
func (b *bench) text() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var s strings.Builder
	for _, e := range b.lines {
		s.WriteString(e.Line + "\n")
	}
	return s.String()
}

// await returns the first line with this prefix.
func (b *bench) await(prefix string) string {
	b.t.Helper()
	limit := time.After(20 * time.Second)
	for {
		b.mu.Lock()
		heard := b.heard
		for _, e := range b.lines {
			if strings.HasPrefix(e.Line, prefix) {
				b.mu.Unlock()
				return e.Line
			}
		}
		b.mu.Unlock()
		select {
		case <-heard:
		case <-limit:
			b.t.Fatalf("no line %q in\n%s", prefix, b.text())
		}
	}
}

// function is one that the test binary serves.
func (b *bench) function(handler string) *Function {
	b.t.Helper()
	return b.files("provided.al2023", handler, map[string]string{"bootstrap": selfBootstrap + "\n"})
}

// files is a function with this code.
func (b *bench) files(runtime, handler string, code map[string]string) *Function {
	b.t.Helper()
	dir := b.t.TempDir()
	for name, text := range code {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			b.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			b.t.Fatal(err)
		}
	}
	return &Function{
		ARN: "arn:aws:lambda:eu-west-1:000000000000:function:" + filepath.Base(dir) + "-" + handler, Revision: "1",
		Name: "f", Handler: handler, Runtime: runtime, Dir: dir, Timeout: 20 * time.Second, MemoryMB: 256,
	}
}

func (b *bench) in(payload string) Invocation {
	b.ids++
	return Invocation{RequestID: fmt.Sprintf("00000000-0000-4000-8000-%012d", b.ids), Payload: []byte(payload), Tail: true}
}

func (b *bench) invoke(f *Function, payload string) *Result {
	b.t.Helper()
	r, err := b.Invoke(b.t.Context(), f, b.in(payload))
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func (b *bench) idleProcesses() int {
	b.Executor.mu.Lock()
	defer b.Executor.mu.Unlock()
	n := 0
	for _, pl := range b.pools {
		n += len(pl.idle)
	}
	return n
}

func (r *Result) failure(t *testing.T) (kind, message string) {
	t.Helper()
	var body struct{ ErrorType, ErrorMessage string }
	if err := json.Unmarshal(r.Payload, &body); err != nil {
		t.Fatalf("%v: %s", err, r.Payload)
	}
	if r.FunctionError != "Unhandled" {
		t.Errorf("FunctionError = %q", r.FunctionError)
	}
	return body.ErrorType, body.ErrorMessage
}

func TestInvokeTwiceUsesOneProcess(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("echo")
	first := b.invoke(f, `{"n":1}`)
	second := b.invoke(f, `{"n":2}`)
	if string(first.Payload) != `{"n":1}` || string(second.Payload) != `{"n":2}` {
		t.Errorf("%s %s", first.Payload, second.Payload)
	}
	if first.InitDuration == 0 || second.InitDuration != 0 || first.LogStream != second.LogStream {
		t.Errorf("%+v\n%+v", first, second)
	}
}
