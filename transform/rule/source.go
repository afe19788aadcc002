package rule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/charset"
	"github.com/runnel/runnel/transform/record"
	"github.com/runnel/runnel/transform/xml"
)

// A source gives the records of a document, each valid until the next. Its
// errors are those of a record.Reader and of an xml.Reader.
type source interface {
	next() (*subject, error)
	head() any
}

func (r *Rule) open(in io.Reader) (source, error) {
	if r.input.format == formatXML {
		if r.input.each == nil {
			return &document{in: in, rule: r}, nil
		}
		elements, err := xml.NewReader(in, *r.input.each, &r.input.xml)
		return &elementsOf{Reader: elements}, err
	}
	text, err := charset.NewReader(in, r.input.charset)
	if err != nil {
		return nil, err
	}
	switch r.input.format {
	case formatCSV:
		rows, err := record.NewCSV(text, r.input.separator, r.input.columns)
		return values{rows}, err
	case formatNDJSON:
		return values{record.NewNDJSON(text, r.input.limits)}, nil
	}
	return values{record.NewJSON(text, r.input.each, r.input.limits)}, nil
}

// A document is an XML document that is one record.
type document struct {
	in   io.Reader
	rule *Rule
	done bool
}

func (d *document) next() (*subject, error) {
	if d.done {
		return nil, io.EOF
	}
	d.done = true
	// Twice the size, for UTF-16 and its mark: the limit is of the text, and the
	// decoder's.
	size := d.rule.input.size()
	most := 2*size + 2
	text, err := readAll(io.LimitReader(d.in, int64(most)+1), min(length(d.in), most))
	if err != nil {
		return nil, err
	}
	if len(text) > most {
		return nil, &xml.SyntaxError{
			Position: transform.Position{Line: 1, Column: 1},
			Reason:   fmt.Sprintf("the document is of more than %d bytes, the most allowed", size),
		}
	}
	v, err := xml.Parse(text, &d.rule.input.xml)
	if err != nil {
		return nil, err
	}
	return &subject{isTree: true, tree: v, read: len(text)}, nil
}

func (d *document) head() any { return nil }

// length is how many bytes a reader has, 0 if that is not known.
func length(r io.Reader) int {
	switch r := r.(type) {
	case interface{ Len() int }:
		return r.Len()
	case interface{ Stat() (fs.FileInfo, error) }:
		if info, err := r.Stat(); err == nil && info.Mode().IsRegular() {
			return int(info.Size())
		}
	}
	return 0
}

// readAll reads to the end, into one piece of memory if the length is known.
func readAll(r io.Reader, length int) ([]byte, error) {
	b := bytes.NewBuffer(make([]byte, 0, max(length, 64<<10)+bytes.MinRead)) // to see the end
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// elementsOf are the elements of an XML document under a path.
type elementsOf struct {
	*xml.Reader
	latest subject
}

func (e *elementsOf) next() (*subject, error) {
	v, err := e.Next()
	if err != nil {
		return nil, err
	}
	e.latest = subject{isTree: true, tree: v}
	return &e.latest, nil
}

func (e *elementsOf) head() any { return e.Head().Any() }

// values are records that are plain values.
type values struct{ record.Reader }

func (v values) next() (*subject, error) {
	value, at, err := v.Next()
	if err != nil {
		return nil, err
	}
	return &subject{value: value, at: at}, nil
}

func (v values) head() any { return nil }

// flaw is what is wrong with a document, if an error is that: the position and
// the reason, and the text of a record after which the next can be read.
func flaw(err error) (f Failure, bad *record.BadRecord, ok bool) {
	var badXML *xml.SyntaxError
	var syntax *record.SyntaxError
	switch {
	case errors.As(err, &bad):
		return Failure{Position: bad.Position, Reason: bad.Reason}, bad, true
	case errors.As(err, &badXML):
		return Failure{Position: badXML.Position, Reason: badXML.Reason}, nil, true
	case errors.As(err, &syntax):
		return Failure{Position: syntax.Position, Reason: syntax.Reason}, nil, true
	}
	return Failure{}, nil, false
}
