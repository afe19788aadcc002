package sandbox

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// newAPI is the API of a process that the test itself plays.
func newAPI(t testing.TB) *process {
	t.Helper()
	l, _ := testLog(t)
	w, err := openLog(l)
	if err != nil {
		t.Fatal(err)
	}
	api, err := listen()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{
		f: &Function{ARN: "arn:f", Version: "7"}, log: l, api: api,
		ready: make(chan struct{}), exited: make(chan struct{}),
	}
	api.p = p
	go api.serve()
	t.Cleanup(func() { api.close(); w.Close(); l.r.Close() })
	return p
}

// talk sends a request and returns the answer.
func talk(t *testing.T, p *process, method, path, body string, header ...string) (int, string, http.Header) {
	t.Helper()
	req, err := http.NewRequest(method, "http://"+p.api.addr()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	transport := &http.Transport{DisableKeepAlives: true}
	res, err := transport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, strings.TrimSpace(string(b)), res.Header
}

func TestAPIRefuses(t *testing.T) {
	p := newAPI(t)
	for _, test := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/2018-06-01/runtime/invocation/x/response", "{}", 400, `"errorType":"InvalidRequestID"`},
		{"POST", "/2018-06-01/runtime/invocation/x/error", "{}", 400, `"errorType":"InvalidRequestID"`},
		{"POST", "/2018-06-01/runtime/invocation/x/other", "{}", 404, "not supported: POST"},
		{"GET", "/2018-06-01/runtime/restore/next", "", 404, "not supported: GET"},
		{"POST", "/2018-06-01/runtime/invocation/next", "", 404, "not supported: POST"},
		{"POST", "/2020-01-01/extension/register", "{}", 404, "Extensions"},
		{"PUT", "/2022-07-01/telemetry", "{}", 404, "Telemetry"},
		{"GET", "/", "", 404, "not part of the Runtime API"},
	} {
		status, body, _ := talk(t, p, test.method, test.path, test.body)
		if status != test.status || !strings.Contains(body, test.want) {
			t.Errorf("%s %s: %d %s", test.method, test.path, status, body)
		}
	}
}

func TestAPIConversation(t *testing.T) {
	p := newAPI(t)
	c := newCall(&Invocation{RequestID: "id-1", Payload: []byte(`{"n":1}`)}, time.Minute)
	p.give(c)
	status, body, header := talk(t, p, "GET", "/2018-06-01/runtime/invocation/next", "")
	if status != 200 || body != `{"n":1}` || header.Get("Lambda-Runtime-Aws-Request-Id") != "id-1" ||
		header.Get("Lambda-Runtime-Invoked-Function-Arn") != "arn:f" {
		t.Errorf("%d %s %v", status, body, header)
	}
	if status, body, _ := talk(t, p, "GET", "/2018-06-01/runtime/invocation/next", ""); status != 403 ||
		!strings.Contains(body, "State transition from Running to Ready failed for runtime.") {
		t.Errorf("a second next: %d %s", status, body)
	}
	if status, _, _ := talk(t, p, "POST", "/2018-06-01/runtime/invocation/other/response", "x"); status != 400 {
		t.Errorf("another's answer: %d", status)
	}
	if status, body, _ := talk(t, p, "POST", "/2018-06-01/runtime/init/error", "{}"); status != 403 ||
		!strings.Contains(body, "InvalidStateTransition") {
		t.Errorf("late init error: %d %s", status, body)
	}
	status, body, _ = talk(t, p, "POST", "/2018-06-01/runtime/invocation/id-1/response", "not json")
	if <-c.answered; status != 202 || body != `{"status":"OK"}` || string(c.a.payload) != "not json" {
		t.Errorf("%d %s %s", status, body, c.a.payload)
	}
	if status, _, _ := talk(t, p, "POST", "/2018-06-01/runtime/invocation/id-1/response", "again"); status != 400 {
		t.Errorf("a second answer: %d", status)
	}
}

func TestAPIErrorReports(t *testing.T) {
	for _, test := range []struct {
		name, header, body string
		kind, payload      string
	}{
		{"as it is", "", `{"errorType":"E","errorMessage":"m","more":[1]}`, "E", `{"errorType":"E","errorMessage":"m","more":[1]}`},
		{"type in the header", "Extension.Bad", `{}`, "Extension.Bad", `{}`},
		{"not json", "X", "oh\xff", "X", `{"errorType":"X","errorMessage":"oh` + "\uFFFD" + `"}`},
		{"empty", "", "", "Runtime.Unknown", `{"errorType":"Runtime.Unknown","errorMessage":""}`},
		{"not an object", "", `[1]`, "Runtime.Unknown", `[1]`},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := newAPI(t)
			c := newCall(&Invocation{RequestID: "id"}, time.Minute)
			p.give(c)
			talk(t, p, "GET", "/2018-06-01/runtime/invocation/next", "")
			status, _, _ := talk(t, p, "POST", "/2018-06-01/runtime/invocation/id/error", test.body, headerErrorType, test.header)
			<-c.answered
			if got := string(c.a.fault.body()); status != 202 || c.a.fault.errorType != test.kind || got != test.payload {
				t.Errorf("%d %s %s", status, c.a.fault.errorType, got)
			}
		})
	}
}

// A runtime that gave up a request for the next event, and asks again, gets it
// on the new connection.
func TestAPINewestNextGetsTheEvent(t *testing.T) {
	p := newAPI(t)
	var conns [3]net.Conn
	for i := range conns {
		c, err := net.Dial("tcp", p.api.addr())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns[i] = c
		io.WriteString(c, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n")
		<-p.ready
		if i == 0 {
			continue
		}
		if n, err := conns[i-1].Read(make([]byte, 1)); err == nil {
			t.Errorf("connection %d read %d bytes", i-1, n)
		}
	}
	p.give(newCall(&Invocation{RequestID: "id", Payload: []byte("1")}, time.Minute))
	res, err := http.ReadResponse(bufio.NewReader(conns[2]), nil)
	if err != nil || res.Header.Get("Lambda-Runtime-Aws-Request-Id") != "id" {
		t.Error(res, err)
	}
}

// Whatever a process sends, the API neither fails nor answers with anything but
// HTTP.
func FuzzRuntimeAPI(f *testing.F) {
	for _, seed := range []string{
		"GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /2018-06-01/runtime/invocation/id/response HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}",
		"POST /2018-06-01/runtime/invocation/id/response HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTrailer: Lambda-Runtime-Function-Error-Type\r\n\r\n2\r\n{}\r\n0\r\nLambda-Runtime-Function-Error-Type: X\r\n\r\n",
		"POST /2018-06-01/runtime/init/error HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n[",
		"POST / HTTP/1.0\r\n\r\n\x00\xff",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		p := newAPI(t)
		p.give(newCall(&Invocation{RequestID: "id", Payload: []byte("{}")}, time.Minute))
		client, server := net.Pipe()
		c := newAPIConn(p.api, server)
		out := make(chan []byte)
		go func() {
			b, _ := io.ReadAll(client)
			out <- b
		}()
		served := make(chan struct{})
		go func() { c.serve(); close(served) }()
		client.Write(data)
		client.SetWriteDeadline(time.Now())
		server.SetReadDeadline(time.Now()) // the end of the input
		<-served
		client.Close()
		for r := bufio.NewReader(bytes.NewReader(<-out)); ; {
			if _, err := r.Peek(1); err != nil {
				return
			}
			res, err := http.ReadResponse(r, nil)
			if err != nil {
				t.Fatal(err)
			}
			io.Copy(io.Discard, res.Body)
		}
	})
}

func BenchmarkInvoke(b *testing.B) {
	bench := newBench(b, func(c *Config) { c.Logs = nil })
	in := Invocation{RequestID: "00000000-0000-4000-8000-000000000000", Payload: []byte(`{"key":"value"}`)}
	for name, f := range map[string]*Function{
		"go":     bench.function("echo"),
		"python": bench.files("python3.12", "app.echo", map[string]string{"app.py": "def echo(event, context): return event"}),
		"node":   bench.files("nodejs20.x", "app.echo", map[string]string{"app.js": "exports.echo = async (event) => event"}),
	} {
		if bench.Available(f.Runtime) != nil {
			continue
		}
		bench.invoke(f, "{}")
		b.Run(name+"/one caller", func(b *testing.B) {
			for b.Loop() {
				if _, err := bench.Invoke(b.Context(), f, in); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/many callers", func(b *testing.B) {
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if _, err := bench.Invoke(b.Context(), f, in); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkColdStart(b *testing.B) {
	bench := newBench(b, func(c *Config) { c.Logs = nil })
	f := bench.function("echo")
	for b.Loop() {
		bench.invoke(f, "{}")
		bench.Retire(f.ARN)
	}
}

// TestEndWhileGiven: a process that ends while an event is written to it has
// the event if all was written, and else leaves it whole to another.
func TestEndWhileGiven(t *testing.T) {
	for _, all := range []bool{true, false} {
		p := newAPI(t)
		p.reaped = true
		client, server := net.Pipe()
		in := &Invocation{RequestID: "1", Payload: []byte(`{"k":"v"}`)}
		c := newCall(in, time.Minute)
		p.begin(c)
		go p.deliver(newAPIConn(p.api, server), c)
		close(p.exited)
		go func() {
			if all {
				if res, err := http.ReadResponse(bufio.NewReader(client), nil); err == nil {
					io.Copy(io.Discard, res.Body)
				}
			}
			client.Close()
		}()
		switch err := p.awaitTaken(t.Context(), c, false); {
		case all && (err != nil || in.Payload != nil || c.in.Payload != nil):
			t.Errorf("taken: %v, %q not let go of", err, in.Payload)
		case !all && (err != errNotTaken || string(in.Payload) != `{"k":"v"}`):
			t.Errorf("not taken: %v, %q left for another", err, in.Payload)
		}
	}
}
