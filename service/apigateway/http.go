package apigateway

import (
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// userRequest marks the calls of APIs that come to the runtime's own host:
// /restapis/API/STAGE/_user_request_/PATH.
const userRequest = "_user_request_"

// Match reports whether a request is a call of an API, and not of the service.
func (s *Service) Match(r *http.Request) bool {
	_, ok := callOf(r)
	return ok
}

// callOf finds the API, the stage and the path that a request is for, by its
// host (API.execute-api.localhost, API.execute-api.REGION.amazonaws.com) or by
// its path.
func callOf(r *http.Request) (*Request, bool) {
	path := r.URL.EscapedPath()
	api, rest, ok := strings.Cut(hostname(r.Host), ".execute-api.")
	if ok && !strings.Contains(api, ".") && isDomain(rest) {
		stage, path, slash := strings.Cut(strings.TrimPrefix(path, "/"), "/")
		if slash {
			path = "/" + path
		}
		return &Request{APIID: api, Stage: stage, RawPath: path}, true
	}
	parts := strings.SplitN(path, "/", 6) // "", restapis, API, STAGE, _user_request_, PATH
	if len(parts) < 5 || parts[1] != "restapis" || parts[4] != userRequest {
		return nil, false
	}
	c := &Request{APIID: parts[2], Stage: parts[3]}
	if len(parts) == 6 {
		c.RawPath = "/" + parts[5]
	}
	return c, true
}

// isDomain reports whether a domain is one under which APIs are reached, with
// a region or without.
func isDomain(domain string) bool {
	for _, d := range []string{".localhost", ".localhost.localstack.cloud", ".amazonaws.com", ".amazonaws.com.cn"} {
		if strings.HasSuffix("."+domain, d) {
			return true
		}
	}
	return false
}

// Handler serves what Match matches.
func (s *Service) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, ok := callOf(r)
		if !ok {
			http.NotFound(w, r)
			return
		}
		body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
		if err != nil {
			w.WriteHeader(http.StatusBadRequest) // the client broke off
			return
		}
		c.Method, c.RawQuery, c.Header, c.Body = r.Method, r.URL.RawQuery, r.Header, body
		c.Host, c.SourceIP, c.Protocol, c.TLS = r.Host, sourceIP(r), r.Proto, r.TLS != nil
		write(w, r.Method, s.Execute(r.Context(), c))
	})
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func write(w http.ResponseWriter, method string, res *Response) {
	h := w.Header()
	for name, values := range res.Header {
		h[name] = values
	}
	bare := res.Status == http.StatusNoContent || res.Status == http.StatusNotModified
	if !bare && method != http.MethodHead {
		h.Set("Content-Length", strconv.Itoa(len(res.Body)))
	}
	w.WriteHeader(res.Status)
	if !bare && method != http.MethodHead {
		w.Write(res.Body) // a client that has gone needs no answer
	}
}
