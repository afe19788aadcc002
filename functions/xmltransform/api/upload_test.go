package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// named is a rule that needs a name in every record. Its id is the first %q, and
// what becomes of a record without one the second.
const named = `{"id": %q, "onError": %q, "input": {"each": "orders/order"}, "required": ["name"], "map": {"name": ".name"}}`

const (
	goodOrders = "<orders>\n<order><name>a</name></order>\n<order><name>b</name></order>\n</orders>"
	oneBad     = "<orders>\n<order><name>a</name></order>\n<order/>\n</orders>"
)

func (r *rig) withRules() *rig {
	r.Helper()
	for _, document := range []string{
		fmt.Sprintf(named, "strict", "reject"), fmt.Sprintf(named, "lenient", "quarantine"), fmt.Sprintf(total, "total"),
	} {
		r.call("POST", "rules", document).is(r, 201)
	}
	return r
}

// object is an object as text: its content type, its rule, what is in it.
func (r *rig) object(key string) string {
	r.Helper()
	out := must(r.s3.GetObject(r.Context(), &s3.GetObjectInput{Bucket: &r.files, Key: &key}))(r)
	defer out.Body.Close()
	body := must(io.ReadAll(out.Body))(r)
	return fmt.Sprintf("%s %s %s", aws.ToString(out.ContentType), out.Metadata["rule"], body)
}

func TestUpload(t *testing.T) {
	r := newRig(t).withRules()
	o := r.call("POST", "upload?rule=strict&file=in/a%20b+c.xml&bucket=xml-data", goodOrders, "Content-Type: application/xml; charset=utf-8")
	o.is(t, 202, `{"status":"pending","source":{"bucket":"xml-data","key":"in/a b c.xml","etag":"`, `"size":78},"rule":{"id":"strict","version":1},"records":2,"quarantined":0,"result":"upload/in/a%20b%20c.xml"}`)
	o.has(t, "Location", "upload/in/a%20b%20c.xml")
	if got, want := r.object("in/a b c.xml"), "application/xml; charset=utf-8 strict "+goodOrders; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.call("GET", o.header.Get("Location"), "").is(t, 200, `{"status":"pending","source":{"bucket":"xml-data","key":"in/a b c.xml"`)

	r.call("POST", "upload?rule=lenient&file=b.xml", oneBad).is(t, 202, `"records":1,"quarantined":1`)
	r.call("POST", "upload?file=strict/c.xml", goodOrders).is(t, 202, `"rule":{"id":"strict","version":1}`)
	if got := r.object("strict/c.xml"); !strings.HasSuffix(got, "  "+goodOrders) {
		t.Errorf("a rule that the key says is in the metadata: %q", got)
	}
	if o := r.call("POST", "upload?file=other/d.xml", "<a/>"); strings.Contains(o.body, `"rule"`) {
		t.Errorf("the dictionary has a rule: %s", o.body)
	}
	r.call("POST", "upload?rule=total&file=e.json", `{"prices":[1]}`).is(t, 202)
	r.call("POST", "upload?file=%C3%BC/%E5%B0%8F%E6%9E%97%3F%25.xml", "<a/>").is(t, 202, `"key":"ü/小林?%.xml"`, `upload/%C3%BC/%E5%B0%8F%E6%9E%97%3F%25.xml`)
	r.call("GET", "upload/%C3%BC/%E5%B0%8F%E6%9E%97%3F%25.xml", "").is(t, 200, `"key":"ü/小林?%.xml"`)

	r.fallback = "strict"
	r.call("POST", "upload?file=f.xml", goodOrders).is(t, 202, `"rule":{"id":"strict"`)
	r.call("POST", "upload?file=g.xml", "<a/>").is(t, 202, `"records":0`)
	r.fallback = "gone"
	r.call("POST", "upload?file=h.xml", goodOrders).is(t, 500, "Internal server error")
}

func TestUploadForm(t *testing.T) {
	r := newRig(t).withRules()
	body, header := form(
		field{name: "rule", data: "strict"}, field{name: "bucket", data: "xml-data"}, field{name: "send", data: "Send"},
		field{name: "upload", file: `C:/orders/ü 1.xml`, contentType: "text/xml", data: goodOrders})
	r.call("POST", "upload", body, header).is(t, 202, `"key":"ü 1.xml"`, `"rule":{"id":"strict"`, `"records":2`)
	if got, want := r.object("ü 1.xml"), "text/xml strict "+goodOrders; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r.call("POST", "upload?file=x/y.xml&rule=strict", body, header).is(t, 202, `"key":"x/y.xml"`)
	r.call("POST", "upload/?file=z.xml", body, header).is(t, 202)
}

// Files that are refused, and are not stored.
func TestUploadRefusals(t *testing.T) {
	r := newRig(t).withRules()
	good, header := form(field{name: "f", file: "a.xml", data: "<a/>"})
	inForm := func(fields ...field) [2]string {
		body, header := form(fields...)
		return [2]string{body, header}
	}
	file := field{name: "f", file: "a.xml", data: "<a/>"}
	many := make([]field, 101)
	for i := range many {
		many[i] = field{name: fmt.Sprint(i)}
	}
	raw := func(body string) [2]string { return [2]string{body, "Content-Type: application/xml"} }
	for _, c := range []struct {
		name, query string
		request     [2]string // body and header
		status      int
		want        []string
	}{
		{"no file name", "", raw("<a/>"), 400, []string{"file is missing"}},
		{"a file name twice", "?file=a&file=b", raw("<a/>"), 400, []string{"file is given 2 times"}},
		{"a path that leads up", "?file=a/../../b.xml", raw("<a/>"), 400, []string{`\"..\"`}},
		{"an absolute path", "?file=/etc/passwd", raw("<a/>"), 400, []string{"slash"}},
		{"a control character", "?file=a%00b", raw("<a/>"), 400, []string{"control character"}},
		{"no UTF-8", "?file=%ff", raw("<a/>"), 400, []string{"UTF-8"}},
		{"a long name", "?file=" + strings.Repeat("x", 901), raw("<a/>"), 400, []string{"901 bytes"}},
		{"a reserved folder", "?file=errors/a.xml", raw("<a/>"), 400, []string{"errors/"}},
		{"another bucket", "?file=a.xml&bucket=json-data", raw("<a/>"), 400, []string{`files go into \"xml-data\"`}},
		{"an unknown rule", "?file=a.xml&rule=none", raw("<a/>"), 400, []string{`rule \"none\": there is no such rule`}},
		{"an impossible rule", "?file=a.xml&rule=../x", raw("<a/>"), 400, []string{"no id of a rule"}},

		{"nothing", "?file=a.xml", raw(""), 422, []string{`"failures":[`}},
		{"no XML", "?file=a.xml", raw("hello"), 422, []string{`"line":1`, `"reason":"`}},
		{"a tag that is mixed up", "?file=a.xml", raw("<a>\n<b></a>\n</b>"), 422, []string{`"line":2`, `"column":`}},
		{"truncated", "?file=a.xml", raw(goodOrders[:50]), 422, []string{`"failures":[`}},
		{"a document type", "?file=a.xml", raw("<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]>\n<a>&x;</a>"), 422, []string{`"failures":[`}},
		{"a record that fails", "?file=a.xml&rule=strict", raw(oneBad), 422, []string{`"record":2`, `"line":3`, `"key":"required.name"`}},
		{"an expression that fails", "?file=a.xml&rule=total", raw("{}"), 422, []string{`"key":"map.total","query":".prices | add"`}},

		{"too large", "?file=a.xml", raw("<a>" + strings.Repeat("x", 4_500_000) + "</a>"), 413, []string{"put larger files into the bucket"}},
		{"too large for a function", "?file=a.xml", raw("<a>" + strings.Repeat("x", 6<<20) + "</a>"), 413, nil},

		{"no boundary", "", [2]string{good, "Content-Type: multipart/form-data"}, 400, []string{"no boundary"}},
		{"an empty boundary", "", [2]string{good, "Content-Type: multipart/form-data; boundary="}, 400, nil},
		{"another boundary", "", [2]string{good, "Content-Type: multipart/form-data; boundary=x"}, 400, nil},
		{"half a form", "", [2]string{good[:len(good)/2], header}, 400, []string{"the form has no end"}},
		{"a form without its end", "", [2]string{good[:len(good)-10], header}, 400, []string{"the form has no end"}},
		{"a part without its end", "", [2]string{"--b\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n<a/>\n--b--", "Content-Type: multipart/form-data; boundary=b"}, 400, []string{"cannot be read"}},
		{"a header that is none", "", [2]string{"--b\r\nContent-Disposition\r\n\r\n<a/>\r\n--b--", "Content-Type: multipart/form-data; boundary=b"}, 400, []string{"cannot be read"}},
		{"an empty form", "", [2]string{"", header}, 400, nil},
		{"no file", "", inForm(field{name: "rule", data: "strict"}), 400, []string{"the form has 0 files"}},
		{"no filename", "", inForm(field{name: "f", data: "<a/>"}), 400, []string{"the form has 0 files"}},
		{"two files", "", inForm(file, field{name: "g", file: "b.xml", data: "<b/>"}), 400, []string{"the form has 2 files"}},
		{"two files of one name", "", inForm(file, file), 400, []string{`more than one part \"f\"`}},
		{"two rules", "?rule=strict", inForm(file, field{name: "rule", data: "total"}), 400, []string{`rule is \"strict\" in the query and \"total\" in the form`}},
		{"a huge field", "", inForm(file, field{name: "rule", data: strings.Repeat("x", 1025)}), 400, []string{"it may have 1024"}},
		{"many parts", "", inForm(append(many, file)...), 400, []string{"more than 100 parts"}},
		{"a bucket in the form", "", inForm(file, field{name: "bucket", data: "b"}), 400, []string{"xml-data"}},
		{"a file of no name", "", inForm(field{name: "f", file: "..", data: "<a/>"}), 400, []string{`\"..\"`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := r.in(t)
			r.call("POST", "upload"+c.query, c.request[0], c.request[1]).is(t, c.status, c.want...)
			if keys := r.stored(r.files); len(keys) > 0 {
				t.Errorf("there are %v", keys)
			}
		})
	}
	if keys := r.stored(r.results); len(keys) > 0 {
		t.Errorf("there are results: %v", keys)
	}
}

// A rule that never ends is stopped, and nothing is stored.
func TestEndless(t *testing.T) {
	if testing.Short() {
		t.Skip("takes as long as a record may")
	}
	t.Parallel()
	r := newRig(t)
	r.call("POST", "rules", `{"id":"endless","map":{"x":"[range(infinite)] | length"}}`).is(t, 201)
	t.Run("document", func(t *testing.T) {
		t.Parallel()
		r.in(t).call("POST", "upload?file=a.xml&rule=endless", "<a/>").is(t, 422, `"key":"map.x"`)
	})
	t.Run("case", func(t *testing.T) {
		t.Parallel()
		r.in(t).call("POST", "rules", `{"id":"a","map":{"x":"def f: f; f"},"cases":[{"name":"x","input":"<a/>","output":{}}]}`).is(t, 422, `"cases":[{"name":"x","reason":"`)
	})
	t.Cleanup(func() {
		left := must(r.s3.ListObjectsV2(context.Background(), &s3.ListObjectsV2Input{Bucket: &r.files}))(t)
		if len(left.Contents) > 0 {
			t.Errorf("there are %d files", len(left.Contents))
		}
	})
}

// A request that has no time left says so.
func TestDeadline(t *testing.T) {
	r := newRig(t)
	r.call("POST", "rules", `{"id":"endless","map":{"x":"[range(infinite)] | length"}}`).is(t, 201)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	out := must(r.handle(ctx, events.APIGatewayProxyRequest{
		Resource: "/rules/{id}/try", HTTPMethod: "POST", PathParameters: map[string]string{"id": "endless"}, Body: "<a/>",
	}))(t)
	outcome{status: out.StatusCode, body: out.Body}.is(t, 504, "takes longer than an answer may")
}

// A content type that S3 could not keep is left out.
func TestMediaType(t *testing.T) {
	for s, want := range map[string]string{
		"text/xml": "text/xml", `text/xml; charset="utf-8"`: `text/xml; charset="utf-8"`, "application/x-www-form-urlencoded": "application/x-www-form-urlencoded",
		"": "", "text/xml\n": "", "text/ü": "", "text/xml; name=\"\x01\"": "", "/": "", "a/" + strings.Repeat("x", 300): "",
	} {
		if got := mediaType(s); got != want {
			t.Errorf("%q: got %q, want %q", s, got, want)
		}
	}
}

func TestTry(t *testing.T) {
	r := newRig(t).withRules()
	r.call("POST", "rules/strict/try", goodOrders).is(t, 200, `{"rule":{"id":"strict","version":1},"records":2,"quarantined":0,"json":[{"name":"a"},{"name":"b"}]}`)
	r.call("POST", "rules/strict/try", oneBad).is(t, 422, `"message":"`, `"failures":[{"record":2,"line":3`)
	r.call("POST", "rules/lenient/try", oneBad).is(t, 200, `"records":1,"quarantined":1,"json":[{"name":"a"}],"leftOut":[{"failures":[{"record":2,`, `"input":`)
	r.call("POST", "rules/none/try", "<a/>").is(t, 404)
	r.call("POST", "rules/strict/try", "").is(t, 422)

	document := field{name: "document", file: "a.xml", data: "<a><b>1</b></a>"}
	body, header := form(document, field{name: "rule", data: `{"map": {"n": ".a.b | tonumber"}, "output": {"format": "ndjson"}}`})
	r.call("POST", "rules/new/try", body, header).is(t, 200, `"rule":{"id":"new","version":0}`, `"text":"{\"n\":1}\n"`)
	body, header = form(document, field{name: "rule", data: "{\n \"map\": {\"n\": \".a |\"}}"})
	r.call("POST", "rules/new/try", body, header).is(t, 422, `"problems":[{"line":2`, `"query":".a |"`)
	body, header = form(document, field{name: "rule", data: `{"map": {"n": ".a.b | explode | implode | error"}}`})
	r.call("POST", "rules/new/try", body, header).is(t, 422, `"failures":[`, `"key":"map.n"`)
	body, header = form(field{name: "document", data: goodOrders})
	r.call("POST", "rules/strict/try", body, header).is(t, 200, `"records":2`)
	r.call("POST", "rules/none/try", body, header).is(t, 404)
	body, header = form(field{name: "rule", data: "{}"})
	r.call("POST", "rules/strict/try", body, header).is(t, 400, "no part document")
	body, header = form(document, field{name: "rule", data: `{"description": "` + strings.Repeat("x", 350<<10) + `"}`})
	r.call("POST", "rules/strict/try", body, header).is(t, 413)
	if keys := append(r.stored(r.files), r.stored(r.results)...); len(keys) > 0 {
		t.Errorf("there are %v", keys)
	}
}

// What a trial makes is shown as far as there is room for it.
func TestTryMuch(t *testing.T) {
	r := newRig(t)
	try := func(rule, document string) (got trial) {
		t.Helper()
		body, header := form(field{name: "document", data: document}, field{name: "rule", data: rule})
		o := r.call("POST", "rules/new/try", body, header)
		o.is(t, 200)
		if err := json.Unmarshal([]byte(o.body), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	big := "<a>" + strings.Repeat("ü", 1_900_000) + "</a>"
	if got := try("{}", big); got.Cut || len(got.JSON) != 2*1_900_000+len(`{"a":""}`) {
		t.Errorf("got %d bytes, cut %v", len(got.JSON), got.Cut)
	}
	got := try(`{"map": {"x": ".a", "y": ".a"}}`, big)
	if !got.Cut || got.JSON != nil || got.Text == nil || len(*got.Text) < maxCut-4 || !strings.HasPrefix(*got.Text, `{"x":"üü`) {
		t.Errorf("cut %v, %d bytes of JSON", got.Cut, len(got.JSON))
	} else if strings.Contains(*got.Text, "\ufffd") {
		t.Error("cut within a character")
	}
	quotes := "<a>" + strings.Repeat(`"`, 2_000_000) + "</a>"
	if got := try(`{"output": {"format": "ndjson"}}`, quotes); !got.Cut || got.Text == nil || len(*got.Text) != maxCut {
		t.Errorf("quotes: cut %v", got.Cut)
	}
	left := `{"onError": "quarantine", "required": ["x"], "input": {"each": "o/a"}, "map": {"x": ".x"}}`
	if got := try(left, "<o>"+strings.Repeat("<a/>", 300)+"</o>"); got.Quarantined != 300 || len(got.LeftOut) != 300 || string(got.LeftOut[299].Input) != "null" {
		t.Errorf("%d of %d are shown", len(got.LeftOut), got.Quarantined)
	}
	got = try(left, "<o>"+strings.Repeat("<a>"+strings.Repeat("y", 100_000)+"</a>", 20)+"</o>")
	if got.Quarantined != 20 || len(got.LeftOut) != 20 || got.LeftOut[4].Input == nil || got.LeftOut[5].Input != nil || got.LeftOut[19].Failures == nil {
		t.Errorf("%d of %d large ones are shown", len(got.LeftOut), got.Quarantined)
	}
	if got := try(left, "<o>"+strings.Repeat("<a/>", 100_000)+"</o>"); got.Quarantined != 100_000 || len(got.LeftOut) == 0 || len(got.LeftOut) == 100_000 {
		t.Errorf("%d of %d are shown", len(got.LeftOut), got.Quarantined)
	}
}

func TestBeginning(t *testing.T) {
	b := beginning{limit: 4}
	for _, s := range []string{"ab", "", "cde", "f"} {
		if n, err := io.WriteString(&b, s); n != len(s) || err != nil {
			t.Errorf("%q: %d, %v", s, n, err)
		}
	}
	if string(b.text) != "abcd" || !b.more {
		t.Errorf("got %q, %v", b.text, b.more)
	}
	for text, want := range map[string]string{"": "", "a": "a", "ü": "ü", "a\xc3": "a", "小"[:2]: "", "a😀"[:4]: "a", "\x80\x80\x80\x80\x80": "\x80\x80\x80\x80\x80"} {
		if got := whole([]byte(text)); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
