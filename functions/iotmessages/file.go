package iotmessages

import (
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

// readFile makes messages for a table of the rows of a file. Each row goes to
// good or to bad, in the order of the file. A file without a usable header is
// one bad row, its header. The error is that of reading the file, or the first
// of good or bad.
func readFile(file io.Reader, table string, good func(message) error, bad func(badRow) error) error {
	rows, err := csv.NewReader(file, columns...)
	var header *csv.HeaderError
	if errors.As(err, &header) {
		return bad(badRow{1, header.Reason, header.Text})
	}
	if err != nil {
		return err
	}
	for {
		row, err := rows.Read()
		var unread *csv.RowError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &unread):
			err = bad(badRow{unread.Line, unread.Reason, unread.Text})
		case err == nil:
			err = readRow(row, table, good, bad)
		}
		if err != nil {
			return err
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
