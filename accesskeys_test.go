package runnel

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestReadAccessKeys(t *testing.T) {
	a, b := accessKey{"A", "sa", ""}, accessKey{"B", "s=b/+", "tb"}
	for name, c := range map[string]struct {
		file string
		want []accessKey
		err  string
	}{
		"one":                   {"[default]\naws_access_key_id = A\naws_secret_access_key = sa\n", []accessKey{a}, ""},
		"the secret first":      {"[default]\naws_secret_access_key=sa\naws_access_key_id=A", []accessKey{a}, ""},
		"no profile":            {"aws_access_key_id=A\naws_secret_access_key=sa", []accessKey{a}, ""},
		"two and a token":       {"# mine\n[a]\naws_access_key_id=A\naws_secret_access_key=sa\n\n[b]\naws_session_token=tb\naws_access_key_id=B\naws_secret_access_key=s=b/+\n", []accessKey{a, b}, ""},
		"a profile without any": {"[r]\nrole_arn=arn:aws:iam::000000000000:role/r\n[a]\naws_access_key_id=A\naws_secret_access_key=sa\n", []accessKey{a}, ""},
		"empty":                 {"", nil, "no aws_access_key_id and aws_secret_access_key in it"},
		"no secret":             {"[a]\naws_access_key_id=A\n", nil, "aws_access_key_id without an aws_secret_access_key in its profile"},
		"no id":                 {"[a]\naws_secret_access_key=sa\n", nil, "aws_secret_access_key without an aws_access_key_id in its profile"},
		"halves of two":         {"[a]\naws_access_key_id=A\n[b]\naws_secret_access_key=s\n", nil, "aws_access_key_id without"},
		"one line too long":     {strings.Repeat("x", 1<<20), nil, "too long"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "credentials")
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := readAccessKeys(file)
			want := accessKeys{}
			for _, k := range c.want {
				want[k.id] = k
			}
			switch {
			case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
				t.Errorf("%v, want %q", err, c.err)
			case c.err == "" && (err != nil || !maps.Equal(got, want)):
				t.Errorf("got %v (%v), want %v", got, err, want)
			}
		})
	}
}
