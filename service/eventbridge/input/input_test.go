package input

import (
	"errors"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// sample is the example of
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
// (2026-11-20), with more in its detail.
const sample = `{"version": "0", "id": "7bf73129-1428-4cd3-a780-95db273d1602",
 "detail-type": "EC2 Instance State-change Notification", "source": "aws.ec2", "account": "123456789012",
 "time": "2015-11-11T21:29:54Z", "region": "us-east-1",
 "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111", "second"],
 "detail": {"instance-id": "i-0123456789", "state": "RUNNING", "n": 7, "say": "a \"b\" \\ c",
  "tags": [{"k": "x"}, {"k": "y"}, {}], "none": null, "a/b": true, "quotes": {"q": "\"", "s": "\\", "n": "\n\\\""}}}`

var event = Event{JSON: []byte(sample), RuleARN: "arn:aws:events:us-east-1:123456789012:rule/example",
	RuleName: "example", Ingested: "2015-11-11T21:29:55Z"}

func TestTemplate(t *testing.T) {
	paths := map[string]string{
		"instance": "$.detail.instance-id", "state": "$.detail.state", "n": "$.detail.n", "detail": "$.detail",
		"gone": "$.detail.gone", "say": "$.detail.say", "tags": "$.detail.tags[*].k", "first": "$.resources[0]",
		"none": "$.detail.none", "slash": "$.detail.a/b", "quotes": "$.detail.quotes", "first-tag": "$.detail.tags[0]",
	}
	for _, test := range []struct{ template, want string }{
		{`"instance <instance> is in <state>"`, `"instance i-0123456789 is in RUNNING"`},
		{`{"instance": <instance>, "state": <state>}`, `{"instance": "i-0123456789", "state": "RUNNING"}`},
		{`{"instance": "<instance>", "state": [9, <state>, true]}`, `{"instance": "i-0123456789", "state": [9, "RUNNING", true]}`},
		{"\"<instance> is in state \\\"<state>\\\"\"", `"i-0123456789 is in state \"RUNNING\""`},
		{"\"The instance <instance>.\"\n\"It is <state>.\"", "\"The instance i-0123456789.\"\n\"It is RUNNING.\""},
		{`{"n": <n>, "text": "n is <n>"}`, `{"n": 7, "text": "n is 7"}`},
		{`{"say": <say>, "said": "he said <say>"}`, `{"say": "a \"b\" \\ c", "said": "he said a \"b\" \\ c"}`},
		{`{"tags": <tags>, "text": "tags <tags>"}`, `{"tags": ["x","y"], "text": "tags [x,y]"}`},
		{`{"first": <first>, "none": <none>, "slash": <slash>}`, `{"first": "arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111", "none": null, "slash": true}`},
		{`{"quotes": "<quotes>"}`, `{"quotes": "{q:,s:\\,n:\n\\}"}`},
		{`{"tag": <first-tag>, "text": "<first-tag>"}`, `{"tag": {"k":"x"}, "text": "{k:x}"}`},
		{`{"text": "gone: <gone>."}`, `{"text": "gone: ."}`},
		{`{"gone": <gone>}`, "error"},
		{`{"rule": <aws.events.rule-arn>, "name": "rule <aws.events.rule-name>", "at": <aws.events.event.ingestion-time>}`,
			`{"rule": "arn:aws:events:us-east-1:123456789012:rule/example", "name": "rule example", "at": "2015-11-11T21:29:55Z"}`},
		{`{"event": <aws.events.event>}`, `{"event": {"version":"0","id":"7bf73129-1428-4cd3-a780-95db273d1602",` +
			`"detail-type":"EC2 Instance State-change Notification","source":"aws.ec2","account":"123456789012",` +
			`"time":"2015-11-11T21:29:54Z","region":"us-east-1","resources":["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111","second"]}}`},
		{`just <n> < 8 and a<b c>`, `just 7 < 8 and a<b c>`},
		{``, ``},
	} {
		m, err := Template(test.template, paths)
		if err != nil {
			t.Errorf("%s: %v", test.template, err)
			continue
		}
		got, err := m.Make(event)
		if err != nil {
			got = []byte("error")
		}
		if string(got) != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.template, got, test.want)
		}
	}
	m, err := Template(`{"event": <aws.events.event.json>}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.Make(event); err != nil || !jsontext.Value(got).IsValid() || !strings.Contains(string(got), `"detail":{"instance-id"`) {
		t.Errorf("the whole event: %s, %v", got, err)
	}
}

func TestTemplateRefuses(t *testing.T) {
	_, err := Template(`{"a": <b>}`, map[string]string{"a": "$.a"})
	if e := PlaceholderError(""); !errors.As(err, &e) || e != "b" {
		t.Errorf("unknown variable: %v", err)
	}
	if _, err = Template(`"<a>"`, map[string]string{"a": "detail"}); !errors.Is(err, errPath) {
		t.Errorf("not a path: %v", err)
	}
}

func TestPath(t *testing.T) {
	for path, want := range map[string]string{
		"$.detail.state":     `"RUNNING"`,
		"$.resources[1]":     `"second"`,
		"$.resources[2]":     `null`,
		"$.detail.tags[*].k": `["x","y"]`,
		"$.detail.tags[1].k": `"y"`,
		"$.resources[*]":     `["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111","second"]`,
		"$.detail[*]":        `null`,
		"$.source.more":      `null`,
		"$.detail-type":      `"EC2 Instance State-change Notification"`,
		"$":                  sample,
	} {
		p, err := ParsePath(path)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if got, err := Part(p).Make(event); string(got) != want || err != nil {
			t.Errorf("%s: %s, %v", path, got, err)
		}
	}
	for _, path := range []string{"", "detail", "$.", "$detail", "$.a..b", "$[", "$[x]", "$[-1]", "$['a']", "$.a b", "$.a[1", "$..a", "$[99999999999]"} {
		if _, err := ParsePath(path); err == nil {
			t.Errorf("%q was accepted", path)
		}
	}
}

func TestTemplateSize(t *testing.T) {
	m, err := Template(`{"a": [`+strings.Repeat("<aws.events.event.json>,", 300)+`1]}`, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Make(event); err != nil {
		t.Error(err)
	}
	large := event
	large.JSON = []byte(`{"detail":"` + strings.Repeat("x", 200<<10) + `"}`)
	if _, err := m.Make(large); !errors.Is(err, ErrSize) {
		t.Errorf("300 times 200 KiB: %v", err)
	}
}

func TestOther(t *testing.T) {
	if got, err := Constant("[1]").Make(event); string(got) != "[1]" || err != nil {
		t.Errorf("constant: %s, %v", got, err)
	}
	var m *Maker
	if got, err := m.Make(event); string(got) != sample || err != nil {
		t.Errorf("the event: %s, %v", got, err)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(`{"a": <a>, "b": "<a>"}`, "$.detail[*].x", `{"detail": [{"x": 1}]}`)
	f.Add(`"<a> \"<aws.events.event>\""`, "$.a/b[0]", `{"a/b": ["\ud800"]}`)
	f.Fuzz(func(t *testing.T, text, path, event string) {
		m, err := Template(text, map[string]string{"a": path})
		if err != nil {
			return
		}
		out, err := m.Make(Event{JSON: []byte(event), RuleARN: "arn", RuleName: "\xff"})
		if err == nil && m.template.json && !jsontext.Value(out).IsValid(jsontext.AllowDuplicateNames(true)) {
			t.Errorf("%q is no JSON", out)
		}
	})
}
