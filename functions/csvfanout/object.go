package csvfanout

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform/csv"
)

// names are the columns of a file as the members of an object.
type names struct {
	quoted  [][]byte // with the colon
	unnamed []bool
}

// namesOf names the columns that have no name by their place, from 1.
func namesOf(columns []string) (names, error) {
	n := names{unnamed: make([]bool, len(columns))}
	taken := make(map[string]bool, len(columns))
	for i, name := range columns {
		if n.unnamed[i] = name == ""; n.unnamed[i] {
			name = fmt.Sprintf("column_%d", i+1)
		}
		if taken[name] {
			return n, &csv.HeaderError{Text: strings.Join(columns, " "), Reason: fmt.Sprintf("column %q is there twice", name)}
		}
		taken[name] = true
		q, err := quote(nil, name)
		if err != nil {
			return n, err
		}
		n.quoted = append(n.quoted, append(q, ':'))
	}
	return n, nil
}

// member appends a field of the row, with the comma before it where it needs one.
// A column without a name is there only where it has a value: spreadsheets write
// such columns at the end.
func (n names) member(to []byte, i int, value string) ([]byte, error) {
	if n.unnamed[i] && value == "" {
		return to, nil
	}
	if len(to) > 0 && to[len(to)-1] != '{' {
		to = append(to, ',')
	}
	return quote(append(to, n.quoted[i]...), value)
}

// object appends a row as an object whose values are the fields' text.
func (n names) object(to []byte, row csv.Row) (_ []byte, err error) {
	to = append(to, '{')
	for i, value := range row.Fields() {
		if to, err = n.member(to, i, value); err != nil {
			return to, err
		}
	}
	return append(to, '}'), nil
}

// Characters that JSON may have as they are and a queue does not carry (SQS,
// SendMessage).
var (
	fffe, fffeEscaped = []byte("\uFFFE"), []byte(`\ufffe`)
	ffff, ffffEscaped = []byte("\uFFFF"), []byte(`\uffff`)
)

// quote appends a JSON string.
func quote(to []byte, s string) ([]byte, error) {
	from := len(to)
	to, err := jsontext.AppendQuote(to, s)
	if err != nil {
		return to, err
	}
	if q := to[from:]; bytes.Contains(q, fffe) || bytes.Contains(q, ffff) {
		q = bytes.ReplaceAll(bytes.ReplaceAll(q, fffe, fffeEscaped), ffff, ffffEscaped)
		to = append(to[:from:from], q...)
	}
	return to, nil
}
