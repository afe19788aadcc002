package rules

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"time"
)

// Listed is the rule as it stands in a list.
func (s *Stored) Listed() Listed {
	l := Listed{ID: s.ID, Version: s.Version, Updated: s.Updated.Format(time.RFC3339)}
	if s.Rule != nil {
		l.Description = clip(s.Description, maxDescription)
	}
	return l
}

// Text is the document as its customer wrote it, but for the id and the version,
// which are the table's.
func (s *Stored) Text() []byte {
	doc := setMember(s.Document, "version", []byte(strconv.Itoa(s.Version)))
	id, _ := json.Marshal(s.ID) // a string
	return setMember(doc, "id", id)
}

// setMember puts a member into the text of a JSON object, in the place of the
// one it has, or before all others. A text that is none stays as it is.
func setMember(object []byte, name string, value []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(object))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return object
	}
	first := int(d.InputOffset())
	empty := !d.More()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return object
		}
		var was json.RawMessage
		if err := d.Decode(&was); err != nil {
			return object
		}
		if end := int(d.InputOffset()); key == name {
			return slices.Concat(object[:end-len(was)], value, object[end:])
		}
	}
	if _, err := d.Token(); err != nil {
		return object
	}
	rest := object[first:]
	space := rest[:len(rest)-len(bytes.TrimLeft(rest, " \t\r\n"))]
	member := slices.Concat(space, []byte(`"`+name+`": `), value)
	if !empty {
		member = append(member, ',')
	}
	return slices.Concat(object[:first], member, rest)
}
