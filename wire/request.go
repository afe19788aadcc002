package wire

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"
)

// Request is what an operation may know of the request that it answers.
type Request struct {
	ID        string // request id, as the answer's headers say
	Service   string // API.ID
	Operation string
	Region    string // the runtime's: any region that a client names is this one
	AccessKey string // empty if the request is not signed
	Principal Principal
	Host      string // with the port, as the client wrote it
	SourceIP  string
	UserAgent string
	Trace     string // X-Amzn-Trace-Id
	Presigned bool   // signed by query parameters
	TLS       bool
	Method    string
	Header    http.Header // read only
	Answer    http.Header // of the answer, be it a failure: for what no output has, such as CORS
}

// URL is the address that the client reached, without a path: what a service puts
// before the addresses it gives out (SQS queue URLs).
func (r *Request) URL() string {
	if r.TLS {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// Principal is who sends a request.
type Principal struct {
	ARN     string // arn:aws:iam::000000000000:root
	Account string
	UserID  string
}

type requestKey struct{}
type principalKey struct{}

// RequestOf returns the request that ctx belongs to. Outside of one it returns a
// Request that has nothing but a fresh ID and an Answer that nobody reads.
func RequestOf(ctx context.Context) *Request {
	if r, ok := ctx.Value(requestKey{}).(*Request); ok {
		return r
	}
	return &Request{ID: NewRequestID(), Answer: http.Header{}}
}

// WithRequest returns a context that belongs to r. The Mux does it for requests; a
// runtime that calls an operation by itself may too.
func WithRequest(ctx context.Context, r *Request) context.Context {
	return context.WithValue(ctx, requestKey{}, r)
}

// WithPrincipal makes requests sent over [InProcess] under ctx come from p; their
// signatures are not looked at.
func WithPrincipal(ctx context.Context, p Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// NewRequestID returns a random id in the form of a version 4 UUID.
func NewRequestID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	var s [36]byte
	hex.Encode(s[0:8], b[0:4])
	hex.Encode(s[9:13], b[4:6])
	hex.Encode(s[14:18], b[6:8])
	hex.Encode(s[19:23], b[8:10])
	hex.Encode(s[24:36], b[10:16])
	s[8], s[13], s[18], s[23] = '-', '-', '-', '-'
	return string(s[:])
}
