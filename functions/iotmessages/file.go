package iotmessages

import (
	"bytes"
	"errors"
	"io"

	"github.com/runnel/runnel/transform/csv"
)

// A message is a row on its way to the queue.
type message struct {
	line int
	row  string
	body string
}

// size is what the message counts against the limit of a batch: its body and its
// attribute, by name, type and value.
func (m message) size() int { return len(m.body) + len("Method"+"String"+"POST") }

// A file is the rows of a CSV file, from the first or from a later one on.
type file struct {
	rows  *csv.Reader
	in    *tracker
	begin place // of the rows, after the header; none if there are no rows
	shift int   // from a line as rows counts it to the line of the file
}

// openFile reads the header of a file. Its error is a *csv.HeaderError, or that
// of reading.
func openFile(in io.Reader) (*file, error) {
	t := track(in, place{0, 1})
	rows, err := csv.NewReader(t, columns...)
	if err != nil {
		return nil, err
	}
	begin, _ := t.header()
	return &file{rows, t, begin, 0}, nil
}

// reopenFile goes on in a file at a row, from which in reads. The header is the
// bytes of the file before begin.
func reopenFile(header []byte, begin, row place, in io.Reader) (*file, error) {
	t := track(in, row)
	rows, err := csv.NewReader(io.MultiReader(bytes.NewReader(header), t), columns...)
	if err != nil {
		return nil, err
	}
	return &file{rows, t, begin, row.Line - begin.Line}, nil
}

// headerTo gives a file that does not open for its header to bad: it is one bad
// row. Any other error remains.
func headerTo(bad func(badRow) error, err error) error {
	var header *csv.HeaderError
	if errors.As(err, &header) {
		return bad(badRow{1, header.Reason, header.Text})
	}
	return err
}

// messages makes messages for a table of the rows. Each row goes to good or to
// bad, in the order of the file. When late says so it stops before a row, not
// before the first, and returns the place of that; at the end there is none. The
// error is that of reading the file, or the first of good or bad.
func (f *file) messages(table string, late func() bool, good func(message) error, bad func(badRow) error) (rest *place, err error) {
	for first := true; ; first = false {
		row, err := f.rows.Read()
		var unread *csv.RowError
		switch {
		case err == io.EOF:
			return nil, nil
		case errors.As(err, &unread):
			row = csv.Row{Line: unread.Line, Text: unread.Text}
		case err != nil:
			return nil, err
		}
		row.Line += f.shift
		if !first && late() {
			// An overlong row may have begun too far back: then it is the next.
			if at, ok := f.in.find(row.Line); ok {
				return &at, nil
			}
		}
		if unread != nil {
			err = bad(badRow{row.Line, unread.Reason, row.Text})
		} else {
			err = readRow(row, table, good, bad)
		}
		if err != nil {
			return nil, err
		}
	}
}

func readRow(row csv.Row, table string, good func(message) error, bad func(badRow) error) error {
	r, err := toReading(row)
	if err != nil {
		return bad(badRow{row.Line, err.Error(), row.Text})
	}
	body, err := r.put(table)
	if err != nil {
		return err
	}
	return good(message{row.Line, row.Text, body})
}
