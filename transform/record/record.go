// Package record reads and writes records that are plain values: nil, bool,
// json.Number, string, []any, map[string]any when they are read, and those that
// jq makes besides (int, float64, *big.Int) when they are written.
//
// JSON is read as RFC 8259 has it and as strictly as RFC 7493 asks: UTF-8, every
// key of an object once, no half of a surrogate pair. A number stays as it was
// written, up to 4096 characters and an exponent of four digits: what is longer
// is no measurement but an attack on whoever computes with it. Text that is not
// UTF-8 goes through package charset first; a UTF-8 byte order mark is skipped.
//
// No reader holds more than one record, and no record is larger than its Limits.
package record

import "github.com/runnel/runnel/transform"

// A Reader reads records one at a time.
type Reader interface {
	// Next is the next record and where it begins. The error is io.EOF
	// at the end; a *BadRecord, after which the next record can be read;
	// a *SyntaxError, after which nothing can; or that of reading.
	Next() (value any, at transform.Position, err error)
}

// A BadRecord is a record that cannot be read. The records after it can. The
// position is that of the fault, if the record is JSON, else where it begins.
type BadRecord struct {
	transform.Position
	Text   string // as it stood in the input; not UTF-8 if that is the reason
	Reason string
}

func (e *BadRecord) Error() string { return e.Position.String() + ": " + e.Reason }

// A SyntaxError is input that cannot be read from a place on.
type SyntaxError struct {
	transform.Position
	Reason string
}

func (e *SyntaxError) Error() string { return e.Position.String() + ": " + e.Reason }

// Limits bound what a record may be; 0 is the default of each. Rows of CSV have
// those of package csv.
type Limits struct {
	Depth int // of arrays and objects within each other; 256
	Size  int // bytes of its text; 256 MiB
}

const (
	defaultDepth = 256
	defaultSize  = 256 << 20
)

func (l Limits) orDefault() Limits {
	if l.Depth == 0 {
		l.Depth = defaultDepth
	}
	if l.Size == 0 {
		l.Size = defaultSize
	}
	return l
}

// byteOrderMark is that of UTF-8, which says nothing and does no harm.
const byteOrderMark = "\xEF\xBB\xBF"
