package sam

import (
	"encoding/json"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// translate is what AWS's own translator makes of a template, as JSON.
const translate = `
import json, os, sys
os.environ['AWS_DEFAULT_REGION'] = 'us-east-1'
from samtranslator.yaml_helper import yaml_parse
from samtranslator.translator.translator import Translator
from samtranslator.parser.parser import Parser
document = yaml_parse(open(sys.argv[1]).read())
print(json.dumps(Translator({}, Parser()).translate(document, {})))
`

// TestPeer compares with AWS's translator where that is installed. What may
// differ is normalized: see normalize.
func TestPeer(t *testing.T) {
	if err := exec.Command("python3", "-c", "import samtranslator").Run(); err != nil {
		t.Skip("the python package aws-sam-translator is not installed: ", err)
	}
	for _, path := range templates(t) {
		t.Run(path, func(t *testing.T) {
			out, err := exec.Command("python3", "-c", translate, path).Output()
			if err != nil {
				t.Fatalf("%v: %s", err, err.(*exec.ExitError).Stderr)
			}
			peer, err := template.ParseValue(string(out))
			if err != nil {
				t.Fatal(err)
			}
			ours, err := transformFile(t, path)
			if err != nil {
				t.Fatal(err)
			}
			got, want := normalize(t, ours), normalize(t, peer)
			for _, section := range []string{"Resources", "Outputs", "Conditions"} {
				compare(t, section, got[section], want[section])
			}
		})
	}
}

func compare(t *testing.T, at string, got, want any) {
	g, ok1 := got.(map[string]any)
	w, ok2 := want.(map[string]any)
	if !ok1 || !ok2 {
		if !same(got, want) {
			a, _ := json.Marshal(got)
			b, _ := json.Marshal(want)
			t.Errorf("%s:\n got %s\nwant %s", at, a, b)
		}
		return
	}
	for _, key := range slices.Compact(slices.Sorted(slices.Values(append(template.Keys(g), template.Keys(w)...)))) {
		compare(t, at+"/"+key, g[key], w[key])
	}
}

var (
	deploymentHash = regexp.MustCompile(`(Deployment|deployment id: )[0-9a-f]{10,40}`)
	subVariables   = regexp.MustCompile(`\$\{([a-z])`)
)

// normalize takes out what is allowed to differ: the hash of a deployment (AWS
// takes it from Python's print of a dictionary), the order of dependencies, the
// spelling of the variables in policy templates, and empty properties.
func normalize(t *testing.T, v any) map[string]any {
	text, err := template.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	text = deploymentHash.ReplaceAllString(text, "$1")
	out, err := template.ParseValue(subVariables.ReplaceAllStringFunc(text, strings.ToUpper))
	if err != nil {
		t.Fatal(err)
	}
	return tidy(out).(map[string]any)
}

func tidy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, item := range v {
			v[key] = tidy(item)
			if list, ok := item.([]any); ok && key == "DependsOn" {
				slices.SortFunc(list, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
			}
			if key == "Fn::Sub" {
				v[key] = upperVariables(v[key])
			}
			if m, ok := v[key].(map[string]any); ok && len(m) == 0 && key == "Properties" {
				delete(v, key)
			}
		}
		if depends, ok := v["DependsOn"].(string); ok {
			v["DependsOn"] = []any{depends}
		}
	case []any:
		for i, item := range v {
			v[i] = tidy(item)
		}
	}
	return v
}

func upperVariables(v any) any {
	list, ok := v.([]any)
	if !ok || len(list) != 2 {
		return v
	}
	out := map[string]any{}
	for name, value := range list[1].(map[string]any) {
		out[strings.ToUpper(name[:1])+name[1:]] = value
	}
	return []any{list[0], out}
}
