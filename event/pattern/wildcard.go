package pattern

import (
	"fmt"
	"strings"
)

// wildcard is a text in which * stands for any run of characters: the pieces
// between the stars.
type wildcard []string

// compileWildcard reads a text in which \* and \\ stand for themselves. The
// error is AWS's own text.
func compileWildcard(text string) (wildcard, error) {
	var (
		w     wildcard
		piece strings.Builder
		star  bool // the last character was one
	)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '*' && star:
			return nil, fmt.Errorf("Consecutive wildcard characters at pos %d", i-1)
		case c == '*':
			w = append(w, piece.String())
			piece.Reset()
		case c == '\\' && i+1 < len(text) && (text[i+1] == '*' || text[i+1] == '\\'):
			i++
			piece.WriteByte(text[i])
		case c == '\\':
			return nil, fmt.Errorf("Invalid escape character at pos %d", i)
		default:
			piece.WriteByte(c)
		}
		star = c == '*'
	}
	return append(w, piece.String()), nil
}

// match takes for each piece the first place where it fits, which leaves the
// most to those behind it; the last one must stand at the end.
func (w wildcard) match(s string) bool {
	if len(w) == 1 {
		return s == w[0]
	}
	s, ok := strings.CutPrefix(s, w[0])
	if !ok {
		return false
	}
	last := len(w) - 1
	for _, piece := range w[1:last] {
		if _, s, ok = strings.Cut(s, piece); !ok {
			return false
		}
	}
	return strings.HasSuffix(s, w[last])
}
