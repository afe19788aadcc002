package transform

import (
	"bytes"
	"encoding/json"
)

// JSON writes a line of JSON, which ends in a line feed, for people: they read <
// better than \u003c.
func JSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}
