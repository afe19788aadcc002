package xml_test

import (
	"bytes"
	stdxml "encoding/xml"
	"fmt"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/runnel/runnel/transform/xml"
)

const megabyte = 1 << 20

// Documents of some 3 MB, of the three kinds that the pipeline is for.
var benchmarked = []struct {
	name, each string
	make       func(size int) []byte
}{
	{"order", "orders/order", orders},
	{"catalogue", "c:catalogue/c:product", catalogue},
	{"invoice", "invoices/invoice", invoices},
}

// repeated writes records until there are size bytes of them.
func repeated(size int, before, after string, record func(b *bytes.Buffer, r *rand.Rand, i int)) []byte {
	var b bytes.Buffer
	b.Grow(size + size/8)
	b.WriteString(before)
	r := rand.New(rand.NewPCG(1, 2))
	for i := 0; b.Len() < size; i++ {
		record(&b, r, i)
	}
	b.WriteString(after)
	return b.Bytes()
}

func orders(size int) []byte {
	return repeated(size, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<orders>\n", "</orders>\n", func(b *bytes.Buffer, r *rand.Rand, i int) {
		fmt.Fprintf(b, "  <order>\n    <id>%08d</id>\n    <date>2026-11-%02d</date>\n", i, 1+i%28)
		fmt.Fprintf(b, "    <customer>\n      <name>Anna Müller %d</name>\n      <email>anna%d@example.com</email>\n      <address>\n        <street>Hauptstraße %d</street>\n        <city>Berlin</city>\n        <country>DE</country>\n      </address>\n    </customer>\n    <items>\n", i, i, r.IntN(200))
		for range 1 + r.IntN(5) {
			fmt.Fprintf(b, "      <item>\n        <sku>SKU-%06d</sku>\n        <description>Tea &amp; biscuits, assorted</description>\n        <quantity>%d</quantity>\n        <price>%d.%02d</price>\n      </item>\n", r.IntN(1e6), 1+r.IntN(9), r.IntN(100), r.IntN(100))
		}
		b.WriteString("    </items>\n    <note/>\n  </order>\n")
	})
}

func catalogue(size int) []byte {
	return repeated(size, `<c:catalogue xmlns:c="http://example.com/catalogue" xmlns:p="http://example.com/price">`, "</c:catalogue>", func(b *bytes.Buffer, r *rand.Rand, i int) {
		fmt.Fprintf(b, `<c:product id="%d" sku="SKU-%06d" category="garden" available="true" weight="%d.5"><c:title xml:lang="en">Garden chair, folding, oak, model %d</c:title>`, i, r.IntN(1e6), r.IntN(30), i)
		for j := range 1 + r.IntN(4) {
			fmt.Fprintf(b, `<p:price currency="EUR" region="%d" valid-from="2026-01-01" amount="%d.%02d"/>`, j, r.IntN(500), r.IntN(100))
		}
		b.WriteString("</c:product>")
	})
}

func invoices(size int) []byte {
	return repeated(size, "<invoices>", "</invoices>", func(b *bytes.Buffer, r *rand.Rand, i int) {
		fmt.Fprintf(b, "\r\n\t<invoice number=\"R-%06d\" currency=\"EUR\">\r\n\t\t<seller>\r\n\t\t\t<name>Kaffee &amp; Söhne</name>\r\n\t\t\t<taxId>DE%09d</taxId>\r\n\t\t</seller>\r\n", i, r.IntN(1e9))
		for g := range 1 + r.IntN(3) {
			fmt.Fprintf(b, "\t\t<group name=\"part %d\">\r\n", g)
			for l := range 1 + r.IntN(6) {
				fmt.Fprintf(b, "\t\t\t<line no=\"%d\">\r\n\t\t\t\t<text><![CDATA[Beans <strong>, 1 kg & more]]></text>\r\n\t\t\t\t<amount vat=\"19\">%d.%02d</amount>\r\n\t\t\t</line>\r\n", l, r.IntN(1000), r.IntN(100))
			}
			b.WriteString("\t\t</group>\r\n")
		}
		b.WriteString("\t</invoice>")
	})
}

// measure does something with a document again and again.
func measure(b *testing.B, data []byte, do func(data []byte) error) {
	b.SetBytes(int64(len(data)))
	b.ReportAllocs()
	for b.Loop() {
		if err := do(data); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecode(b *testing.B) {
	for _, d := range benchmarked {
		data := d.make(3 * megabyte)
		b.Run(d.name, func(b *testing.B) {
			measure(b, data, func(data []byte) error {
				_, err := xml.Parse(data, nil)
				return err
			})
		})
	}
}

// encoding decodes a document and encodes it, into a buffer that is reused.
func encoding() func(data []byte) error {
	var out []byte
	return func(data []byte) error {
		v, err := xml.Parse(data, nil)
		if err == nil {
			out = v.AppendJSON(out[:0])
		}
		return err
	}
}

func BenchmarkDecodeEncode(b *testing.B) {
	for _, d := range benchmarked {
		data := d.make(3 * megabyte)
		b.Run(d.name, func(b *testing.B) { measure(b, data, encoding()) })
	}
}

// BenchmarkReader is of a record at a time, each written as JSON.
func BenchmarkReader(b *testing.B) {
	for _, d := range benchmarked {
		data := d.make(3 * megabyte)
		b.Run(d.name, func(b *testing.B) {
			var out []byte
			measure(b, data, func(data []byte) error {
				r, err := xml.NewReader(bytes.NewReader(data), d.each, nil)
				for err == nil {
					var v xml.Value
					if v, err = r.Next(); err == nil {
						out = v.AppendJSON(out[:0])
					}
				}
				return unlessEnd(err)
			})
		})
	}
}

func unlessEnd(err error) error {
	if err == io.EOF {
		return nil
	}
	return err
}

// BenchmarkAny is of a document as plain types, as a jq expression over the whole
// takes it.
func BenchmarkAny(b *testing.B) {
	measure(b, orders(3*megabyte), func(data []byte) error {
		v, err := xml.Parse(data, nil)
		v.Any()
		return err
	})
}

// BenchmarkEncodingXML is of the tokens of the standard library alone, nothing
// made of them.
func BenchmarkEncodingXML(b *testing.B) {
	for _, d := range benchmarked {
		data := d.make(3 * megabyte)
		b.Run(d.name, func(b *testing.B) {
			measure(b, data, func(data []byte) (err error) {
				for in := stdxml.NewDecoder(bytes.NewReader(data)); err == nil; {
					_, err = in.Token()
				}
				return unlessEnd(err)
			})
		})
	}
}

// BenchmarkSmall is of a document of 1 KB.
func BenchmarkSmall(b *testing.B) { measure(b, orders(1<<10), encoding()) }
