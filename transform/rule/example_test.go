package rule_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/runnel/runnel/transform/rule"
)

const orders = `<orders day="Monday">
  <order id="7"><customer><name>Ada</name></customer><item><price>1.50</price></item></order>
  <order id="8"><item><price>20</price></item><item><price>2</price></item></order>
</orders>`

func Example() {
	r, err := rule.Parse([]byte(`{
		"input": {"each": "orders/order", "forceList": ["item"]},
		"map": {
			"id": ".[\"@id\"]",
			"day": "$head.orders[\"@day\"]",
			"customer.name": ".customer.name",
			"total": ".item | map(.price | tonumber) | add"
		},
		"defaults": {"customer.name": "unknown"},
		"output": {"format": "ndjson"}
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	summary, err := r.Run(context.Background(), strings.NewReader(orders), os.Stdout, rule.Options{})
	fmt.Println(summary, err)
	// Output:
	// {"id":"7","day":"Monday","customer":{"name":"Ada"},"total":1.5}
	// {"id":"8","day":"Monday","customer":{"name":"unknown"},"total":22}
	// {2 0} <nil>
}

func ExampleParse() {
	_, err := rule.Parse([]byte(`{
  "inputs": {},
  "map": {
    "total": ".order.items | map(.price | tonumbr) | add"
  }
}`))
	var problems rule.Problems
	if errors.As(err, &problems) {
		for _, p := range problems {
			fmt.Println(p)
		}
	}
	// Output:
	// line 2, column 3: inputs: there is no such member: did you mean input?
	// line 4, column 43: map.total (jq at 29): function not defined: tonumbr/0: did you mean tonumber?
}

func ExampleRule_Run_rejected() {
	r, err := rule.Parse([]byte(`{"map": {"total": ".order.total | tonumber"}, "required": ["total"]}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = r.Run(context.Background(), strings.NewReader("<order>\n  <total>a lot</total>\n</order>"), os.Stdout, rule.Options{})
	fmt.Println(err)
	// Output:
	// line 2, column 3: map.total (jq at 16): tonumber cannot be applied to "a lot": invalid number
}

func ExampleRule_Test() {
	r, err := rule.Parse([]byte(`{
		"map": {"n": ".a | tonumber"},
		"cases": [
			{"name": "a number", "input": "<a>1.50</a>", "output": {"n": 1.5}},
			{"name": "another", "input": "<a>2</a>", "output": {"n": 3}},
			{"name": "none", "input": "<a>x</a>", "error": "invalid number"}
		]
	}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range r.Test(context.Background()) {
		fmt.Printf("%s: %q\n", result.Name, result.Reason)
	}
	// Output:
	// a number: ""
	// another: "at /n: want 3, got 2"
	// none: ""
}
