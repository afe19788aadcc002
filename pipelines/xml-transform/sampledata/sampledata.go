// Package sampledata makes the documents that the pipeline is shown, tested and
// measured with, of any size. The same size gives the same bytes; those of 2 KiB
// are in the folder sample-data beside this one.
//
// A document is whole and has at least the size that is asked for, but by less
// than one record more.
package sampledata

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
)

// A Document is one kind of document.
type Document struct {
	Name  string // of its sample, and of its rule
	Write func(w io.Writer, size int64) error
}

// Documents are all kinds.
func Documents() []Document {
	return []Document{{"order", Order}, {"catalogue", Catalogue}, {"invoice", Invoice}}
}

// A writer counts what it writes, and draws from the words below.
type writer struct {
	*bufio.Writer
	written int64
	err     error
	*rand.Rand
}

func newWriter(w io.Writer) *writer {
	return &writer{Writer: bufio.NewWriterSize(w, 64<<10), Rand: rand.New(rand.NewPCG(4, 2026))}
}

func (w *writer) f(format string, args ...any) {
	n, err := fmt.Fprintf(w.Writer, format, args...)
	w.written += int64(n)
	w.err = err // a bufio.Writer fails again what comes after a failure
}

// more says whether there are to be more records, for the document to have its
// size with what ends it.
func (w *writer) more(size int64, end string) bool {
	return w.err == nil && w.written+int64(len(end)) < size
}

// records writes records, at least one, and the end.
func (w *writer) records(size int64, end string, record func(n int)) error {
	for n := 1; n == 1 || w.more(size, end); n++ {
		record(n)
	}
	w.f("%s", end)
	return w.Flush()
}

func (w *writer) pick(words []string) string { return words[w.IntN(len(words))] }

// Words as XML has them: escaped.
var (
	things = []string{"Screw M4 × 20", "Nut M4", "Washer 4.3", "Torx driver T15", "Cable tie 200 mm", "Drill bit 6 mm", "Ladder, 3 × 8 rungs", "Hook &amp; eye", "Spacer &lt; 5 mm", "Schraubenschlüssel 13", "Clé à molette", "Gummihandschuhe „Größe L“"}
	colour = []string{"black", "white", "red", "blau", "grün", "zinc-plated"}
	units  = []string{"pcs", "m", "kg", "h"}
	cities = []string{"Köln", "Lyon", "Malmö", "Gdańsk", "Praha", "Utrecht", "Θεσσαλονίκη"}
)

// A price in cents.
type price int64

func (p price) String() string { return fmt.Sprintf("%d.%02d", int64(p)/100, int64(p)%100) }

func (w *writer) price() price { return price(w.Int64N(20_000) + 1) }
