package wire

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/runnel/runnel/wire/codec"
	"github.com/runnel/runnel/wire/sign"
)

// resolve finds the service that a request is for and the protocol it speaks.
func (c *call) resolve() error {
	sig, err := sign.Parse(c.r)
	c.sig = sig
	c.svc, c.match.host = c.findService()
	c.proto = c.findProtocol()
	if c.svc != nil {
		c.req.Service = c.svc.ID
	}
	if err != nil {
		return c.authError(err)
	}
	if c.svc == nil {
		return c.unknownService()
	}
	return nil
}

// findService tries, in turn: the host name, the credential scope, the path of
// rpcv2Cbor, X-Amz-Target, the query API's version and action, the path of a REST
// API, and then S3, whose paths can be anything. label is what the host name says in
// front of S3's name: a bucket.
func (c *call) findService() (s *service, label string) {
	s, label = c.byHost(hostName(c.r.Host))
	if s != nil {
		return s, label
	}
	if c.sig != nil && c.sig.Service != "" {
		if s := c.byID(c.sig.Service); s != nil && (label == "" || s.speaks(RESTXML)) {
			return s, label
		} else if s != nil {
			return s, ""
		}
		if label == "" {
			return nil, ""
		}
	}
	if label != "" {
		return c.speaking(RESTXML), label
	}
	if isRPC(c.r) {
		target, _ := rpcOperation(c.r)
		return c.byTarget(target), ""
	}
	if target := c.r.Header.Get("X-Amz-Target"); target != "" {
		return c.byTarget(target), ""
	}
	if isQuery(c.r) {
		return c.byAction(), ""
	}
	for _, s := range c.apis {
		if s.speaks(RESTJSON) && s.hasPath(c.r.URL.EscapedPath()) {
			return s, ""
		}
	}
	return c.speaking(RESTXML), ""
}

func (m *Mux) byID(id string) *service {
	for _, s := range m.apis {
		if s.ID == id {
			return s
		}
	}
	return nil
}

func (m *Mux) speaking(p Protocol) *service {
	for _, s := range m.apis {
		if s.speaks(p) {
			return s
		}
	}
	return nil
}

// hostName is a Host without its port, in lower case.
func hostName(host string) string {
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		host = host[:i]
	}
	return strings.ToLower(host)
}

// domains are what names of endpoints end in.
var domains = []string{".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".localhost", ".localhost.localstack.cloud"}

// byHost finds the service in a host name: SERVICE.REGION.amazonaws.com,
// BUCKET.s3.REGION.amazonaws.com, SERVICE.localhost. In BUCKET.localhost there is
// only a label.
func (m *Mux) byHost(host string) (s *service, label string) {
	for _, d := range domains {
		name, ok := strings.CutSuffix(host, d)
		if !ok {
			continue
		}
		for i := len(name); i >= 0; i = strings.LastIndexByte(name[:i], '.') {
			start := strings.LastIndexByte(name[:i], '.') + 1
			id := name[start:i]
			if strings.HasPrefix(id, "s3-") {
				id = "s3" // s3-us-west-2, s3-accelerate
			}
			if id == "queue" && strings.HasPrefix(d, ".amazonaws") {
				id = "sqs" // its former name: REGION.queue.amazonaws.com
			}
			if s := m.byID(id); s != nil {
				if s.speaks(RESTXML) && start > 0 {
					label = name[:start-1]
				}
				return s, label
			}
		}
		if d == ".localhost" || d == ".localhost.localstack.cloud" {
			return nil, name
		}
	}
	return nil, ""
}

func (m *Mux) byTarget(target string) *service {
	prefix, _, _ := strings.Cut(target, ".")
	for _, s := range m.apis {
		if s.Target != "" && s.Target == prefix {
			return s
		}
	}
	return nil
}

// isQuery reports whether a request has the form of the query protocol.
func isQuery(r *http.Request) bool {
	if r.Method == http.MethodPost {
		return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
	}
	return r.Method == http.MethodGet && strings.Contains(r.URL.RawQuery, "Action=") && r.URL.Query().Has("Action")
}

// byAction finds the service whose version a query request names, or failing that,
// the one that has the action.
func (c *call) byAction() *service {
	f, err := c.parseForm()
	if err != nil {
		return nil
	}
	version, action := f.Get("Version"), f.Get("Action")
	for _, s := range c.apis {
		if s.speaks(Query) && s.Version == version {
			return s
		}
	}
	for _, s := range c.apis {
		if s.speaks(Query) && s.byName[action] != nil {
			return s
		}
	}
	return nil
}

// findProtocol tells the protocol, for a service that was not found too, since its
// error needs one.
func (c *call) findProtocol() Protocol {
	target := c.r.Header.Get("X-Amz-Target") != ""
	json, other := JSON10, JSON11
	if strings.Contains(c.r.Header.Get("Content-Type"), "json-1.1") {
		json, other = JSON11, JSON10
	}
	switch {
	case isRPC(c.r):
		return RPCv2CBOR
	case c.svc == nil && target:
		return json
	case c.svc == nil && isQuery(c.r):
		return Query
	case c.svc == nil && c.sig != nil && c.sig.Service != "":
		return RESTJSON
	case c.svc == nil:
		return RESTXML
	case target && c.svc.speaks(JSON10, JSON11):
		if c.svc.speaks(json) {
			return json
		}
		return other
	case c.svc.speaks(Query) && isQuery(c.r):
		return Query
	}
	return c.svc.Protocols[0]
}

func (c *call) unknownService() error {
	switch c.proto {
	case Query:
		f, err := c.parseForm()
		if err != nil {
			return err
		}
		return invalidAction(f)
	case RESTXML:
		return c.noRoute(c.r.URL.EscapedPath())
	case RESTJSON:
		return &Error{Code: "UnknownOperationException", Message: c.sig.Service + " is not served here", Status: c.unknownStatus()}
	}
	target := c.r.Header.Get("X-Amz-Target")
	if c.proto == RPCv2CBOR {
		target, _ = rpcOperation(c.r)
	}
	return &Error{Code: "UnknownOperationException", Message: target + " is not served here", Status: c.unknownStatus()}
}

func invalidAction(f *codec.Form) error {
	return Errorf("InvalidAction", "Could not find operation %s for version %s", f.Get("Action"), cmp.Or(f.Get("Version"), "NO_VERSION_SPECIFIED"))
}

// unknownStatus is the status of UnknownOperationException.
func (c *call) unknownStatus() int {
	if c.proto == RESTJSON || c.proto == RPCv2CBOR {
		return http.StatusNotFound
	}
	return http.StatusBadRequest
}

// findOperation finds the operation in the service.
func (c *call) findOperation() error {
	switch c.proto {
	case RESTJSON, RESTXML:
		return c.findRoute()
	case Query:
		return c.findAction()
	case RPCv2CBOR:
		return c.findRPC()
	}
	target := c.r.Header.Get("X-Amz-Target")
	prefix, name, _ := strings.Cut(target, ".")
	op, ok := c.svc.byName[name]
	if !ok || prefix != c.svc.Target {
		text := "The request has no X-Amz-Target"
		if target != "" {
			text = "Unknown operation " + target
		}
		return &Error{Code: "UnknownOperationException", Message: text, Status: c.unknownStatus()}
	}
	c.op = op
	return nil
}

func (c *call) findAction() error {
	f, err := c.parseForm()
	if err != nil {
		return err
	}
	action := f.Get("Action")
	if action == "" {
		return Errorf("MissingAction", "The request must contain the parameter Action")
	}
	op, ok := c.svc.byName[action]
	if !ok {
		return invalidAction(f)
	}
	c.op = op
	if f := c.svc.PathField; f != "" && len(c.r.URL.Path) > 1 && c.form.Get(f) == "" {
		c.form.Put(f, c.req.URL()+c.r.URL.EscapedPath())
	}
	return nil
}

// match is what a route found in a request.
type match struct {
	host   string   // the label that came in the host name
	labels []string // in the order of the route's
	query  url.Values
}

func (c *call) findRoute() error {
	path := c.r.URL.EscapedPath()
	if c.match.host != "" {
		path = "/" + url.PathEscape(c.match.host) + path
	}
	c.match.query = c.r.URL.Query()
	var best *route
	for _, rt := range c.svc.routes {
		if best != nil && rt.weight() <= best.weight() {
			continue
		}
		if labels, ok := rt.match(c.r, path, c.match.query); ok {
			best, c.match.labels = rt, labels
		}
	}
	if best == nil {
		return c.noRoute(path)
	}
	for name := range c.match.query {
		if c.svc.selectors[name] && !best.takes(name) {
			return notImplemented("QueryParameter", name)
		}
	}
	c.op = best.op
	return nil
}

// notImplemented is S3's refusal of what it does not have; kind says what name is.
func notImplemented(kind, name string) error {
	return &Error{
		Code: "NotImplemented", Status: http.StatusNotImplemented,
		Message: "A header you provided implies functionality that is not implemented",
		Fields:  map[string]string{kind: name},
	}
}

func (c *call) noRoute(path string) error {
	for name := range c.match.query {
		if c.svc != nil && c.svc.selectors[name] {
			return notImplemented("QueryParameter", name)
		}
	}
	if c.proto == RESTXML {
		return &Error{
			Code: "MethodNotAllowed", Status: http.StatusMethodNotAllowed,
			Message: "The specified method is not allowed against this resource.",
			Fields:  map[string]string{"Method": c.r.Method},
		}
	}
	return &Error{
		Code: "UnknownOperationException", Status: c.unknownStatus(),
		Message: "Unknown operation " + c.r.Method + " " + path,
	}
}
