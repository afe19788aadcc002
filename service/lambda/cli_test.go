package lambda

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestCLI is a session of the AWS CLI, whose waiters, blobs and headers differ
// from the SDK's for Go.
func TestCLI(t *testing.T) {
	aws, err := exec.LookPath("aws")
	if err != nil || testing.Short() {
		t.Skip("no AWS CLI in PATH, or -short")
	}
	t.Parallel()
	r := newRig(t)
	server := httptest.NewServer(r.mux)
	defer server.Close()
	dir := t.TempDir()
	for name, data := range map[string][]byte{"f.zip": selfZip(t), "event.json": []byte(`{"a":[1,2]}`)} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, queue := r.createQueue("q", nil)
	run := func(args string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), aws, append(strings.Fields(args), "--endpoint-url", server.URL, "--output", "text")...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION="+region, "AWS_DEFAULT_REGION="+region, "AWS_PAGER=")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Errorf("aws %s: %v", args, err)
		}
		return strings.TrimSpace(string(out))
	}
	for _, step := range []struct{ args, want string }{
		{"lambda create-function --function-name f --runtime provided.al2023 --handler echo --role " + role + " --zip-file fileb://f.zip --timeout 20 --query State", "Active"},
		{"lambda invoke --function-name f --payload fileb://event.json --log-type Tail out.json --query StatusCode", "200"},
		{"lambda create-event-source-mapping --function-name f --event-source-arn " + queue + " --query State", "Creating"},
		{"lambda untag-resource --resource arn:aws:lambda:us-east-1:000000000000:function:f --tag-keys a b", ""},
	} {
		if got := run(step.args); got != step.want && step.want != "" {
			t.Errorf("aws %s: got %q", step.args, got)
		}
	}
	if out, err := os.ReadFile(filepath.Join(dir, "out.json")); string(out) != `{"a":[1,2]}` {
		t.Errorf("out.json holds %s, %v", out, err)
	}
}
