package record

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// A Writer writes records in the form of a file.
type Writer interface {
	// Write writes a record that is JSON text already.
	Write(json []byte) error
	// Close ends the file; it does not close what it is written to.
	Close() error
}

const writeBuffer = 64 << 10

// NewJSONWriter writes one JSON document as it is, or as an array any number of
// records, a line each.
func NewJSONWriter(w io.Writer, array bool) Writer {
	out := bufio.NewWriterSize(w, writeBuffer)
	if array {
		return &arrayWriter{out: out}
	}
	return &documentWriter{out: out}
}

// NewNDJSONWriter writes a line of JSON a record.
func NewNDJSONWriter(w io.Writer) Writer {
	return lineWriter{bufio.NewWriterSize(w, writeBuffer)}
}

// NewItemWriter writes a line of DynamoDB JSON a record, as DynamoDB's import
// from S3 reads it. Where a record cannot be an item, Write gives an *ItemError,
// has written nothing of it, and can be called again.
func NewItemWriter(w io.Writer) Writer {
	return &itemWriter{out: bufio.NewWriterSize(w, writeBuffer)}
}

var errSecond = errors.New("a second record for a file that is one JSON document")

type documentWriter struct {
	out     *bufio.Writer
	written bool
}

func (w *documentWriter) Write(json []byte) error {
	if w.written {
		return errSecond
	}
	w.written = true
	w.out.Write(json)
	return w.out.WriteByte('\n') // tells of the earlier error, too
}

func (w *documentWriter) Close() error { return w.out.Flush() }

type arrayWriter struct {
	out     *bufio.Writer
	written bool
}

func (w *arrayWriter) Write(json []byte) error {
	before := "[\n"
	if w.written {
		before = ",\n"
	}
	w.written = true
	w.out.WriteString(before)
	_, err := w.out.Write(json)
	return err
}

func (w *arrayWriter) Close() error {
	end := "[]\n"
	if w.written {
		end = "\n]\n"
	}
	w.out.WriteString(end)
	return w.out.Flush()
}

type lineWriter struct{ out *bufio.Writer }

func (w lineWriter) Write(json []byte) error {
	w.out.Write(oneLine(json))
	return w.out.WriteByte('\n')
}

func (w lineWriter) Close() error { return w.out.Flush() }

// oneLine is JSON text without line ends. JSON has them between tokens only.
func oneLine(json []byte) []byte {
	if bytes.IndexByte(json, '\n') < 0 && bytes.IndexByte(json, '\r') < 0 {
		return json
	}
	return bytes.Map(func(r rune) rune {
		if r == '\n' || r == '\r' {
			return ' '
		}
		return r
	}, json)
}

type itemWriter struct {
	out  *bufio.Writer
	line []byte // of the latest item, reused
}

func (w *itemWriter) Write(json []byte) (err error) {
	if w.line, err = AppendItem(w.line[:0], json); err != nil {
		return err
	}
	w.out.Write(w.line)
	return w.out.WriteByte('\n')
}

func (w *itemWriter) Close() error { return w.out.Flush() }
