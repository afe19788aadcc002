package csv

import (
	"bytes"
	"fmt"
	"io"
)

// A Separator is the character between the fields of a row.
type Separator byte

// Separators that files are written with. Which one a file has, Detect finds in
// its header: the one that is there most often outside of quotes, the first of
// these if there are as many of two, a comma if there is none of them.
const (
	Detect    Separator = 0
	Comma     Separator = ','
	Semicolon Separator = ';'
	Tab       Separator = '\t'
	Pipe      Separator = '|'
)

// ParseSeparator reads the name of a separator: auto, comma, semicolon, tab,
// pipe, or the character itself.
func ParseSeparator(name string) (Separator, error) {
	switch name {
	case "auto", "":
		return Detect, nil
	case "comma", ",":
		return Comma, nil
	case "semicolon", ";":
		return Semicolon, nil
	case "tab", "\t", `\t`:
		return Tab, nil
	case "pipe", "|":
		return Pipe, nil
	}
	return 0, fmt.Errorf("csv: separator %q: want auto, comma, semicolon, tab or pipe", name)
}

// A dialect is how the rows of one file are written.
type dialect struct {
	separator byte
	stops     string // characters at which an unquoted field ends, or fails
}

// separate settles the separator before the header is read.
func (d *Reader) separate(sep Separator) error {
	if sep == Detect {
		window, end, err := d.firstLine()
		if err != nil && err != io.EOF {
			return err
		}
		if end < 0 {
			end = len(window)
		}
		sep = detect(window[:end])
	}
	d.dialect = dialect{byte(sep), string(rune(sep)) + "\n\""}
	return nil
}

func detect(line []byte) Separator {
	best, most := Comma, 0
	for _, sep := range []Separator{Comma, Semicolon, Tab, Pipe} {
		if n := countUnquoted(line, byte(sep)); n > most {
			best, most = sep, n
		}
	}
	return best
}

func countUnquoted(line []byte, sep byte) (n int) {
	for i, part := range bytes.Split(line, []byte{'"'}) {
		if i%2 == 0 {
			n += bytes.Count(part, []byte{sep})
		}
	}
	return n
}
