package api

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"

	"github.com/runnel/runnel/functions/answer"
	"github.com/runnel/runnel/functions/xmltransform/place"
	"github.com/runnel/runnel/functions/xmltransform/rules"
	"github.com/runnel/runnel/transform"
	"github.com/runnel/runnel/transform/rule"
)

// What a trial shows at the most; the counts are of all.
const (
	maxOutput  = 4 << 20   // bytes of the result
	maxCut     = 1 << 20   // bytes of one that is cut
	maxLeftOut = 512 << 10 // bytes of the records that are not in it, with why
)

// A trial is what a rule makes of a document.
type trial struct {
	Rule place.RuleOf `json:"rule"`
	rule.Summary
	output
	Cut     bool      `json:"cut,omitempty"` // there is more than the text
	LeftOut []leftOut `json:"leftOut,omitempty"`

	room int // for more of LeftOut
}

// A leftOut is a record that is not in the result.
type leftOut struct {
	Failures []rule.Failure  `json:"failures"`
	Input    json.RawMessage `json:"input,omitempty"` // none where there is no room for it
}

// leave shows a record that is not in the result, as much of it as there is room
// for.
func (t *trial) leave(q rule.Quarantined) error {
	if t.room == 0 {
		return nil
	}
	for _, input := range []json.RawMessage{bytes.Clone(q.Input), nil} {
		l := leftOut{q.Failures, input}
		b, err := transform.JSON(l)
		if err != nil {
			return err
		}
		if len(b) <= t.room {
			t.room -= len(b)
			t.LeftOut = append(t.LeftOut, l)
			return nil
		}
	}
	t.room = 0
	return nil
}

// try runs a rule over a document and stores nothing. The rule is the stored one,
// or the part rule of a form, whose part document is the document.
func (a *api) try(ctx context.Context, r request) (answer.Answer, error) {
	body, err := r.body()
	if err != nil {
		return answer.Answer{}, err
	}
	by, document, err := a.ruleAndDocument(ctx, r, body)
	if err != nil {
		return answer.Answer{}, err
	}
	t := trial{Rule: place.RuleOf{ID: by.ID, Version: by.Version}, room: maxLeftOut}
	out := beginning{limit: maxOutput}
	t.Summary, err = by.Run(ctx, bytes.NewReader(document), &out, rule.Options{Quarantine: t.leave, Patience: recordPatience})
	if err != nil {
		return answer.Answer{}, err
	}
	t.show(&out, by.ContentType())
	return answer.Answer{Status: http.StatusOK, Body: &t}, nil
}

// ruleAndDocument are what a request is to be tried with.
func (a *api) ruleAndDocument(ctx context.Context, r request, body []byte) (*rules.Stored, []byte, error) {
	id := r.PathParameters["id"]
	if !r.isForm() {
		s, err := a.rules.Get(ctx, id)
		return s, body, err
	}
	parts, err := r.form(body)
	if err != nil {
		return nil, nil, err
	}
	document, ok := find(parts, "document")
	if !ok {
		return nil, nil, bad("the form has no part document")
	}
	unsaved, ok := find(parts, "rule")
	if !ok {
		s, err := a.rules.Get(ctx, id)
		return s, document.data, err
	}
	s, err := rules.Unsaved(id, unsaved.data)
	return s, document.data, err
}

// show puts the result into the answer, as much of it as there is room for.
func (t *trial) show(out *beginning, contentType string) {
	if !out.more {
		if t.output = outputOf(out.text, contentType); fits(t) {
			return
		}
	}
	t.output, t.Cut = outputText(whole(out.text[:min(len(out.text), maxCut)])), true
}

// A beginning keeps the beginning of what is written to it.
type beginning struct {
	text  []byte
	limit int
	more  bool
}

func (b *beginning) Write(p []byte) (int, error) {
	keep := min(len(p), b.limit-len(b.text))
	b.more = b.more || keep < len(p)
	b.text = append(b.text, p[:keep]...)
	return len(p), nil
}
