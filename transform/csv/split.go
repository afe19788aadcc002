package csv

import (
	"bytes"
	"strings"
)

// split cuts a row without quotes into its fields.
func (d *dialect) split(fields []string, row string) []string {
	for {
		i := strings.IndexByte(row, d.separator)
		if i < 0 {
			return append(fields, row)
		}
		fields = append(fields, row[:i])
		row = row[i+1:]
	}
}

// A span is where the text of a field lies in its row.
type span struct {
	from, to int
	escaped  bool // has quotes in it, each written twice
}

func (s span) of(row string) string {
	field := row[s.from:s.to]
	if s.escaped {
		return strings.ReplaceAll(field, `""`, `"`)
	}
	return field
}

// Reasons for which a row with quotes in it does not read.
const (
	bareQuote  = `a quote inside an unquoted field; a field with a quote in it is written "like ""this"""`
	afterQuote = "text after a field's closing quote"
)

// scanQuoted finds the row that window begins with: the spans of its fields and
// its size without the line feed. It may want more of the input to tell, unless
// this is the last of it, or give the reason why there is no such row.
func (d *dialect) scanQuoted(spans []span, window []byte, last bool) (_ []span, size int, more bool, reason string) {
	for at := 0; ; at++ {
		if at < len(window) && window[at] == '"' {
			s, ok := quoted(window, at, last)
			if !ok {
				return spans, 0, true, ""
			}
			spans, at = append(spans, s), s.to+1
			if at < len(window) && window[at] == '\r' {
				at++
			}
			switch {
			case at == len(window):
				return spans, at, !last, ""
			case window[at] == '\n':
				return spans, at, false, ""
			case window[at] != d.separator || window[at-1] == '\r':
				return spans, 0, false, afterQuote
			}
			continue
		}
		end := at + bytes.IndexAny(window[at:], d.stops)
		switch {
		case end < at:
			return append(spans, unquoted(window, at, len(window))), len(window), !last, ""
		case window[end] == '"':
			return spans, 0, false, bareQuote
		case window[end] == '\n':
			return append(spans, unquoted(window, at, end)), end, false, ""
		}
		spans, at = append(spans, span{from: at, to: end}), end
	}
}

// quoted finds the field whose opening quote is at from: it ends before a quote
// that is not one of two together.
func quoted(window []byte, from int, last bool) (s span, ok bool) {
	s = span{from: from + 1, to: from + 1}
	for {
		i := bytes.IndexByte(window[s.to:], '"')
		if i < 0 {
			return s, false
		}
		s.to += i
		switch next := s.to + 1; {
		case next == len(window):
			return s, last
		case window[next] != '"':
			return s, true
		}
		s.escaped = true
		s.to += 2
	}
}

// unquoted is the last field of a row, whose line may end in CR LF.
func unquoted(window []byte, from, to int) span {
	if to > from && window[to-1] == '\r' {
		to--
	}
	return span{from: from, to: to}
}
