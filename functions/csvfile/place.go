package csvfile

import (
	"bytes"
	"io"

	"github.com/runnel/runnel/transform/csv"
)

// A Place in a file is where one of its lines begins.
type Place struct {
	Offset int64 `json:"offset"` // in bytes of UTF-8, from 0
	Line   int   `json:"line"`   // from 1
}

// remembered is how many of the latest bytes a tracker can tell places in, at
// least. It is more than a csv.Reader reads ahead of the row that it gives out.
const remembered = 4 * csv.MaxRow

// A tracker hands a file on, and can tell where the latest lines of it begin.
type tracker struct {
	in   io.Reader
	tail []byte // the latest bytes
	// from is the place of tail, but that its first line may have begun earlier.
	from Place
}

// track tracks a file from a place on.
func track(in io.Reader, at Place) *tracker {
	// A line begins after the end of another; the first one gets one to follow.
	return &tracker{in, []byte{'\n'}, Place{at.Offset - 1, at.Line - 1}}
}

func (t *tracker) Read(p []byte) (int, error) {
	n, err := t.in.Read(p)
	t.tail = append(t.tail, p[:n]...)
	if extra := len(t.tail) - remembered; extra > remembered {
		t.from = t.from.after(t.tail[:extra])
		t.tail = append(t.tail[:0], t.tail[extra:]...)
	}
	return n, err
}

// find returns the place of a line, unless that was handed on too long ago or
// not yet.
func (t *tracker) find(line int) (_ Place, ok bool) {
	if line <= t.from.Line {
		return Place{}, false
	}
	end := 0
	for range line - t.from.Line {
		i := bytes.IndexByte(t.tail[end:], '\n')
		if i < 0 {
			return Place{}, false
		}
		end += i + 1
	}
	return t.from.after(t.tail[:end]), true
}

// header returns the place after the file's header, ok if there is a line after
// it. It is to be called when the header, which has proved to be one, is all
// that has been read for. A header's line ends are those outside of quotes.
func (t *tracker) header() (_ Place, ok bool) {
	quotes := 0
	for i, c := range t.tail[1:] {
		switch {
		case c == '"':
			quotes++
		case c == '\n' && quotes%2 == 0:
			return t.from.after(t.tail[:i+2]), true
		}
	}
	return Place{}, false
}

// after is the place behind bytes that begin at p.
func (p Place) after(b []byte) Place {
	return Place{p.Offset + int64(len(b)), p.Line + bytes.Count(b, []byte{'\n'})}
}
