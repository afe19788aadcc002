package api

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// total is a rule whose id is %q.
const total = `{
  "id": %q, "description": "the price of all",
  "input": {"format": "json"},
  "map": {"total": ".prices | add"},
  "cases": [{"name": "two", "input": "{\"prices\": [1, 2]}", "output": {"total": 3}}]
}`

func TestRuleLifecycle(t *testing.T) {
	r := newRig(t)
	document := fmt.Sprintf(total, "orders")

	o := r.call("POST", "rules", document)
	o.is(t, 201, `"id":"orders","version":1,"description":"the price of all","updated":"2`)
	o.has(t, "ETag", `"1"`)
	o.has(t, "Location", "rules/orders")

	o = r.call("GET", o.header.Get("Location"), "")
	want := strings.Replace(document, "{", "{\n  \"version\": 1,", 1)
	if o.is(t, 200); o.body != want {
		t.Errorf("got %s, want %s", o.body, want)
	}
	o.has(t, "ETag", `"1"`)
	o.has(t, "Content-Type", "application/json")
	r.call("GET", "rules/orders", "", `If-None-Match: W/"1"`).is(t, 304)

	o = r.call("PUT", "rules/orders", strings.Replace(document, "{", `{"version": 77,`, 1), `If-Match: "1"`)
	o.is(t, 200, `"version":2`)
	o.has(t, "ETag", `"2"`)
	r.call("GET", "rules/orders", "").is(t, 200, `{"version": 2,`)
	r.call("GET", "rules/orders", "", `If-None-Match: "1"`).is(t, 200)

	o = r.call("PUT", "rules/orders", document, `If-Match: "1"`)
	o.is(t, 412, `"version":2`, "the rule has version 2 now")
	o.has(t, "ETag", `"2"`)
	r.call("PUT", "rules/orders", document, `If-Match: "1", "2"`).is(t, 200, `"version":3`)
	r.call("PUT", "rules/orders", document, `If-Match: *`).is(t, 200, `"version":4`)
	r.call("PUT", "rules/orders", document, `If-None-Match: *`).is(t, 412, `"version":4`)
	r.call("POST", "rules", document).is(t, 409, "there is such a rule already")

	r.call("DELETE", "rules/orders", "", `If-Match: "3"`).is(t, 412, `"version":4`)
	r.call("DELETE", "rules/orders", "", `If-Match: "4"`).is(t, 204)
	r.call("DELETE", "rules/orders", "").is(t, 404)
	r.call("GET", "rules/orders", "").is(t, 404, "there is no such rule")
	r.call("PUT", "rules/orders", document, `If-Match: "4"`).is(t, 404)

	o = r.call("PUT", "rules/orders", strings.Replace(document, `"id": "orders", `, "", 1), `If-None-Match: *`)
	o.is(t, 201, `"version":1`)
	r.call("GET", "rules/orders", "").is(t, 200, "{\n  \"id\": \"orders\",\n  \"version\": 1,")
	r.call("DELETE", "rules/orders", "").is(t, 204)
}

// Rules that are refused, and leave nothing behind.
func TestRuleRefusals(t *testing.T) {
	r := newRig(t)
	document := fmt.Sprintf(total, "orders")
	r.call("POST", "rules", document).is(t, 201)
	for _, c := range []struct {
		name, method, link, body, header string
		status                           int
		want                             []string
	}{
		{"nothing", "POST", "rules", "", "", 422, []string{`"problems":[`}},
		{"no JSON", "POST", "rules", "<rule/>", "", 422, []string{`"line":1,"column":1`}},
		{"an array", "POST", "rules", "[]", "", 422, []string{`"problems":[`}},
		{"unknown member", "POST", "rules", "{\"id\":\"a\",\n \"mapp\":{}}", "", 422, []string{`"line":2`, "mapp"}},
		{"does not compile", "POST", "rules", `{"id":"a","map":{"x":".a |"}}`, "", 422, []string{`"key":"map.x"`, `"query":".a |"`}},
		{"fails its case", "POST", "rules", strings.Replace(fmt.Sprintf(total, "a"), `"total": 3}`, `"total": 4}`, 1), "", 422, []string{"the rule fails 1 of its cases, of 1", `"cases":[{"name":"two","reason":"`}},
		{"a case in a file", "POST", "rules", `{"id":"a","cases":[{"name":"x","inputFile":"/etc/passwd","outputFile":"x.json"}]}`, "", 422, []string{"runnel rule bundle"}},
		{"not UTF-8", "POST", "rules", "{\"id\":\"a\",\"description\":\"\xff\"}", "", 422, []string{`"problems":[`}},
		{"a member twice", "POST", "rules", `{"id":"a","id":"b"}`, "", 422, []string{`"problems":[`}},
		{"nested too deep", "POST", "rules", `{"id":"a","constants":{"x":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000) + `}}`, "", 422, []string{`"problems":[`}},
		{"no id", "POST", "rules", "{}", "", 400, []string{"the rule has no id"}},
		{"bad id", "POST", "rules", `{"id":"Orders"}`, "", 422, []string{"id"}},
		{"too large", "POST", "rules", `{"id":"a","description":"` + strings.Repeat("x", 350<<10) + `"}`, "", 413, []string{"it may have 358400"}},
		{"far too large", "POST", "rules", strings.Repeat(" ", 4_500_001), "", 413, []string{"4500000 bytes at the most"}},
		{"put without a condition", "PUT", "rules/orders", document, "", 428, []string{"If-Match"}},
		{"put over nothing", "PUT", "rules/none", "{}", `If-Match: "1"`, 404, nil},
		{"put another id", "PUT", "rules/orders", `{"id":"other"}`, `If-Match: "1"`, 400, []string{`is \"other\", not \"orders\"`}},
		{"put a weak tag", "PUT", "rules/orders", document, `If-Match: W/"1"`, 412, []string{`"version":1`}},
		{"put a leading zero", "PUT", "rules/orders", document, `If-Match: "01"`, 412, nil},
		{"put a foreign tag", "PUT", "rules/orders", document, `If-Match: "abc,d", "e"`, 412, nil},
		{"put a huge tag", "PUT", "rules/orders", document, `If-Match: "99999999999999999999"`, 412, nil},
		{"put a tag without quotes", "PUT", "rules/orders", document, `If-Match: 1`, 400, []string{"entity tags"}},
		{"put an open tag", "PUT", "rules/orders", document, `If-Match: "1`, 400, nil},
		{"put a list that goes on", "PUT", "rules/orders", document, `If-Match: "1",`, 400, nil},
		{"put too many tags", "PUT", "rules/orders", document, `If-Match: "1"` + strings.Repeat(`, "1"`, 50), 400, []string{"may have 50"}},
		{"put both conditions", "PUT", "rules/orders", document, "If-None-Match: *|If-Match: *", 400, []string{"both"}},
		{"create by a version", "PUT", "rules/orders", document, `If-None-Match: "1"`, 400, nil},
		{"create a bad id", "PUT", "rules/Orders", "{}", "If-None-Match: *", 400, []string{`cannot have the id \"Orders\"`}},
		{"create what does not compile", "PUT", "rules/a", `{"map":{"x":"}"}}`, "If-None-Match: *", 422, []string{`"problems"`}},
		{"get an impossible id", "GET", "rules/" + strings.Repeat("x", 3000), "", "", 404, nil},
		{"get an escaped id", "GET", "rules/%2e%2e%2fx", "", "", 404, nil},
		{"delete an impossible id", "DELETE", "rules/A%00", "", "", 404, nil},
		{"delete by a bad tag", "DELETE", "rules/orders", "", "If-Match: x", 400, nil},
		{"limit no number", "GET", "rules?limit=many", "", "", 400, []string{`limit: \"many\"`}},
		{"limit 0", "GET", "rules?limit=0", "", "", 400, nil},
		{"limit too large", "GET", "rules?limit=1001", "", "", 400, nil},
		{"limit twice", "GET", "rules?limit=1&limit=2", "", "", 400, []string{"limit is given 2 times"}},
		{"next no token", "GET", "rules?next=***", "", "", 400, []string{"next is not a token"}},
		{"next empty inside", "GET", "rules?next=" + strings.Repeat("A", 4000), "", "", 400, nil},
		{"a method that is none", "PATCH", "rules/orders", "", "", 404, []string{"there is no PATCH"}},
		{"a resource that is none", "GET", "other", "", "", 404, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := r.in(t)
			var headers []string
			if c.header != "" {
				headers = strings.Split(c.header, "|")
			}
			r.call(c.method, c.link, c.body, headers...).is(t, c.status, c.want...)
			if left := r.call("GET", "rules", ""); strings.Count(left.body, `"id"`) != 1 || !strings.Contains(left.body, `"version":1`) {
				t.Errorf("the rules are %s", left.body)
			}
		})
	}
}

// Of those who replace the same version at once, one does.
func TestConcurrentReplace(t *testing.T) {
	r := newRig(t)
	document := fmt.Sprintf(total, "orders")
	r.call("POST", "rules", document).is(t, 201)
	statuses := make([]int, 16)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() {
			statuses[i] = r.call("PUT", "rules/orders", strings.Replace(document, "the price", fmt.Sprint("price ", i), 1), `If-Match: "1"`).status
		})
	}
	all.Wait()
	won := -1
	for i, status := range statuses {
		switch {
		case status == http.StatusOK && won < 0:
			won = i
		case status != http.StatusPreconditionFailed:
			t.Errorf("%d: got %d", i, status)
		}
	}
	r.call("GET", "rules/orders", "").is(t, 200, `"version": 2`, fmt.Sprint("price ", won))
}

func TestConcurrentCreate(t *testing.T) {
	r := newRig(t)
	statuses := make([]int, 8)
	var all sync.WaitGroup
	for i := range statuses {
		all.Go(func() { statuses[i] = r.call("POST", "rules", fmt.Sprintf(total, "orders")).status })
	}
	all.Wait()
	created := 0
	for _, status := range statuses {
		if status == http.StatusCreated {
			created++
		} else if status != http.StatusConflict {
			t.Errorf("got %d", status)
		}
	}
	if created != 1 {
		t.Errorf("%d were created", created)
	}
}

func TestListRules(t *testing.T) {
	r := newRig(t)
	r.call("GET", "rules", "").is(t, 200, `{"rules":[]}`)
	for i := range 7 {
		r.call("POST", "rules", fmt.Sprintf(total, fmt.Sprint("rule-", i))).is(t, 201)
	}
	o := r.call("GET", "rules", "")
	if o.is(t, 200, `{"id":"rule-0","version":1,"description":"the price of all","updated":"2`); strings.Contains(o.body, "next") || strings.Contains(o.body, "document") {
		t.Errorf("got %s", o.body)
	}
	found, pages := make(map[string]bool), 0
	for link := "rules?limit=3"; ; pages++ {
		o := r.call("GET", link, "")
		o.is(t, 200)
		for i := range 7 {
			if id := fmt.Sprint("rule-", i); strings.Contains(o.body, id) {
				found[id] = true
			}
		}
		_, next, ok := strings.Cut(o.body, `"next":"`)
		if !ok {
			break
		}
		next, _, _ = strings.Cut(next, `"`)
		link = "rules?limit=3&next=" + next
	}
	if len(found) != 7 || pages < 2 {
		t.Errorf("found %d rules on %d pages", len(found), pages+1)
	}
}

// A rule that somebody wrote into the table unchecked can be read and mended,
// and does not run.
func TestDamagedRule(t *testing.T) {
	r := newRig(t)
	damage := func(id string, attributes map[string]types.AttributeValue) {
		attributes["id"] = &types.AttributeValueMemberS{Value: id}
		must(r.db.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("rules"), Item: attributes}))(t)
	}
	damage("half", map[string]types.AttributeValue{"document": &types.AttributeValueMemberS{Value: `{"map": `}, "version": &types.AttributeValueMemberN{Value: "4"}})
	r.call("GET", "rules/half", "").is(t, 200, `{"map": `)
	r.call("POST", "rules/half/try", "{}").is(t, 422, `"problems":[`, "the rule half")
	r.call("POST", "upload?file=a.xml&rule=half", "<a/>").is(t, 422, `"problems":[`)
	r.call("PUT", "rules/half", "{}", `If-Match: "4"`).is(t, 200, `"version":5`)

	damage("bare", map[string]types.AttributeValue{"document": &types.AttributeValueMemberS{Value: `{}`}})
	r.call("GET", "rules/bare", "").is(t, 200, `{"id": "bare","version": 0}`)
	r.call("PUT", "rules/bare", "{}", `If-Match: *`).is(t, 200, `"version":1`)

	damage("empty", map[string]types.AttributeValue{})
	r.call("GET", "rules/empty", "").is(t, 500, "Internal server error")
	r.call("GET", "rules", "").is(t, 200, `"id":"empty","version":0`)
}
