// Package charset makes UTF-8 of the encodings that files still come in.
package charset

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// UTF8 is the name of the encoding that is not converted.
const UTF8 = "utf-8"

// Auto takes a file's encoding from its byte order mark, and for UTF-8 where it
// has none.
const Auto = "auto"

// Check says whether an encoding is known by a name: Auto, utf-16, or one of the
// labels of https://encoding.spec.whatwg.org/#names-and-labels, such as
// windows-1252, iso-8859-15 or utf-16le.
func Check(name string) error {
	if name == "" || strings.EqualFold(name, Auto) {
		return nil
	}
	if _, err := htmlindex.Get(name); err != nil {
		return fmt.Errorf("charset %q is not known: want auto, utf-8, utf-16, windows-1252 or another label of the WHATWG encodings", name)
	}
	return nil
}

// A Reader reads text as UTF-8, without a byte order mark if it was converted.
// What cannot be converted becomes U+FFFD; UTF-8 itself is handed on as it is,
// valid or not.
type Reader struct {
	io.Reader
	Name string // of the encoding that was read
}

// Converted says that the text was in another encoding than UTF-8.
func (r *Reader) Converted() bool { return r.Name != UTF8 }

// NewReader reads text of the named encoding, "" for Auto. A byte order mark of
// UTF-16 wins over any name.
func NewReader(r io.Reader, name string) (*Reader, error) {
	if err := Check(name); err != nil {
		return nil, err
	}
	in := bufio.NewReader(r)
	start, err := in.Peek(2)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.Equal(start, []byte("\xFF\xFE")):
		return decoder(in, "utf-16le", unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder()), nil
	case bytes.Equal(start, []byte("\xFE\xFF")):
		return decoder(in, "utf-16be", unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder()), nil
	case name == "" || strings.EqualFold(name, Auto):
		return &Reader{in, UTF8}, nil
	}
	enc, err := htmlindex.Get(name)
	if err != nil {
		return nil, err
	}
	canonical, err := htmlindex.Name(enc)
	if err != nil || canonical == UTF8 {
		return &Reader{in, UTF8}, err
	}
	return decoder(in, canonical, enc.NewDecoder()), nil
}

func decoder(in io.Reader, name string, t transform.Transformer) *Reader {
	return &Reader{transform.NewReader(in, t), name}
}
