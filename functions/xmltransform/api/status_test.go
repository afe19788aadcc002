package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/transform/rule"
)

// of is the metadata of what is made of a file as it is now, unless more says
// something else; names and values by turns.
func (r *rig) of(key string, more ...string) (metadata []string) {
	r.Helper()
	head := must(r.s3.HeadObject(r.Context(), &s3.HeadObjectInput{Bucket: &r.files, Key: &key}))(r)
	o := place.ObjectOf(r.files, key, head.ETag, nil, 0)
	o.Modified = *head.LastModified
	for name, value := range o.Metadata() {
		metadata = append(metadata, name, value)
	}
	return append(metadata, more...)
}

func (r *rig) putReport(key, etag string) {
	r.Helper()
	report, _ := json.Marshal(place.Notice{
		Status: place.Failed, Source: place.Object{Bucket: r.files, Key: key, ETag: etag},
		Rule: &place.RuleOf{ID: "strict", Version: 2}, Reason: "record 2 has no name",
		Failures: []rule.Failure{{Record: 2, Key: "required.name", Reason: "is missing"}},
	})
	r.put(r.results, place.Report(key), "application/json", string(report), r.of(key, place.SourceETag, etag)...)
}

func TestStatus(t *testing.T) {
	r := newRig(t)
	const key, link = "in/ü.xml", "upload/in/%C3%BC.xml"
	r.call("GET", link, "").is(t, 404, `there is no file \"in/ü.xml\"`)
	r.call("GET", "upload/"+strings.Repeat("x", 1100), "").is(t, 404)

	etag := r.put(r.files, key, "application/xml", "<a/>")
	pending := `{"status":"pending","source":{"bucket":"xml-data","key":"in/ü.xml","etag":"` + etag + `","size":4}}`
	o := r.call("GET", link, "")
	o.is(t, 200, pending)
	o.has(t, "Cache-Control", "no-store")

	r.put(r.results, "in/ü.json", "application/json", `{"old":1}`, r.of(key, place.SourceETag, "0123")...)
	r.putReport(key, "0123")
	r.call("GET", link, "").is(t, 200, pending)

	r.put(r.results, "in/ü.json", "application/json", `{"other":1}`, r.of(key, place.SourceKey, place.Encode("in/ü"))...)
	r.call("GET", link, "").is(t, 200, pending)

	r.put(r.results, "in/ü.json", "application/json", `{"earlier":1}`, r.of(key, place.SourceModified, "20260101T000000Z")...)
	r.call("GET", link, "").is(t, 200, pending)

	r.putReport(key, etag)
	r.call("GET", link, "").is(t, 200, `"status":"failed"`, `"rule":{"id":"strict","version":2}`, `"reason":"record 2 has no name","failures":[{"record":2,"key":"required.name"`)

	made := r.of(key, place.RuleID, "strict", place.RuleVersion, "3", place.Records, "1", place.LeftOutCount, "2")
	r.put(r.results, "in/ü.json", "application/json", "{ \"a\": null}\n", made...)
	r.call("GET", link, "").is(t, 200, `{"status":"succeeded","source":{`, `"rule":{"id":"strict","version":3},"result":{"bucket":"json-data","key":"in/ü.json"`,
		`"records":1,"quarantined":2,"quarantine":{"bucket":"json-data","key":"quarantine/in/ü.xml.ndjson"},"json":{"a":null}}`)

	r.put(r.results, "in/ü.json", "application/x-ndjson", "{\"a\":1}\n{\"a\":2}\n", r.of(key)...)
	if o := r.call("GET", link, ""); strings.Contains(o.body, `"rule"`) {
		t.Errorf("got %s", o.body)
	} else {
		o.is(t, 200, `"text":"{\"a\":1}\n{\"a\":2}\n"`)
	}
	r.put(r.results, "in/ü.json", "application/x-ndjson", "", r.of(key)...)
	r.call("GET", link, "").is(t, 200, `"text":""`)
	r.put(r.results, "in/ü.json", "application/json", "{no json", r.of(key)...)
	r.call("GET", link, "").is(t, 200, `"text":"{no json"`)

	must(r.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &r.files, Key: aws.String(key)}))(t)
	r.call("GET", link, "").is(t, 404)
}

// A result that is large does not say how many records it has. Whether any were
// left out is looked for.
func TestStatusWithoutCounts(t *testing.T) {
	r := newRig(t)
	const left = "quarantine/a.xml.ndjson"
	r.put(r.files, "a.xml", "application/xml", "<a/>")
	r.put(r.results, "a.json", "application/json", "{}", r.of("a.xml")...)
	for _, c := range []struct {
		name     string
		metadata []string // of what was left out, where it is not this file's
		want     string
	}{
		{"none", nil, ""},
		{"of another state", []string{place.SourceETag, "0123"}, ""},
		{"of another file", []string{place.SourceKey, "b.xml"}, ""},
		{"of this one", []string{}, `,"quarantine":{"bucket":"json-data","key":"` + left + `"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := r.in(t)
			if c.metadata != nil {
				r.put(r.results, left, "application/x-ndjson", "{}\n", r.of("a.xml", c.metadata...)...)
			}
			o := r.call("GET", "upload/a.xml", "")
			o.is(t, 200, `"size":2}`+c.want+`,"json":{}}`)
			if strings.Contains(o.body, `"records"`) || strings.Contains(o.body, `"quarantined"`) {
				t.Errorf("nobody counted: %s", o.body)
			}
		})
	}
}

// A result that is too large for an answer is a link to it.
func TestStatusOfMuch(t *testing.T) {
	r := newRig(t)
	r.put(r.files, "a.xml", "application/xml", "<a/>")
	for name, c := range map[string]struct {
		contentType, result string
		inline              bool
	}{
		"JSON":         {"application/json", `"` + strings.Repeat("x", maxInline-2) + `"`, true},
		"more JSON":    {"application/json", `"` + strings.Repeat("x", maxInline-1) + `"`, false},
		"much escaped": {"application/x-ndjson", strings.Repeat(`"\n"`, maxInline/4), false},
		"separators":   {"application/x-ndjson", strings.Repeat("\u2028", maxInline/3), false},
	} {
		t.Run(name, func(t *testing.T) {
			r := r.in(t)
			r.put(r.results, "a.json", c.contentType, c.result, r.of("a.xml")...)
			o := r.call("GET", "upload/a.xml", "")
			o.is(t, 200, `"status":"succeeded"`)
			var got progress
			if err := json.Unmarshal([]byte(o.body), &got); err != nil {
				t.Fatal(err)
			}
			if inline := got.JSON != nil || got.Text != nil; inline != c.inline || inline == (got.URL != "") {
				t.Fatalf("inline: %v, url %q", inline, got.URL)
			}
			if c.inline {
				return
			}
			res := must(r.http.Do(must(http.NewRequestWithContext(t.Context(), "GET", got.URL, nil))(t)))(t)
			defer res.Body.Close()
			if res.StatusCode != 200 || res.ContentLength != int64(len(c.result)) {
				t.Errorf("the link: %s, %d bytes", res.Status, res.ContentLength)
			}
		})
	}
}

func TestStatusDamagedReport(t *testing.T) {
	r := newRig(t)
	r.put(r.files, "a.xml", "application/xml", "<a/>")
	r.put(r.results, place.Report("a.xml"), "application/json", "{", r.of("a.xml")...)
	r.call("GET", "upload/a.xml", "").is(t, 500, "Internal server error")
}
