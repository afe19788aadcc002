package runnel

import (
	"errors"
	"io"
	"net"
	"testing"
)

// A client that connects and says nothing does not outlive the listener.
func TestSilentConnectionEnds(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, ended := newSniffer(l), make(chan error, 1)
	go func() { ended <- s.run() }()
	silent, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	speaks, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer speaks.Close()
	io.WriteString(speaks, "GET")
	conn, err := s.plain.Accept() // it came after the silent one
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	said := make([]byte, 3)
	if _, err := io.ReadFull(conn, said); string(said) != "GET" {
		t.Errorf("%q, %v", said, err)
	}
	l.Close()
	if err := <-ended; !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := silent.Read(make([]byte, 1)); err == nil {
		t.Error("the silent connection is open")
	}
	if _, err := s.plain.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepting after the end: %v", err)
	}
}

func TestLoopback(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:4566": true, "127.8.9.10:1": true, "localhost:0": true, "[::1]:4566": true,
		"0.0.0.0:4566": false, ":4566": false, "[::]:4566": false, "10.0.0.1:4566": false, "example.com:80": false, "127.0.0.1": false, "": false,
	} {
		if got := loopback(address); got != want {
			t.Errorf("%q: %v, want %v", address, got, want)
		}
	}
}
