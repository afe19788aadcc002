package runnel_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel/functions/xmltransform/place"
)

// An accepted is the answer to a file that was taken.
type accepted struct {
	Status string
	Source struct{ Bucket, Key, ETag string }
	Rule   *struct {
		ID      string
		Version int
	}
	Result string // a link
}

// taken is the answer of an upload that must succeed.
func (x *xmlPipeline) taken(got answer) (a accepted) {
	x.Helper()
	if err := json.Unmarshal([]byte(got.body), &a); err != nil || got.status != 202 || a.Status != "pending" || a.Source.Bucket != x.out["XmlBucket"] {
		x.Fatalf("%d %s: %v", got.status, got.body, err)
	}
	return a
}

// utf16LE is a text in UTF-16 with a byte order mark.
func utf16LE(s string) string {
	b := []byte{0xFF, 0xFE}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

// browserForm is a form as browsers send it, curlForm as curl -F does.
func browserForm(file, content string) (body, contentType string) {
	return "------WebKitFormBoundaryAbC\r\nContent-Disposition: form-data; name=\"rule\"\r\n\r\norder\r\n" +
		"------WebKitFormBoundaryAbC\r\nContent-Disposition: form-data; name=\"document\"; filename=\"" + file + "\"\r\nContent-Type: text/xml\r\n\r\n" + content +
		"\r\n------WebKitFormBoundaryAbC--\r\n", "multipart/form-data; boundary=----WebKitFormBoundaryAbC"
}

func curlForm(file, content string) (body, contentType string) {
	return "--------------------------0d7f52\r\nContent-Disposition: attachment; name=\"file\"; filename=\"" + file + "\"\r\nContent-Type: application/xml\r\n\r\n" + content +
		"\r\n--------------------------0d7f52--\r\n", "multipart/form-data; boundary=------------------------0d7f52"
}

// TestXMLUpload uploads files over both forms of the API's URL, and follows the
// links to their results.
func TestXMLUpload(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	x.store("order")
	order := xmlFile(t, "sample-data/order.xml")
	browser, browserType := browserForm("order ü.xml", order)
	curl, curlType := curlForm("c.xml", order)
	latin := "<?xml version='1.0' encoding='windows-1252'?><a b='\x80'>\x93Stra\xdfe\x94</a>"
	wide := utf16LE("<?xml version='1.0' encoding='UTF-16'?><a b='€'>“Straße” 😀</a>")
	for _, c := range []struct{ name, query, contentType, body, key, stored, rule, json string }{
		{"raw", "rule=order&file=in/a.xml&bucket=xml-data", "application/xml", order, "in/a.xml", order, "order", `{"id":"A-1001",`},
		{"the folder's rule", "file=order%2Fa%20b.xml", "", order, "order/a b.xml", order, "order", `{"id":"A-1001",`},
		{"no rule", "file=x%2By.xml", "text/plain", "<a>\r\n<b/></a>", "x+y.xml", "<a>\r\n<b/></a>", "", `{"a":{"b":null}}`},
		{"a browser's form", "file=", browserType, browser, "order ü.xml", order, "order", `{"id":"A-1001",`},
		{"curl's form", "rule=order&file=in/c.xml", curlType, curl, "in/c.xml", order, "order", `{"id":"A-1001",`},
		{"windows-1252", "file=latin.xml", "application/octet-stream", latin, "latin.xml", latin, "", `{"a":{"@b":"€","#text":"“Straße”"}}`},
		{"UTF-16", "file=wide.xml", "application/xml", wide, "wide.xml", wide, "", `{"a":{"@b":"€","#text":"“Straße” 😀"}}`},
	} {
		for _, f := range x.forms() {
			t.Run(c.name+"/"+f.name, func(t *testing.T) {
				x := x.in(t)
				result := place.Result(c.key) // there is none of the other form
				must(x.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String(x.out["JsonBucket"]), Key: &result}))(t)
				got := x.http("POST", f.url+"/upload?"+c.query, c.body, "Content-Type", c.contentType, "Host", f.host)
				a := x.taken(got)
				if a.Source.Key != c.key || (a.Rule != nil) != (c.rule != "") || a.Rule != nil && (a.Rule.ID != c.rule || a.Rule.Version != 1) {
					t.Errorf("taken as %s", got.body)
				}
				if stored := x.get(x.out["XmlBucket"], c.key); stored != c.stored {
					t.Errorf("stored %q, want %q", stored, c.stored)
				}
				location := must(must(url.Parse(f.url + "/upload?file=x"))(t).Parse(got.header.Get("Location")))(t)
				if location.String() != f.url+"/"+a.Result {
					t.Errorf("Location leads to %s, want %s/%s", location, f.url, a.Result)
				}
				if got := x.ended(a.Result); got.Status != "succeeded" || got.Source.ETag != a.Source.ETag || !strings.HasPrefix(string(got.JSON), c.json) {
					t.Errorf("it ended as %+v", got)
				}
			})
		}
	}
}

// TestXMLUploadRefused has uploads refused, each with what is wrong and where,
// and nothing of them stored.
func TestXMLUploadRefused(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	x.store("order", "catalogue")
	bad := xmlFile(t, "sample-data/order-bad.xml")
	catalogue := xmlFile(t, "sample-data/catalogue.xml")
	form, formType := browserForm("../a.xml", bad)
	for _, c := range []struct {
		name, query, contentType, body string
		status                         int
		answer                         string // part of it
	}{
		{"no name", "rule=order", "", "<a/>", 400, "file is missing"},
		{"a way out", "file=in/../../a.xml", "", "<a/>", 400, `a folder or name that is`},
		{"a slash first", "file=/a.xml", "", "<a/>", 400, "begins with a slash"},
		{"a key that is taken", "file=errors/a.xml", "", "<a/>", 400, "where reports lie"},
		{"a name that is too long", "file=" + strings.Repeat("a", 901), "", "<a/>", 400, "it may have 900"},
		{"another bucket", "file=a.xml&bucket=json-data", "", "<a/>", 400, `files go into \"xml-data\"`},
		{"a rule that is not there", "file=a.xml&rule=nobodys", "", "<a/>", 400, "there is no such rule"},
		{"a form without an end", "", "multipart/form-data; boundary=x", "--x\r\n", 400, "the form has no end"},
		{"not well-formed", "file=order/a.xml", "", bad, 422, `"failures":[{"line":10,"column":18,`},
		{"not well-formed, in a form", "file=a.xml", formType, form, 422, `"failures":[{"line":10,"column":18,`},
		{"not the rule's", "file=order/a.xml", "", catalogue, 422, `"key":"required.customer.id"`},
		{"a total that is wrong", "rule=order&file=a.xml", "", strings.Replace(xmlFile(t, "sample-data/order.xml"), "<total>2", "<total>3", 1), 422, `"key":"map.total"`},
		{"empty", "file=a.xml", "", "", 422, `"line":1,"column":1,"reason":"the document is empty"`},
		{"an entity bomb", "file=a.xml", "", `<!DOCTYPE a [<!ENTITY b "bb">]><a>&b;</a>`, 422, `"line":1,"column":`},
		{"no XML", "file=a.xml", "", "\x89PNG\r\n", 422, `"line":1,"column":1,`},
		{"larger than the function takes", "file=a.xml", "", "<a>" + strings.Repeat(" ", 4_500_000) + "</a>", 413, "put larger files into the bucket"},
		{"larger than Lambda takes", "file=a.xml", "", "<a>" + strings.Repeat(" ", 5_000_000) + "</a>", 413, `{"message": "Request Too Long"}`},
		{"larger than API Gateway takes", "file=a.xml", "", "<a>" + strings.Repeat(" ", 10<<20) + "</a>", 413, "HTTP content length exceeded 10485760 bytes."},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := x.in(t).ask("POST", "/upload?"+c.query, c.body, "Content-Type", c.contentType)
			if got.status != c.status || !strings.Contains(got.body, c.answer) {
				t.Errorf("%d %.500s\nwant %d %s", got.status, got.body, c.status, c.answer)
			}
		})
	}
	for _, path := range []string{"/upload/a.xml", "/upload/order/a.xml"} {
		if got := x.ask("GET", path, ""); got.status != 404 {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
	}
	if files := x.files(); len(files) > 0 || len(x.results()) > 0 {
		t.Errorf("stored: %q, %v", files, x.results())
	}

	got := x.ask("POST", "/upload?file=catalogue/a.xml", xmlFile(t, "sample-data/catalogue-bad.xml"))
	if a := x.taken(got); !strings.Contains(got.body, `"records":2,"quarantined":3`) {
		t.Errorf("with products left out: %s", got.body)
	} else if f := x.ended(a.Result); f.Status != "succeeded" || f.Quarantined != 3 || strings.Count(f.Text, "\n") != 2 || f.Quarantine.Key != "quarantine/catalogue/a.xml.ndjson" {
		t.Errorf("it ended as %+v", f)
	}
}

// TestXMLLargeResult has the result of a file of 4 MB by a link, which needs no
// credentials.
func TestXMLLargeResult(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	text := strings.Repeat("0123456789abcde ", 1<<18)
	a := x.taken(x.ask("POST", "/upload?file=large.xml", "<a>"+text+"</a>"))
	f := x.ended(a.Result)
	if f.Status != "succeeded" || f.JSON != nil || f.Text != "" || f.URL == "" {
		t.Fatalf("%s of %d bytes, %s", f.Status, len(f.JSON), f.URL)
	}
	got := x.http("GET", f.URL, "")
	if want := `{"a":"` + strings.TrimSpace(text) + `"}`; got.status != 200 || strings.TrimSpace(got.body) != want {
		t.Errorf("the link gives %d, %d bytes, want %d: %.100s", got.status, len(got.body), len(want), got.body)
	}
}

// TestXMLUploadByCurl uploads as the system's own README does, and as people do.
func TestXMLUploadByCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed")
	}
	t.Parallel()
	x := startXML(t)
	x.store("order")
	dir := t.TempDir()
	order := xmlFile(t, "sample-data/order.xml")
	if err := os.WriteFile(filepath.Join(dir, "order.xml"), []byte(order), 0o600); err != nil {
		t.Fatal(err)
	}
	for n, args := range []string{
		"--data-binary @order.xml -H Content-Type:application/xml",
		"-F file=@order.xml",
		"-F rule=order -F file=@order.xml;type=text/xml;filename=other.xml",
		"-T order.xml -X POST",
	} {
		key := fmt.Sprintf("order/%d.xml", n)
		cmd := exec.CommandContext(t.Context(), curl, append(strings.Fields(args), "-sS", "--fail-with-body", x.forms()[0].url+"/upload?file="+key+"&bucket=xml-data")...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("curl %s: %v: %s", args, err, out)
			continue
		}
		f := x.ended(x.taken(answer{202, nil, string(out)}).Result)
		if stored := x.get("xml-data", key); f.Status != "succeeded" || f.Rule.ID != "order" || stored != order {
			t.Errorf("curl %s: %+v of %d bytes", args, f, len(stored))
		}
	}
}
