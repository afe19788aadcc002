package record

import (
	"errors"
	"io"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/csv"
)

// NewCSV reads rows under a header into objects of strings. The separator is a
// name that [csv.ParseSeparator] knows; the columns must be there, others may be;
// one without a name is left out. A header that does not do is a *SyntaxError.
func NewCSV(r io.Reader, separator string, columns []string) (Reader, error) {
	sep, err := csv.ParseSeparator(separator)
	if err != nil {
		return nil, err
	}
	in, err := csv.NewReader(r, sep, columns...)
	var header *csv.HeaderError
	if errors.As(err, &header) {
		return nil, &SyntaxError{start, header.Reason}
	}
	if err != nil {
		return nil, err
	}
	return rows{in}, nil
}

type rows struct{ in *csv.Reader }

func (r rows) Next() (any, transform.Position, error) {
	row, err := r.in.Read()
	var bad *csv.RowError
	if errors.As(err, &bad) {
		at := transform.Position{Line: bad.Line, Column: 1}
		return nil, at, &BadRecord{at, bad.Text, bad.Reason}
	}
	if err != nil {
		return nil, transform.Position{}, err
	}
	names := r.in.Columns()
	object := make(map[string]any, len(names))
	for i, field := range row.Fields() {
		if names[i] != "" {
			object[names[i]] = field
		}
	}
	return object, transform.Position{Line: row.Line, Column: 1}, nil
}
