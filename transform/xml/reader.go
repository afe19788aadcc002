package xml

import (
	"fmt"
	"io"
	"strings"
)

// A Reader decodes the records of a document of any size, one at a time: the
// elements under one path. It holds no more than one record, and what stood
// before the first; what stands between records and after them is checked and
// dropped.
type Reader struct {
	p   *parser
	in  io.Reader
	err error
}

// NewReader reads a document from r, whose records are the elements under each,
// a path from the root (orders/order) of names as the dictionary has them.
func NewReader(r io.Reader, each string, o *Options) (*Reader, error) {
	each = strings.Trim(each, "/")
	if each == "" {
		return nil, fmt.Errorf("xml: no path of records, such as orders/order")
	}
	p, err := prepare(each, o)
	if err != nil {
		return nil, err
	}
	p.places = newPlaces(nil)
	return &Reader{p: p, in: r}, nil
}

// Next is the next record, the value of its element: valid until Next is called
// again. The error is io.EOF at the end of a well-formed document, a
// *SyntaxError after which nothing follows, or that of reading.
func (r *Reader) Next() (Value, error) {
	if r.err == nil {
		r.err = r.next()
	}
	if r.err != nil {
		return Value{}, r.err
	}
	return Value{d: &r.p.document, i: 1}, nil
}

func (r *Reader) next() (err error) {
	p := r.p
	if p.in == nil {
		if p.in, err = decoded(r.in, p.charset); err != nil {
			return err
		}
	}
	if err := p.run(); err != nil {
		return err
	}
	if !p.headed {
		p.finishHead()
	}
	if p.read == theDocument {
		return io.EOF
	}
	p.text, p.shift = p.buf[p.origin:p.pos], p.origin
	return nil
}

// Head is the dictionary of what stood before the first record, known from the
// first Next on.
func (r *Reader) Head() Value {
	if r.p.head == nil {
		return Value{}
	}
	return Value{d: r.p.head}
}
