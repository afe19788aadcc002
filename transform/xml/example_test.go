package xml_test

import (
	"fmt"
	"io"
	"strings"

	"github.com/runnel/runnel/transform/xml"
)

func ExampleParse() {
	v, err := xml.Parse([]byte(`<order id="7"><item>tea</item><item>milk &amp; sugar</item><note/></order>`), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(string(v.AppendJSON(nil)))
	order, _ := v.Get("order")
	items, _ := order.Get("item")
	fmt.Println(items.Len(), items.At(1).Text())
	// Output:
	// {"order":{"@id":"7","item":["tea","milk & sugar"],"note":null}}
	// 2 milk & sugar
}

func ExampleParse_refused() {
	_, err := xml.Parse([]byte("<order>\n  <item>tea</items>\n</order>"), nil)
	fmt.Println(err)
	// Output:
	// line 2, column 12: </items> closes <item> of line 2, column 3
}

func ExampleReader() {
	const document = `<orders day="Monday"><order><item>tea</item></order><order><item>milk</item></order></orders>`
	r, err := xml.NewReader(strings.NewReader(document), "orders/order", &xml.Options{ForceList: []string{"item"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for {
		v, err := r.Next()
		if err != nil {
			fmt.Println(err == io.EOF, string(r.Head().AppendJSON(nil)))
			return
		}
		fmt.Printf("%v: %s\n", v.Position(), string(v.AppendJSON(nil)))
	}
	// Output:
	// line 1, column 22: {"item":["tea"]}
	// line 1, column 53: {"item":["milk"]}
	// true {"orders":{"@day":"Monday"}}
}
