package xml

import (
	"bytes"
	"fmt"

	"github.com/runnel/runnel/transform"
)

// Parse decodes a whole document into the dictionary {"root element": ...}. The
// document keeps data. The error is a *SyntaxError, or of the options.
func Parse(data []byte, o *Options) (Value, error) {
	p, err := prepare("", o)
	if err != nil {
		return Value{}, err
	}
	data, err = decode(data, p.charset)
	if err != nil {
		return Value{}, err
	}
	p.data, p.ended, p.headed = data, true, true
	p.places = newPlaces(data)
	if len(data) > p.limits.Size {
		return Value{}, p.tooLarge()
	}
	p.validate()
	p.reserve()
	if err := p.run(); err != nil {
		return Value{}, err
	}
	p.text = p.buf
	d := p.document
	return Value{d: &d}, nil
}

func (p *parser) tooLarge() error {
	reason := fmt.Sprintf("the document is of %d bytes, and %d are the most allowed", len(p.data), p.limits.Size)
	return &SyntaxError{transform.Position{Line: 1, Column: 1}, reason}
}

func prepare(each string, o *Options) (*parser, error) {
	if o == nil {
		o = &Options{}
	}
	if err := o.Check(); err != nil {
		return nil, fmt.Errorf("xml: %w", err)
	}
	p := newParser(o)
	p.each = each
	p.compile()
	return p, nil
}

// reserve makes room for the tree of a whole document, lest it be copied as it
// grows: by its < and =, if it is not made to have very many.
func (p *parser) reserve() {
	most := len(p.buf) / 16
	p.elements = append(make([]element, 0, min(bytes.Count(p.buf, []byte("<"))/2, most)+2), element{})
	p.attrs = make([]attribute, 0, min(bytes.Count(p.buf, []byte("=")), most))
}

// A SyntaxError is a document that is not well-formed, or that exceeds a limit.
type SyntaxError struct {
	transform.Position
	Reason string
}

func (e *SyntaxError) Error() string { return e.Position.String() + ": " + e.Reason }
