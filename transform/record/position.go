package record

import (
	"bytes"
	"unicode/utf8"

	"github.com/runnel/runnel/transform"
)

var start = transform.Position{Line: 1, Column: 1}

// after is the position behind text that begins at p.
func after(p transform.Position, text []byte) transform.Position {
	if lines := bytes.Count(text, []byte{'\n'}); lines > 0 {
		p.Line += lines
		p.Column = 1
		text = text[bytes.LastIndexByte(text, '\n')+1:]
	}
	p.Column += utf8.RuneCount(text)
	return p
}
