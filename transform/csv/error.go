package csv

import "fmt"

// A RowError is a row that cannot be read. The rows after it can.
type RowError struct {
	Line   int    // on which the row begins, from 1
	Text   string // the row; not UTF-8 if that is the reason
	Reason string
}

func (e *RowError) Error() string { return fmt.Sprintf("csv: line %d: %s", e.Line, e.Reason) }

// A HeaderError is a file whose first line does not name the columns that were
// asked for, so that none of its rows can be read.
type HeaderError struct {
	Text   string // the header, "" if there is none
	Reason string
}

func (e *HeaderError) Error() string { return "csv: line 1: " + e.Reason }
