package pattern

import (
	"bufio"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/runnel/runnel/event"
)

var rewrite = flag.Bool("rewrite", false, "write the golden text anew")

// TestOperators follows the examples of
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
// (2026-11-20).
func TestOperators(t *testing.T) {
	for _, test := range []struct {
		pattern, event string
		want           bool
	}{
		{`{"a": [{"prefix": {"equals-ignore-case": "EventB"}}]}`, `{"a": "eventbridge"}`, true},
		{`{"a": [{"suffix": {"equals-ignore-case": ".PNG"}}]}`, `{"a": "x.png"}`, true},
		{`{"a": [{"suffix": {"equals-ignore-case": "ß"}}]}`, `{"a": "xẞ"}`, true},
		{`{"a": [{"anything-but": ["stopped", "overloaded"]}]}`, `{"a": "running"}`, true},
		{`{"a": [{"anything-but": [100, 200]}]}`, `{"a": 2.0e2}`, false},
		{`{"a": [{"anything-but": [100, 200]}]}`, `{"a": "x"}`, true},
		{`{"a": [{"anything-but": {"equals-ignore-case": ["initializing", "stopped"]}}]}`, `{"a": "STOPPED"}`, false},
		{`{"a": [{"anything-but": {"prefix": "init"}}]}`, `{"a": "initial"}`, false},
		{`{"a": [{"anything-but": {"suffix": ".rtf"}}]}`, `{"a": "x.txt"}`, true},
		{`{"a": [{"anything-but": {"wildcard": "*/lib/*"}}]}`, `{"a": "/usr/lib/x"}`, false},
		{`{"a": [{"anything-but": {"wildcard": ["*/lib/*", "*/bin/*"]}}]}`, `{"a": "/usr/bin/x"}`, false},
		{`{"a": [{"anything-but": "x"}]}`, `{"a": ["x", "y"]}`, true},
		{`{"a": [{"anything-but": "x"}]}`, `{"a": {"b": 1}}`, false},
		{`{"a": [{"cidr": "10.0.0.0/24"}]}`, `{"a": "10.0.0.77"}`, true},
		{`{"a": [{"cidr": "10.0.0.0/24"}]}`, `{"a": "10.0.1.77"}`, false},
		{`{"a": [{"cidr": "2001:db8::/32"}]}`, `{"a": "2001:db8::1"}`, true},
		{`{"a": [{"cidr": "10.0.0.0/8"}]}`, `{"a": "no address"}`, false},
		{`{"a": [{"wildcard": "dir/*.png"}]}`, `{"a": "dir/a/b.png"}`, true},
		{`{"a": [{"wildcard": "dir/*.png"}]}`, `{"a": "dir/a/b.jpg"}`, false},
		{`{"a": [{"wildcard": "\\*x\\\\*"}]}`, `{"a": "*x\\y"}`, true},
		{`{"a": [{"wildcard": "ab*b"}]}`, `{"a": "ab"}`, false},
		{`{"a": [{"exists": true}]}`, `{"a": null}`, true},
		{`{"a": [{"exists": true}]}`, `{"a": {"b": 1}}`, false},
		{`{"a": [{"exists": false}]}`, `{"a": {"b": 1}}`, true},
		{`{"a": [{"exists": false}]}`, `{"a": []}`, true},
		{`{"a": {"b": [{"exists": false}]}}`, `{"a": [{"b": 1}, {"c": 1}]}`, false},
		{`{"a": {"b": [{"exists": false}]}}`, `{"a": [{"c": 1}]}`, true},
		{`{"a": ["x", {"exists": false}]}`, `{}`, true},
		{`{"a": ["x", {"exists": false}]}`, `{"a": "y"}`, false},
		{`{"a": {"b": [1], "c": [2]}}`, `{"a": [{"b": 1, "c": 2}]}`, true},
		{`{"a": {"b": [1], "c": [2]}}`, `{"a": [{"b": 1}, {"c": 2}]}`, false},
		{`{"a": {"b": [1]}, "$or": [{"a": {"c": [2]}}, {"d": [1]}]}`, `{"a": [{"b": 1}, {"c": 2}]}`, false},
		{`{"a": {"b": [1]}, "$or": [{"a": {"c": [2]}}, {"d": [1]}]}`, `{"a": [{"b": 1, "c": 2}]}`, true},
		{`{"a": {"b": [1]}, "$or": [{"a": {"c": [2]}}, {"d": [1]}]}`, `{"a": [{"b": 1}], "d": 1}`, true},
		{`{"a": [2]}`, `{"a": [[1], [2]]}`, true},
		{`{"a": [{"numeric": [">", 0, "<=", 5]}]}`, `{"a": 5.000}`, true},
		{`{"a": [{"numeric": [">=", -1.5]}]}`, `{"a": "0"}`, false},
		{`{"a": [100000000000000000001]}`, `{"a": 100000000000000000001}`, true},
		{`{"$or": [{"a": [1]}, {"b": {"$or": [{"c": [1]}, {"d": [1]}]}}]}`, `{"b": {"d": 1}}`, true},
	} {
		p, err := Compile(test.pattern, EventBridge)
		if err != nil {
			t.Errorf("%s: %v", test.pattern, err)
			continue
		}
		if got, err := p.MatchJSON([]byte(test.event)); got != test.want || err != nil {
			t.Errorf("%s on %s: %v, %v", test.pattern, test.event, got, err)
		}
	}
}

// TestMatchAttributes follows the examples of
// https://docs.aws.amazon.com/sns/latest/dg/string-value-matching.html and
// https://docs.aws.amazon.com/sns/latest/dg/numeric-value-matching.html (2026-11-20).
func TestMatchAttributes(t *testing.T) {
	attributes := map[string]event.Attribute{
		"store":     {DataType: "String", String: "example_corp"},
		"interests": {DataType: "String.Array", String: `["rugby", "tennis", 7, true, null]`},
		"price":     {DataType: "Number", String: "301.50"},
		"int":       {DataType: "Number.int", String: "-7"},
		"digits":    {DataType: "String", String: "100"},
		"true":      {DataType: "String", String: "true"},
		"image":     {DataType: "Binary", Binary: []byte("x")},
		"ip":        {DataType: "String", String: "10.0.0.255"},
		"list":      {DataType: "String.Array", String: `"none"`},
		"odd":       {DataType: "Number", String: "many"},
	}
	for policy, want := range map[string]bool{
		`{}`:                                                  true,
		`{"store": ["example_corp"]}`:                         true,
		`{"store": ["Example_corp"]}`:                         false,
		`{"interests": ["tennis"]}`:                           true,
		`{"interests": ["baseball"]}`:                         false,
		`{"interests": [7]}`:                                  true,
		`{"interests": [true]}`:                               true,
		`{"interests": [null]}`:                               true,
		`{"price": [301.5]}`:                                  true,
		`{"price": ["301.50"]}`:                               false,
		`{"price": [3.015e2]}`:                                true,
		`{"price": [{"numeric": [">", 300, "<", 302]}]}`:      true,
		`{"int": [{"numeric": ["<", 0]}]}`:                    true,
		`{"digits": [100]}`:                                   false,
		`{"digits": ["100"]}`:                                 true,
		`{"true": [true]}`:                                    false,
		`{"image": [{"exists": true}]}`:                       false,
		`{"image": [{"exists": false}]}`:                      true,
		`{"gone": [{"anything-but": "x"}]}`:                   false,
		`{"ip": [{"cidr": "10.0.0.0/24"}]}`:                   true,
		`{"store": [{"wildcard": "ex*_c*p"}]}`:                true,
		`{"store": [{"equals-ignore-case": "EXAMPLE_CORP"}]}`: true,
		`{"store": [{"anything-but": {"prefix": "order-"}}]}`: true,
		`{"list": ["\"none\""]}`:                              true,
		`{"odd": [{"exists": true}]}`:                         true,
		`{"odd": [{"numeric": [">", 0]}]}`:                    false,
		`{"$or": [{"gone": ["x"]}, {"digits": ["100"]}]}`:     true,
	} {
		p, err := Compile(policy, SNSAttributes)
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		if got := p.MatchAttributes(attributes); got != want {
			t.Errorf("%s: %v", policy, got)
		}
	}
}

// TestRefusals holds what each dialect says of patterns that it does not take.
func TestRefusals(t *testing.T) {
	const file = "testdata/refusals.txt"
	have, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	dialects := map[string]Dialect{"lambda": Lambda, "eventbridge": EventBridge, "sns-attributes": SNSAttributes, "sns-body": SNSBody}
	for s := bufio.NewScanner(strings.NewReader(string(have))); s.Scan(); {
		line := s.Text()
		if strings.HasPrefix(line, "\t") {
			continue
		}
		fmt.Fprintln(&want, line)
		name, text, _ := strings.Cut(line, " ")
		d, ok := dialects[name]
		if !ok {
			continue
		}
		_, err := Compile(text, d)
		var e *Error
		if err == nil {
			fmt.Fprintf(&want, "\taccepted\n")
		} else if errors.As(err, &e) {
			fmt.Fprintf(&want, "\t%s\n", strings.ReplaceAll(e.Error(), "\n", "\n\t"))
		} else {
			t.Errorf("%s: %T", text, err)
		}
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(want.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if string(have) != want.String() {
		t.Errorf("%s differs; go test -rewrite, and look:\n%s", file, want.String())
	}
}

func TestLimits(t *testing.T) {
	long := `{"a": ["` + strings.Repeat("x", 4096) + `"]}`
	for d, ok := range map[Dialect]bool{Lambda: false, EventBridge: false, SNSBody: true} {
		if _, err := Compile(long, d); (err == nil) != ok {
			t.Errorf("%d: %v", d, err)
		}
	}
	if _, err := Compile(`{"a": ["`+strings.Repeat("x", 256<<10)+`"]}`, SNSBody); err == nil {
		t.Error("a policy of more than 256 KiB was accepted")
	}
	deep := strings.Repeat(`{"a":`, 500)
	if _, err := Compile(deep+`[1]`+strings.Repeat(`}`, 500), EventBridge); err != nil {
		t.Error(err)
	}
}
