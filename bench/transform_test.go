package main

import (
	"bytes"
	"testing"

	"github.com/runnel/runnel/pipelines/xml-transform/sampledata"
	"github.com/runnel/runnel/transform/rule"
)

// What is measured is what is meant: the peer makes the same JSON, and a rule
// that computes makes another than the one that does not.
func TestMeasuredAlike(t *testing.T) {
	for _, d := range sampledata.Documents() {
		t.Run(d.Name, func(t *testing.T) {
			var document bytes.Buffer
			if err := d.Write(&document, 2<<10); err != nil {
				t.Fatal(err)
			}
			runnel, err := runnelConverter(document.Bytes(), d.Name)
			if err != nil {
				t.Fatal(err)
			}
			if err := agree(t.Context(), []converter{runnel, standardConverter(document.Bytes())}); err != nil {
				t.Error(err)
			}
			plain, computed := resultOf(t, plainRules[d.Name], document.Bytes()), resultOf(t, computingRule(d.Name), document.Bytes())
			if plain == computed {
				t.Errorf("nothing is computed: %s", plain)
			}
		})
	}
}

func resultOf(t *testing.T, text string, document []byte) string {
	r, err := rule.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if _, err := r.Run(t.Context(), bytes.NewReader(document), &out, rule.Options{}); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestParseTimes(t *testing.T) {
	all, err := parseTimes("0.25 0.5\n1.5\n")
	if err != nil || len(all) != 2 || len(all[0]) != 2 || all[0][1].Seconds() != 0.5 || all[1][0].Seconds() != 1.5 {
		t.Errorf("%v, %v", all, err)
	}
	if _, err := parseTimes("quick\n"); err == nil {
		t.Error("what is no number is taken")
	}
}

func TestIncludeCountsDescendantsAlone(t *testing.T) {
	var w watched
	w.include(10, map[int]process{
		1:  {own: 1 << 20},
		10: {parent: 1, own: 20 << 10},
		11: {parent: 10, own: 30 << 10}, // a function
		12: {parent: 11, own: 40 << 10}, // what it started
		13: {parent: 10},                // has ended
		20: {parent: 1, own: 1 << 20},   // somebody else
	})
	if want := (watched{runtime: 20, functions: 2, together: 70, largest: 40}); w != want {
		t.Errorf("%+v, want %+v", w, want)
	}
}
