package policy

import (
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Draft is a document that statements are added to and taken from, as
// AddPermission and RemovePermission of several services do. What is not touched
// stays as it is written.
type Draft struct {
	Version    string                    `json:",omitempty"`
	ID         string                    `json:"Id,omitempty"`
	Statements oneOrMore[jsontext.Value] `json:"Statement"`
}

// Edit reads a document that [Parse] accepts; "" is one without statements.
func Edit(text string) (*Draft, error) {
	d := new(Draft)
	if text == "" {
		return d, nil
	}
	return d, unmarshal([]byte(text), d)
}

// Has reports whether a statement has the SID.
func (d *Draft) Has(sid string) bool { return slices.ContainsFunc(d.Statements, named(sid)) }

// Remove takes out the statements with the SID, and reports whether there was
// one. Statements without a SID stay.
func (d *Draft) Remove(sid string) bool {
	n := len(d.Statements)
	d.Statements = slices.DeleteFunc(d.Statements, named(sid))
	return len(d.Statements) < n
}

func named(sid string) func(jsontext.Value) bool {
	return func(statement jsontext.Value) bool {
		var st struct {
			SID string `json:"Sid"`
		}
		return json.Unmarshal(statement, &st) == nil && st.SID == sid && sid != ""
	}
}

// Share adds a statement that lets accounts do actions to the resource. One
// value stands without a list, as AWS writes it.
func (d *Draft) Share(sid, resource string, accounts, actions []string) {
	roots := make([]string, len(accounts))
	for i, id := range accounts {
		roots[i] = "arn:aws:iam::" + id + ":root"
	}
	d.Statements = append(d.Statements, marshal(struct {
		SID       string `json:"Sid"`
		Effect    string
		Principal map[string]any
		Action    any
		Resource  string
	}{sid, "Allow", map[string]any{"AWS": bare(roots)}, bare(actions), resource}))
}

func bare(list []string) any {
	if len(list) == 1 {
		return list[0]
	}
	return list
}

// Text is the document, or "" if no statement is left in it.
func (d *Draft) Text() string {
	if len(d.Statements) == 0 {
		return ""
	}
	return string(marshal(d))
}

// marshal writes what cannot fail: texts, and JSON that was read.
func marshal(v any) jsontext.Value {
	b, _ := json.Marshal(v, jsontext.AllowInvalidUTF8(true))
	return b
}
