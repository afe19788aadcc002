package sam

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel/runnel/service/cloudformation/template"
)

var rewrite = flag.Bool("rewrite", false, "write the golden files anew")

// parameters are the defaults of a template's parameters.
func parameters(tree map[string]any) map[string]string {
	values := map[string]string{}
	all, _ := tree["Parameters"].(map[string]any)
	for name, v := range all {
		p, _ := v.(map[string]any)
		if text, ok := template.Text(p["Default"]); ok {
			values[name] = text
		}
	}
	return values
}

func transformFile(t *testing.T, path string) (map[string]any, error) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := template.Parse(string(body))
	if err != nil {
		t.Fatal(err)
	}
	return Transform(tree, parameters(tree))
}

func templates(t *testing.T) []string {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	return files
}

func TestTransform(t *testing.T) {
	for _, path := range templates(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".yaml"), func(t *testing.T) {
			out, err := transformFile(t, path)
			if err != nil {
				t.Fatal(err)
			}
			got, err := json.MarshalIndent(out, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := strings.TrimSuffix(path, ".yaml") + ".json"
			if *rewrite {
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if string(got)+"\n" != string(want) {
				t.Errorf("differs from %s:\n%s", golden, got)
			}
			if _, err := template.Load(out); err != nil {
				t.Errorf("the result is no template: %v", err)
			}
		})
	}
}

func readSeed(name string) (string, error) {
	body, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	return string(body), err
}
