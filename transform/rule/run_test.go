package rule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func mustParse(t testing.TB, text string) *Rule {
	t.Helper()
	r, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// convertText runs a rule and tells what came, in a text: the output, what was
// left out, and the failures.
func convertText(t *testing.T, r *Rule, input string) string {
	t.Helper()
	var out, told bytes.Buffer
	summary, err := r.Run(t.Context(), strings.NewReader(input), &out, Options{
		Quarantine: func(q Quarantined) error {
			for _, f := range q.Failures {
				told.WriteString("left out: " + f.Error() + "\n")
			}
			told.Write(append(q.Input, '\n'))
			return nil
		},
	})
	var rejected *Rejected
	switch {
	case errors.As(err, &rejected):
		for _, f := range rejected.Failures {
			told.WriteString("rejected: " + f.Error() + "\n")
		}
		return told.String()
	case err != nil:
		t.Fatal(err)
	}
	if summary.Quarantined != strings.Count(told.String(), "\n")/2 && summary.Quarantined == 0 {
		t.Errorf("summary %+v", summary)
	}
	return out.String() + told.String()
}

const order = `<order id="7">
  <customer><name>Ada</name><mail/></customer>
  <item price="1.50">pen</item>
  <item price="20">lamp</item>
  <total>21.5</total>
</order>`

// wide is text of ASCII as UTF-16, with a byte order mark.
func wide(text string) string {
	return "\xFF\xFE" + strings.Join(strings.Split(text, ""), "\x00") + "\x00"
}

func TestRun(t *testing.T) {
	for _, c := range []struct{ name, rule, input, want string }{
		{"identity", `{}`, order,
			`{"order":{"@id":"7","customer":{"name":"Ada","mail":null},"item":[{"@price":"1.50","#text":"pen"},{"@price":"20","#text":"lamp"}],"total":"21.5"}}`},
		{"plain paths", `{"map": {"id": ".order[\"@id\"]", "name": ".order | .customer.name", "first": ".order.item[0].\"#text\"", "last": ".order.item[-1]", "none": ".order.nothing.at.all"}}`, order,
			`{"id":"7","name":"Ada","first":"pen","last":{"@price":"20","#text":"lamp"},"none":null}`},
		{"jq", `{"map": {"total": ".order.item | map(.[\"@price\"] | tonumber) | add", "vat": ".order.total | tonumber * 0.2", "names": "[.order.item[].\"#text\"]"}}`, order,
			`{"total":21.5,"vat":4.3,"names":["pen","lamp"]}`},
		{"order of keys", `{"constants": {"z": 1, "a": {"b":  2}}, "map": {"m.y": "1", "k": "2", "m.x": "3"}}`, order,
			`{"m":{"y":1,"x":3},"k":2,"z":1,"a":{"b":2}}`},
		{"absent", `{"map": {"a": "empty", "b.c": "empty", "d": ".order.total | select(. == \"1\")", "e": "null"}}`, order, `{"e":null}`},
		{"absent altogether", `{"map": {"a": "empty"}}`, order, `{}`},
		{"defaults", `{"map": {"a": ".order.none", "b.c": "empty", "d": ".order.total"}, "defaults": {"a": "x", "b.c": [1], "d": 0, "e": 2.50}}`, order,
			`{"a":"x","b":{"c":[1]},"d":"21.5","e":2.50}`},
		{"required", `{"map": {"a": ".order.none", "b.c": "empty", "d": ".order", "e": ".order.customer.mail"}, "defaults": {"e": "-"}, "required": ["a", "b", "b.c", "d.total", "d.customer.mail", "e"]}`, order,
			"rejected: line 1, column 1: required.a: is null\nrejected: line 1, column 1: required.b.c: is not there\nrejected: line 1, column 1: required.b: is not there\n"},
		{"required within", `{"map": {"d": ".order"}, "required": ["d.total", "d.customer.mail", "d.x.y"]}`, order,
			"rejected: line 1, column 1: required.d.customer.mail: is not there, or null\nrejected: line 1, column 1: required.d.x.y: is not there, or null\n"},
		{"required without a map", `{"required": ["order.id"]}`, order, "rejected: line 1, column 1: required.order.id: is not there, or null\n"},
		{"several values", `{"map": {"a": ".order.item[]"}}`, order,
			"rejected: line 3, column 3: map.a: gives more than one value: wrap it in [...] for a list\n"},
		{"a path that does not lead on", `{"map": {"a": ".order.customer.name.first"}}`, order,
			"rejected: line 2, column 13: map.a (jq at 21): expected an object but got: string (\"Ada\")\n"},
		{"position of a value", `{"map": {"a": ".order.customer.name | ascii_downcase | tonumber"}}`, order,
			"rejected: line 2, column 13: map.a (jq at 41): tonumber cannot be applied to \"ada\": invalid number\n"},
		{"error of the rule", `{"map": {"a": "if .order.total == \"21.5\" then error(\"too much\") else 1 end"}}`, order,
			"rejected: line 5, column 3: map.a: error: too much\n"},
		{"error that is a value", `{"map": {"a": "error({x: .order.total})"}}`, order, "rejected: line 5, column 3: map.a: error: {\"x\":\"21.5\"}\n"},
		{"error that is a long text", `{"map": {"a": "error(\"x\" * 1000)"}}`, order, "rejected: line 1, column 1: map.a: error: " + strings.Repeat("x", most-len("error: ")) + " ...\n"},
		{"error that is large", `{"map": {"a": "reduce range(50) as $i (1; [., .]) | error"}}`, order, "rejected: line 1, column 1: map.a (jq at 38): error: array too large to be shown\n"},
		{"required where all failed", `{"map": {"a.b": "error(1)"}, "required": ["a"]}`, order, "rejected: line 1, column 1: map.a.b: error: 1\n"},
		{"default null", `{"map": {"a": "empty"}, "defaults": {"a": null}, "required": ["a"]}`, order, "rejected: line 1, column 1: required.a: is null\n"},
		{"syntax", `{}`, "<a>\n<b></a>", "rejected: line 2, column 4: "},
		{"empty", `{}`, "", "rejected: "},
		{"each", `{"input": {"each": "orders/order"}, "map": {"id": ".[\"@id\"]", "of": "$head.orders[\"@day\"]"}}`,
			`<orders day="Monday"><order id="1"/><order id="2"/></orders>`, "[\n{\"id\":\"1\",\"of\":\"Monday\"},\n{\"id\":\"2\",\"of\":\"Monday\"}\n]"},
		{"each of texts", `{"input": {"each": "a/b"}}`, `<a><b>1</b><b/><b x="2"/></a>`, "[\n\"1\",\nnull,\n{\"@x\":\"2\"}\n]"},
		{"each without one", `{"input": {"each": "a/b"}}`, `<a/>`, "[]"},
		{"each, rejected", `{"input": {"each": "a/b"}, "map": {"n": "tonumber"}}`, "<a>\n<b>1</b>\n<b>x</b><b>y</b></a>",
			"rejected: line 3, column 1: record 2: map.n: tonumber cannot be applied to \"x\": invalid number\nrejected: line 3, column 9: record 3: map.n: tonumber cannot be applied to \"y\": invalid number\n"},
		{"quarantine", `{"input": {"each": "a/b"}, "map": {"n": ".v | tonumber"}, "onError": "quarantine", "output": {"format": "ndjson"}}`, "<a><b><v>1</v></b>\n<b><v>x</v></b><b><v>3</v></b></a>",
			"{\"n\":1}\n{\"n\":3}\nleft out: line 2, column 4: record 2: map.n (jq at 6): tonumber cannot be applied to \"x\": invalid number\n{\"v\":\"x\"}\n"},
		{"quarantine and syntax", `{"input": {"each": "a/b"}, "onError": "quarantine"}`, "<a><b></a>", "rejected: line 1, column 7: "},
		{"ndjson", `{"input": {"format": "ndjson"}, "map": {"n": ".n", "of": "$head"}, "onError": "quarantine", "output": {"format": "ndjson"}}`, "{\"n\": 1.10}\n{\"n\": \n\n{\"n\": 12345678901234567890}\n",
			"{\"n\":1.10,\"of\":null}\n{\"n\":12345678901234567890,\"of\":null}\nleft out: line 2, column "},
		{"csv", `{"input": {"format": "csv", "columns": ["n"]}, "map": {"n": ".n | tonumber"}, "output": {"format": "ndjson"}}`, "a,n\nx,1\ny,2\n", "{\"n\":1}\n{\"n\":2}\n"},
		{"csv without the column", `{"input": {"format": "csv", "columns": ["n"]}}`, "a,b\nx,1\n", "rejected: line 1, column 1: the header lacks n\n"},
		{"json", `{"input": {"format": "json"}, "map": {"n": ".a.b[1]"}}`, `{"a": {"b": [1, 2.50]}}`, `{"n":2.50}`},
		{"json each", `{"input": {"format": "json", "each": "a"}, "map": {"n": "."}}`, `{"a": [1, null, {"z": 1, "b": 2}]}`, "[\n{\"n\":1},\n{\"n\":null},\n{\"n\":{\"b\":2,\"z\":1}}\n]"},
		{"charset", `{"input": {"format": "json", "charset": "iso-8859-1"}}`, "{\"a\": \"\xe9\"}", `{"a":"é"}`},
		{"dynamodb", `{"map": {"id": ".order[\"@id\"]", "n": "1.5"}, "output": {"format": "dynamodb"}}`, order, `{"Item":{"id":{"S":"7"},"n":{"N":"1.5"}}}`},
		{"no item", `{"input": {"each": "a/b"}, "output": {"format": "dynamodb"}}`, "<a><b>1</b></a>", "rejected: line 1, column 4: record 1: output.format: "},
		{"namespaces", `{"input": {"namespaces": {"urn:x": "x"}}, "map": {"a": ".[\"x:a\"].b"}}`, `<q:a xmlns:q="urn:x"><b>1</b></q:a>`, `{"a":"1"}`},
		{"forceList", `{"input": {"forceList": ["b"]}, "map": {"a": ".a.b | length"}}`, `<a><b>1</b></a>`, `{"a":1}`},
		{"depth", `{"input": {"limits": {"depth": 2}}}`, `<a><b><c/></b></a>`, "rejected: line 1, column 7: "},
		{"size", `{"input": {"limits": {"size": 10}}}`, `<a>12345678</a>`, "rejected: line 1, column "},
		{"size, of what is never read", `{"input": {"limits": {"size": 7}}}`, "<a></a>" + strings.Repeat(" ", 100), "rejected: line 1, column 1: the document is of more than 7 bytes, the most allowed\n"},
		{"size, of UTF-16", `{"input": {"limits": {"size": 7}}}`, wide("<a></a>"), `{"a":null}`},
		{"size, of UTF-16 that goes on", `{"input": {"limits": {"size": 7}}}`, wide("<a></a>, and no XML"), "rejected: line 1, column 1: the document is of more than 7 bytes, the most allowed\n"},
		{"output too large", `{"input": {"limits": {"size": 100}}, "map": {"a": "reduce range(40) as $i (1; [., .])"}}`, `<a/>`, "rejected: line 1, column 1: map.a: makes the result larger than a record may be\n"},
		{"output too deep", `{"map": {"a": "reduce range(5000) as $i (1; [.])"}}`, `<a/>`, "rejected: line 1, column 1: map.a: gives a value of more than 1000 values within each other\n"},
		{"copies too large", `{"input": {"limits": {"size": 100}}, "map": {"a": ".", "b": ".", "c": "."}}`, `<a>123456789012345678901234567890</a>`, "rejected: line 1, column 1: map.c: makes the result larger than a record may be\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := convertText(t, mustParse(t, c.rule), c.input)
			if strings.HasSuffix(c.want, " ") {
				got = got[:min(len(got), len(c.want))]
			}
			if strings.TrimSuffix(got, "\n") != strings.TrimSuffix(c.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if r := mustParse(t, c.rule); !strings.HasPrefix(c.want, "rejected") && r.output.format == formatJSON && !json.Valid([]byte(got)) {
				t.Error("not JSON")
			}
		})
	}
}

func TestSchemas(t *testing.T) {
	for _, c := range []struct{ name, rule, input, want string }{
		{"good", `{"input": {"schema": {"required": ["order"]}}, "map": {"n": ".order.total | tonumber"}, "output": {"schema": {"properties": {"n": {"type": "number"}}}}}`, order, `{"n":21.5}`},
		{"input", `{"input": {"schema": {"properties": {"order": {"properties": {"item": {"items": {"properties": {"@price": {"pattern": "^[0-9]+$"}}}}, "total": {"type": "number"}}, "required": ["day"]}}}}, "map": {"n": "error"}}`, order,
			`rejected: line 1, column 1: input.schema: /order: missing property 'day'
rejected: line 3, column 9: input.schema: /order/item/0/@price: '1.50' does not match pattern '^[0-9]+$'
rejected: line 5, column 3: input.schema: /order/total: got string, want number; a text of XML is a string: convert it in map, and check it in output.schema`},
		{"output", `{"map": {"a": "1.50", "b": "[1]", "c": "\"x\""}, "output": {"schema": {"properties": {"a": {"multipleOf": 0.01, "maximum": 1}, "b": {"minItems": 2}, "c": {"format": "email"}}}}}`, order,
			`rejected: line 1, column 1: output.schema: /a: maximum: got 1.5, want 1
rejected: line 1, column 1: output.schema: /b: minItems: got 1, want 2
rejected: line 1, column 1: output.schema: /c: 'x' is not valid email: missing @`},
		{"alternatives", `{"map": {"a": "true"}, "output": {"schema": {"properties": {"a": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/n"}]}}, "$defs": {"n": {"type": "number", "minimum": 1}}}}}`, order,
			`rejected: line 1, column 1: output.schema: /a: 'anyOf' failed (got boolean, want string; or got boolean, want number)`},
		{"exact", `{"input": {"format": "json", "schema": {"properties": {"a": {"const": 12345678901234567890}}}}}`, `{"a": 12345678901234567891}`,
			`rejected: line 1, column 1: input.schema: /a: value must be 12345678901234567890`},
		{"incomparable", `{"input": {"format": "json", "schema": {"items": {"minimum": 1}}}}`, `[1, {"a": [1e401]}]`,
			`rejected: line 1, column 1: input.schema: /1/a/0: the number 1e401 is beyond what can be compared`},
		{"order", `{"input": {"schema": {"properties": {"a": {"properties": {"b": {"items": {"pattern": "x"}}}}}}}}`, "<a><b>x</b>\n<b>x</b>\n<b>2</b>\n" + strings.Repeat("<b>x</b>", 7) + "\n<b>10</b></a>",
			`rejected: line 3, column 1: input.schema: /a/b/2: '2' does not match pattern 'x'
rejected: line 5, column 1: input.schema: /a/b/10: '10' does not match pattern 'x'`},
		{"false", `{"input": {"schema": false}}`, order, `rejected: line 1, column 1: input.schema: false schema`},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := convertText(t, mustParse(t, c.rule), c.input)
			if strings.TrimSuffix(got, "\n") != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

func TestSchemaProblems(t *testing.T) {
	for _, c := range []struct{ schema, want string }{
		{`1`, `line 1, column 22: input.schema: want a JSON Schema, an object`},
		{`{"type": "text"}`, `line 1, column 31: input.schema: /type: 'anyOf' failed (value must be one of 'array', 'boolean', 'integer', 'null', 'number', 'object', 'string'; or got string, want array)`},
		{`{"properties": {"a": {"minimum": "1"}}}`, `line 1, column 55: input.schema: /properties/a/minimum: got string, want number`},
		{`{"pattern": "("}`, `line 1, column 34: input.schema: /pattern: '(' is not valid regex: error parsing regexp: missing closing ): ` + "`(`"},
		{`{"$ref": "https://example.com/a.json"}`, `line 1, column 22: input.schema: refers to https://example.com/a.json: a schema must stand in the rule as a whole: nothing is loaded`},
		{`{"$ref": "file:///etc/passwd"}`, `line 1, column 22: input.schema: refers to file:///etc/passwd: a schema must stand in the rule as a whole: nothing is loaded`},
		{`{"$ref": "other.json"}`, `line 1, column 22: input.schema: refers to other.json: a schema must stand in the rule as a whole: nothing is loaded`},
		{`{"$schema": "https://example.com/draft"}`, `line 1, column 22: input.schema: refers to https://example.com/draft: a schema must stand in the rule as a whole: nothing is loaded`},
		{`{"$ref": "#/$defs/x"}`, `line 1, column 22: input.schema: json-pointer in "#/$defs/x" not found`},
		{`{"type": "object", "type": "array"}`, `line 1, column 41: input.schema.type: is there twice, first at line 1, column 23`},
		{`{"minimum": 1e99999999}`, `line 1, column 34: input.schema.minimum: the number 1e99999999 is beyond what can be compared`},
	} {
		t.Run(c.schema, func(t *testing.T) {
			got := problemsOf(t, `{"input": {"schema": `+c.schema+`}}`).Error()
			if !strings.HasPrefix(got, c.want) || len(got) > len(c.want) && !strings.HasSuffix(c.want, " ") {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestPatience(t *testing.T) {
	for _, query := range []string{"def f: f; f", "[range(1e12)] | length", "last(range(1e12))", ".a | until(false; .)"} {
		for _, onError := range []string{"reject", "quarantine"} {
			r := mustParse(t, `{"input": {"format": "ndjson"}, "onError": "`+onError+`", "map": {"x": "`+query+`", "y": "1"}}`)
			records := strings.Repeat("{\"a\":1}\n", 1000) // of which the first alone is waited for
			_, err := r.Run(t.Context(), strings.NewReader(records), io.Discard, Options{Patience: 20 * time.Millisecond})
			const want = "line 1, column 1: record 1: map.x: takes longer than the 20ms that a record may"
			if rejected := (*Rejected)(nil); !errors.As(err, &rejected) || err.Error() != want {
				t.Errorf("%s, %s: got %v", query, onError, err)
			}
		}
	}
}

func TestCancelled(t *testing.T) {
	r := mustParse(t, `{"map": {"x": "last(range(1e12))"}}`)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := r.Run(ctx, strings.NewReader("<a/>"), &bytes.Buffer{}, Options{}); err != context.Canceled {
		t.Error(err)
	}
	if _, err := r.Run(ctx, strings.NewReader("<a/>"), &bytes.Buffer{}, Options{}); err != context.Canceled {
		t.Error(err)
	}
}

// A run may have a lower limit of size than the rule, not a higher one.
func TestSizeOfRun(t *testing.T) {
	const tight = "rejected: line 1, column 1: the document is of 8 bytes, and 7 are the most allowed"
	for _, c := range []struct {
		rule string
		size int
		want string
	}{
		{`{}`, 0, ""},
		{`{}`, 8, ""},
		{`{}`, 7, tight},
		{`{"input": {"limits": {"size": 7}}}`, 100, tight},
	} {
		r, err := Parse([]byte(c.rule))
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if _, err := r.Run(t.Context(), strings.NewReader("<a>1</a>"), io.Discard, Options{Size: c.size}); err != nil {
			got = "rejected: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s of %d bytes: got %s", c.rule, c.size, got)
		}
	}
}
