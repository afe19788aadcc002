package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform"
)

// errTooLong is what a source answers once a value has had its share of it.
var errTooLong = errors.New("longer than a record may be")

// A source hands out the input up to an offset, which moves on as values are
// read: the decoder holds all of a value, so that it must not be given more than
// a value may be.
type source struct {
	in    *bufio.Reader
	given int64
	until int64
	begun bool
	err   error // of reading, for good
}

func newSource(r io.Reader) *source { return &source{in: bufio.NewReaderSize(r, 64<<10)} }

func (s *source) Read(p []byte) (int, error) {
	if s.err == nil && !s.begun {
		s.begin()
	}
	if s.err != nil {
		return 0, s.err
	}
	left := s.until - s.given
	if left <= 0 {
		return 0, errTooLong
	}
	n, err := s.in.Read(p[:min(int64(len(p)), left)])
	s.given += int64(n)
	if err != io.EOF {
		s.err = err
	}
	return n, err
}

// begin passes the byte order mark.
func (s *source) begin() {
	s.begun = true
	b, err := s.in.Peek(len(byteOrderMark))
	if string(b) == byteOrderMark {
		s.in.Discard(len(b))
	}
	if err != io.EOF {
		s.err = err
	}
}

// Duplicate keys and text that is not UTF-8 are looked for in the values that are
// made (see value), so that they spoil one record only.
var lenient = []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}

// A document is JSON that is read token by token, or a value at once where there
// is one to be made of it.
type document struct {
	Limits
	in  *source // nil if all of the text is in memory
	dec *jsontext.Decoder
	at  transform.Position // behind the last token that was read
}

func newDocument(r io.Reader, l Limits) *document {
	in := newSource(r)
	return &document{l.orDefault(), in, jsontext.NewDecoder(in, lenient...), start}
}

// reset begins a document that is one text, which stands at a position.
func (d *document) reset(text []byte, at transform.Position) {
	d.dec.Reset(bytes.NewBuffer(text), lenient...)
	d.at = at
}

// peek is the kind of the next token, 0 where the text is wrong or ends: reading
// the token then says so. begins is where it stands.
func (d *document) peek() (kind jsontext.Kind, begins transform.Position) {
	d.allow(0)
	kind = d.dec.PeekKind()
	gap := d.gap()
	d.allow(len(gap))
	return kind, after(d.at, gap)
}

// allow lets the source give the value that begins so many bytes behind the last
// token, and one byte more to see its end.
func (d *document) allow(gap int) {
	if d.in != nil {
		d.in.until = d.dec.InputOffset() + int64(gap) + int64(d.Size) + 1
	}
}

// gap is what stands between the last token and the next.
func (d *document) gap() []byte {
	unread := d.dec.UnreadBuffer()
	return unread[:len(unread)-len(bytes.TrimLeft(unread, " \t\r\n,:"))]
}

// value reads a whole value: its text is valid until the next call.
func (d *document) value() (text []byte, begins transform.Position, err error) {
	_, begins = d.peek()
	text, err = d.dec.ReadValue()
	if err == nil && len(text) > d.Size {
		err = errTooLong
	}
	if err != nil {
		return nil, begins, d.fault(begins, err)
	}
	d.at = after(begins, text)
	return text, begins, nil
}

// bracket reads one that opens or closes an array or object.
func (d *document) bracket() error {
	_, begins := d.peek()
	if _, err := d.dec.ReadToken(); err != nil {
		return d.fault(begins, err)
	}
	begins.Column++
	d.at = begins
	return nil
}

// skip reads a value of any size without holding it.
func (d *document) skip() error {
	for depth := 0; ; {
		kind, _ := d.peek()
		switch kind {
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if err := d.skipToken(kind); err != nil || depth == 0 {
			return err
		}
	}
}

func (d *document) skipToken(kind jsontext.Kind) error {
	switch kind {
	case '{', '[', '}', ']':
		return d.bracket()
	}
	text, begins, err := d.value()
	if err != nil {
		return err
	}
	if n := transform.ValidUTF8(text); n < len(text) {
		return &SyntaxError{after(begins, text[:n]), "not UTF-8 text"}
	}
	return nil
}

// end is nil if nothing follows.
func (d *document) end() error {
	_, begins := d.peek()
	switch _, err := d.dec.ReadToken(); err {
	case io.EOF:
		return nil
	case nil:
		return &SyntaxError{begins, "more after the end of the value"}
	default:
		return d.fault(begins, err)
	}
}

// fault tells what went wrong with the token at a position.
func (d *document) fault(begins transform.Position, err error) error {
	var syntax *jsontext.SyntacticError
	switch {
	case err == io.EOF:
		return err
	case d.in != nil && d.in.err != nil:
		// The decoder may say that the text is wrong where it was cut off.
		return fmt.Errorf("json: reading behind %v: %w", d.at, d.in.err)
	case errors.Is(err, errTooLong):
		return &SyntaxError{begins, fmt.Sprintf("a value longer than %d bytes", d.Size)}
	case errors.As(err, &syntax):
		unread := d.dec.UnreadBuffer()
		n := min(max(syntax.ByteOffset-d.dec.InputOffset(), 0), int64(len(unread)))
		return &SyntaxError{after(d.at, unread[:n]), reason(syntax.Err)}
	}
	return err
}

func reason(err error) string {
	if err == io.ErrUnexpectedEOF {
		return "the text ends in the middle of a value"
	}
	return strings.TrimPrefix(err.Error(), "jsontext: ")
}
