package wire

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"sync"
)

// InProcess returns a transport that calls h instead of a network, streaming bodies
// both ways. It opens no socket, so it may be used in a synctest bubble.
func InProcess(h http.Handler) http.RoundTripper { return inProcess{h} }

type inProcess struct{ h http.Handler }

func (t inProcess) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(req.Context())
	in := serverRequest(req.WithContext(ctx))
	pr, pw := io.Pipe()
	w := &pipeResponse{req: req, header: http.Header{}, body: pw, ready: make(chan *http.Response, 1)}
	stop := context.AfterFunc(req.Context(), func() { pr.CloseWithError(context.Cause(req.Context())) })
	go func() {
		defer cancel()
		defer stop()
		t.serve(w, in)
	}()
	var res *http.Response
	select {
	case res = <-w.ready:
	case <-req.Context().Done():
	}
	// A handler that ends for the context's end may answer first.
	if err := context.Cause(req.Context()); err != nil {
		pr.CloseWithError(err)
		return nil, err
	}
	if res == nil {
		return nil, io.ErrUnexpectedEOF
	}
	if res.Body == nil {
		res.Body = &pipeBody{pr, cancel}
	}
	return res, nil
}

// serve calls the handler; what panics but http.ErrAbortHandler is the program's end,
// as it is not behind a network.
func (t inProcess) serve(w *pipeResponse, in *http.Request) {
	defer in.Body.Close()
	defer func() {
		switch e := recover(); e {
		case nil:
		case http.ErrAbortHandler:
			w.abort()
		default:
			w.abort()
			panic(e)
		}
	}()
	t.h.ServeHTTP(w, in)
	w.finish()
}

// serverRequest is a client's request as a server would see it.
func serverRequest(req *http.Request) *http.Request {
	in := req.Clone(req.Context())
	if in.Host == "" {
		in.Host = req.URL.Host
	}
	in.RequestURI = req.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:0"
	in.Proto, in.ProtoMajor, in.ProtoMinor = "HTTP/1.1", 1, 1
	if in.Body == nil {
		in.Body = http.NoBody
	}
	if in.Header == nil {
		in.Header = http.Header{}
	}
	if in.ContentLength > 0 {
		in.Header.Set("Content-Length", strconv.FormatInt(in.ContentLength, 10))
	}
	in.URL.Scheme, in.URL.Host = "", ""
	return in
}

// pipeBody ends the handler's context when the client stops reading.
type pipeBody struct {
	*io.PipeReader
	cancel context.CancelFunc
}

func (b *pipeBody) Close() error {
	b.cancel()
	return b.PipeReader.Close()
}

// pipeResponse is the ResponseWriter of a request in process.
type pipeResponse struct {
	req    *http.Request
	header http.Header
	body   *io.PipeWriter
	once   sync.Once
	ready  chan *http.Response
}

func (w *pipeResponse) Header() http.Header { return w.header }

func (w *pipeResponse) WriteHeader(code int) {
	if code >= 100 && code < 200 {
		return
	}
	w.once.Do(func() {
		res := &http.Response{
			Status:     strconv.Itoa(code) + " " + http.StatusText(code),
			StatusCode: code, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: canonical(w.header), Request: w.req, ContentLength: -1,
		}
		if n, err := strconv.ParseInt(w.header.Get("Content-Length"), 10, 64); err == nil {
			res.ContentLength = n
		}
		if w.req.Method == http.MethodHead || code == http.StatusNoContent || code == http.StatusNotModified {
			res.Body = http.NoBody
			w.body.CloseWithError(http.ErrBodyNotAllowed)
		}
		w.ready <- res
	})
}

func (w *pipeResponse) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	if len(p) == 0 {
		return 0, nil
	}
	return w.body.Write(p)
}

// canonical is a header as a client reads it.
func canonical(h http.Header) http.Header {
	c := make(http.Header, len(h))
	for k, vs := range h {
		for _, v := range vs {
			c.Add(k, v)
		}
	}
	return c
}

// Flush does nothing: a write is with the reader when it returns.
func (w *pipeResponse) Flush() { w.WriteHeader(http.StatusOK) }

func (w *pipeResponse) finish() {
	w.WriteHeader(http.StatusOK)
	w.body.Close()
}

func (w *pipeResponse) abort() {
	w.once.Do(func() { w.ready <- nil })
	w.body.CloseWithError(io.ErrUnexpectedEOF)
}
