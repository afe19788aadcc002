package runnel_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestXMLByCLI does what the system's own README does with the AWS CLI: it copies
// a folder into the bucket, finds the API, uploads to it, and reads a result.
func TestXMLByCLI(t *testing.T) {
	command, err := exec.LookPath("aws")
	if err != nil || testing.Short() {
		t.Skip("no AWS CLI in PATH, or -short")
	}
	t.Parallel()
	x := startXML(t)
	x.store("order", "catalogue", "invoice")
	dir := t.TempDir()
	for _, name := range []string{"order/a.xml", "order/deep/ü b.xml", "catalogue/c+d.xml", "invoice/e.xml", "order/bad.xml"} {
		sample, _, _ := strings.Cut(name, "/")
		if strings.Contains(name, "bad") {
			sample += "-bad"
		}
		file := filepath.Join(dir, "data", filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(xmlFile(t, "sample-data/"+sample+".xml")), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	run := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), command, append(args, "--endpoint-url", x.endpoint, "--region", "us-east-1", "--output", "text")...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=runnel", "AWS_SECRET_ACCESS_KEY=runnel", "AWS_PAGER=", "AWS_EC2_METADATA_DISABLED=true", "PYTHONIOENCODING=utf-8", "LC_ALL=C.UTF-8")
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("aws %s: %v: %s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	run("s3", "cp", "data", "s3://xml-data", "--recursive")
	for link, want := range map[string]string{
		"upload/order/a.xml":               "succeeded order 1",
		"upload/order/deep/%C3%BC%20b.xml": "succeeded order 1",
		"upload/catalogue/c+d.xml":         "succeeded catalogue 6",
		"upload/invoice/e.xml":             "succeeded invoice 1",
		"upload/order/bad.xml":             "failed order 0",
	} {
		f := x.ended(link)
		if got := fmt.Sprint(f.Status, " ", f.Rule.ID, " ", f.Records); got != want {
			t.Errorf("%s: %s, want %s", link, got, want)
		}
	}

	id := run("apigateway", "get-rest-apis", "--query", "items[].id")
	got := x.http("POST", x.endpoint+"/restapis/"+id+"/Prod/_user_request_/upload?file=data/data.xml&bucket=xml-data", "<data>1</data>")
	x.ended(x.taken(got).Result)
	run("s3api", "get-object", "--bucket", "json-data", "--key", "data/data.json", "data.json")
	if b := must(os.ReadFile(filepath.Join(dir, "data.json")))(t); string(b) != `{"data":"1"}`+"\n" {
		t.Errorf("data.json is %s", b)
	}
	run("s3", "cp", "data/order/a.xml", "s3://xml-data/in/a.xml", "--metadata", "rule=order")
	if f := x.ended("upload/in/a.xml"); f.Status != "succeeded" || f.Rule.ID != "order" {
		t.Errorf("by its metadata: %+v", f)
	}
}
