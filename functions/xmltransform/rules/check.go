package rules

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/runnel/runnel/transform/rule"
)

// MaxDocument is the largest rule in bytes. An item has 400 KB (DynamoDB
// Developer Guide, quotas), and it holds more than the document.
const MaxDocument = 350 << 10

// A TooLarge is a rule that an item has no room for.
type TooLarge struct{ Size int } // bytes

func (e *TooLarge) Error() string {
	return fmt.Sprintf("the rule has %d bytes; it may have %d", e.Size, MaxDocument)
}

// A Failed is a rule that fails cases of its own.
type Failed struct {
	Of    int               // cases it has
	Cases []rule.CaseResult // that fail
}

func (e *Failed) Error() string {
	return fmt.Sprintf("the rule fails %d of its cases, of %d", len(e.Cases), e.Of)
}

// A Mismatch is a document that gives another id than the one it is to have, or
// none where it must.
type Mismatch struct{ Has, Wants string }

func (e *Mismatch) Error() string {
	switch {
	case e.Wants == "" && e.Has == "":
		return "the rule has no id"
	case e.Wants == "":
		return fmt.Sprintf("a rule cannot have the id %q", e.Has)
	}
	return fmt.Sprintf("the rule's id is %q, not %q", e.Has, e.Wants)
}

// check is the rule of a document that may be stored under an id, or under its
// own if that is "". The error is what is wrong with it: a *TooLarge,
// rule.Problems, a *Mismatch or a *Failed.
func check(ctx context.Context, id string, document []byte) (*rule.Rule, error) {
	r, err := parse(document)
	if err != nil {
		return nil, err
	}
	if id == "" && !ValidID(r.ID) || id != "" && r.ID != "" && r.ID != id {
		return nil, &Mismatch{Has: r.ID, Wants: id}
	}
	if err := checkFiles(document); err != nil {
		return nil, err
	}
	return r, passes(ctx, r)
}

// Unsaved is a rule that is not in the table, compiled, as if it were there under
// the id. Its cases are not run. The error is a *TooLarge or rule.Problems.
func Unsaved(id string, document []byte) (*Stored, error) {
	r, err := parse(document)
	if err != nil {
		return nil, err
	}
	r.ID = id
	return &Stored{ID: id, Version: r.Version, Document: document, Rule: r}, nil
}

func parse(document []byte) (*rule.Rule, error) {
	if len(document) > MaxDocument {
		return nil, &TooLarge{len(document)}
	}
	return rule.Parse(document)
}

// checkFiles refuses cases whose texts stand in files: there are none here.
func checkFiles(document []byte) error {
	var has struct {
		Cases []struct{ InputFile, OutputFile *string }
	}
	if err := json.Unmarshal(document, &has); err != nil {
		return rule.Problems{{Key: "cases", Reason: err.Error()}}
	}
	var problems rule.Problems
	for i, c := range has.Cases {
		for _, member := range []struct {
			name string
			file *string
		}{{"inputFile", c.InputFile}, {"outputFile", c.OutputFile}} {
			if member.file != nil {
				problems = append(problems, rule.Problem{
					Key:    fmt.Sprintf("cases[%d].%s", i, member.name),
					Reason: "a rule in a table has no files beside it; runnel rule bundle writes the rule with its files in it",
				})
			}
		}
	}
	if len(problems) > 0 {
		return problems
	}
	return nil
}

func passes(ctx context.Context, r *rule.Rule) error {
	results := r.Test(ctx)
	failed := &Failed{Of: len(results)}
	for _, c := range results {
		if c.Reason != "" {
			failed.Cases = append(failed.Cases, c)
		}
	}
	if len(failed.Cases) > 0 {
		return failed
	}
	return nil
}
