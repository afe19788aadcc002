package sandbox

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The texts are those that callers receive from AWS, of
// https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html
// and the logs shown there, 2026-11-20.
var functionFailures = []struct {
	name, handler, in string
	edit              func(*Function)
	kind, message     string // ID stands for the request ID
	log               []string
	warm              bool // the process serves the next invocation too
}{
	{name: "error", handler: "fail", kind: "errorString", message: "no such row", warm: true},
	{name: "panic", handler: "panic", kind: "string", message: "at the disco",
		log: []string{"RequestId: ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError\nEND RequestId: ID\n"}},
	{name: "exit 5", handler: "exit", in: `{"Code":5}`,
		kind: "Runtime.ExitError", message: "RequestId: ID Error: Runtime exited with error: exit status 5",
		log: []string{"RequestId: ID Error: Runtime exited with error: exit status 5\nRuntime.ExitError\nEND RequestId: ID\n",
			"\tStatus: error\tError Type: Runtime.ExitError\n"}},
	{name: "exit 0", handler: "exit", in: `{"Code":0}`,
		kind: "Runtime.ExitError", message: "RequestId: ID Error: Runtime exited without providing a reason"},
	{name: "hang", handler: "hang", edit: func(f *Function) { f.Timeout = 250 * time.Millisecond },
		kind: "Sandbox.Timedout", message: "RequestId: ID Error: Task timed out after 0.25 seconds",
		log: []string{"Z ID Task timed out after 0.25 seconds\nEND RequestId: ID\n", "Duration: 250.00 ms\t", "\tStatus: timeout\n"}},
	{name: "memory", handler: "memory", in: `{"MB":4000}`, edit: func(f *Function) { f.MemoryMB = 128 },
		kind: "Runtime.OutOfMemory", message: "RequestId: ID Error: Runtime exited with error: signal: killed",
		log: []string{"Memory Size: 128 MB\tMax Memory Used: 128 MB\t", "\tStatus: error\tError Type: Runtime.OutOfMemory\n"}},
	{name: "memory of a child", handler: "memory-child", edit: func(f *Function) { f.MemoryMB = 128 },
		kind: "Runtime.OutOfMemory", message: "RequestId: ID Error: Runtime exited with error: signal: killed"},
	{name: "7 MB response", handler: "large", in: `{"Size":7340032}`,
		kind:    "Function.ResponseSizeTooLarge",
		message: "Response payload size (7340032 bytes) exceeded maximum allowed payload size (6291556 bytes).",
		log:     []string{"\tStatus: error\tError Type: Function.ResponseSizeTooLarge\n"}},
	{name: "exit in init", handler: "exit-init",
		kind: "Runtime.ExitError", message: "RequestId: ID Error: Runtime exited with error: exit status 3",
		log: []string{"cannot start\nINIT_REPORT Init Duration: ", "\tPhase: init\tStatus: error\tError Type: Runtime.ExitError\nSTART RequestId: ID",
			"\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError\n"}},
	{name: "hang in init", handler: "hang-init", edit: func(f *Function) { f.Timeout = 200 * time.Millisecond },
		kind: "Sandbox.Timedout", message: "RequestId: ID Error: Task timed out after 0.20 seconds",
		log: []string{"\tPhase: init\tStatus: timeout\n", "\tPhase: invoke\tStatus: timeout\n"}},
}

func TestFunctionFailures(t *testing.T) {
	for _, test := range functionFailures {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, func(c *Config) {
				if test.handler == "hang-init" {
					c.InitTimeout = 500 * time.Millisecond
				}
			})
			f := b.function(test.handler)
			if test.edit != nil {
				test.edit(f)
			}
			in := b.in(fallback(test.in, "{}"))
			r, err := b.Invoke(t.Context(), f, in)
			if err != nil {
				t.Fatal(err)
			}
			named := func(s string) string { return regexp.MustCompile(`\bID\b`).ReplaceAllString(s, in.RequestID) }
			if kind, message := r.failure(t); kind != test.kind || message != named(test.message) {
				t.Errorf("%s", r.Payload)
			}
			for _, part := range test.log {
				if !strings.Contains(b.text(), named(part)) {
					t.Errorf("log lacks %q:\n%s", named(part), b.text())
				}
			}
			if warm := b.idleProcesses() > 0; warm != test.warm {
				t.Errorf("warm = %v after it", warm)
			}
		})
	}
}

func TestInitFailsOnce(t *testing.T) {
	b := newBench(t, nil)
	r := b.invoke(b.function("init-second"), "{}")
	if string(r.Payload) != `"second"` || !strings.Contains(b.text(), "\tPhase: init\tStatus: error") {
		t.Errorf("%s\n%s", r.Payload, b.text())
	}
	if r.InitDuration == 0 {
		t.Error("not cold")
	}
}

func TestEntrypoint(t *testing.T) {
	b := newBench(t, nil)
	for _, test := range []struct {
		name, runtime, handler string
		code                   map[string]string
		mode                   os.FileMode
		want                   string // DIR stands for the folder, which Lambda calls /var/task
	}{
		{name: "missing", runtime: "provided.al2023", want: "Couldn't find valid bootstrap(s): [DIR/bootstrap]"},
		{name: "a folder", runtime: "provided.al2", code: map[string]string{"bootstrap/x": ""},
			want: "Couldn't find valid bootstrap(s): [DIR/bootstrap]"},
		{name: "not executable", runtime: "provided.al2", code: map[string]string{"bootstrap": "#!/bin/sh\n"}, mode: 0o644,
			want: "fork/exec /var/task/bootstrap: permission denied"},
		{name: "garbage", runtime: "provided.al2", code: map[string]string{"bootstrap": "\x00\x01\x02 not a program"},
			want: "fork/exec /var/task/bootstrap: exec format error"},
		{name: "empty", runtime: "provided.al2", code: map[string]string{"bootstrap": ""},
			want: "fork/exec /var/task/bootstrap: exec format error"},
		{name: "no interpreter", runtime: "provided.al2", code: map[string]string{"bootstrap": "#!/no/such/program\n"},
			want: "fork/exec /var/task/bootstrap: no such file or directory"},
		{name: "go1.x", runtime: "go1.x", handler: "bin/main", want: "Couldn't find valid bootstrap(s): [DIR/bin/main]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := b.files(test.runtime, fallback(test.handler, "echo"), test.code)
			if test.mode != 0 {
				if err := os.Chmod(filepath.Join(f.Dir, "bootstrap"), test.mode); err != nil {
					t.Fatal(err)
				}
			}
			r := b.invoke(f, "{}")
			kind, message := r.failure(t)
			_, text, _ := strings.Cut(message, " Error: ")
			if kind != "Runtime.InvalidEntrypoint" || text != strings.ReplaceAll(test.want, "DIR", f.Dir) {
				t.Errorf("%s", r.Payload)
			}
			if !strings.Contains(string(r.LogTail), message+"\nRuntime.InvalidEntrypoint\nEND ") {
				t.Errorf("%s", r.LogTail)
			}
		})
	}
}

// A bootstrap may be any program: here a shell that speaks the Runtime API with curl.
func TestShellBootstrap(t *testing.T) {
	b := newBench(t, nil)
	f := b.files("provided.al2", "x", map[string]string{"bootstrap": `#!/bin/sh
API=http://$AWS_LAMBDA_RUNTIME_API/2018-06-01/runtime
command -v curl >/dev/null || exit 42
while :; do
  curl -sS -D "$TMPDIR/head" -o "$TMPDIR/event" $API/invocation/next
  id=$(grep -i '^lambda-runtime-aws-request-id:' "$TMPDIR/head" | tr -d '\r' | cut -d' ' -f2)
  echo "got $(cat "$TMPDIR/event")"
  head -c 2000000 /dev/zero | tr '\0' x > "$TMPDIR/body" # large enough for Expect: 100-continue
  curl -sS -o /dev/null --data-binary "@$TMPDIR/body" $API/invocation/$id/response
done
`})
	for range 2 {
		r := b.invoke(f, `{"n":1}`)
		if strings.Contains(string(r.Payload), "exit status 42") {
			t.Skip("curl is not installed")
		}
		if len(r.Payload) != 2000000 || !strings.Contains(string(r.LogTail), `got {"n":1}`) {
			t.Errorf("%d bytes %.200s\n%s", len(r.Payload), r.Payload, b.text())
		}
	}
}

func TestUnsupportedRuntime(t *testing.T) {
	b := newBench(t, nil)
	for _, runtime := range []string{"java21", "dotnet8", "ruby3.3", "", "python2.7", "provided.al1", "node20"} {
		if err := b.Available(runtime); err == nil {
			t.Errorf("%q is available", runtime)
		}
	}
	_, err := b.Invoke(t.Context(), b.files("java21", "x", nil), b.in("{}"))
	if err == nil || !strings.Contains(err.Error(), `"java21" is not supported`) {
		t.Error(err)
	}
}

func TestMissingInterpreter(t *testing.T) {
	b := newBench(t, func(c *Config) { c.Python, c.Node = "no-python", "no-node" })
	for _, runtime := range []string{"python3.9", "nodejs18.x", "nodejs6.10", "nodejs"} {
		if err := b.Available(runtime); err == nil || !strings.Contains(err.Error(), "install") {
			t.Error(err)
		}
		if _, err := b.Invoke(t.Context(), b.files(runtime, "x.y", nil), b.in("{}")); err == nil {
			t.Error("it ran")
		}
	}
}

func TestInvokeNeeds(t *testing.T) {
	denied := errors.New("the role is gone")
	for _, test := range []struct {
		name string
		edit func(*Config, *Function, *Invocation)
		want string
	}{
		{"program", func(c *Config, _ *Function, _ *Invocation) { c.Self = nil }, "no program is configured"},
		{"request id", func(_ *Config, _ *Function, in *Invocation) { in.RequestID = "" }, "request ID"},
		{"credentials", func(_ *Config, f *Function, _ *Invocation) {
			f.Credentials = func(context.Context) (Credentials, error) { return Credentials{}, denied }
		}, denied.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			var cfg Config
			test.edit(&cfg, &Function{}, &Invocation{})
			b := newBench(t, func(c *Config) { test.edit(c, &Function{}, &Invocation{}) })
			f, in := b.function("echo"), b.in("{}")
			test.edit(&cfg, f, &in)
			if _, err := b.Invoke(t.Context(), f, in); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Error(err)
			}
		})
	}
}

func TestCallerGivesUp(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("hang")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { b.await("hanging "); cancel() }()
	if _, err := b.Invoke(ctx, f, b.in("{}")); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	if n := b.idleProcesses(); n != 0 {
		t.Errorf("%d processes are left", n)
	}
}

func TestCloseEndsInvocations(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("hang")
	go func() { b.await("hanging "); b.Close() }()
	for range 2 {
		if _, err := b.Invoke(t.Context(), f, b.in("{}")); !errors.Is(err, ErrClosed) {
			t.Error(err)
		}
	}
}

// What a function answers reaches the caller byte for byte, JSON or not.
func TestLargestResponse(t *testing.T) {
	b := newBench(t, nil)
	r := b.invoke(b.function("large"), `{"Size":6291556}`)
	if len(r.Payload) != MaxResponse || r.FunctionError != "" {
		t.Errorf("%d bytes, %q", len(r.Payload), r.FunctionError)
	}
	if !json.Valid(r.Payload) {
		t.Error("not what was sent")
	}
}
