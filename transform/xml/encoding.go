package xml

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/charset"
)

const (
	utf8Mark         = "\xEF\xBB\xBF"
	declarationStart = "<?xml"
)

// encodingOf is the name of a document's encoding, told from its first bytes as
// appendix F of XML 1.0 has it: from the byte order mark, else from how <? is
// written, else from the declaration. mark is the size of a mark that is not part
// of the text.
func encodingOf(start []byte, fallback string) (name string, mark int, err error) {
	declared, at := declaredEncoding(start)
	is := func(prefix string) bool { return bytes.HasPrefix(start, []byte(prefix)) }
	switch {
	case is("\xFF\xFE\x00\x00"), is("\x00\x00\xFE\xFF"), is("<\x00\x00\x00"), is("\x00\x00\x00<"):
		return "", 0, &SyntaxError{transform.Position{Line: 1, Column: 1}, "the document is UTF-32, which is not read; save it as UTF-8"}
	case is("\x4C\x6F\xA7\x94"):
		return "", 0, &SyntaxError{transform.Position{Line: 1, Column: 1}, "the document is EBCDIC, which is not read; save it as UTF-8"}
	case is("\xFF\xFE"), is("\xFE\xFF"):
		return "utf-16", 0, nil
	case is("<\x00"):
		return "utf-16le", 0, nil
	case is("\x00<"):
		return "utf-16be", 0, nil
	case is(utf8Mark):
		name, mark = charset.UTF8, len(utf8Mark)
	}
	if declared == "" {
		if name == "" {
			name = fallback
		}
		return name, mark, nil
	}
	if reason := contradiction(declared, mark); reason != "" {
		return "", 0, &SyntaxError{transform.Position{Line: 1, Column: 1 + at - mark}, reason}
	}
	return declared, mark, nil
}

// contradiction is why a document in bytes cannot be of the encoding that it
// declares, "" if it can.
func contradiction(declared string, mark int) string {
	lower := strings.ToLower(declared)
	switch {
	case strings.HasPrefix(lower, "utf-16"), strings.HasPrefix(lower, "utf-32"), strings.Contains(lower, "ucs-"):
		return fmt.Sprintf("the document says that it is %s, and it is not: correct its first line", declared)
	case mark > 0 && lower != charset.UTF8 && lower != "utf8":
		return fmt.Sprintf("the document says that it is %s, and its byte order mark that it is UTF-8: correct its first line", declared)
	case charset.Check(declared) != nil, lower == charset.Auto:
		return fmt.Sprintf("the encoding %s is not known", declared)
	}
	return ""
}

// declaredEncoding is that of the XML declaration in bytes, "" if there is none
// or if it is wrong, of which the parser will complain.
func declaredEncoding(start []byte) (name string, at int) {
	text, ok := bytes.CutPrefix(bytes.TrimPrefix(start, []byte(utf8Mark)), []byte(declarationStart))
	end := bytes.Index(text, []byte("?>"))
	if !ok || end < 0 {
		return "", 0
	}
	d := readDeclaration(text[:end])
	if d.reason != "" {
		return "", 0
	}
	return d.encoding, bytes.Index(start, []byte("encoding"))
}

// longestDeclaration is how much of a document is looked at for its encoding.
const longestDeclaration = 1024

// decoded reads a document as UTF-8 without a byte order mark. Where there is no
// declaration it waits for no more than shows that.
func decoded(r io.Reader, fallback string) (io.Reader, error) {
	in := bufio.NewReaderSize(r, 4<<10)
	start, err := in.Peek(len(utf8Mark + declarationStart))
	if bytes.Contains(start, []byte(declarationStart)) {
		start, err = in.Peek(longestDeclaration)
	}
	if err != nil && err != io.EOF {
		return nil, err
	}
	name, mark, err := encodingOf(start, fallback)
	if err != nil {
		return nil, err
	}
	in.Discard(mark)
	if name == "" || strings.EqualFold(name, charset.UTF8) {
		return in, nil
	}
	return charset.NewReader(in, name)
}

// decode is a whole document as UTF-8 without a byte order mark: the same bytes
// if they are.
func decode(data []byte, fallback string) ([]byte, error) {
	name, mark, err := encodingOf(data[:min(len(data), longestDeclaration)], fallback)
	if err != nil {
		return nil, err
	}
	data = data[mark:]
	if name == "" || strings.EqualFold(name, charset.UTF8) {
		return data, nil
	}
	r, err := charset.NewReader(bytes.NewReader(data), name)
	if err != nil || !r.Converted() {
		return data, err
	}
	return io.ReadAll(r)
}
