package runnel_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/apigateway"
)

// form is one of the two ways to write an API's URL.
type form struct{ name, url, host string }

func (p *pipeline) forms() []form {
	id, port := p.out["ApiId"], p.endpoint[strings.LastIndex(p.endpoint, ":"):]
	return []form{
		{"path", p.endpoint + "/restapis/" + id + "/Prod/_user_request_", ""},
		{"host", p.endpoint + "/Prod", id + ".execute-api.localhost" + port},
	}
}

// call calls the API.
func (p *pipeline) call(f form, method, path, body string) answer {
	p.Helper()
	headers := []string{"Content-Type", "application/json"}
	if f.host != "" {
		headers = append(headers, "Host", f.host)
	}
	return p.http(method, f.url+path, body, headers...)
}

const (
	apiItem = `{"Item": {"date": "2025-07-17", "time": "06:45:43", "location": "location-03", "source": "wireless", "remote_avg": 14.22}}`
	apiPath = "/message/2025-07-17?time=06:45:43"
)

// apiCalls is one session, call by call; each changes what the next ones see.
var apiCalls = []struct {
	name, method, path, body string
	status                   int
	answer                   string // part of it
}{
	{"nothing yet", "GET", "/message", "", 200, `{"items":[],"count":0}`},
	{"no such item", "GET", apiPath, "", 404, `{"message":"there is no message of 2025-07-17 06:45:43"}`},
	{"put", "POST", "/message", apiItem, 201, `"remote_avg":14.22`},
	{"get", "GET", apiPath, "", 200, `"location":"location-03"`},
	{"escaped", "GET", "/message/2025%2D07-17?time=06%3A45%3A43", "", 200, `"location":"location-03"`},
	{"update", "PUT", apiPath, `{"UpdateExpression": "SET remote_avg = :v", "ExpressionAttributeValues": {":v": 9.5}}`, 204, ""},
	{"updated", "GET", apiPath, "", 200, `"remote_avg":9.5`},
	{"update of nothing", "PUT", "/message/2025-07-18?time=00:00:00", `{"UpdateExpression": "SET a = :v", "ExpressionAttributeValues": {":v": 1}}`, 404, "there is no message of 2025-07-18 00:00:00"},
	{"bad expression", "PUT", apiPath, `{"UpdateExpression": "SET"}`, 400, "Invalid UpdateExpression: Syntax error"},
	{"value missing", "PUT", apiPath, `{"UpdateExpression": "SET a = :v"}`, 400, "An expression attribute value used in expression is not defined; attribute value: :v"},
	{"key updated", "PUT", apiPath, `{"UpdateExpression": "SET #t = :v", "ExpressionAttributeNames": {"#t": "time"}, "ExpressionAttributeValues": {":v": "x"}}`, 400, "Cannot update attribute time. This attribute is part of the key"},
	{"no expression", "PUT", apiPath, `{}`, 400, "UpdateExpression is missing"},
	{"broken JSON", "POST", "/message", `{"Item": {`, 400, "the body does not read as JSON"},
	{"no JSON", "POST", "/message", "date=2025-07-17", 400, "the body is not a JSON object"},
	{"empty body", "POST", "/message", "", 400, "it is empty"},
	{"no key", "POST", "/message", `{"Item": {"date": "2025-07-17"}}`, 400, "time is missing"},
	{"another table", "POST", "/message", `{"TableName": "other", "Item": {"date": "2025-07-17", "time": "00:00:00"}}`, 400, "TableName is"},
	{"no time", "GET", "/message/2025-07-17", "", 400, "time is missing"},
	{"no date", "GET", "/message/yesterday?time=06:45:43", "", 400, "is not a date written YYYY-MM-DD"},
	{"bad limit", "GET", "/message?limit=many", "", 400, "limit:"},
	{"tampered token", "GET", "/message?next=eyJk", "", 400, "next is not a token that this API gave out"},
	{"unknown method", "PATCH", "/message", "", 403, `{"message":"Missing Authentication Token"}`},
	{"unknown route", "GET", "/messages", "", 403, `{"message":"Missing Authentication Token"}`},
	{"too deep", "GET", "/message/2025-07-17/06:45:43", "", 403, `{"message":"Missing Authentication Token"}`},
	{"remove", "DELETE", apiPath, "", 204, ""},
	{"remove again", "DELETE", apiPath, "", 404, "there is no message of 2025-07-17 06:45:43"},
}

func TestAPI(t *testing.T) {
	t.Parallel()
	p := startPipeline(t)
	for _, f := range p.forms() {
		t.Run(f.name, func(t *testing.T) {
			p := &pipeline{p.in(t), p.out}
			for _, c := range apiCalls {
				got := p.call(f, c.method, c.path, c.body)
				if got.status != c.status || !strings.Contains(got.body, c.answer) {
					t.Errorf("%s: %s %s: %d %s\nwant %d ... %s ...", c.name, c.method, c.path, got.status, got.body, c.status, c.answer)
				}
				if got.header.Get("x-amzn-RequestId") == "" {
					t.Errorf("%s: no x-amzn-RequestId in %v", c.name, got.header)
				}
			}
			p.checkCORS(t, f)
		})
	}
}

// checkCORS asks as a browser asks before it calls from another site.
func (p *pipeline) checkCORS(t *testing.T, f form) {
	t.Helper()
	for _, path := range []string{"/message", "/message/2025-07-17"} {
		got := p.call(f, "OPTIONS", path, "")
		for name, want := range map[string]string{
			"Access-Control-Allow-Origin":  "*",
			"Access-Control-Allow-Methods": "GET,POST,PUT,DELETE,OPTIONS",
			"Access-Control-Allow-Headers": "Content-Type",
		} {
			if got.status != 200 || got.header.Get(name) != want {
				t.Errorf("OPTIONS %s: %d, %s is %q, want %q", path, got.status, name, got.header.Get(name), want)
			}
		}
	}
	if got := p.call(f, "GET", "/message", ""); got.header.Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("GET /message: no Access-Control-Allow-Origin in %v", got.header)
	}
}

func TestAPIPages(t *testing.T) {
	t.Parallel()
	p := startPipeline(t)
	p.put(p.out["DataBucket"], "data.csv", sample(t, "data.csv"))
	p.awaitItems(p.out["TableName"], 20)
	seen, next, pages := make(map[string]bool), "", 0
	for ok := true; ok; ok = next != "" {
		pages++
		var page struct {
			Items []struct{ Date, Time string }
			Count int
			Next  string
		}
		got := p.call(p.forms()[0], "GET", "/message?limit=7&next="+url.QueryEscape(next), "")
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != 200 {
			t.Fatalf("%d %s: %v", got.status, got.body, err)
		}
		if page.Count != len(page.Items) || page.Count > 7 {
			t.Errorf("a page of %d items says %d", len(page.Items), page.Count)
		}
		for _, i := range page.Items {
			seen[i.Date+i.Time] = true
		}
		next = page.Next
	}
	if len(seen) != 20 || pages != 3 {
		t.Errorf("%d items on %d pages, want 20 on 3", len(seen), pages)
	}
}

func TestUnknownAPI(t *testing.T) {
	t.Parallel()
	p := startPipeline(t)
	for _, path := range []string{"/restapis/abcdefghij/Prod/_user_request_/message", "/restapis/" + p.out["ApiId"] + "/Test/_user_request_/message"} {
		if got := p.http("GET", p.endpoint+path, ""); got.status != 403 || got.body != `{"message":"Forbidden"}` {
			t.Errorf("GET %s: %d %s", path, got.status, got.body)
		}
	}
	list := must(p.apis.GetRestApis(t.Context(), &apigateway.GetRestApisInput{}))(t)
	if len(list.Items) != 1 || *list.Items[0].Id != p.out["ApiId"] || *list.Items[0].Name != "iot-messages" {
		t.Errorf("GetRestApis: %s", fmt.Sprint(list.Items))
	}
}
