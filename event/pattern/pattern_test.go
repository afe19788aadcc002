package pattern

import (
	"testing"
)

// TestMatch follows the examples of
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
// (2026-11-20).
func TestMatch(t *testing.T) {
	const record = `{"UserID": null, "LastName": "", "Name": "Alice", "Location": "New York", "Day": "Monday",
		"Weather": "Raining", "Price": 100, "ProductName": "Widget", "Region": "us-east-1", "FileName": "image.png",
		"Tags": ["a", "b"], "Nested": {"Deep": {"x": 1}}, "Items": [{"sku": 1}, {"sku": 2}], "Big": 3.0e2, "Yes": true}`
	tests := []struct {
		pattern string
		want    bool
	}{
		{`{"UserID": [null]}`, true},
		{`{"LastName": [""]}`, true},
		{`{"Name": ["Alice"]}`, true},
		{`{"Name": ["alice"]}`, false},
		{`{"Name": [{"equals-ignore-case": "alice"}]}`, true},
		{`{"Location": ["New York"], "Day": ["Monday"]}`, true},
		{`{"Location": ["New York"], "Day": ["Tuesday"]}`, false},
		{`{"Day": ["Sunday", "Monday"]}`, true},
		{`{"$or": [{"Location": ["Boston"]}, {"Day": ["Monday"]}]}`, true},
		{`{"$or": [{"Location": ["Boston"]}, {"Day": ["Friday"]}]}`, false},
		{`{"Name": ["Alice"], "$or": [{"Day": ["Friday"]}, {"Price": [100]}]}`, true},
		{`{"Weather": [{"anything-but": ["Raining"]}]}`, false},
		{`{"Weather": [{"anything-but": "Sunny"}]}`, true},
		{`{"Absent": [{"anything-but": "Sunny"}]}`, false},
		{`{"Weather": [{"anything-but": {"prefix": "Rain"}}]}`, false},
		{`{"Price": [{"numeric": ["=", 100]}]}`, true},
		{`{"Price": [{"numeric": [">", 10, "<=", 20]}]}`, false},
		{`{"Price": [{"numeric": [">", 10, "<=", 100]}]}`, true},
		{`{"Price": [100.0]}`, true},
		{`{"Price": ["100"]}`, false},
		{`{"Big": [{"numeric": ["=", 300]}]}`, true},
		{`{"Name": [{"numeric": ["=", 100]}]}`, false},
		{`{"ProductName": [{"exists": true}]}`, true},
		{`{"Absent": [{"exists": false}]}`, true},
		{`{"Absent": [{"exists": true}]}`, false},
		{`{"Absent": {"Deeper": [{"exists": false}]}}`, true},
		{`{"Absent": [null]}`, false},
		{`{"Region": [{"prefix": "us-"}]}`, true},
		{`{"Region": [{"prefix": {"equals-ignore-case": "US-"}}]}`, true},
		{`{"FileName": [{"suffix": ".png"}]}`, true},
		{`{"FileName": [{"suffix": ".jpg"}]}`, false},
		{`{"Tags": ["b"]}`, true},
		{`{"Tags": ["c"]}`, false},
		{`{"Tags": ["a"], "$or": [{"Tags": ["b"]}, {"Day": ["Friday"]}]}`, true}, // two items, each by its own rule
		{`{"Nested": {"Deep": {"x": [1]}}}`, true},
		{`{"Nested": {"Deep": {"x": [2]}}}`, false},
		{`{"Items": {"sku": [2]}}`, true},
		{`{"Items": {"sku": [3]}}`, false},
		{`{"Yes": [true]}`, true},
		{`{"Name": {"x": ["Alice"]}}`, false},
	}
	v, err := Decode([]byte(record))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		p, err := Compile(test.pattern, Lambda)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		if got := p.Match(v); got != test.want {
			t.Errorf("%s: got %v", test.pattern, got)
		}
	}
}

// TestMatchMessage follows the table "filtering with Amazon SQS" of
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
// (2026-11-20).
func TestMatchMessage(t *testing.T) {
	tests := []struct {
		name, body, pattern string
		want                bool
	}{
		{"text, no body in pattern", "hello", `{"messageId": ["1"]}`, true},
		{"text, text pattern", "hello", `{"body": ["hello"]}`, true},
		{"text, text pattern, other", "hello", `{"body": ["bye"]}`, false},
		{"text, JSON pattern", "hello", `{"body": {"a": [1]}}`, false},
		{"JSON, no body in pattern", `{"a": 1}`, `{"messageId": ["1"]}`, true},
		{"JSON, text pattern", `{"a": 1}`, `{"body": ["{\"a\": 1}"]}`, false},
		{"JSON, JSON pattern", `{"a": 1}`, `{"body": {"a": [1]}}`, true},
		{"JSON, JSON pattern, other", `{"a": 1}`, `{"body": {"a": [2]}}`, false},
		{"a number is text", `17`, `{"body": ["17"]}`, true},
		{"broken JSON is text", `{"a": `, `{"body": [{"prefix": "{"}]}`, true},
		{"alternatives, JSON", `{"a": 1}`, `{"$or": [{"body": {"a": [1]}}, {"messageId": ["2"]}]}`, true},
		{"alternatives, text", "hello", `{"$or": [{"body": {"a": [1]}}, {"messageId": ["1"]}]}`, true},
		{"alternatives beside", `{"a": 1, "b": 2}`, `{"body": {"a": [1]}, "$or": [{"body": {"b": [2]}}, {"messageId": ["2"]}]}`, true},
		{"attribute", "hello", `{"messageAttributes": {"Method": {"stringValue": ["POST"]}}}`, true},
	}
	for _, test := range tests {
		record := map[string]any{
			"messageId": "1", "body": test.body,
			"messageAttributes": map[string]any{"Method": map[string]any{"stringValue": "POST"}},
		}
		p, err := Compile(test.pattern, Lambda)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.MatchMessage(record); got != test.want {
			t.Errorf("%s: got %v", test.name, got)
		}
		if record["body"] != test.body {
			t.Errorf("%s: the record was left changed", test.name)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for _, text := range []string{
		``, `[]`, `{}`, `{"a": 1}`, `{"a": "x"}`, `{"a": []}`, `{"a": [[1]]}`, `{"a": {}}`, `{"a": [1]} x`,
		`{"a": [{"numeric": ["=", "1"]}]}`, `{"a": [{"numeric": ["~", 1]}]}`, `{"a": [{"numeric": [">", 1, "<"]}]}`,
		`{"a": [{"numeric": ["=", 1, "=", 2]}]}`, `{"a": [{"numeric": 1}]}`, `{"a": [{"exists": "yes"}]}`,
		`{"a": [{"prefix": 1}]}`, `{"a": [{"prefix": "x", "suffix": "y"}]}`, `{"a": [{"wildcard": "*"}]}`,
		`{"a": [{"cidr": "10.0.0.0/8"}]}`, `{"a": [{"anything-but": []}]}`, `{"a": [{"anything-but": [true]}]}`,
		`{"a": [{"anything-but": {"cidr": "x"}}]}`, `{"$or": [{"a": [1]}]}`, `{"$or": {"a": [1]}}`, `{"$or": [1, 2]}`,
	} {
		if _, err := Compile(text, Lambda); err == nil {
			t.Errorf("%s was accepted", text)
		}
	}
}

func FuzzCompile(f *testing.F) {
	f.Add(`{"body": {"a": [1, {"numeric": [">", 0]}]}, "$or": [{"b": ["x"]}, {"c": [{"exists": false}]}]}`, `{"a": 1}`)
	f.Add(`{"body": [{"anything-but": {"prefix": "x"}}]}`, "text")
	f.Fuzz(func(t *testing.T, pattern, body string) {
		p, err := Compile(pattern, Lambda)
		if err != nil {
			return
		}
		record := map[string]any{"body": body, "messageId": "1"}
		if p.MatchMessage(record) != p.MatchMessage(record) {
			t.Error("two answers to one question")
		}
	})
}
