package rule

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

// A testCase is a document, and what the rule is to make of it.
type testCase struct {
	name        string
	input       []byte
	output      any // as JSON is decoded; the records of what has several
	hasOutput   bool
	err         string // of the failure, or a part of it
	hasErr      bool
	quarantined int
	unresolved  string // a file that was not read
}

// A CaseResult is how a case of the rule went: "" in Reason if it passed.
type CaseResult struct {
	Name   string `json:"name"`
	Reason string `json:"reason,omitempty"` // with what was expected and what came
}

// cases reads the cases of a rule.
func (p *parser) cases(n *node, r *Rule, open opener) []testCase {
	var list []testCase
	for i, e := range p.list(n, "", "cases", '{', "an array of objects") {
		key := fmt.Sprintf("cases.%d", i+1)
		p.object(e, key, "name", "input", "inputBase64", "inputFile", "output", "outputFile", "error", "quarantined")
		c := testCase{name: p.str(e, key, "name"), quarantined: p.integer(e, key, "quarantined", 0, 1e9)}
		if c.name == "" {
			c.name = fmt.Sprintf("case %d", i+1)
		}
		p.caseInput(e, key, &c, open)
		p.caseOutput(e, key, &c, r, open)
		if c.quarantined > 0 && !r.quarantine {
			p.problem(e.get("quarantined"), under(key, "quarantined"), `goes with onError "quarantine"`)
		}
		if c.hasErr {
			p.oneOf(e, key, "error", "quarantined") // of a rejected document nothing is kept
		}
		list = append(list, c)
	}
	return list
}

func (p *parser) caseInput(n *node, key string, c *testCase, open opener) {
	if p.oneOf(n, key, "input", "inputBase64", "inputFile") == nil {
		p.problem(n, key, "has no input: say input or inputFile")
		return
	}
	switch {
	case n.get("input") != nil:
		c.input = []byte(p.str(n, key, "input"))
	case n.get("inputFile") != nil:
		c.input = p.caseFile(n, key, "inputFile", c, open)
	default:
		b, err := base64.StdEncoding.DecodeString(p.str(n, key, "inputBase64"))
		if err != nil {
			p.problem(n.get("inputBase64"), under(key, "inputBase64"), "%v", err)
		}
		c.input = b
	}
}

func (p *parser) caseOutput(n *node, key string, c *testCase, r *Rule, open opener) {
	c.err, c.hasErr = p.str(n, key, "error"), n.get("error") != nil
	switch o := p.oneOf(n, key, "output", "outputFile", "error"); {
	case o == nil && n.get("quarantined") == nil:
		p.problem(n, key, "expects nothing: say output, outputFile, error or quarantined")
	case o == nil || c.hasErr:
	case n.get("output") != nil:
		c.hasOutput = true
		c.output = decode(o.raw)
	default:
		text := p.caseFile(n, key, "outputFile", c, open)
		output, err := r.decodeOutput(text)
		if err != nil {
			p.problem(o, under(key, "outputFile"), "is not what the rule writes: %v", err)
		}
		c.output, c.hasOutput = output, true
	}
}

// oneOf is the member there is of several, which do not go together.
func (p *parser) oneOf(n *node, key string, names ...string) *node {
	var found *node
	first := ""
	for _, name := range names {
		m := n.get(name)
		if m == nil {
			continue
		}
		if found != nil {
			p.problem(m, under(key, name), "does not go with %s", first)
			continue
		}
		found, first = m, name
	}
	return found
}

// caseFile is a file that a case names.
func (p *parser) caseFile(n *node, key, member string, c *testCase, open opener) []byte {
	name := p.str(n, key, member)
	if open == nil {
		c.unresolved = name
		return []byte("null")
	}
	text, err := open(name)
	if err != nil {
		p.problem(n.get(member), under(key, member), "%v", err)
		return []byte("null")
	}
	return text
}

// decode is JSON as Go's plain types, numbers as they are written.
func decode(text []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return nil
	}
	return v
}

// decodeOutput is what the rule wrote: one value, or a list of records.
func (r *Rule) decodeOutput(text []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	list := []any{}
	for d.More() {
		var v any
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		list = append(list, v)
	}
	switch {
	case r.output.format != formatJSON:
		return list, nil
	case len(list) != 1:
		return nil, fmt.Errorf("it has %d JSON values, not 1", len(list))
	}
	return list[0], nil
}

// Test runs the cases of the rule. One that names a file which was not read, as
// Parse reads none, fails.
func (r *Rule) Test(ctx context.Context) []CaseResult {
	results := make([]CaseResult, len(r.cases))
	for i := range r.cases {
		results[i] = CaseResult{r.cases[i].name, r.cases[i].run(ctx, r, casePatience)}
	}
	return results
}

// run says why the case fails, "" if it does not.
func (c *testCase) run(ctx context.Context, r *Rule, patience time.Duration) string {
	if c.unresolved != "" {
		return "the file " + c.unresolved + " is not here: run the case where the file is, or bundle the rule"
	}
	var out bytes.Buffer
	summary, err := r.Run(ctx, bytes.NewReader(c.input), &out, Options{Patience: patience})
	var rejected *Rejected
	switch {
	case errors.As(err, &rejected) && c.hasErr:
		return c.mismatch(rejected)
	case err != nil && c.hasErr:
		return err.Error()
	case err != nil:
		return "failed: " + err.Error()
	case c.hasErr:
		return fmt.Sprintf("want the error %q, got %s", c.err, shorten(strings.TrimSpace(out.String()), most))
	case summary.Quarantined != c.quarantined:
		return fmt.Sprintf("want %d quarantined, got %d", c.quarantined, summary.Quarantined)
	case !c.hasOutput:
		return ""
	}
	got, err := r.decodeOutput(out.Bytes())
	if err != nil {
		return err.Error()
	}
	return difference("", c.output, got)
}

// mismatch says that no failure has the text that the case expects.
func (c *testCase) mismatch(r *Rejected) string {
	var texts []string
	for _, f := range r.Failures {
		if strings.Contains(f.Error(), c.err) {
			return ""
		}
		texts = append(texts, f.Error())
	}
	return fmt.Sprintf("want the error %q, got %s", c.err, shorten(strings.Join(texts, "\n"), most))
}
