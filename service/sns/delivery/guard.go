package delivery

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// guard decides what subscribers may reach. It judges addresses when a connection
// is made, after names were resolved, so that no name can point past it.
//
// Loopback and private networks are open: that is where the subscribers of a
// local runtime are. Closed are link-local addresses and others at which a
// machine in a cloud hands out its credentials, those that name no one host, and
// the runtime's own port, where a message would pass for a request from this
// machine; but its APIs (ID.execute-api.localhost) may be subscribed.
type guard struct {
	host, port string // of the runtime; "": unknown
}

func guardOf(self string) guard {
	host, port, _ := net.SplitHostPort(self)
	return guard{host, port}
}

// metadata are addresses, besides link-local ones, of clouds' metadata services.
var metadata = []netip.Addr{
	netip.MustParseAddr("fd00:ec2::254"),   // Amazon EC2, by IPv6
	netip.MustParseAddr("100.100.100.200"), // Alibaba Cloud
	netip.MustParseAddr("168.63.129.16"),   // Azure
}

// refusedError says that an endpoint may not be reached.
type refusedError struct{ text string }

// Error implements error.
func (e *refusedError) Error() string { return e.text }

func refuse(format string, args ...any) error { return &refusedError{fmt.Sprintf(format, args...)} }

// checkURL judges a URL as far as that can be done without resolving its name.
func (g guard) checkURL(u *url.URL) error {
	host := u.Hostname()
	if u.Scheme != "http" && u.Scheme != "https" || host == "" || u.Opaque != "" {
		return refuse("endpoint is not the URL of a host")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return refuse("endpoint has no such port: %s", port)
		}
	}
	if strings.EqualFold(host, g.host) && port(u) == g.port && !isAPI(host) {
		return g.refuseSelf()
	}
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return nil
	}
	return g.checkAddr(host, netip.AddrPortFrom(ip, portNumber(u)))
}

func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func portNumber(u *url.URL) uint16 {
	n, _ := strconv.ParseUint(port(u), 10, 16)
	return uint16(n)
}

// isAPI reports whether a host name is that of an API that the runtime serves.
func isAPI(host string) bool {
	api, ok := strings.CutSuffix(strings.ToLower(host), ".execute-api.localhost")
	return ok && api != "" && !strings.Contains(api, ".")
}

func (g guard) refuseSelf() error {
	return refuse("endpoint is the runtime itself; subscribe a queue or a function, or an API as ID.execute-api.localhost:%s", g.port)
}

// checkAddr judges an address that host stands for.
func (g guard) checkAddr(host string, to netip.AddrPort) error {
	ip := to.Addr().WithZone("").Unmap()
	switch {
	case ip.IsLinkLocalUnicast(), slices.Contains(metadata, ip):
		return refuse("endpoint is a link-local or metadata address: %s", ip)
	case ip.IsUnspecified(), ip.IsMulticast(), ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return refuse("endpoint is not the address of one host: %s", ip)
	case ip.IsLoopback() && g.port == strconv.Itoa(int(to.Port())) && !isAPI(host):
		return g.refuseSelf()
	}
	return nil
}

// dial connects to what the guard lets pass. Names below localhost are this
// machine (RFC 6761), whether or not the machine's resolver knows it.
func (g guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		to, err := netip.ParseAddrPort(address)
		if err != nil {
			return refuse("endpoint has no address: %s", address)
		}
		return g.checkAddr(host, to)
	}}
	if strings.HasSuffix(strings.ToLower(host), ".localhost") {
		addr = net.JoinHostPort("localhost", port)
	}
	return d.DialContext(ctx, network, addr)
}

func tlsConfig(roots *x509.CertPool) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots}
}
