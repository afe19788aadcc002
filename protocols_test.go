package runnel

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Plain HTTP, TLS and HTTP/2 are answered on one port, many times over and on
// connections of their own; the certificate is the one in the folder.
func TestProtocolsOnOnePort(t *testing.T) {
	dir := t.TempDir()
	r, err := New(Config{Data: dir, Listen: "127.0.0.1:0", Function: []string{os.Args[0]}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}()
	secure := strings.Replace(r.Endpoint(), "http:", "https:", 1)
	for range 50 {
		ask(t, r.Endpoint(), nil, 1)
		ask(t, secure, trust(t, dir), 1)
		ask(t, secure, trust(t, dir), 2)
	}
}

func trust(t *testing.T, dir string) *tls.Config {
	t.Helper()
	cert, err := os.ReadFile(filepath.Join(dir, "cert.pem"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(cert) {
		t.Fatal("cert.pem holds no certificate")
	}
	return &tls.Config{RootCAs: pool}
}

// ask sends one request on a new connection by a version of HTTP.
func ask(t *testing.T, url string, trusted *tls.Config, version int) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: trusted, ForceAttemptHTTP2: version == 2}
	defer transport.CloseIdleConnections()
	res, err := (&http.Client{Transport: transport}).Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK || res.ProtoMajor != version || !strings.Contains(string(body), "ListAllMyBucketsResult") {
		t.Fatalf("%s: %s %s, %v: %s", url, res.Proto, res.Status, err, body)
	}
}
