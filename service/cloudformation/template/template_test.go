package template

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// known answers for resources with their names.
type known struct{}

func (known) Ref(id string) (any, error)               { return "ref-" + id, nil }
func (known) GetAtt(id, attribute string) (any, error) { return id + "-" + attribute, nil }
func (known) Import(name string) (any, error)          { return "import-" + name, nil }

var env = Env{Account: "000000000000", Region: "us-east-1", StackName: "stack",
	StackID: "arn:aws:cloudformation:us-east-1:000000000000:stack/stack/1", Zones: []string{"us-east-1a", "us-east-1b"}}

// resolve takes a template through all steps and writes what comes out. Lines
// "# param NAME=VALUE" in the template are its parameters.
func resolve(body string) string {
	given := map[string]string{}
	for line := range strings.SplitSeq(body, "\n") {
		if param, ok := strings.CutPrefix(line, "# param "); ok {
			name, value, _ := strings.Cut(param, "=")
			given[name] = value
		}
	}
	plan, err := bind(body, given)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	out, err := evaluate(plan)
	if err != nil {
		return "error when evaluated: " + err.Error() + "\n"
	}
	text, _ := json.MarshalIndent(out, "", "  ")
	return string(text) + "\n"
}

func bind(body string, given map[string]string) (*Plan, error) {
	tree, err := Parse(body)
	if err != nil {
		return nil, err
	}
	if tree["Transform"] == LanguageExtensions {
		values, err := ParameterValues(tree, given)
		if err != nil {
			return nil, err
		}
		if tree, err = Expand(tree, values); err != nil {
			return nil, err
		}
	}
	t, err := Load(tree)
	if err != nil {
		return nil, err
	}
	return t.Bind(given, env, nil)
}

func evaluate(p *Plan) (map[string]any, error) {
	out := map[string]any{}
	for id, r := range p.Resources {
		props, err := p.Eval(r.Properties, known{})
		if err != nil {
			return nil, err
		}
		line := map[string]any{}
		if m, ok := props.(map[string]any); ok && len(m) > 0 {
			line["Properties"] = m
		}
		if len(p.Needs[id]) > 0 {
			line["Needs"] = p.Needs[id]
		}
		out[id] = line
	}
	for name, o := range p.Outputs {
		v, err := p.Eval(o.Value, known{})
		if err != nil {
			return nil, err
		}
		out["output "+name] = v
	}
	return out, nil
}

// TestEvalBudget: a template that refers to one long text very often is refused,
// not written out.
func TestEvalBudget(t *testing.T) {
	long := strings.Repeat("x", 4096)
	for name, c := range map[string]struct{ head, expression string }{
		"parameter": {"Parameters: {P: {Type: String, Default: " + long + "}}\n", "!Ref P"},
		"mapping":   {"Mappings: {M: {a: {b: [" + long + "]}}}\n", "!FindInMap [M, a, b]"},
	} {
		items := strings.Repeat("          - "+c.expression+"\n", evalBudget/len(long)+1)
		got := resolve(c.head + "Resources:\n  A:\n    Type: T\n    Properties:\n        X:\n" + items)
		if !strings.Contains(got, "the evaluated template is too large") {
			t.Errorf("%s: %.200s", name, got)
		}
	}
}

// TestShown hides parameters with NoEcho, alone and within other text.
func TestShown(t *testing.T) {
	plan, err := bind(`
Parameters: {P: {Type: String, NoEcho: true}, L: {Type: CommaDelimitedList, NoEcho: true}, Q: {Type: String}}
Mappings: {M: {secret: {k: v}}}
Resources:
  A: {Type: T, Properties: {Ref: !Ref P, List: !Ref L, Sub: !Sub "${P}-${Q}", Other: !Ref B}}
  B: {Type: T, Properties: {X: !FindInMap [M, !Ref P, k]}}
`, map[string]string{"P": "secret", "L": "a,b", "Q": "open"})
	if err != nil {
		t.Fatal(err)
	}
	v, err := plan.Shown(plan.Resources["A"].Properties, known{})
	text, _ := JSON(v)
	if want := `{"List":["****"],"Other":"ref-B","Ref":"****","Sub":"****-open"}`; text != want || err != nil {
		t.Errorf("got %s %v, want %s", text, err, want)
	}
	if v, err := plan.Shown(plan.Resources["B"].Properties, known{}); err == nil {
		t.Errorf("the key of a mapping is told by its value: %v", v)
	}
	if v, err := plan.Eval(plan.Resources["A"].Properties["Ref"], known{}); v != "secret" {
		t.Errorf("%v %v", v, err)
	}
}

// TestResolve runs every case of testdata: NAME.yaml or NAME.json is a template,
// NAME.want is what it says or how it is refused.
func TestResolve(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, path := range files {
		t.Run(filepath.Base(path), func(t *testing.T) { resolveFile(t, path) })
	}
}

func resolveFile(t *testing.T, path string) {
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{}
	for _, f := range archive.Files {
		want[f.Name] = string(f.Data)
	}
	fresh := &txtar.Archive{Comment: archive.Comment}
	for _, f := range archive.Files {
		name := strings.TrimSuffix(f.Name, filepath.Ext(f.Name))
		if filepath.Ext(f.Name) == ".want" {
			continue
		}
		got := resolve(string(f.Data))
		fresh.Files = append(fresh.Files, f, txtar.File{Name: name + ".want", Data: []byte(got)})
		if !*rewrite && got != want[name+".want"] {
			t.Errorf("%s:\n got %s\nwant %s", f.Name, got, want[name+".want"])
		}
	}
	if *rewrite {
		if err := os.WriteFile(path, txtar.Format(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
