package csv

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// readHeader reads line 1 and finds the columns in it.
func (d *Reader) readHeader(sep Separator, wanted []string) error {
	if err := d.skipByteOrderMark(); err != nil {
		return err
	}
	if err := d.separate(sep); err != nil {
		return err
	}
	row, err := d.next()
	switch e := err.(type) {
	case nil:
	case *RowError:
		return &HeaderError{e.Text, e.Reason}
	default:
		if err == io.EOF {
			return &HeaderError{"", "the file is empty"}
		}
		return err
	}
	d.width = len(row.fields)
	return d.findColumns(row, wanted)
}

// Byte order marks. That of UTF-8 is harmless; those of UTF-16 announce a file
// that would read as garbage.
var (
	markUTF8    = []byte("\xEF\xBB\xBF")
	markUTF16LE = []byte("\xFF\xFE")
	markUTF16BE = []byte("\xFE\xFF")
)

func (d *Reader) skipByteOrderMark() error {
	start, err := d.in.Peek(len(markUTF8))
	if err != nil && err != io.EOF {
		return d.inputError(err)
	}
	switch {
	case bytes.Equal(start, markUTF8):
		d.in.Discard(len(markUTF8))
	case bytes.HasPrefix(start, markUTF16LE), bytes.HasPrefix(start, markUTF16BE):
		return &HeaderError{"", "the file is UTF-16; save it as UTF-8"}
	}
	return nil
}

func (d *Reader) findColumns(header Row, wanted []string) error {
	if strings.IndexByte(header.Text, 0) >= 0 {
		return &HeaderError{header.Text, "the header has NUL bytes, as UTF-16 without a byte order mark does"}
	}
	if bareReturn(header.Text) {
		return &HeaderError{header.Text, "the header has a CR that no LF follows; lines end in LF or CR LF"}
	}
	d.columns = make(map[string]int, len(header.fields))
	d.names = make([]string, len(header.fields))
	for i, name := range header.fields {
		name = strings.TrimSpace(name)
		d.names[i] = name
		if name == "" { // spreadsheets write empty columns at the end
			continue
		}
		if _, ok := d.columns[name]; ok {
			return &HeaderError{header.Text, fmt.Sprintf("column %q is there twice", name)}
		}
		d.columns[name] = i
	}
	missing := slices.DeleteFunc(slices.Clone(wanted), func(name string) bool {
		_, ok := d.columns[name]
		return ok
	})
	if len(missing) > 0 {
		return &HeaderError{header.Text, "the header lacks " + strings.Join(missing, ", ")}
	}
	if len(d.columns) == 0 {
		return &HeaderError{header.Text, "the first line names no column"}
	}
	return nil
}

// bareReturn says that text has a CR without an LF, which is how old spreadsheets
// end a line. All rows of such a file would pass for its header.
func bareReturn(text string) bool {
	return strings.Count(text, "\r") != strings.Count(text, "\r\n")
}
