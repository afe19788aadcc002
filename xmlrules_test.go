package runnel_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// ruleOf is a rule with one key.
func ruleOf(id, key, query string) string {
	return fmt.Sprintf(`{"id": %q, "description": "%s: %s", "map": {%q: %q}, "cases": [{"input": "<a>1</a>", "output": {%q: "1"}}]}`, id, key, query, key, query, key)
}

// tried is a form with a document, and a rule that is not stored.
func tried(rule, document string) string {
	body := "--x\r\nContent-Disposition: form-data; name=\"document\"; filename=\"a.xml\"\r\n\r\n" + document
	if rule != "" {
		body += "\r\n--x\r\nContent-Disposition: form-data; name=\"rule\"\r\n\r\n" + rule
	}
	return body + "\r\n--x--\r\n"
}

var isForm = []string{"Content-Type", "multipart/form-data; boundary=x"}

// xmlRuleCalls is one session, call by call; each changes what the next ones see.
var xmlRuleCalls = []struct {
	name, method, path, body string
	header                   []string
	status                   int
	answer                   string // part of it
	etag                     string
}{
	{"none yet", "GET", "/rules", "", nil, 200, `{"rules":[]}`, ""},
	{"not there", "GET", "/rules/one", "", nil, 404, "there is no such rule", ""},
	{"create", "POST", "/rules", ruleOf("one", "n", ".a"), nil, 201, `"id":"one","version":1,"description":"n: .a"`, `"1"`},
	{"create again", "POST", "/rules", ruleOf("one", "n", ".a"), nil, 409, "there is such a rule already", ""},
	{"create at its place", "PUT", "/rules/two", ruleOf("two", "n", ".a"), []string{"If-None-Match", "*"}, 201, `"version":1`, `"1"`},
	{"create there again", "PUT", "/rules/two", ruleOf("two", "n", ".a"), []string{"If-None-Match", "*"}, 412, `"version":1`, `"1"`},
	{"read", "GET", "/rules/one", "", nil, 200, `{"version": 1,"id": "one", "description"`, `"1"`},
	{"read what is known", "GET", "/rules/one", "", []string{"If-None-Match", `"1"`}, 304, "", `"1"`},
	{"upload by it", "POST", "/upload?file=a.xml&rule=one", "<a>7</a>", nil, 202, `"rule":{"id":"one","version":1}`, ""},

	{"replace without a version", "PUT", "/rules/one", ruleOf("one", "m", ".a"), nil, 428, "If-Match", ""},
	{"replace", "PUT", "/rules/one", ruleOf("one", "m", ".a"), []string{"If-Match", `"1"`}, 200, `"version":2`, `"2"`},
	{"replace what is replaced", "PUT", "/rules/one", ruleOf("one", "o", ".a"), []string{"If-Match", `"1"`}, 412, `"version":2`, `"2"`},
	{"replace what is not there", "PUT", "/rules/three", ruleOf("three", "o", ".a"), []string{"If-Match", `"1"`}, 404, "there is no such rule", ""},
	{"replace by another", "PUT", "/rules/one", ruleOf("two", "o", ".a"), []string{"If-Match", `"2"`}, 400, `not \"one\"`, ""},
	{"upload by the new one", "POST", "/upload?file=b.xml&rule=one", "<a>7</a>", nil, 202, `"rule":{"id":"one","version":2}`, ""},

	{"a rule that does not compile", "PUT", "/rules/one", ruleOf("one", "o", ".a |"), []string{"If-Match", `"2"`}, 422, `"problems":[{"line":1,"column":59,"key":"map.o","query":".a |","offset":5,`, ""},
	{"a rule that is no JSON", "POST", "/rules", "{", nil, 422, `"problems":[{`, ""},
	{"a rule with what there is not", "POST", "/rules", "{\n \"id\": \"x\",\n \"maps\": {}}", nil, 422, `"line":3,"column":2`, ""},
	{"a rule that fails its case", "POST", "/rules", ruleOf("x", "n", ".b"), nil, 422, `"cases":[{`, ""},
	{"a rule without an id", "POST", "/rules", `{"map": {"n": ".a"}}`, nil, 400, "the rule has no id", ""},
	{"a rule that is too large", "POST", "/rules", `{"id": "x", "description": "` + strings.Repeat("x", 350<<10) + `"}`, nil, 413, "it may have 358400", ""},
	{"a rule with files", "POST", "/rules", `{"id": "x", "cases": [{"inputFile": "/etc/passwd", "output": 1}]}`, nil, 422, "cases[0].inputFile", ""},
	{"none of them is there", "GET", "/rules/x", "", nil, 404, "there is no such rule", ""},

	{"try", "POST", "/rules/one/try", "<a>8</a>", nil, 200, `{"rule":{"id":"one","version":2},"records":1,"quarantined":0,"json":{"m":"8"}}`, ""},
	{"try in a form", "POST", "/rules/one/try", tried("", "<a>8</a>"), isForm, 200, `"json":{"m":"8"}`, ""},
	{"try one that is not stored", "POST", "/rules/new/try", tried(`{"map": {"k": ".a | tonumber"}}`, "<a>8</a>"), isForm, 200, `"json":{"k":8}`, ""},
	{"try a document that fails", "POST", "/rules/new/try", tried(`{"map": {"k": ".a | tonumber"}}`, "<a>\n8x</a>"), isForm, 422, `"key":"map.k"`, ""},
	{"try one that does not compile", "POST", "/rules/new/try", tried(`{"map": {"k": ".a |"}}`, "<a/>"), isForm, 422, `"problems":[{"line":1,"column":20,"key":"map.k",`, ""},
	{"try one that is not there", "POST", "/rules/new/try", "<a/>", nil, 404, "there is no such rule", ""},

	{"list", "GET", "/rules", "", nil, 200, `{"rules":[{"id":"one","version":2,`, ""},
	{"a list of none", "GET", "/rules?limit=0", "", nil, 400, "limit", ""},
	{"a token of nobody's", "GET", "/rules?next=%21", "", nil, 400, "next is not a token that this API gave out", ""},
	{"delete another version", "DELETE", "/rules/one", "", []string{"If-Match", `"1"`}, 412, `"version":2`, `"2"`},
	{"delete", "DELETE", "/rules/one", "", []string{"If-Match", `"2"`}, 204, "", ""},
	{"delete again", "DELETE", "/rules/one", "", nil, 404, "there is no such rule", ""},
	{"upload by none", "POST", "/upload?file=c.xml&rule=one", "<a>7</a>", nil, 400, "there is no such rule", ""},
	{"delete any version", "DELETE", "/rules/two", "", nil, 204, "", ""},
	{"none any more", "GET", "/rules", "", nil, 200, `{"rules":[]}`, ""},
}

// TestXMLRules is the life of rules, and what becomes of the files that are
// uploaded between their changes.
func TestXMLRules(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	for _, c := range xmlRuleCalls {
		got := x.ask(c.method, c.path, c.body, c.header...)
		if got.status != c.status || !strings.Contains(got.body, c.answer) || got.header.Get("ETag") != c.etag {
			t.Errorf("%s: %d, ETag %s, %.500s\nwant %d, %s, %s", c.name, got.status, got.header.Get("ETag"), got.body, c.status, c.etag, c.answer)
		}
		if got.status != 202 {
			continue
		}
		a := x.taken(got) // what it was converted by is what it was taken by
		f := x.ended(a.Result)
		want := map[int]string{1: `{"n":"7"}`, 2: `{"m":"7"}`}[a.Rule.Version]
		if f.Status != "succeeded" || f.Rule != *a.Rule || string(f.JSON) != want {
			t.Errorf("%s: it ended as %+v", c.name, f)
		}
	}
}

// TestXMLRulePages reads more rules than a page has.
func TestXMLRulePages(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	const rules = 7
	for n := range rules {
		x.store(ruleOf(fmt.Sprint("rule-", n), "n", ".a"))
	}
	seen, pages := make(map[string]bool), 0
	for next := ""; pages == 0 || next != ""; pages++ {
		var page struct {
			Rules []struct{ ID string }
			Next  string
		}
		got := x.ask("GET", "/rules?limit=3&next="+next, "")
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || len(page.Rules) > 3 || pages > rules {
			t.Fatalf("%d %s: %v", got.status, got.body, err)
		}
		for _, r := range page.Rules {
			seen[r.ID] = true
		}
		next = page.Next
	}
	if len(seen) != rules {
		t.Errorf("%d rules on %d pages: %v", len(seen), pages, seen)
	}
}

// TestXMLRuleRace has several people replace the same version of a rule: one
// does, and the others learn of it.
func TestXMLRuleRace(t *testing.T) {
	t.Parallel()
	x := startXML(t)
	x.store(ruleOf("one", "n", ".a"))
	var mu sync.Mutex
	var people sync.WaitGroup
	statuses, won := make(map[int]int), ""
	for n := range 4 {
		key := fmt.Sprint("k", n)
		people.Go(func() {
			got, err := x.send("PUT", "/rules/one", ruleOf("one", key, ".a"), "If-Match", `"1"`)
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if statuses[got.status]++; got.status == 200 {
				won = key
			}
		})
	}
	people.Wait()
	if statuses[200] != 1 || statuses[412] != 3 {
		t.Errorf("statuses: %v", statuses)
	}
	if got := x.ask("POST", "/rules/one/try", "<a>8</a>"); !strings.Contains(got.body, `"version":2`) || !strings.Contains(got.body, `{"`+won+`":"8"}`) {
		t.Errorf("%s won; the rule gives %s", won, got.body)
	}
}
