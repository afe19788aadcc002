package csvfile

import (
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/runnel/runnel/transform/csv"
)

// A file is the rows of a CSV file, from the first or from a later one on.
type file struct {
	rows      *csv.Reader
	in        *tracker
	begin     Place // of the rows, after the header; none if there are no rows
	shift     int   // from a line as rows counts it to the line of the file
	converted bool  // from another encoding, so that U+FFFD stands for what could not be
}

// openFile reads the header of a file. Its error is a *csv.HeaderError, or that
// of reading.
func (f *Format) openFile(in io.Reader) (*file, error) {
	t := track(in, Place{0, 1})
	rows, err := csv.NewReader(t, f.Separator, f.Columns...)
	if err != nil {
		return nil, err
	}
	begin, _ := t.header()
	return &file{rows: rows, in: t, begin: begin}, nil
}

// reopenFile goes on in a file at a row, from which in reads. The header is the
// bytes of the file before begin.
func (f *Format) reopenFile(header []byte, begin, row Place, in io.Reader) (*file, error) {
	t := track(in, row)
	rows, err := csv.NewReader(io.MultiReader(bytes.NewReader(header), t), f.Separator, f.Columns...)
	if err != nil {
		return nil, err
	}
	return &file{rows: rows, in: t, begin: begin, shift: row.Line - begin.Line}, nil
}

// each gives every row to good or to bad, in the order of the file. A row that
// good finds unfit goes to bad. When late says so it stops before a row, not
// before the first, and returns the place of that; at the end there is none. The
// error is that of reading the file, or the first of good or bad.
func (f *file) each(late func() bool, good func(csv.Row) error, bad func(BadRow) error) (rest *Place, err error) {
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
		if err := f.row(row, unread, good, bad); err != nil {
			return nil, err
		}
	}
}

func (f *file) row(row csv.Row, unread *csv.RowError, good func(csv.Row) error, bad func(BadRow) error) error {
	switch {
	case unread != nil:
		return bad(BadRow{row.Line, unread.Reason, row.Text})
	case f.converted && strings.ContainsRune(row.Text, '\uFFFD'):
		return bad(BadRow{row.Line, "text that is not of the file's encoding", row.Text})
	}
	err := good(row)
	if unfit := (*Unfit)(nil); errors.As(err, &unfit) {
		return bad(BadRow{row.Line, unfit.Reason, row.Text})
	}
	return err
}
