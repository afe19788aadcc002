package api

import (
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	r := newRig(t)
	o := r.call("GET", "", "", "Accept: text/html")
	o.is(t, 200, "<!doctype html>", "<script")
	o.has(t, "Content-Type", "text/html; charset=utf-8")
	o.has(t, "Cache-Control", "no-cache")
	o.has(t, "X-Content-Type-Options", "nosniff")
	tag := o.header.Get("ETag")
	if o := r.call("GET", "", "", `If-None-Match: "x", `+tag); o.status != 304 || o.body != "" {
		t.Errorf("got %d %s", o.status, o.body)
	}
	r.call("GET", "", "", `If-None-Match: "x"`).is(t, 200)
	r.call("GET", "", "", `If-None-Match: x`).is(t, 200)
	for _, name := range []string{"nothing.css", "..%2Fpage.go", "%00"} {
		r.call("GET", "page/"+name, "").is(t, 404, "there is no file")
	}
	r.call("POST", "", "x").is(t, 404)
}

// Without the slash at its end the page's own links would lead elsewhere.
func TestPageIsAFolder(t *testing.T) {
	r := newRig(t)
	id := strings.Split(r.base, "/")[4]
	r.base = "http://" + id + ".execute-api.localhost:4566/v1"
	res := must(r.http.Get(r.base))(t)
	defer res.Body.Close()
	if at := res.Request.URL.Path; res.StatusCode != 200 || at != "/v1/" {
		t.Errorf("got %d at %s", res.StatusCode, at)
	}
}
