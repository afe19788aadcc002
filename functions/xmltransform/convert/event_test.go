package convert

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/runnel/runnel/functions/environment"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/transform/rule"
)

const testOfS3 = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-21T00:00:00.000Z","Bucket":"xml-data","RequestId":"r","HostId":"h"}`

// queued is an event of a queue, each of whose messages is one of the bodies.
func queued(bodies ...string) string {
	var records []string
	for i, body := range bodies {
		b, err := json.Marshal(body)
		if err != nil {
			panic(err)
		}
		records = append(records, fmt.Sprintf(`{"messageId":"q%d","eventSource":"aws:sqs","body":%s}`, i+1, b))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

// Of a queue's messages those come again alone whose files no service took.
func TestMessages(t *testing.T) {
	r := newRig(t)
	good, fails, bad := r.put("good.xml", "<a/>"), r.put("fails.xml", "<a/>"), r.put("bad.xml", "<a>")
	r.before = func(request string) int {
		if request == "PUT json-data/fails.json" {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	answer := must(json.Marshal(must(r.invoke(queued(good, "hello", fails, bad, testOfS3, eventOf("gone.xml"))))(t)))(t)
	if want := `{"batchItemFailures":[{"itemIdentifier":"q2"},{"itemIdentifier":"q3"}]}`; string(answer) != want {
		t.Errorf("got %s, want %s", answer, want)
	}
	objects := r.objects()
	if _, ok := objects["errors/bad.xml.report.json"]; objects["good.json"] != "{\"a\":null}\n" || !ok || len(objects) != 3 {
		t.Errorf("the objects are %v", objects)
	}
	if told := r.notices(); len(told) != 2 {
		t.Errorf("%d notices", len(told))
	}
}

func TestEvents(t *testing.T) {
	r := newRig(t)
	for _, test := range []struct{ name, event, want string }{
		{"S3's test", testOfS3, ""},
		{"nothing", `{}`, "the event is none of S3, SNS or SQS: it has no Records"},
		{"another service's", `{"Records":[{"eventSource":"aws:kinesis"}]}`, `a record of the event is of "aws:kinesis", not of aws:s3, aws:sns or aws:sqs`},
		{"a result", strings.ReplaceAll(eventOf("a.json"), files, results), "s3://json-data/a.json: it is in the bucket of the results, whose files are not converted"},
		{"a folder", r.put("in/", ""), ""},
		{"a bucket that is not there", strings.ReplaceAll(eventOf("a.xml"), files, "other"), "NoSuchBucket"},
	} {
		t.Run(test.name, func(t *testing.T) {
			answer, err := r.invoke(test.event)
			if got := fmt.Sprint(err); err != nil && (test.want == "" || !strings.Contains(got, test.want)) || err == nil && test.want != "" {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if done, ok := answer.([]*place.Notice); ok && len(done) != 0 {
				t.Errorf("notices of nothing: %+v", done)
			}
		})
	}
	if objects := r.objects(); len(objects) != 0 {
		t.Errorf("the objects are %v", objects)
	}
}

// One file of several that fails does not keep the others from it.
func TestSeveralFiles(t *testing.T) {
	r := newRig(t)
	records := func(event string) string {
		return strings.TrimSuffix(strings.TrimPrefix(event, `{"Records":[`), `]}`)
	}
	r.before = func(request string) int {
		if request == "GET xml-data/first.xml" {
			return http.StatusServiceUnavailable
		}
		return 0
	}
	_, err := r.invoke(`{"Records":[` + records(r.put("first.xml", "<a/>")) + `,` + records(r.put("second.xml", "<a/>")) + `]}`)
	if err == nil || !strings.Contains(err.Error(), "s3://xml-data/first.xml: ") {
		t.Errorf("got %v", err)
	}
	if objects := r.objects(); len(objects) != 1 || objects["second.json"] == "" {
		t.Errorf("the objects are %v", objects)
	}
}

// The same event twice leaves what it left once, and tells twice.
func TestTwice(t *testing.T) {
	r := newRig(t)
	event := r.put("a.xml", "<a/>")
	r.done(event)
	once := r.objects()
	r.done(event)
	r.is(once)
	if told := r.notices(); len(told) != 2 {
		t.Errorf("%d notices", len(told))
	}
}

// Keys of all lengths that S3 takes, with characters that no header carries.
func TestLongKeys(t *testing.T) {
	r := newRig(t)
	for _, key := range []string{
		strings.Repeat("k", 1024),
		strings.Repeat("k", 1020) + ".xml",
		strings.Repeat("小", 341),
		"order/" + strings.Repeat("é", 450) + ".xml",
		"new\nline.xml",
	} {
		for content, where := range map[string]string{"<a/>": place.Result(key), "<a>": place.Report(key)} {
			r.done(r.put(key, content))
			if got := place.Decode(r.metadata(where)[place.SourceKey]); got != key {
				t.Errorf("%.20q…, of %d bytes: the source-key of %.20q… is %.20q…", key, len(key), where, got)
			}
		}
	}
}

// A name that no rule can have does not keep the file from being copied.
func TestLongName(t *testing.T) {
	r := newRig(t)
	key := strings.Repeat("k", 1000)
	notices := r.done(r.put(key, "<a/>", place.RuleMetadata, strings.Repeat("x", 1000)))
	if len(notices) != 1 || notices[0].Status != place.Failed || r.object(place.Copy(key)) != "<a/>" {
		t.Errorf("the notices are %+v", notices)
	}
}

// A file that does not fit into the function's memory is told why. Taken record
// by record it fits.
func TestLargeDocument(t *testing.T) {
	t.Setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
	if n := environment.Memory() / perByte; n != 13421772 {
		t.Errorf("a document may have %d bytes", n)
	}
	r := newRig(t)
	r.largest = 1000
	r.keep("rows", rowsRule)
	content := "<rows>" + strings.Repeat("<row><n>1</n></row>", 100) + "</rows>"
	if n := r.done(r.put("large.xml", content))[0]; n.Status != place.Failed || !strings.Contains(n.Reason, "1000") {
		t.Errorf("as a whole: %+v", n)
	}
	if n := r.done(r.put("rows/large.xml", content))[0]; n.Status != place.Succeeded || n.Records != 100 {
		t.Errorf("by records: %+v", n)
	}
}

// A result of several parts is as good as one of a single one, in little memory.
func TestLargeResult(t *testing.T) {
	r := newRig(t)
	r.keep("rows", rowsRule)
	const rows = 1_200_000 // in as many lines of ten bytes
	content := "<rows>" + strings.Repeat("<row><n>1234</n></row>", rows) + "<row><n>x</n></row>"
	notice := r.done(r.put("rows/large.xml", content+"</rows>"))[0]
	if notice.Records != rows || notice.Quarantined != 1 || notice.Result.Size != rows*11 {
		t.Errorf("the notice is %+v, with %+v and %+v", notice, notice.Summary, notice.Result)
	}
	if got := r.object("rows/large.json"); got != strings.Repeat("{\"n\":1234}\n", rows) {
		t.Errorf("the result has %d bytes", len(got))
	}
	if m := r.metadata("rows/large.json"); m[place.SourceKey] != "rows/large.xml" || m[place.SourceETag] != notice.Source.ETag || m[place.RuleVersion] != "1" {
		t.Errorf("its metadata is %v", m)
	}
	// It does not say how many were left out, but they are forgotten with it.
	r.done(r.put("rows/large.xml", content))
	for key := range r.objects() {
		if !strings.HasPrefix(key, place.Errors) {
			t.Errorf("there still is %s", key)
		}
	}
}

// A notice has room for some failures, the report for all.
func TestLongNotice(t *testing.T) {
	n := place.Notice{Status: place.Failed, Reason: strings.Repeat("<\uFFFF", 150_000)}
	for range 100 {
		n.Failures = append(n.Failures, rule.Failure{Reason: strings.Repeat("x", 10_000)})
	}
	text := must(message(n))(t)
	var got place.Notice
	if err := json.Unmarshal([]byte(text), &got); err != nil || len(text) > 256<<10 || strings.Contains(text, "\uFFFF") {
		t.Errorf("%v: a message of %d bytes", err, len(text))
	}
	n.Reason = "short"
	if err := json.Unmarshal([]byte(must(message(n))(t)), &got); err != nil || len(got.Failures) != 12 || got.Reason != "short" {
		t.Errorf("%v: %d failures", err, len(got.Failures))
	}
	if len(n.Failures) != 100 {
		t.Errorf("the report has %d failures left", len(n.Failures))
	}
}

// Subscribers may filter by the attributes.
func TestAttributes(t *testing.T) {
	r := newRig(t)
	r.keep("order", orderRule)
	r.done(r.put("order/a.xml", order))
	r.done(r.put("b.xml", "<"))
	got := map[string]bool{}
	for _, m := range r.notices() {
		rule := ""
		if a, ok := m.MessageAttributes["rule"]; ok {
			rule = aws.ToString(a.StringValue)
		}
		got[aws.ToString(m.MessageAttributes["status"].StringValue)+" "+rule] = true
	}
	if !got["succeeded order"] || !got["failed "] || len(got) != 2 {
		t.Errorf("got %v", got)
	}
}

func TestEnvironment(t *testing.T) {
	for _, missing := range []string{"JSON_BUCKET", "RULES_TABLE", "TOPIC_ARN", ""} {
		for _, name := range []string{"JSON_BUCKET", "RULES_TABLE", "TOPIC_ARN"} {
			t.Setenv(name, "x")
		}
		t.Setenv("AWS_REGION", "us-east-1")
		if missing != "" {
			t.Setenv(missing, "")
		}
		if _, err := Open(t.Context()); missing == "" && err != nil || missing != "" && (err == nil || !strings.Contains(err.Error(), missing)) {
			t.Errorf("without %q: %v", missing, err)
		}
	}
}
