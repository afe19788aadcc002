package xmltransform_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	xmltransform "github.com/runnel/runnel/pipelines/xml-transform"
	"github.com/runnel/runnel/pipelines/xml-transform/sampledata"
	"github.com/runnel/runnel/transform/rule"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := xmltransform.Files.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func ruleOf(t *testing.T, id string) *rule.Rule {
	t.Helper()
	r, err := rule.Parse(read(t, "rules/"+id+".json"))
	if err != nil || r.ID != id {
		t.Fatalf("rule %s: %v", id, err)
	}
	return r
}

// The rules pass their cases, nothing about them is doubtful, and they take what
// they are for, of any size.
func TestRules(t *testing.T) {
	for _, d := range sampledata.Documents() {
		r := ruleOf(t, d.Name)
		for _, c := range r.Test(t.Context()) {
			if c.Reason != "" {
				t.Errorf("%s: %s: %s", d.Name, c.Name, c.Reason)
			}
		}
		if problems := r.Lint(); len(problems) > 0 {
			t.Errorf("%s: %v", d.Name, problems)
		}
		for _, size := range []int64{1 << 10, 50 << 10, 1 << 20} {
			var document bytes.Buffer
			if err := d.Write(&document, size); err != nil {
				t.Fatal(err)
			}
			summary, err := r.Run(t.Context(), &document, io.Discard, rule.Options{})
			if err != nil || summary.Records == 0 || summary.Quarantined > 0 {
				t.Errorf("%s of %d bytes: %+v, %v", d.Name, size, summary, err)
			}
		}
	}
}

func TestBadSamples(t *testing.T) {
	var rejected *rule.Rejected
	_, err := ruleOf(t, "order").Run(t.Context(), bytes.NewReader(read(t, "sample-data/order-bad.xml")), io.Discard, rule.Options{})
	if !errors.As(err, &rejected) || rejected.Failures[0].Line != 10 {
		t.Errorf("order-bad: %v", err)
	}
	summary, err := ruleOf(t, "catalogue").Run(t.Context(), bytes.NewReader(read(t, "sample-data/catalogue-bad.xml")), io.Discard, rule.Options{})
	if want := (rule.Summary{Records: 2, Quarantined: 3}); summary != want || err != nil {
		t.Errorf("catalogue-bad: %+v, %v", summary, err)
	}
}
