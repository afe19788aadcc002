package delivery_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/service/sns/delivery"
)

// endpoint is a subscriber behind a pipe, and how often it was connected to.
type endpoint struct {
	*delivery.Sender
	dialled atomic.Int32
}

// listener hands out the ends of pipes.
type listener struct {
	conns chan net.Conn
	done  chan struct{}
}

func (l *listener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}
func (l *listener) Close() error   { return nil }
func (l *listener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 80} }

func serve(t *testing.T, h http.HandlerFunc) *endpoint {
	e := new(endpoint)
	l := &listener{conns: make(chan net.Conn), done: make(chan struct{})}
	srv := &http.Server{Handler: h}
	go func() { _ = srv.Serve(l) }()
	e.Sender = delivery.NewDialSender(func(ctx context.Context, _, _ string) (net.Conn, error) {
		e.dialled.Add(1)
		ours, theirs := net.Pipe()
		l.conns <- theirs
		return ours, nil
	}, delivery.SenderConfig{Self: "localhost:4566"})
	t.Cleanup(func() { e.CloseIdle(); close(l.done); _ = srv.Close() })
	return e
}

func notification(to string) delivery.Request {
	return delivery.Request{
		Endpoint: to, Type: delivery.Notification, MessageID: "m-1", TopicARN: topicARN,
		SubscriptionARN: topicARN + ":s-1", Body: []byte(`{"a":1}`),
	}
}

func failure(t *testing.T, err error) *delivery.Failure {
	t.Helper()
	var f *delivery.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a failure", err)
	}
	return f
}

func TestHeaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got *http.Request
		var body string
		e := serve(t, func(w http.ResponseWriter, r *http.Request) {
			b, _ := io.ReadAll(r.Body)
			got, body = r, string(b)
		})
		raw := notification("http://me:p%40ss@example.com/hook?x=1#part")
		raw.Raw, raw.ContentType = true, "text/csv"
		envelope := notification("http://example.com/hook")
		envelope.ContentType = "text/csv" // of raw messages alone
		confirm := notification("http://example.com")
		confirm.Type, confirm.SubscriptionARN, confirm.ContentType = delivery.SubscriptionConfirmation, "", "application/json"
		for _, c := range []struct {
			in   delivery.Request
			want string
		}{
			{notification("http://example.com:8080/a"), "POST /a example.com:8080|Notification|m-1|" + topicARN + "|" + topicARN + ":s-1||text/plain; charset=UTF-8|"},
			{raw, "POST /hook?x=1 example.com|Notification|m-1|" + topicARN + "|" + topicARN + ":s-1|true|text/csv|me p@ss"},
			{envelope, "POST /hook example.com|Notification|m-1|" + topicARN + "|" + topicARN + ":s-1||text/plain; charset=UTF-8|"},
			{confirm, "POST / example.com|SubscriptionConfirmation|m-1|" + topicARN + "|||application/json|"},
		} {
			if err := e.Send(t.Context(), c.in); err != nil {
				t.Fatal(err)
			}
			line := got.Method + " " + got.RequestURI + " " + got.Host
			for _, name := range []string{"x-amz-sns-message-type", "x-amz-sns-message-id", "x-amz-sns-topic-arn", "x-amz-sns-subscription-arn", "x-amz-sns-rawdelivery", "Content-Type"} {
				line += "|" + got.Header.Get(name)
			}
			user, password, _ := got.BasicAuth()
			if line += "|" + strings.TrimSpace(user+" "+password); line != c.want {
				t.Errorf("got  %s\nwant %s", line, c.want)
			}
			if ua := got.Header.Get("User-Agent"); ua != "Amazon Simple Notification Service Agent" || body != `{"a":1}` || got.ContentLength != 7 {
				t.Errorf("user agent %q, body %q of %d", ua, body, got.ContentLength)
			}
		}
	})
}

func TestAnswers(t *testing.T) {
	for _, c := range []struct {
		code      int
		ok, final bool
	}{
		{200, true, false}, {204, true, false}, {299, true, false},
		{301, false, true}, {307, false, true}, {304, false, true},
		{400, false, true}, {401, false, true}, {403, false, true}, {404, false, true}, {410, false, true},
		{429, false, false}, {500, false, false}, {503, false, false}, {599, false, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			asked := 0
			e := serve(t, func(w http.ResponseWriter, r *http.Request) {
				asked++
				w.Header().Set("Location", "http://169.254.169.254/latest/meta-data/")
				w.WriteHeader(c.code)
			})
			err := e.Send(t.Context(), notification("http://example.com"))
			if c.ok {
				if err != nil {
					t.Errorf("%d: %v", c.code, err)
				}
				return
			}
			f := failure(t, err)
			if f.Status != c.code || f.Permanent != c.final || asked != 1 {
				t.Errorf("%d: %+v after %d requests", c.code, f, asked)
			}
		})
	}
}

// hang waits until the client has gone.
func hang(r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// TestBadEndpoints has endpoints that do not answer as they should.
func TestBadEndpoints(t *testing.T) {
	hijack := func(w http.ResponseWriter) net.Conn {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			panic(err)
		}
		return c
	}
	for _, c := range []struct {
		name   string
		do     http.HandlerFunc
		took   time.Duration
		reason string // "": delivered
	}{
		{"hangs", func(w http.ResponseWriter, r *http.Request) { hang(r) }, 15 * time.Second, "endpoint did not answer within 15s"},
		{"slow", func(http.ResponseWriter, *http.Request) { time.Sleep(14 * time.Second) }, 14 * time.Second, ""},
		{"resets", func(w http.ResponseWriter, r *http.Request) { _ = hijack(w).Close() }, 0, "endpoint could not be reached: EOF"},
		{"speaks something else", func(w http.ResponseWriter, r *http.Request) {
			conn := hijack(w)
			_, _ = conn.Write([]byte("220 mail.example.com\r\n\r\n"))
			_ = conn.Close()
		}, 0, `endpoint could not be reached: net/http: HTTP/1.x transport connection broken: malformed HTTP status code "mail.example.com"`},
		{"endless header", func(w http.ResponseWriter, r *http.Request) {
			conn := hijack(w)
			defer conn.Close()
			_, err := conn.Write([]byte("HTTP/1.1 200 OK\r\n"))
			for err == nil {
				_, err = conn.Write([]byte("A: " + strings.Repeat("b", 4096) + "\r\n"))
			}
		}, 0, "endpoint could not be reached: net/http: HTTP/1.x transport connection broken: net/http: server response headers exceeded 65536 bytes; aborted"},
		{"endless body", func(w http.ResponseWriter, r *http.Request) {
			for {
				if _, err := w.Write(make([]byte, 4096)); err != nil {
					return
				}
			}
		}, 0, ""},
		{"huge body announced", func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Content-Length", "1000000000000") }, 0, ""},
		{"body that never comes", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "10")
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			hang(r)
		}, 15 * time.Second, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := serve(t, c.do)
				begun := time.Now()
				err := e.Send(t.Context(), notification("http://u:secret@example.com"))
				if took := time.Since(begun); took != c.took {
					t.Errorf("took %v, want %v", took, c.took)
				}
				if c.reason == "" {
					if err != nil {
						t.Error(err)
					}
					return
				}
				if f := failure(t, err); f.Permanent || f.Status != 0 || f.Reason != c.reason {
					t.Errorf("got %+v, want %q", f, c.reason)
				}
			})
		})
	}
}

func TestUnreachable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := delivery.NewDialSender(func(context.Context, string, string) (net.Conn, error) {
			return nil, &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("connection refused")}
		}, delivery.SenderConfig{})
		f := failure(t, s.Send(t.Context(), notification("http://u:secret@example.com")))
		if f.Permanent || f.Reason != "endpoint could not be reached: dial tcp: connection refused" {
			t.Errorf("got %+v", f)
		}
	})
}

// TestReuse: one connection serves one message after the other.
func TestReuse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := serve(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, strings.Repeat("x", 1000)) })
		for range 20 {
			if err := e.Send(t.Context(), notification("http://example.com")); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		if n := e.dialled.Load(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

// TestGuard names what no subscriber may reach, and what it may.
func TestGuard(t *testing.T) {
	s := delivery.NewSender(delivery.SenderConfig{Self: "localhost:4566"})
	for to, ok := range map[string]bool{
		"http://example.com/hook":                      true,
		"HTTP://example.com":                           true,
		"http://u:p@127.0.0.1:8080/":                   true,
		"http://[::1]:8080/":                           true,
		"http://192.168.1.5/":                          true,
		"http://localhost:8080/":                       true,
		"http://abc123.execute-api.localhost:4566/dev": true,
		"http://localhost:4566/":                       false,
		"http://LOCALHOST:4566/":                       false,
		"http://127.0.0.1:4566/":                       false,
		"http://127.8.8.8:4566/":                       false,
		"http://[::1]:4566/":                           false,
		"http://[::ffff:127.0.0.1]:4566/":              false,
		"http://169.254.169.254/latest/meta-data/":     false,
		"http://[::ffff:169.254.169.254]/":             false,
		"http://[fe80::1%25eth0]/":                     false,
		"http://[fd00:ec2::254]/":                      false,
		"http://100.100.100.200/":                      false,
		"http://0.0.0.0:8080/":                         false,
		"http://[::]/":                                 false,
		"http://224.0.0.1/":                            false,
		"http://255.255.255.255/":                      false,
		"http://example.com:0/":                        false,
		"http://example.com:65536/":                    false,
		"http:///path":                                 false,
		"http://":                                      false,
		"https://example.com/":                         false, // of another protocol
		"ftp://example.com/":                           false,
		"http:example.com":                             false,
		"http://%zz/":                                  false,
		"":                                             false,
	} {
		if err := s.CheckEndpoint("http", to); (err == nil) != ok {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// TestGuardOfNames resolves names to addresses that are refused, on real sockets.
func TestGuardOfNames(t *testing.T) {
	called := 0
	srv := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	defer srv.Close()
	_, port, err := net.SplitHostPort(srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		self, to string
		ok       bool
	}{
		{"runnel.internal:" + port, "http://localhost:" + port, false},
		{"runnel.internal:" + port, "http://x.localhost:" + port, false},
		{"runnel.internal:" + port, "http://x.y.execute-api.localhost:" + port, false},
		{"runnel.internal:" + port, "http://x.execute-api.localhost:" + port, true},
		{"runnel.internal:1", "http://localhost:" + port, true},
		{"", "http://127.0.0.1:" + port, true},
	} {
		s := delivery.NewSender(delivery.SenderConfig{Self: c.self})
		err := s.Send(t.Context(), notification(c.to))
		s.CloseIdle()
		if c.ok {
			if err != nil {
				t.Errorf("%s: %v", c.to, err)
			}
			continue
		}
		if f := failure(t, err); !f.Permanent {
			t.Errorf("%s: %+v", c.to, f)
		}
	}
	if called != 3 {
		t.Errorf("called %d times", called)
	}
}

// TestTLS: the certificate of an endpoint is verified.
func TestTLS(t *testing.T) {
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	defer srv.Close()
	s := delivery.NewSender(delivery.SenderConfig{})
	f := failure(t, s.Send(t.Context(), notification(srv.URL)))
	if f.Permanent || !strings.Contains(f.Reason, "certificate") {
		t.Errorf("got %+v", f)
	}
	s = delivery.NewSender(delivery.SenderConfig{Roots: srv.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs})
	defer s.CloseIdle()
	if err := s.Send(t.Context(), notification(srv.URL)); err != nil {
		t.Error(err)
	}
}
