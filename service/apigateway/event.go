package apigateway

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/service/apigateway/proxy"
)

// requestTime is the format of requestTime, that of Apache's log.
const requestTime = "02/Jan/2006:15:04:05 -0700"

// event is the payload that the function gets. The path stays escaped, as REST
// APIs leave it; path parameters and query parameters are decoded.
func (x *exchange) event() ([]byte, error) {
	headers := x.headers()
	e := proxy.Event{
		Resource: *x.resource.Path, Path: orRoot(x.RawPath), HTTPMethod: x.Method,
		Headers: last(headers), MultiValueHeaders: headers,
		PathParameters: x.params, RequestContext: x.context(),
	}
	if q := query(x.RawQuery); len(q) > 0 {
		e.Query, e.MultiValueQuery = last(q), q
	}
	if len(x.served.stage.Variables) > 0 {
		e.StageVariables = x.served.stage.Variables
	}
	e.Body, e.Base64 = x.Body, x.binary(x.Header.Get("Content-Type"))
	return e.Payload()
}

func (x *exchange) context() proxy.Context {
	domain := x.domain()
	prefix, _, _ := strings.Cut(domain, ".")
	c := proxy.Context{
		ResourceID: *x.resource.Id, ResourcePath: *x.resource.Path, HTTPMethod: x.Method,
		ExtendedRequestID: x.extended, RequestID: x.id, AccountID: x.s.cfg.Account,
		RequestTime: x.now.UTC().Format(requestTime), RequestTimeEpoch: x.now.UnixMilli(),
		Path: x.stagePath(), Protocol: x.Protocol, Stage: x.Stage,
		DomainName: domain, DomainPrefix: prefix,
		DeploymentID: aws.ToString(x.served.stage.DeploymentId), APIID: x.APIID,
		Identity: proxy.Identity{SourceIP: x.SourceIP},
	}
	if agent := x.Header.Get("User-Agent"); agent != "" {
		c.Identity.UserAgent = &agent
	}
	return c
}

func (x *exchange) stagePath() string { return "/" + x.Stage + x.RawPath }

func orRoot(path string) string {
	if path == "" {
		return "/"
	}
	return path
}

// domain is the name under which the client reached the API, or would have if
// it had not used the path of another host.
func (x *exchange) domain() string {
	host := hostname(x.Host)
	if strings.HasPrefix(host, x.APIID+".") {
		return host
	}
	return x.APIID + ".execute-api.localhost"
}

func hostname(hostport string) string {
	hostport = strings.ToLower(hostport)
	if host, _, err := net.SplitHostPort(hostport); err == nil {
		return host
	}
	return hostport
}

// headers are the request's, and those that API Gateway adds. Go has put their
// names in canonical form, where AWS leaves them as HTTP/1.1 clients wrote
// them; HTTP has them equal.
func (x *exchange) headers() http.Header {
	h := x.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	for _, name := range []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Expect"} {
		h.Del(name)
	}
	proto, port := "http", "80"
	if x.TLS {
		proto, port = "https", "443"
	}
	if _, p, err := net.SplitHostPort(x.Host); err == nil {
		port = p
	}
	forwarded := x.SourceIP
	if was := h.Get("X-Forwarded-For"); was != "" {
		forwarded = was + ", " + forwarded
	}
	h["Host"] = []string{x.Host}
	h["X-Amzn-Trace-Id"] = []string{x.trace}
	h["X-Forwarded-For"] = []string{forwarded}
	h["X-Forwarded-Port"] = []string{port}
	h["X-Forwarded-Proto"] = []string{proto}
	return h
}

// last is the last value of each name.
func last(values map[string][]string) map[string]string {
	m := make(map[string]string, len(values))
	for name, list := range values {
		if len(list) > 0 {
			m[name] = list[len(list)-1]
		}
	}
	return m
}

// query reads a query string. What is malformed stays as it is: the function
// is to judge it.
func query(raw string) url.Values {
	q := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		q.Add(unescape(name), unescape(value))
	}
	return q
}

func unescape(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}

// binary reports whether the API has bodies of the media type as bytes.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
func (x *exchange) binary(header string) bool {
	kind := mediaType(header)
	for _, t := range x.served.api.BinaryMediaTypes {
		t = strings.ToLower(t)
		if t == "*/*" || t == kind {
			return true
		}
		if major, ok := strings.CutSuffix(t, "/*"); ok && strings.HasPrefix(kind, major+"/") {
			return true
		}
	}
	return false
}
