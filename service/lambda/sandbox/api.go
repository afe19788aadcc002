package sandbox

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// maxHeader bounds a request's header. The API allows 1 MiB of X-Ray cause
	// in one field.
	maxHeader = 2 << 20

	// smallBody is the size up to which a body is sent together with its header.
	smallBody = 16 << 10

	apiPrefix = "/2018-06-01/runtime/"

	headerErrorType = "Lambda-Runtime-Function-Error-Type"
	headerErrorBody = "Lambda-Runtime-Function-Error-Body"
)

// runtimeAPI serves the Runtime API to one process. It reads requests with
// net/http and is otherwise its own server, since a process waits in "next"
// most of its life: the goroutine of the caller writes the event to the parked
// connection itself, while the connection's own goroutine reads on and so sees
// when a process has given up that request. An http.Server needs two goroutines
// for the wait; without the pools, timers and logs that BenchmarkInvoke includes
// it took as much time and CPU as this does with them.
type runtimeAPI struct {
	l net.Listener
	p *process

	mu    sync.Mutex
	conns map[*apiConn]struct{}
	ended bool
}

func listen() (*runtimeAPI, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &runtimeAPI{l: l, conns: map[*apiConn]struct{}{}}, nil
}

func (a *runtimeAPI) addr() string { return a.l.Addr().String() }

// serve accepts until close.
func (a *runtimeAPI) serve() {
	for {
		c, err := a.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // too many open files: the connection waits in line
			time.Sleep(10 * time.Millisecond)
			continue
		}
		conn := newAPIConn(a, c)
		a.mu.Lock()
		if a.ended {
			c.Close()
		} else {
			a.conns[conn] = struct{}{}
			go conn.serve()
		}
		a.mu.Unlock()
	}
}

func (a *runtimeAPI) close() {
	a.l.Close()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.ended = true
	for c := range a.conns {
		c.c.Close()
	}
}

type apiConn struct {
	api   *runtimeAPI
	c     net.Conn
	limit *io.LimitedReader
	r     *bufio.Reader

	writing sync.Mutex // an event is written by its caller's goroutine
	out     []byte     // the answer that is being written
}

func newAPIConn(a *runtimeAPI, c net.Conn) *apiConn {
	limit := &io.LimitedReader{R: c}
	return &apiConn{api: a, c: c, limit: limit, r: bufio.NewReader(limit)}
}

func (c *apiConn) serve() {
	defer func() {
		c.c.Close()
		c.api.p.unpark(c)
		c.api.mu.Lock()
		delete(c.api.conns, c)
		c.api.mu.Unlock()
	}()
	for {
		c.limit.N = maxHeader
		req, err := http.ReadRequest(c.r)
		if err != nil {
			return
		}
		c.limit.N = math.MaxInt64
		if req.Header.Get("Expect") == "100-continue" {
			if _, err := io.WriteString(c.c, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
				return
			}
		}
		if err := c.handle(req); err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, req.Body); err != nil || req.Close {
			return
		}
	}
}

// handle answers one request, or leaves "next" to be answered by deliver. The
// error is of the connection.
func (c *apiConn) handle(req *http.Request) error {
	path, ok := strings.CutPrefix(req.URL.Path, apiPrefix)
	if !ok {
		return c.refuse(http.StatusNotFound, "NotFound", "not part of the Runtime API 2018-06-01 "+
			"(the Extensions, Telemetry and Logs APIs are not supported): "+req.URL.Path)
	}
	id, action, invocation := "", "", false
	if rest, ok := strings.CutPrefix(path, "invocation/"); ok {
		id, action, invocation = strings.Cut(rest, "/")
	}
	switch {
	case path == "invocation/next" && req.Method == http.MethodGet:
		return c.api.p.next(c)
	case path == "init/error" && req.Method == http.MethodPost:
		return c.initError(req)
	case invocation && action == "response" && req.Method == http.MethodPost:
		return c.response(req, id)
	case invocation && action == "error" && req.Method == http.MethodPost:
		return c.invocationError(req, id)
	}
	return c.refuse(http.StatusNotFound, "NotFound", "not supported: "+req.Method+" "+req.URL.Path)
}

func (c *apiConn) response(req *http.Request, id string) error {
	body, size, err := readBody(req)
	if err != nil {
		return err
	}
	if size > MaxResponse {
		if !c.api.p.answer(id, answer{fault: tooLargeFault(size)}) {
			return c.unknownID()
		}
		return c.refuse(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge",
			"Exceeded maximum allowed payload size ("+strconv.Itoa(MaxResponse)+" bytes).")
	}
	a := answer{payload: body}
	if kind := req.Trailer.Get(headerErrorType); kind != "" { // the function failed while it streamed
		report, _ := base64.StdEncoding.DecodeString(req.Trailer.Get(headerErrorBody))
		a = answer{fault: reportedFault(kind, report)}
	}
	if !c.api.p.answer(id, a) {
		return c.unknownID()
	}
	return c.accepted()
}

func (c *apiConn) invocationError(req *http.Request, id string) error {
	body, size, err := readBody(req)
	if err != nil {
		return err
	}
	f := reportedFault(req.Header.Get(headerErrorType), body)
	if size > MaxResponse {
		f = tooLargeFault(size)
	}
	if !c.api.p.answer(id, answer{fault: f}) {
		return c.unknownID()
	}
	return c.accepted()
}

func (c *apiConn) initError(req *http.Request) error {
	body, _, err := readBody(req)
	if err != nil {
		return err
	}
	f := reportedFault(req.Header.Get(headerErrorType), body)
	f.status = "error"
	if !c.api.p.failInit(f) {
		return c.refuseTransition("Ready", "InitError")
	}
	return c.accepted()
}

// reportedFault is an error that a runtime reported. Its body goes to the
// caller as it is, when it is JSON. The type is the header's, or the body's.
func reportedFault(kind string, body []byte) *fault {
	f := &fault{errorType: kind, reported: true}
	var report struct {
		Type string `json:"errorType"`
	}
	if json.Valid(body) {
		f.payload = body
		_ = json.Unmarshal(body, &report) // a report need not be an object
	} else {
		f.message = string(bytes.ToValidUTF8(body, []byte("\uFFFD")))
	}
	if report.Type != "" {
		f.errorType = report.Type
	}
	if f.errorType == "" {
		f.errorType = typeUnknown
	}
	return f
}

// readBody keeps what a response may hold and counts the rest.
func readBody(req *http.Request) (body []byte, size int64, err error) {
	if n := req.ContentLength; n > 0 && n <= MaxResponse {
		body = make([]byte, n)
		_, err = io.ReadFull(req.Body, body)
		return body, n, err
	}
	var buf bytes.Buffer
	size, err = io.Copy(&buf, io.LimitReader(req.Body, MaxResponse+1))
	if err != nil || size <= MaxResponse {
		return buf.Bytes(), size, err
	}
	more, err := io.Copy(io.Discard, req.Body)
	return nil, size + more, err
}

func (c *apiConn) accepted() error {
	return c.write("202 Accepted", "", []byte(`{"status":"OK"}`+"\n"))
}

func (c *apiConn) unknownID() error {
	return c.refuse(http.StatusBadRequest, "InvalidRequestID", "Invalid request ID")
}

func (c *apiConn) refuseTransition(from, to string) error {
	return c.refuse(http.StatusForbidden, "InvalidStateTransition",
		"State transition from "+from+" to "+to+" failed for runtime. Error: State transition is not allowed")
}

func (c *apiConn) refuse(status int, kind, message string) error {
	body, err := json.Marshal(struct {
		Message string `json:"errorMessage"`
		Type    string `json:"errorType"`
	}{message, kind})
	if err != nil {
		return err
	}
	return c.write(strconv.Itoa(status)+" "+http.StatusText(status), "", append(body, '\n'))
}

// event answers "next".
func (c *apiConn) event(call *call, arn string) error {
	in := call.in
	if in.InvokedARN != "" {
		arn = in.InvokedARN
	}
	var h strings.Builder
	field := func(name, value string) {
		if value != "" {
			h.WriteString(name)
			h.WriteString(": ")
			h.WriteString(headerValue.Replace(value))
			h.WriteString("\r\n")
		}
	}
	field("Lambda-Runtime-Aws-Request-Id", in.RequestID)
	field("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(call.deadline.UnixMilli(), 10))
	field("Lambda-Runtime-Invoked-Function-Arn", arn)
	field("Lambda-Runtime-Trace-Id", in.TraceID)
	field("Lambda-Runtime-Client-Context", in.ClientContext)
	field("Lambda-Runtime-Cognito-Identity", in.CognitoIdentity)
	if len(in.Payload) > smallBody { // a small one fits into the socket, whoever reads it
		_ = c.c.SetWriteDeadline(call.deadline)
		defer c.c.SetWriteDeadline(time.Time{})
	}
	return c.write("200 OK", h.String(), in.Payload)
}

// headerValue keeps a caller's text from ending its header field.
var headerValue = strings.NewReplacer("\r", " ", "\n", " ")

// write sends an answer with one call for a small body, and without copying a
// large one.
func (c *apiConn) write(status, header string, body []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	b := append(c.out[:0], "HTTP/1.1 "...)
	b = append(b, status...)
	b = append(b, "\r\nContent-Type: application/json\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n"...)
	b = append(b, header...)
	b = append(b, "\r\n"...)
	if len(body) <= smallBody {
		b = append(b, body...)
		body = nil
	}
	c.out = b
	if _, err := c.c.Write(b); err != nil {
		return err
	}
	if body == nil {
		return nil
	}
	_, err := c.c.Write(body)
	return err
}
