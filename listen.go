package runnel

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// tlsRecord is the first byte of a TLS handshake; no HTTP request begins so.
const tlsRecord = 0x16

// sniffTimeout bounds how long a connection may say nothing, at its beginning
// and between requests.
const sniffTimeout = 2 * time.Minute

// sniffer answers plain HTTP and TLS on one port: it looks at the first byte
// that a client sends, and hands the connection to one of two listeners.
type sniffer struct {
	net.Listener
	plain, secure *branch

	mu     sync.Mutex
	silent map[net.Conn]struct{} // those that have said nothing yet; nil once run has ended
}

func newSniffer(l net.Listener) *sniffer {
	return &sniffer{Listener: l, plain: newBranch(l), secure: newBranch(l), silent: make(map[net.Conn]struct{})}
}

// run accepts connections until the listener is closed, and then closes those
// that have said nothing.
func (s *sniffer) run() error {
	defer s.plain.Close()
	defer s.secure.Close()
	defer s.closeSilent()
	for {
		conn, err := s.Accept()
		if err != nil {
			var temporary interface{ Temporary() bool }
			if errors.As(err, &temporary) && temporary.Temporary() {
				time.Sleep(10 * time.Millisecond) // out of file descriptors: others must close first
				continue
			}
			return err
		}
		go s.sniff(conn)
	}
}

// closeSilent ends the connections that are sniffed, now and from now on.
func (s *sniffer) closeSilent() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for conn := range s.silent {
		conn.Close()
	}
	s.silent = nil
}

// firstByte reads what a client says first.
func (s *sniffer) firstByte(conn net.Conn) ([]byte, error) {
	s.mu.Lock()
	if s.silent == nil {
		s.mu.Unlock()
		return nil, net.ErrClosed
	}
	s.silent[conn] = struct{}{}
	s.mu.Unlock()
	first := make([]byte, 1)
	conn.SetReadDeadline(time.Now().Add(sniffTimeout))
	_, err := conn.Read(first)
	s.mu.Lock()
	delete(s.silent, conn)
	s.mu.Unlock()
	return first, err
}

func (s *sniffer) sniff(conn net.Conn) {
	first, err := s.firstByte(conn)
	if err != nil {
		conn.Close()
		return
	}
	conn.SetReadDeadline(time.Time{})
	to := s.plain
	if first[0] == tlsRecord {
		to = s.secure
	}
	to.offer(&sniffed{Conn: conn, first: first})
}

// sniffed is a connection of which the first byte was read already.
type sniffed struct {
	net.Conn
	first []byte
}

func (c *sniffed) Read(p []byte) (int, error) {
	if len(c.first) > 0 && len(p) > 0 {
		n := copy(p, c.first)
		c.first = c.first[n:]
		return n, nil
	}
	return c.Conn.Read(p)
}

// branch is a listener of the connections that it is offered.
type branch struct {
	addr  net.Addr
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newBranch(l net.Listener) *branch {
	return &branch{addr: l.Addr(), conns: make(chan net.Conn), done: make(chan struct{})}
}

func (b *branch) offer(c net.Conn) {
	select {
	case b.conns <- c:
	case <-b.done:
		c.Close()
	}
}

func (b *branch) Accept() (net.Conn, error) {
	select {
	case c := <-b.conns:
		return c, nil
	case <-b.done:
		return nil, net.ErrClosed
	}
}

func (b *branch) Close() error   { b.once.Do(func() { close(b.done) }); return nil }
func (b *branch) Addr() net.Addr { return b.addr }

// listen opens the address. Port 0 takes a free one.
func listen(ctx context.Context, address string) (net.Listener, error) {
	return new(net.ListenConfig).Listen(ctx, "tcp", address)
}

// loopback reports whether only this machine can reach the address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}

// serverTLS names HTTP/2 itself: of Serve and ServeTLS on one http.Server the
// first sets its protocols up, and Serve leaves HTTP/2 out that is not named.
func serverTLS(cert tls.Certificate) *tls.Config {
	return &tls.Config{
		Certificates: []tls.Certificate{cert},
		MinVersion:   tls.VersionTLS12,
		NextProtos:   []string{"h2", "http/1.1"},
	}
}
