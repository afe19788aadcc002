package convert

import (
	"flag"
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the files of testdata")

const (
	orderRule = `{"id": "order", "map": {"id": ".order[\"@id\"]", "total": "[.order.item] | flatten | map(tonumber) | add"}, "required": ["id"]}`
	rowsRule  = `{"id": "rows", "input": {"each": "rows/row"}, "map": {"n": ".n | tonumber"}, "output": {"format": "ndjson"}, "onError": "quarantine"}`
	order     = `<order id="1"><item>2</item><item>3.5</item></order>`
)

// What a file may be like, and what becomes of it, all at the time of a bubble.
func TestFiles(t *testing.T) { synctest.Test(t, testFiles) }

func testFiles(t *testing.T) {
	var got strings.Builder
	for _, test := range []struct {
		name, key, content string
		rule               string // in the metadata
		fallback           string
	}{
		{name: "no rule", key: "a.xml", content: order},
		{name: "the rule of the folder", key: "order/2026/a.XML", content: order},
		{name: "the rule that the metadata names", key: "in/a.xml", content: order, rule: "order"},
		{name: "before that of the folder", key: "rows/a.xml", content: order, rule: "order"},
		{name: "the rule by default", key: "in/a.xml", content: order, fallback: "order"},
		{name: "after that of the folder", key: "order/a.xml", content: order, fallback: "rows"},
		{name: "a folder that cannot be a rule", key: "Order ü/a.xml", content: order},
		{name: "a rule that is not there", key: "order/a.xml", content: order, rule: "other"},
		{name: "a rule that cannot be", key: "order/a.xml", content: order, rule: "../order"},
		{name: "a default that is not there", key: "a.xml", content: order, fallback: "other"},
		{name: "another name", key: "order/2026.11", content: order},
		{name: "not well-formed", key: "order/a.xml", content: "<order id=\"1\">\n  <item>2</order>"},
		{name: "empty", key: "order/a.xml"},
		{name: "binary", key: "a.png", content: "\x89PNG\r\n\x1a\n\x00\x00"},
		{name: "refused by the rule", key: "order/a.xml", content: `<order><item>2</item></order>`},
		{name: "jq fails", key: "order/a.xml", content: `<order id="1"><item>two</item></order>`},
		{name: "records", key: "rows/a.xml", content: "<rows><row><n>1</n></row><row><n>2</n></row></rows>"},
		{name: "records of which some are left out", key: "rows/a.xml", content: "<rows><row><n>1</n></row>\n<row><n>two</n></row><row/></rows>"},
		{name: "records that end too soon", key: "rows/a.xml", content: "<rows><row><n>1</n></row><row><n>x</n></row><row>"},
		{name: "a Unicode key", key: "order/Zoë + 小林?&%20.xml", content: order},
		{name: "a key that looks encoded", key: "order/=?utf-8?q?x?=", content: order},
		{name: "a Unicode key that fails", key: "order/Zoë + 小林?&%20.xml", content: "<order>"},
		{name: "a key of a reserved prefix", key: "errors/a.xml.report", content: order},
	} {
		r := newRig(t)
		r.keep("order", orderRule)
		r.keep("rows", rowsRule)
		r.fallback = test.fallback
		var metadata []string
		if test.rule != "" {
			metadata = []string{"rule", test.rule}
		}
		r.done(r.put(test.key, test.content, metadata...))
		got.WriteString("--- " + test.name + "\n" + r.became())
	}
	const golden = "testdata/files.txt"
	if *rewrite {
		if err := os.WriteFile(golden, []byte(got.String()), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got.String(), want)
	}
}
