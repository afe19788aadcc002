// Package objecttest is an S3 whose connections break, for tests.
package objecttest

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"
)

// ErrReset is how the connections break.
var ErrReset = errors.New("connection reset by peer")

// A Line is an HTTP client that serves one object, with conditions and ranges,
// over connections that break after some bytes of the body.
type Line struct {
	Content string
	ETag    string // with its quotes
	Lasts   int    // bytes that a connection lasts
	Calls   int
}

// Do implements aws.HTTPClient.
func (l *Line) Do(r *http.Request) (*http.Response, error) {
	l.Calls++
	w := httptest.NewRecorder()
	w.Header().Set("ETag", l.ETag)
	http.ServeContent(w, r, "", time.Time{}, strings.NewReader(l.Content))
	out := w.Result()
	if w.Code >= 400 {
		return out, nil
	}
	out.Body = io.NopCloser(&breaking{out.Body, l.Lasts})
	return out, nil
}

type breaking struct {
	io.Reader
	left int
}

func (b *breaking) Read(p []byte) (int, error) {
	if b.left == 0 {
		return 0, ErrReset
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
