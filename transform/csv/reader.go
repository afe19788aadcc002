package csv

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// MaxRow is the most bytes that a row may have, its line end included. It is a
// quarter of the smallest message limit of the queues that rows are sent to, so
// that a row still fits when it is written as JSON.
const MaxRow = 64 << 10

// A Row is one record of the file. It stays valid until the next call of Read;
// the strings it gives out stay valid for good.
type Row struct {
	// Line is the line of the file on which the row begins, from 1. The
	// header is on line 1.
	Line int

	// Text is the row as it stands in the file, without its line end.
	Text string

	fields  []string
	columns map[string]int
}

// Fields are the row's fields, in the order of [Reader.Columns].
func (r Row) Fields() []string { return r.fields }

// Get returns the field in the named column, or "" when the file has no such
// column.
func (r Row) Get(column string) string {
	i, ok := r.columns[column]
	if !ok {
		return ""
	}
	return r.fields[i]
}

// A Reader decodes the rows of one file.
type Reader struct {
	in *bufio.Reader
	dialect
	line    int      // lines read so far
	names   []string // of the columns, as the header has them
	columns map[string]int
	width   int      // fields in the header, and so in every row
	fields  []string // of the latest row, reused
	spans   []span   // of the latest row with quotes, reused
	err     error    // what ended the stream
}

// NewReader reads the header of a file and returns a Reader of its rows. The
// columns named must all be there; others may be. A file that cannot be read by
// its header is a *HeaderError.
func NewReader(r io.Reader, sep Separator, columns ...string) (*Reader, error) {
	d := &Reader{in: bufio.NewReaderSize(r, 2*MaxRow)}
	if err := d.readHeader(sep, columns); err != nil {
		return nil, err
	}
	return d, nil
}

// Columns are the names in the header, without the spaces around them. A column
// that has none is "".
func (d *Reader) Columns() []string { return d.names }

// Separator is what stands between the fields, never [Detect].
func (d *Reader) Separator() Separator { return Separator(d.separator) }

// Read returns the next row. Its error is io.EOF after the last row, a
// *RowError for a row that cannot be read, after which reading goes on, and
// anything else when the input itself fails, which ends the stream.
func (d *Reader) Read() (Row, error) {
	if d.err != nil {
		return Row{}, d.err
	}
	for {
		row, err := d.next()
		if err != nil {
			if !isRowError(err) {
				d.err = err
			}
			return Row{}, err
		}
		if row.Text == "" { // a blank line
			continue
		}
		if len(row.fields) != d.width {
			return Row{}, &RowError{row.Line, row.Text, fmt.Sprintf("%s, the header has %d", count(len(row.fields)), d.width)}
		}
		return row, nil
	}
}

func isRowError(err error) bool {
	_, ok := err.(*RowError)
	return ok
}

func count(fields int) string {
	if fields == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", fields)
}

// next reads one row, of whatever width, blank lines included.
func (d *Reader) next() (Row, error) {
	begins := d.line + 1
	window, end, err := d.firstLine()
	if err != nil {
		return Row{}, err
	}
	if end < 0 {
		return Row{}, d.skipLongLine(begins)
	}
	first := window[:end]
	if bytes.IndexByte(first, '"') < 0 {
		d.consume(end, 1)
		text, err := d.text(begins, first)
		if err != nil {
			return Row{}, err
		}
		d.fields = d.split(d.fields[:0], text)
		return Row{begins, text, d.fields, d.columns}, nil
	}
	return d.nextQuoted(begins, end)
}

// nextQuoted reads a row whose first line, of length end, has a quote in it, so
// that the row may go on over several lines. If it does not read, the row is its
// first line alone and the next line begins a new one.
func (d *Reader) nextQuoted(begins, end int) (Row, error) {
	size, reason, err := d.scanAhead()
	if err != nil {
		return Row{}, err
	}
	if reason != "" {
		size = end
	}
	row := d.buffered()[:size]
	text, err := d.text(begins, row)
	d.consume(size, bytes.Count(row, newline)+1)
	if err != nil {
		return Row{}, err
	}
	if reason != "" {
		return Row{}, &RowError{begins, text, reason}
	}
	d.fields = d.fields[:0]
	for _, s := range d.spans {
		d.fields = append(d.fields, s.of(text))
	}
	return Row{begins, text, d.fields, d.columns}, nil
}

// scanAhead finds the size of a row with quotes in it and the spans of its
// fields, reading ahead as far as that takes. The reason says why there is no
// such row.
func (d *Reader) scanAhead() (size int, reason string, err error) {
	for last := false; ; {
		window := d.buffered()
		window = window[:min(len(window), MaxRow)]
		var more bool
		d.spans, size, more, reason = d.scanQuoted(d.spans[:0], window, last)
		switch {
		case !more:
			return size, reason, nil
		case last:
			return 0, "a quoted field that is not closed before the file ends", nil
		case len(window) == MaxRow:
			return 0, fmt.Sprintf("a quoted field that is not closed within %d bytes", MaxRow), nil
		}
		ok, err := d.fill()
		if err != nil {
			return 0, "", err
		}
		last = !ok
	}
}

var newline = []byte{'\n'}

// text makes the row's bytes into a string, if they are UTF-8.
func (d *Reader) text(line int, row []byte) (string, error) {
	row = bytes.TrimSuffix(row, []byte{'\r'})
	if !utf8.Valid(row) {
		return "", &RowError{line, string(row), "not UTF-8 text"}
	}
	return string(row), nil
}

// firstLine returns the input read ahead and the length of its first line, -1
// if that line is longer than MaxRow. Its error is io.EOF when nothing is left.
func (d *Reader) firstLine() (window []byte, end int, err error) {
	for {
		window = d.buffered()
		if i := bytes.IndexByte(window[:min(len(window), MaxRow)], '\n'); i >= 0 {
			return window, i, nil
		}
		if len(window) >= MaxRow {
			return window, -1, nil
		}
		more, err := d.fill()
		switch {
		case err != nil:
			return nil, 0, err
		case more:
		case len(window) == 0:
			return nil, 0, io.EOF
		default:
			window = d.buffered() // filling may have moved it
			return window, len(window), nil
		}
	}
}

// shown is how much of an overlong line its error carries.
const shown = 1 << 10

// skipLongLine drops a line that is longer than MaxRow, without holding it.
func (d *Reader) skipLongLine(begins int) error {
	text := string(bytes.ToValidUTF8(d.buffered()[:shown], nil))
	for {
		_, err := d.in.ReadSlice('\n')
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && err != io.EOF {
			return d.inputError(err)
		}
		d.line++
		return &RowError{begins, text, fmt.Sprintf("longer than %d bytes; its first %d are shown", MaxRow, shown)}
	}
}

// buffered is what has been read ahead and not consumed.
func (d *Reader) buffered() []byte {
	b, _ := d.in.Peek(d.in.Buffered())
	return b
}

// fill reads ahead and says whether there was more.
func (d *Reader) fill() (more bool, err error) {
	have := d.in.Buffered()
	if _, err := d.in.Peek(have + 1); err != nil && err != io.EOF {
		return false, d.inputError(err)
	}
	return d.in.Buffered() > have, nil
}

func (d *Reader) inputError(err error) error {
	return fmt.Errorf("csv: reading after line %d: %w", d.line, err)
}

// consume drops a row and the line end after it.
func (d *Reader) consume(row, lines int) {
	d.in.Discard(min(row+1, d.in.Buffered()))
	d.line += lines
}
