package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func resultPID(t testing.TB, r *Result) int {
	t.Helper()
	var out struct{ PID int }
	if err := json.Unmarshal(r.Payload, &out); err != nil || out.PID == 0 {
		t.Fatalf("%v: %s", err, r.Payload)
	}
	return out.PID
}

func TestManyAtOnce(t *testing.T) {
	const callers, each = 40, 25
	b := newBench(t, func(c *Config) { c.MaxProcesses = 6 })
	echo, other := b.function("echo"), b.function("context")
	var wg sync.WaitGroup
	for i := range callers {
		wg.Go(func() {
			for j := range each {
				in := Invocation{RequestID: fmt.Sprintf("%d-%d", i, j), Payload: fmt.Appendf(nil, `{"n":"%d-%d"}`, i, j)}
				f, want := echo, string(in.Payload)
				if i%4 == 0 {
					f, want = other, fmt.Sprintf(`"id":"%d-%d"`, i, j)
				}
				r, err := b.Invoke(t.Context(), f, in)
				if err != nil {
					t.Error(err)
				} else if !strings.Contains(string(r.Payload), want) {
					t.Errorf("got %s, want %s", r.Payload, want)
				}
			}
		})
	}
	wg.Wait()
	held := func() (places, live int) {
		b.Executor.mu.Lock()
		defer b.Executor.mu.Unlock()
		return b.count, len(b.live)
	}
	if places, live := held(); places > 6 || live > places { // one may be about to start
		t.Errorf("%d places, %d processes", places, live)
	}
	b.Close()
	if places, live := held(); places != 0 || live != 0 {
		t.Errorf("after Close: %d places, %d processes", places, live)
	}
}

// One place for processes, and functions that all want it: each gets its turn.
func TestPlacesAreShared(t *testing.T) {
	b := newBench(t, func(c *Config) { c.MaxProcesses = 1 })
	var wg sync.WaitGroup
	for i := range 3 {
		f := b.function("echo")
		for j := range 2 {
			wg.Go(func() {
				for k := range 5 {
					in := Invocation{RequestID: fmt.Sprint(i, j, k), Payload: []byte("{}")}
					if r, err := b.Invoke(t.Context(), f, in); err != nil || r.FunctionError != "" {
						t.Error(r, err)
					}
				}
			})
		}
	}
	wg.Wait()
}

func TestIdleProcessEnds(t *testing.T) {
	b := newBench(t, func(c *Config) { c.IdleTimeout = 10 * time.Millisecond })
	f := b.function("echo")
	b.invoke(f, "{}")
	b.Executor.mu.Lock()
	var p *process
	for live := range b.live {
		p = live
	}
	b.Executor.mu.Unlock()
	if p != nil {
		<-p.exited
	}
	if r := b.invoke(f, "{}"); r.InitDuration == 0 {
		t.Error("the idle process was used")
	}
	if strings.Contains(b.text(), "Runtime exited") {
		t.Errorf("its end was reported:\n%s", b.text())
	}
}

func TestRevision(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("context")
	old := resultPID(t, b.invoke(f, "{}"))
	next := *f
	next.Revision = "2"
	if pid := resultPID(t, b.invoke(&next, "{}")); pid == old {
		t.Error("old code ran")
	}
	b.Retire(f.ARN)
	if r := b.invoke(&next, "{}"); r.InitDuration == 0 {
		t.Error("a retired process ran")
	}
}

func TestExpiringCredentials(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("env")
	calls := 0
	f.Credentials = func(context.Context) (Credentials, error) {
		calls++
		return Credentials{AccessKeyID: fmt.Sprintf("AKIA%d", calls), Expires: time.Now().Add(30 * time.Second)}, nil
	}
	for i := 1; i <= 2; i++ {
		r := b.invoke(f, "{}")
		if !strings.Contains(string(r.Payload), fmt.Sprintf(`"AWS_ACCESS_KEY_ID=AKIA%d"`, i)) {
			t.Errorf("%s", r.Payload)
		}
	}
}

// The environment is what AWS documents, the function's own variables, and
// nothing else; what AWS reserves cannot be overridden.
func TestEnvironment(t *testing.T) {
	t.Setenv("SECRET_OF_THE_HOST", "x")
	b := newBench(t, nil)
	f := b.function("env")
	f.Env = map[string]string{"MINE": "a=b", "TZ": "Europe/Oslo", "EMPTY": "", "_HANDLER": "no", "AWS_REGION": "no"}
	f.Credentials = func(context.Context) (Credentials, error) {
		return Credentials{AccessKeyID: "ASIA", SecretAccessKey: "secret", SessionToken: "token"}, nil
	}
	var got []string
	r := b.invoke(f, "{}")
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatal(err)
	}
	want := []string{
		"AWS_ACCESS_KEY_ID=ASIA", "AWS_SECRET_ACCESS_KEY=secret", "AWS_SESSION_TOKEN=token",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null",
		"AWS_REGION=eu-west-1", "AWS_DEFAULT_REGION=eu-west-1", "AWS_ENDPOINT_URL=http://127.0.0.1:4566",
		"AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_FUNCTION_VERSION=$LATEST", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256",
		"AWS_LAMBDA_INITIALIZATION_TYPE=on-demand", "AWS_LAMBDA_LOG_FORMAT=Text",
		"AWS_LAMBDA_LOG_GROUP_NAME=/aws/lambda/f", "AWS_LAMBDA_LOG_STREAM_NAME=" + r.LogStream,
		"AWS_XRAY_CONTEXT_MISSING=LOG_ERROR", "EMPTY=", "MINE=a=b", "TZ=Europe/Oslo", "LANG=en_US.UTF-8",
		"LAMBDA_TASK_ROOT=" + f.Dir, "LAMBDA_RUNTIME_DIR=" + f.Dir, "_HANDLER=env", "cwd=" + f.Dir,
		"LD_LIBRARY_PATH=" + f.Dir + ":" + f.Dir + "/lib:/opt/lib", "PATH=/usr/local/bin:/usr/bin:/bin:/opt/bin",
		"AWS_LAMBDA_RUNTIME_API=", "TMPDIR=", "_X_AMZN_TRACE_ID=",
	}
	for i, kv := range got { // what differs between runs
		for _, prefix := range []string{"AWS_LAMBDA_RUNTIME_API=", "TMPDIR="} {
			if strings.HasPrefix(kv, prefix) {
				got[i] = prefix
			}
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestContext(t *testing.T) {
	b := newBench(t, nil)
	f := b.function("context")
	in := b.in("{}")
	in.TraceID, in.InvokedARN = "Root=1-5;Parent=2;Sampled=1", f.ARN+":live"
	in.ClientContext = `{"Client":{"app_title":"line\nbreak"}}`
	in.CognitoIdentity = `{"cognitoIdentityId":"who","cognitoIdentityPoolId":"p"}`
	before := time.Now()
	r, err := b.Invoke(t.Context(), f, in)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		ID, ARN, Trace, Client, Identity string
		Deadline                         int64
	}
	if err := json.Unmarshal(r.Payload, &got); err != nil {
		t.Fatal(err)
	}
	if got.ID != in.RequestID || got.ARN != in.InvokedARN || got.Trace != in.TraceID || got.Client != "line\nbreak" || got.Identity != "who" {
		t.Errorf("%+v", got)
	}
	deadline := time.UnixMilli(got.Deadline)
	if from, to := before.Add(19*time.Second), time.Now().Add(20*time.Second); deadline.Before(from) || deadline.After(to) {
		t.Errorf("deadline %v is not between %v and %v", deadline, from, to)
	}
}
