package transform

import "strconv"

// A Position is a place in a text, each from 1; the column counts characters,
// not bytes. The zero Position is no place.
type Position struct {
	Line   int `json:"line,omitempty"`
	Column int `json:"column,omitempty"`
}

func (p Position) String() string {
	return "line " + strconv.Itoa(p.Line) + ", column " + strconv.Itoa(p.Column)
}
