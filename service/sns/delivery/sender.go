package delivery

import (
	"bytes"
	"cmp"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

const (
	// attemptTime is how long an endpoint has to answer, connecting to it included.
	// Source: https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html
	attemptTime = 15 * time.Second

	maxAnswer = 64 << 10 // bytes of an answer that are read to keep its connection
	maxHeader = 64 << 10 // bytes

	userAgent = "Amazon Simple Notification Service Agent"
)

// SenderConfig says how endpoints are reached.
type SenderConfig struct {
	Transport http.RoundTripper // nil: HTTP/1.1 to what guard lets pass
	Roots     *x509.CertPool    // who signs endpoints' certificates; nil: the machine's
	Self      string            // host:port of the runtime; "": unknown
}

// Sender makes attempts to deliver to HTTP and HTTPS endpoints.
type Sender struct {
	transport http.RoundTripper
	guard     guard
}

// NewSender is a sender.
func NewSender(c SenderConfig) *Sender {
	s := &Sender{transport: c.Transport, guard: guardOf(c.Self)}
	if s.transport == nil {
		s.transport = newTransport(s.guard.dial, c.Roots)
	}
	return s
}

// Request is one attempt.
type Request struct {
	Endpoint        string // URL; may carry user:password@ for basic authentication
	Type            string // Notification, ...
	MessageID       string
	TopicARN        string
	SubscriptionARN string // "" of an endpoint that is yet to confirm
	Raw             bool   // Body is the message itself, not the envelope
	ContentType     string // Policy.ContentType
	Body            []byte
}

// Failure is why an attempt failed.
type Failure struct {
	Status    int    // of the answer; 0 if there was none
	Permanent bool   // a client-side error, which SNS does not retry
	Reason    string // one line, for the dead letter and the log
}

// Error is the reason.
func (f *Failure) Error() string { return f.Reason }

// Send makes one attempt. An error is a *Failure.
func (s *Sender) Send(ctx context.Context, r Request) error {
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	req, err := s.request(ctx, r)
	if err != nil {
		return &Failure{Permanent: true, Reason: err.Error()}
	}
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		return failed(ctx, err)
	}
	defer resp.Body.Close()
	if resp.ContentLength >= 0 && resp.ContentLength <= maxAnswer {
		_, _ = io.Copy(io.Discard, resp.Body) // the connection can serve again; the status counts in any case
	}
	return judge(resp)
}

// CloseIdle closes connections that are not in use.
func (s *Sender) CloseIdle() {
	if t, ok := s.transport.(interface{ CloseIdleConnections() }); ok {
		t.CloseIdleConnections()
	}
}

// CheckEndpoint reports why no message can be sent to a URL: its scheme is not
// that of the protocol ("http" or "https"), it has no host, or names what no
// subscriber may reach.
func (s *Sender) CheckEndpoint(protocol, endpoint string) error {
	u, err := url.Parse(endpoint)
	if !strings.HasPrefix(strings.ToLower(endpoint), protocol+"://") {
		return fmt.Errorf("endpoint is no %s URL", protocol)
	}
	if err != nil {
		return errors.New("endpoint is not a URL")
	}
	return s.guard.checkURL(u)
}

// request is the POST of an attempt, with the headers in which AWS sends it.
// Names are lower-case as there, since not every endpoint knows that case does
// not matter.
//
// Source: https://docs.aws.amazon.com/sns/latest/dg/http-header.html
func (s *Sender) request(ctx context.Context, r Request) (*http.Request, error) {
	u, err := url.Parse(r.Endpoint)
	if err != nil {
		return nil, errors.New("endpoint is not a URL")
	}
	if err := s.guard.checkURL(u); err != nil {
		return nil, err
	}
	user := u.User
	u.User, u.Fragment = nil, ""
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(r.Body))
	if err != nil {
		return nil, errors.New("endpoint is not a URL")
	}
	if user != nil {
		password, _ := user.Password()
		req.SetBasicAuth(user.Username(), password)
	}
	h := req.Header
	h["x-amz-sns-message-type"] = []string{r.Type}
	h["x-amz-sns-message-id"] = []string{r.MessageID}
	h["x-amz-sns-topic-arn"] = []string{r.TopicARN}
	if r.SubscriptionARN != "" {
		h["x-amz-sns-subscription-arn"] = []string{r.SubscriptionARN}
	}
	if r.Raw {
		h["x-amz-sns-rawdelivery"] = []string{"true"}
	}
	h.Set("User-Agent", userAgent)
	h.Set("Content-Type", contentType(r))
	return req, nil
}

// contentType is that of the policy, if it is one that the message may have.
func contentType(r Request) string {
	media, _, _ := strings.Cut(r.ContentType, ";")
	if !r.Raw && !slices.Contains(envelopeTypes, strings.TrimSpace(media)) {
		return defaultContentType
	}
	return cmp.Or(r.ContentType, defaultContentType)
}

// judge is what an answer means: 5xx and 429 may pass, all else that is no
// success is final. No redirect is followed: where a message goes is said by who
// subscribed, not by who answers.
//
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
func judge(resp *http.Response) error {
	code := resp.StatusCode
	switch {
	case code >= 200 && code <= 299:
		return nil
	case code >= 300 && code <= 399:
		return &Failure{Status: code, Permanent: true, Reason: fmt.Sprintf("endpoint answered %d, and redirects are not followed", code)}
	}
	return &Failure{
		Status:    code,
		Permanent: code < 500 && code != http.StatusTooManyRequests,
		Reason:    fmt.Sprintf("endpoint answered %d", code),
	}
}

// failed is what it means that there was no answer: an endpoint that is down may
// come back, one that is refused will be again.
func failed(ctx context.Context, err error) *Failure {
	var refused *refusedError
	switch {
	case errors.As(err, &refused):
		return &Failure{Permanent: true, Reason: refused.Error()}
	case ctx.Err() != nil && errors.Is(ctx.Err(), context.DeadlineExceeded):
		return &Failure{Reason: fmt.Sprintf("endpoint did not answer within %v", attemptTime)}
	}
	reason, _, _ := strings.Cut(err.Error(), "\n")
	return &Failure{Reason: "endpoint could not be reached: " + reason}
}

// newTransport speaks HTTP/1.1, as SNS does, and through no proxy: a proxy would
// connect to what the guard refuses.
func newTransport(dial func(ctx context.Context, network, addr string) (net.Conn, error), roots *x509.CertPool) *http.Transport {
	return &http.Transport{
		DialContext:            dial,
		TLSClientConfig:        tlsConfig(roots),
		TLSHandshakeTimeout:    attemptTime,
		DisableCompression:     true,
		MaxIdleConns:           256,
		MaxIdleConnsPerHost:    16,
		IdleConnTimeout:        time.Minute,
		MaxResponseHeaderBytes: maxHeader,
	}
}
