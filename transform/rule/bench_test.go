package rule

import (
	"bytes"
	"fmt"
	"io"
	"testing"

	"github.com/runnel/runnel/transform/xml"
)

// orders is a document of about some size.
func orders(size int) []byte {
	var b bytes.Buffer
	b.WriteString("<orders day=\"Monday\">\n")
	for i := 0; b.Len() < size; i++ {
		fmt.Fprintf(&b, `  <order id="%d" status="paid">
    <customer><name>Ada %d</name><mail>ada@example.com</mail><address><city>London</city><zip>N1 %d</zip></address></customer>
    <item sku="A-%d"><name>pen</name><price>1.50</price><quantity>3</quantity></item>
    <item sku="B-%d"><name>lamp &amp; bulb</name><price>20.00</price><quantity>1</quantity></item>
    <total currency="EUR">24.50</total>
  </order>
`, i, i, i%1000, i, i)
	}
	b.WriteString("</orders>\n")
	return b.Bytes()
}

const plainKeys = `"map": {
	"id": ".[\"@id\"]", "status": ".[\"@status\"]", "customer.name": ".customer.name", "customer.mail": ".customer.mail",
	"customer.city": ".customer.address.city", "customer.zip": ".customer.address.zip", "first": ".item[0].name",
	"items": ".item", "total.value": ".total[\"#text\"]", "total.currency": ".total[\"@currency\"]"}`

const jqKeys = `"map": {
	"id": ".[\"@id\"] | tonumber", "status": ".[\"@status\"]", "customer.name": ".customer.name", "customer.mail": ".customer.mail",
	"customer.city": ".customer.address.city", "customer.zip": ".customer.address.zip", "first": ".item[0].name",
	"items": ".item | map(.price | tonumber) | add", "total.value": ".total[\"#text\"] | tonumber", "total.currency": ".total[\"@currency\"]"}`

func BenchmarkRun(b *testing.B) {
	text := orders(3 << 20)
	for _, c := range []struct{ name, rule string }{
		{"identity", `{}`},
		{"each", `{"input": {"each": "orders/order"}}`},
		{"each_plain", `{"input": {"each": "orders/order"}, ` + plainKeys + `}`},
		{"each_jq", `{"input": {"each": "orders/order"}, ` + jqKeys + `}`},
		{"each_schema", `{"input": {"each": "orders/order", "schema": {"required": ["@id", "customer"], "properties": {"@id": {"pattern": "^[0-9]+$"}}}}, ` + plainKeys + `}`},
		{"whole_plain", `{"map": {"day": ".orders[\"@day\"]", "orders": ".orders.order"}}`},
		{"whole_jq", `{"map": {"day": ".orders[\"@day\"]", "total": "[.orders.order[].total[\"#text\"] | tonumber] | add"}}`},
	} {
		r := mustParse(b, c.rule)
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := r.Run(b.Context(), bytes.NewReader(text), io.Discard, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDecode is what Run cannot do without.
func BenchmarkDecode(b *testing.B) {
	text := orders(3 << 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if _, err := xml.Parse(text, &xml.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
