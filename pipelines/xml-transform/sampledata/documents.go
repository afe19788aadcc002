package sampledata

import (
	"fmt"
	"io"
	"strings"
)

// Order writes one order, with as many items as it takes:
//
//	order > customer > address
//	      > items > item, item, ...
//	      > total
func Order(out io.Writer, size int64) error {
	w := newWriter(out)
	w.f(`<?xml version="1.0" encoding="UTF-8"?>
<order id="A-1001" created="2026-11-20T09:15:00Z" currency="EUR">
  <customer id="C-77">
    <name>Zoë Müller &amp; Söhne</name>
    <email>einkauf@mueller.example</email>
    <address type="delivery">
      <street>Hauptstraße 5</street>
      <city>Köln</city>
      <zip>50667</zip>
      <country>DE</country>
    </address>
  </customer>
  <items>
`)
	total := price(0)
	end := func() string { return fmt.Sprintf("  </items>\n  <total>%v</total>\n</order>\n", total) }
	for n := 1; n == 1 || w.more(size, end()); n++ {
		quantity, each := 1+w.IntN(50), w.price()
		total += price(quantity) * each
		w.f("    <item sku=\"SKU-%06d\" line=\"%d\">\n      <name>%s</name>\n      <quantity unit=\"%s\">%d</quantity>\n      <price>%v</price>\n",
			w.IntN(1_000_000), n, w.pick(things), w.pick(units), quantity, each)
		if w.IntN(4) == 0 {
			w.f("      <note>%s, please</note>\n", w.pick(colour))
		}
		w.f("    </item>\n")
	}
	w.f("%s", end())
	return w.Flush()
}

// Catalogue writes a catalogue of products, in three namespaces:
//
//	c:catalogue > c:supplier > name
//	            > product > name, description, price, stock, media:image..., tag...
//	            > product > ...
func Catalogue(out io.Writer, size int64) error {
	w := newWriter(out)
	w.f(`<?xml version="1.0" encoding="UTF-8"?>
<c:catalogue xmlns:c="urn:example:catalogue:1" xmlns="urn:example:product:1" xmlns:media="urn:example:media:1" issued="2026-11-20">
  <c:supplier id="S-9">
    <name>Werkzeug &amp; mehr</name>
  </c:supplier>
`)
	return w.records(size, "</c:catalogue>\n", func(n int) {
		w.f("  <product id=\"P-%07d\" status=\"%s\">\n    <name>%s</name>\n", n, w.pick([]string{"active", "active", "ending"}), w.pick(things))
		w.f("    <description><![CDATA[In <b>%s</b> & other colours, from %s.]]></description>\n", w.pick(colour), w.pick(cities))
		w.f("    <price currency=\"EUR\">%v</price>\n    <stock>%d</stock>\n", w.price(), w.IntN(5000))
		for i := range w.IntN(3) {
			w.f("    <media:image href=\"https://media.example/%07d-%d.jpg\" media:width=\"800\"/>\n", n, i+1)
		}
		for range 1 + w.IntN(3) {
			w.f("    <tag>%s</tag>\n", w.pick(colour))
		}
		w.f("  </product>\n")
	})
}

// Invoice writes an invoice whose lines have lines, three deep:
//
//	invoice > seller > name, taxId, address
//	        > buyer  > name, taxId, address
//	        > lines > line > line > line > quantity, unitPrice, amount, tax
//	        > terms
func Invoice(out io.Writer, size int64) error {
	w := newWriter(out)
	w.f(`<?xml version="1.0" encoding="UTF-8"?>
<invoice number="2026-00042" date="2026-11-20" due="2026-12-20" currency="EUR">
`)
	w.party("seller", "Werkzeug &amp; mehr", "DE123456789", "DE")
	w.party("buyer", "Łódź Budowa", "PL5260001246", "PL")
	w.f("  <lines>\n")
	return w.records(size, "  </lines>\n  <terms days=\"30\">Net 30 days; 2 % within ten.</terms>\n</invoice>\n", func(n int) {
		w.line(fmt.Sprint(n), 1)
	})
}

func (w *writer) party(role, name, taxID, country string) {
	w.f("  <%s>\n    <name>%s</name>\n    <taxId scheme=\"VAT\">%s</taxId>\n    <address>\n      <street>Street %d</street>\n      <city>%s</city>\n      <country code=\"%s\"/>\n    </address>\n  </%s>\n",
		role, name, taxID, 1+w.IntN(99), w.pick(cities), country, role)
}

// line writes a line of the invoice: one with an amount, or a heading of others.
func (w *writer) line(number string, depth int) {
	indent := strings.Repeat("  ", depth+1)
	w.f("%s<line number=\"%s\">\n%s  <text>%s</text>\n", indent, number, indent, w.pick(things))
	if depth < 3 && w.IntN(2) == 0 {
		for i := range 1 + w.IntN(3) {
			w.line(fmt.Sprintf("%s.%d", number, i+1), depth+1)
		}
	} else {
		quantity, each := 1+w.IntN(20), w.price()
		w.f("%[1]s  <quantity unit=\"%[2]s\">%[3]d</quantity>\n%[1]s  <unitPrice>%[4]v</unitPrice>\n%[1]s  <amount>%[5]v</amount>\n%[1]s  <tax category=\"S\" rate=\"%[6]d\"/>\n",
			indent, w.pick(units), quantity, each, price(quantity)*each, []int{7, 19}[w.IntN(2)])
	}
	w.f("%s</line>\n", indent)
}
