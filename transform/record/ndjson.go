package record

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/transform"
)

// NewNDJSON reads a JSON value a line. Blank lines are passed by; a line that is
// not JSON, or is too long, is a *BadRecord.
func NewNDJSON(r io.Reader, l Limits) Reader {
	l = l.orDefault()
	return &lines{
		in:       bufio.NewReaderSize(r, 64<<10),
		document: document{Limits: l, dec: jsontext.NewDecoder(new(bytes.Buffer))},
	}
}

type lines struct {
	in       *bufio.Reader
	line     int    // lines read
	held     []byte // of a line that is longer than the buffer
	document document
	err      error // what ended the stream
}

func (l *lines) Next() (any, transform.Position, error) {
	for l.err == nil {
		text, err := l.next()
		begins := transform.Position{Line: l.line, Column: 1}
		switch {
		case err == errTooLong:
			return nil, begins, &BadRecord{begins, string(text), fmt.Sprintf("a line longer than %d bytes; its first %d are shown", l.document.Size, len(text))}
		case err != nil:
			l.err = err
		case len(bytes.TrimLeft(text, " \t\r")) > 0:
			return l.parse(text, begins)
		}
	}
	return nil, transform.Position{}, l.err
}

func (l *lines) parse(text []byte, begins transform.Position) (any, transform.Position, error) {
	l.document.reset(text, begins)
	v, at, err := l.document.record()
	if err == nil {
		err = l.document.end()
	}
	var syntax *SyntaxError
	var bad *BadRecord
	switch {
	case errors.As(err, &syntax):
		err = &BadRecord{syntax.Position, string(text), syntax.Reason}
	case errors.As(err, &bad):
		bad.Text = string(text)
	}
	if err != nil {
		return nil, at, err
	}
	return v, at, nil
}

// shown is how much of an overlong line its error carries.
const shown = 1 << 10

// next reads a line, without its line feed, valid until the next call. The error
// is errTooLong, after which the next line can be read, io.EOF, or that of
// reading.
func (l *lines) next() ([]byte, error) {
	l.held = l.held[:0]
	size := 0
	for {
		part, err := l.in.ReadSlice('\n')
		if err != nil && err != io.EOF && err != bufio.ErrBufferFull {
			return nil, fmt.Errorf("ndjson: reading after line %d: %w", l.line, err)
		}
		if size == 0 && l.line == 0 {
			part = bytes.TrimPrefix(part, []byte(byteOrderMark))
		}
		if size == 0 && len(part) == 0 && err == io.EOF {
			return nil, io.EOF
		}
		part = bytes.TrimSuffix(part, []byte{'\n'})
		size += len(part)
		if err == nil && size == len(part) && size <= l.document.Size {
			l.line++
			return part, nil
		}
		l.hold(part, size)
		if err == bufio.ErrBufferFull {
			continue
		}
		l.line++
		if size > l.document.Size {
			return bytes.ToValidUTF8(l.held, nil), errTooLong
		}
		return l.held, nil
	}
}

// hold keeps a part of a line of which so many bytes are known by now: all of it,
// or the beginning of one that is too long.
func (l *lines) hold(part []byte, size int) {
	if size <= l.document.Size {
		l.held = append(l.held, part...)
		return
	}
	kept := min(len(l.held), shown)
	l.held = append(l.held[:kept], part[:min(len(part), shown-kept)]...)
}
