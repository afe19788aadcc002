package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/runnel/runnel/pipelines/xml-transform/sampledata"
	"github.com/runnel/runnel/transform/rule"
	"github.com/runnel/runnel/transform/xml"
)

const (
	documentSize = 3_000_000              // bytes
	stepTime     = 200 * time.Millisecond // of the processor for each step in a round, at least
)

// converter is one that turns XML into JSON.
type converter struct {
	name string
	// json is what it makes of the document.
	json func(context.Context) ([]byte, error)
	// round measures its steps, in the order of the table's columns.
	round func(context.Context, time.Duration) ([]times, error)
}

// transformRates measures XML to JSON on one core: Runnel and its peers in
// turn, each of them at documents that all agree on.
func transformRates(ctx context.Context, l *lab) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	py, err := findPython(ctx)
	if err != nil {
		fmt.Printf("xmltodict is left out: %v\n\n", err)
	} else {
		fmt.Printf("Python %s\n\n", py.version)
	}
	fmt.Printf("| document | MB/s | decode | decode and encode | ten keys | ten keys, one computed |\n|---|---|---|---|---|---|\n")
	for _, d := range sampledata.Documents() {
		if err := documentRates(ctx, l, d, py); err != nil {
			return fmt.Errorf("%s: %w", d.Name, err)
		}
	}
	return nil
}

func documentRates(ctx context.Context, l *lab, d sampledata.Document, py *python) error {
	var buf bytes.Buffer
	if err := d.Write(&buf, int64(documentSize/l.scale)); err != nil {
		return err
	}
	document := buf.Bytes()
	file := filepath.Join(l.dir, d.Name+".xml")
	if err := os.WriteFile(file, document, 0o666); err != nil {
		return err
	}
	runnel, err := runnelConverter(document, d.Name)
	if err != nil {
		return err
	}
	all := []converter{runnel, standardConverter(document)}
	if py != nil {
		all = append(all, py.converter(file))
	}
	if err := agree(ctx, all); err != nil {
		return err
	}
	taken := make([][]times, len(all))
	for range rounds {
		for i, c := range all {
			steps, err := c.round(ctx, stepTime/time.Duration(l.scale))
			if err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
			taken[i] = append(taken[i], make([]times, max(0, len(steps)-len(taken[i])))...)
			for j, t := range steps {
				taken[i][j] = append(taken[i][j], t...)
			}
		}
	}
	printRates(d.Name, len(document), all, taken)
	return nil
}

// printRates prints the rates at the medians, and how many times as fast as
// each peer Runnel, the first of all, is.
func printRates(document string, size int, all []converter, taken [][]times) {
	rate := func(t times) float64 { return float64(size) / 1e6 / t.at(0.5).Seconds() }
	for i, c := range all {
		fmt.Printf("| %s | %s |", document, c.name)
		for j := range taken[0] {
			switch {
			case j >= len(taken[i]):
				fmt.Print(" |")
			case i == 0:
				fmt.Printf(" %.0f |", rate(taken[i][j]))
			default:
				r := rate(taken[i][j])
				fmt.Printf(" %.1f (Runnel is %.1f times that) |", r, rate(taken[0][j])/r)
			}
		}
		fmt.Println()
	}
}

// agree reports an error if what the converters make of a document is not the
// same.
func agree(ctx context.Context, all []converter) error {
	var first any
	for i, c := range all {
		text, err := c.json(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		var v any
		if err := json.Unmarshal(text, &v); err != nil {
			return fmt.Errorf("%s: %w", c.name, err)
		}
		if i == 0 {
			first = v
		} else if !reflect.DeepEqual(v, first) {
			return fmt.Errorf("%s and %s make different JSON of it", all[0].name, c.name)
		}
	}
	return nil
}

// repeat measures the processor time of work, again and again until there is
// enough of it. On one core that is the time that it takes, whoever else uses
// the machine.
func repeat(least time.Duration, work func() error) (all times, err error) {
	for total := time.Duration(0); total < least; {
		begin, err := processorTime()
		if err != nil {
			return nil, err
		}
		if err := work(); err != nil {
			return nil, err
		}
		end, err := processorTime()
		if err != nil {
			return nil, err
		}
		all = append(all, end-begin)
		total += end - begin
	}
	return all, nil
}

// processorTime is what this process used, its garbage collector included.
func processorTime() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, err
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// eachOf is a round of steps in this process.
func eachOf(steps ...func() error) func(context.Context, time.Duration) ([]times, error) {
	return func(_ context.Context, least time.Duration) (all []times, err error) {
		for _, step := range steps {
			t, err := repeat(least, step)
			if err != nil {
				return nil, err
			}
			all = append(all, t)
		}
		return all, nil
	}
}

// runnelConverter is transform/xml alone, and with the rules for a document.
func runnelConverter(document []byte, name string) (converter, error) {
	plain, err := rule.Parse([]byte(plainRules[name]))
	if err != nil {
		return converter{}, fmt.Errorf("its rule: %w", err)
	}
	computing, err := rule.Parse([]byte(computingRule(name)))
	if err != nil {
		return converter{}, fmt.Errorf("its computing rule: %w", err)
	}
	var out []byte
	encode := func() error {
		v, err := xml.Parse(document, &xml.Options{})
		if err == nil {
			out = v.AppendJSON(out[:0])
		}
		return err
	}
	run := func(r *rule.Rule) func() error {
		return func() error {
			_, err := r.Run(context.Background(), bytes.NewReader(document), io.Discard, rule.Options{})
			return err
		}
	}
	decode := func() error {
		_, err := xml.Parse(document, &xml.Options{})
		return err
	}
	return converter{
		name:  "Runnel",
		json:  func(context.Context) ([]byte, error) { err := encode(); return out, err },
		round: eachOf(decode, encode, run(plain), run(computing)),
	}, nil
}

// computingRule is the rule for a document with its last key computed.
func computingRule(name string) string {
	return strings.Replace(plainRules[name], plainLast[name], computedLast[name], 1)
}

// The rules take ten keys of a document, the last of them its list of things
// as it stands; of a catalogue they take each product as a record.
var plainRules = map[string]string{
	"order": `{"map": {"id": ".order.\"@id\"", "created": ".order.\"@created\"", "currency": ".order.\"@currency\"",
		"customer.id": ".order.customer.\"@id\"", "customer.name": ".order.customer.name", "customer.email": ".order.customer.email",
		"to.city": ".order.customer.address.city", "to.country": ".order.customer.address.country", "total": ".order.total",
		"items": ".order.items.item"}}`,
	"catalogue": `{"input": {"each": "c:catalogue/product"}, "output": {"format": "ndjson"},
		"map": {"id": ".\"@id\"", "status": ".\"@status\"", "name": ".name", "about": ".description", "stock": ".stock",
		"price.amount": ".price.\"#text\"", "price.currency": ".price.\"@currency\"", "price.given": ".price", "images": ".\"media:image\"",
		"tags": ".tag"}}`,
	"invoice": `{"map": {"number": ".invoice.\"@number\"", "date": ".invoice.\"@date\"", "due": ".invoice.\"@due\"", "currency": ".invoice.\"@currency\"",
		"seller.name": ".invoice.seller.name", "seller.taxId": ".invoice.seller.taxId.\"#text\"", "terms": ".invoice.terms",
		"buyer.name": ".invoice.buyer.name", "buyer.country": ".invoice.buyer.address.country.\"@code\"",
		"lines": ".invoice.lines.line"}}`,
}

// plainLast is the last of those keys, and computedLast what stands in its place
// where it is computed: from every item of an order, from the tags of each
// product, from every line of an invoice.
var (
	plainLast = map[string]string{
		"order":     `".order.items.item"`,
		"catalogue": `".tag"`,
		"invoice":   `".invoice.lines.line"`,
	}
	computedLast = map[string]string{
		"order":     `".order.items.item | map({sku: .\"@sku\", sum: ((.quantity.\"#text\" | tonumber) * (.price | tonumber))})"`,
		"catalogue": `"[.tag] | flatten | unique | join(\",\")"`,
		"invoice":   `"[.invoice.lines | .. | objects | .amount // empty | tonumber] | add"`,
	}
)
