package pattern

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestModel compares the matcher with one that takes all lists apart first: an
// event matches if one of the events matches that have of each list one item.
func TestModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p, e := drawPattern(3).Draw(t, "pattern"), drawObject(3).Draw(t, "event")
		if rapid.Bool().Draw(t, "with alternatives") {
			alternatives := rapid.SliceOfN(drawPattern(2), 2, 3).Draw(t, "alternatives")
			if !slices.ContainsFunc(alternatives, func(a map[string]any) bool { return clash(p, a) }) {
				p["$or"] = alternatives
			}
		}
		text, _ := json.Marshal(p)
		body, _ := json.Marshal(e)
		compiled, err := Compile(string(text), EventBridge)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		got, err := compiled.MatchJSON(body)
		if err != nil {
			t.Fatal(err)
		}
		if want := naive(p, e); got != want {
			t.Fatalf("%s on %s: %v, want %v", text, body, got, want)
		}
	})
}

// clash reports whether both have rules for one value. Of a list, two items may
// meet them, where the model would have one meet both.
func clash(p, q map[string]any) bool {
	for name, have := range p {
		also, ok := q[name]
		if !ok {
			continue
		}
		a, deepA := have.(map[string]any)
		b, deepB := also.(map[string]any)
		if !deepA || !deepB || clash(a, b) {
			return true
		}
	}
	return false
}

func drawPattern(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		p := make(map[string]any)
		for range rapid.IntRange(1, 3).Draw(t, "fields") {
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "name")
			if depth > 1 && rapid.Bool().Draw(t, "deeper") {
				p[name] = drawPattern(depth-1).Draw(t, "object")
			} else {
				p[name] = rapid.SliceOfN(rapid.SampledFrom([]any{
					1, 2, "x", "y", nil, true, map[string]any{"exists": true}, map[string]any{"exists": false},
					map[string]any{"anything-but": "x"}, map[string]any{"prefix": "x"},
				}), 1, 2).Draw(t, "rules")
			}
		}
		return p
	})
}

func drawObject(depth int) *rapid.Generator[map[string]any] {
	return rapid.Custom(func(t *rapid.T) map[string]any {
		return rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c"}), drawValue(depth), 0, 3).Draw(t, "object")
	})
}

func drawValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kind := rapid.IntRange(0, 3).Draw(t, "kind")
		switch {
		case depth > 0 && kind == 0:
			return drawObject(depth-1).Draw(t, "object")
		case depth > 0 && kind == 1:
			return rapid.SliceOfN(drawValue(depth-1), 0, 2).Draw(t, "list")
		}
		return rapid.SampledFrom([]any{1, 2, "x", "xy", nil, true}).Draw(t, "value")
	})
}

func naive(p, e map[string]any) bool {
	all := make(map[string]bool)
	for _, flat := range flatten("", e) {
		for path := range flat {
			all[path] = true
		}
	}
	for _, flat := range flatten("", e) {
		if naiveFlat(p, "", flat, all) {
			return true
		}
	}
	return false
}

// flatten is v as maps of paths to values, one map for each choice of items.
func flatten(path string, v any) []map[string]any {
	switch v := v.(type) {
	case []any:
		var out []map[string]any
		for _, item := range v {
			out = append(out, flatten(path, item)...)
		}
		if len(v) == 0 {
			out = append(out, map[string]any{})
		}
		return out
	case map[string]any:
		out := []map[string]any{{}}
		for name, field := range v {
			var next []map[string]any
			for _, choice := range flatten(path+"."+name, field) {
				for _, before := range out {
					both := make(map[string]any)
					for k, v := range before {
						both[k] = v
					}
					for k, v := range choice {
						both[k] = v
					}
					next = append(next, both)
				}
			}
			out = next
		}
		return out
	}
	return []map[string]any{{path: v}}
}

func naiveFlat(p map[string]any, path string, flat map[string]any, all map[string]bool) bool {
	for name, sub := range p {
		if alternatives, ok := sub.([]map[string]any); ok {
			if !slices.ContainsFunc(alternatives, func(a map[string]any) bool { return naiveFlat(a, path, flat, all) }) {
				return false
			}
			continue
		}
		at := path + "." + name
		if object, ok := sub.(map[string]any); ok {
			if !naiveFlat(object, at, flat, all) {
				return false
			}
			continue
		}
		v, present := flat[at]
		found := false
		for _, rule := range sub.([]any) {
			found = found || naiveRule(rule, v, present, all[at])
		}
		if !found {
			return false
		}
	}
	return true
}

func naiveRule(rule, v any, here, anywhere bool) bool {
	op, ok := rule.(map[string]any)
	if !ok {
		return here && fmt.Sprintf("%T%v", rule, rule) == fmt.Sprintf("%T%v", v, v)
	}
	text, _ := v.(string)
	switch {
	case op["exists"] == false:
		return !anywhere
	case op["prefix"] != nil:
		return here && strings.HasPrefix(text, "x")
	case op["anything-but"] != nil:
		return here && text != "x"
	}
	return here
}

// TestWildcardModel compares wildcards with regular expressions.
func TestWildcardModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ab]{0,3}(\*[ab]{1,3}){0,3}\*?`).Draw(t, "wildcard")
		s := rapid.StringMatching(`[ab]{0,12}`).Draw(t, "s")
		w, err := compileWildcard(text)
		if err != nil {
			t.Fatal(err)
		}
		want := regexp.MustCompile("^" + strings.ReplaceAll(text, "*", ".*") + "$").MatchString(s)
		if got := w.match(s); got != want {
			t.Fatalf("%q on %q: %v", text, s, got)
		}
	})
}

func FuzzMatch(f *testing.F) {
	f.Add(`{"a": [1, {"numeric": [">", 0]}], "$or": [{"b": [{"wildcard": "x*y"}]}, {"c": [{"exists": false}]}]}`, `{"a": [1], "b": "xy"}`)
	f.Add(`{"a": {"b": [{"cidr": "::/0"}, {"anything-but": {"suffix": "x"}}]}}`, `{"a": [{"b": null}, []]}`)
	f.Add(`{"a": [{"prefix": {"equals-ignore-case": "ſ"}}]}`, `{"a": "S\udc00"}`)
	f.Fuzz(func(t *testing.T, pattern, event string) {
		for _, d := range []Dialect{Lambda, EventBridge, SNSAttributes, SNSBody} {
			p, err := Compile(pattern, d)
			if err != nil {
				if _, ok := err.(*Error); !ok {
					t.Errorf("%T", err)
				}
				continue
			}
			a, errA := p.MatchJSON([]byte(event))
			b, errB := p.MatchJSON([]byte(event))
			if a != b || (errA == nil) != (errB == nil) {
				t.Error("two answers to one question")
			}
		}
	})
}
