package apigateway

import (
	"bytes"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/runnel/runnel/wire"
)

// Paths of the runtime's own host that are calls of APIs, as LocalStack has
// them: /restapis/API/STAGE/_user_request_/PATH and /_aws/execute-api/API/STAGE/PATH.
const (
	userRequest = "_user_request_"
	executeAPI  = "/_aws/execute-api/"
)

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
	api, domain, ok := strings.Cut(hostname(r.Host), ".execute-api.")
	if ok && !strings.Contains(api, ".") && isDomain(domain) {
		return callAt(api, strings.TrimPrefix(path, "/")), true
	}
	if rest, ok := strings.CutPrefix(path, executeAPI); ok {
		api, rest, ok := strings.Cut(rest, "/")
		return callAt(api, rest), ok
	}
	parts := strings.SplitN(path, "/", 6) // "", restapis, API, STAGE, _user_request_, PATH
	if len(parts) < 5 || parts[1] != "restapis" || parts[4] != userRequest {
		return nil, false
	}
	rest := parts[3]
	if len(parts) == 6 {
		rest += "/" + parts[5]
	}
	return callAt(parts[2], rest), true
}

// callAt is the call of an API at STAGE or STAGE/PATH.
func callAt(api, rest string) *Request {
	stage, path, slash := strings.Cut(rest, "/")
	if slash {
		path = "/" + path
	}
	return &Request{APIID: api, Stage: stage, RawPath: path}
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
		if c.Body, ok = bodyOf(r); !ok {
			w.WriteHeader(http.StatusBadRequest) // the client broke off
			return
		}
		c.Method, c.RawQuery, c.Header = r.Method, r.URL.RawQuery, r.Header
		c.Host, c.SourceIP, c.Protocol, c.TLS = r.Host, sourceIP(r), r.Proto, r.TLS != nil
		write(w, r.Method, s.Execute(r.Context(), c))
	})
}

// bodyOf reads a body, or as much of it as shows that it is too large.
func bodyOf(r *http.Request) ([]byte, bool) {
	var b bytes.Buffer
	err := wire.ReadBody(&b, r.Body, r.ContentLength, MaxBody)
	return b.Bytes(), err == nil
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
