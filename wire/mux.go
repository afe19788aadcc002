package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"reflect"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"github.com/runnel/runnel/wire/codec"
	"github.com/runnel/runnel/wire/sign"
)

// Credentials says who holds an access key.
type Credentials interface {
	// Lookup returns the secret of an access key, the session token that must come
	// with it (or ""), and whom it stands for. For a key it does not know it
	// returns ErrUnknownKey, for one that has expired ErrExpiredKey.
	Lookup(ctx context.Context, accessKey string) (secret, token string, p Principal, err error)
}

// Config is what a Mux needs to know.
type Config struct {
	Region  string
	Account string
	// Credentials verifies signatures; if nil no key is known.
	Credentials Credentials
	// Require refuses requests that are not signed with a known key. Otherwise
	// they pass as the account's root.
	Require bool
	// Logger takes the causes of internal failures; slog.Default if nil.
	Logger *slog.Logger
	// Observe, if not nil, is called once for every request to an API, when the
	// answer has been written and before the handler returns: so it must not wait
	// for anything. What was diverted is not seen.
	Observe func(Call)
}

// Mux serves the APIs that were handed to it. Handle and Divert come before the
// first request.
type Mux struct {
	cfg     Config
	apis    []*service
	divert  []diversion
	root    Principal
	buffers sync.Pool // *bytes.Buffer, for bodies and answers
}

type diversion struct {
	match func(*http.Request) bool
	h     http.Handler
}

// NewMux returns a Mux without any API.
func NewMux(cfg Config) *Mux {
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	return &Mux{
		cfg:     cfg,
		root:    Principal{ARN: "arn:aws:iam::" + cfg.Account + ":root", Account: cfg.Account, UserID: cfg.Account},
		buffers: sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
}

// Handle adds an API. It panics if the API contradicts itself or has the ID of one
// before it: that is a mistake in the program.
func (m *Mux) Handle(api API) {
	s, err := newService(api)
	if err == nil && m.byID(api.ID) != nil {
		err = fmt.Errorf("wire: two APIs have the ID %s", api.ID)
	}
	if err != nil {
		panic(err)
	}
	m.apis = append(m.apis, s)
}

// Divert hands the requests that match to h, before any protocol is looked at:
// API Gateway's own APIs, health checks.
func (m *Mux) Divert(match func(*http.Request) bool, h http.Handler) {
	m.divert = append(m.divert, diversion{match, h})
}

// ServeHTTP implements http.Handler.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, d := range m.divert {
		if d.match(r) {
			d.h.ServeHTTP(w, r)
			return
		}
	}
	c := &call{Mux: m, w: w, r: r}
	c.req = &Request{
		Region:    m.cfg.Region,
		Principal: m.root,
		Host:      r.Host,
		SourceIP:  sourceIP(r),
		UserAgent: r.UserAgent(),
		Trace:     r.Header.Get("X-Amzn-Trace-Id"),
		TLS:       r.TLS != nil,
		Method:    r.Method,
		Header:    r.Header,
		Answer:    w.Header(),
	}
	if outer, ok := r.Context().Value(requestKey{}).(*Request); ok && c.req.Trace == "" {
		c.req.Trace = outer.Trace
	}
	c.ctx = WithRequest(r.Context(), c.req)
	if m.cfg.Observe != nil {
		c.seen = &Call{Request: c.req, Start: time.Now()}
		defer c.observe()
	}
	defer c.release()
	defer c.recover()
	if err := c.serve(); err != nil {
		c.fail(err)
	}
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// service is an API ready to serve.
type service struct {
	API
	codec     *codec.Codec
	byName    map[string]*operation
	routes    []*route
	selectors map[string]bool
}

// operation is an Operation ready to serve.
type operation struct {
	Operation
	rest *restPlan // nil but in REST protocols
}

func newService(api API) (*service, error) {
	if api.ID == "" || len(api.Protocols) == 0 {
		return nil, fmt.Errorf("wire: an API needs ID and Protocols")
	}
	if api.MaxBody == 0 {
		api.MaxBody = defaultMaxBody
	}
	s := &service{API: api, codec: newCodec(api), byName: map[string]*operation{}, selectors: map[string]bool{}}
	for _, name := range api.Selectors {
		s.selectors[name] = true
	}
	for _, o := range api.Operations {
		if s.byName[o.name] != nil {
			return nil, fmt.Errorf("wire: %s has %s twice", api.ID, o.name)
		}
		op := &operation{Operation: o}
		s.byName[o.name] = op
		if !s.speaks(RESTJSON, RESTXML) {
			continue
		}
		if err := s.bind(op); err != nil {
			return nil, fmt.Errorf("wire: %s.%s: %w", api.ID, o.name, err)
		}
	}
	return s, nil
}

// newCodec returns the codec of an API.
func newCodec(api API) *codec.Codec {
	return codec.New(codec.Config{
		Names: api.Names, Unions: api.Unions, LowerCamel: api.LowerCamel,
		ForJSON: !api.speaks(Query, RESTXML),
	})
}

// Check reports types of an API's operations that no codec can carry, such as a
// union that is missing in API.Unions. It is for tests: a Mux looks at a type only
// when the first request needs it, for a quick start.
func Check(api API) error {
	s, err := newService(api)
	if err != nil {
		return err
	}
	var errs []error
	for _, op := range s.byName {
		for _, t := range []reflect.Type{op.in, op.out} {
			if _, err := s.codec.Plan(t); err != nil {
				errs = append(errs, fmt.Errorf("%s: %w", op.name, err))
			}
		}
	}
	return errors.Join(errs...)
}

// speaks reports whether the API has one of the protocols.
func (a *API) speaks(ps ...Protocol) bool {
	return slices.ContainsFunc(ps, func(p Protocol) bool { return slices.Contains(a.Protocols, p) })
}

// call is a request on its way.
type call struct {
	*Mux
	ctx     context.Context
	w       http.ResponseWriter
	r       *http.Request
	req     *Request
	svc     *service
	proto   Protocol
	op      *operation
	match   match       // REST
	form    *codec.Form // query
	sig     *sign.Signature
	buf     *bytes.Buffer // the body, once it is read
	hostID  string        // S3's second id of a request
	started bool          // the answer's header is written
	seen    *Call         // nil unless Config.Observe is there
}

func (c *call) serve() error {
	if err := c.resolve(); err != nil {
		return err
	}
	c.identify()
	if err := c.authenticate(); err != nil {
		return err
	}
	if err := c.findOperation(); err != nil {
		return err
	}
	c.req.Operation = c.op.name
	in := reflect.New(c.op.in)
	if err := c.decode(in.Elem()); err != nil {
		return err
	}
	c.release() // an operation may wait for long
	if c.seen != nil {
		c.seen.Input = in.Interface()
	}
	out, err := c.op.call(c.ctx, in.Interface())
	if err != nil {
		return err
	}
	if c.seen != nil {
		c.seen.Output = out
	}
	return c.encode(reflect.ValueOf(out).Elem())
}

// recover makes an internal failure of a panic in an operation. Once the answer has
// begun only a broken connection can tell.
func (c *call) recover() {
	e := recover()
	if e == nil {
		return
	}
	if e == http.ErrAbortHandler {
		panic(e)
	}
	c.fail(panicked{e, debug.Stack()})
}

// panicked is a panic in an operation.
type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string { return fmt.Sprintf("panic: %v\n%s", p.value, p.stack) }

func (c *call) decode(in reflect.Value) error {
	if c.proto == RESTJSON || c.proto == RESTXML {
		return c.decodeREST(in)
	}
	n, err := c.svc.codec.Plan(c.op.in)
	if err != nil {
		return err
	}
	if c.proto == Query {
		return n.DecodeForm(c.form, in)
	}
	doc, err := c.body()
	if err != nil {
		return err
	}
	if c.proto == RPCv2CBOR {
		return n.DecodeCBOR(doc, in)
	}
	return n.DecodeJSON(doc, in)
}

func (c *call) encode(out reflect.Value) error {
	if c.proto == RESTJSON || c.proto == RESTXML {
		return c.encodeREST(out)
	}
	n, err := c.svc.codec.Plan(c.op.out)
	if err != nil {
		return err
	}
	if c.proto == RPCv2CBOR && len(n.Fields) == 0 {
		return c.empty(http.StatusOK)
	}
	return c.document(http.StatusOK, func(b []byte) ([]byte, error) {
		switch c.proto {
		case Query:
			return n.AppendResponse(b, c.op.name, c.svc.Namespace, c.req.ID, out), nil
		case RPCv2CBOR:
			return n.AppendCBOR(b, out), nil
		}
		return n.AppendJSON(b, out), nil
	})
}
