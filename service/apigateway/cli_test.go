package apigateway_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/runnel/runnel/store/storetest"
)

// TestCLI is a session of the AWS CLI and of a client that has no SDK, over a
// real connection.
func TestCLI(t *testing.T) {
	command, err := exec.LookPath("aws")
	if err != nil || testing.Short() {
		t.Skip("no AWS CLI in PATH, or -short")
	}
	t.Parallel()
	b := start(t, storetest.Open(t))
	server := httptest.NewServer(b.mux)
	defer server.Close()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "api.json"), []byte(document(t, "testdata/import/sam.txt")), 0o644); err != nil {
		t.Fatal(err)
	}
	api := ""
	for _, step := range []struct{ args, want string }{
		{"import-rest-api --body fileb://api.json --parameters endpointConfigurationTypes=REGIONAL --fail-on-warnings --query id", ""},
		{"get-rest-apis --query items[].[name,endpointConfiguration.types[0],binaryMediaTypes[0]]", "shop\tREGIONAL\timage/png"},
		{"get-resources --rest-api-id API --query length(items)", "4"},
		{"update-rest-api --rest-api-id API --patch-operations op=replace,path=/description,value=things op=add,path=/binaryMediaTypes/a~1b --query description", "things"},
		{"create-deployment --rest-api-id API --stage-name Prod --variables a=1 --query length(id)", "6"},
		{"untag-resource --resource-arn arn:aws:apigateway:us-east-1::/restapis/API/stages/Prod --tag-keys x y", ""},
		{"put-rest-api --rest-api-id API --mode overwrite --body fileb://api.json --query name", "shop"},
	} {
		args := strings.Fields("apigateway " + strings.ReplaceAll(step.args, "API", api))
		cmd := exec.CommandContext(t.Context(), command, append(args, "--endpoint-url", server.URL, "--output", "text")...)
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION="+region, "AWS_PAGER=")
		out, err := cmd.CombinedOutput()
		got := strings.TrimSpace(string(out))
		if err != nil || step.want != "" && got != step.want {
			t.Fatalf("aws %s: %v: got %q, want %q", step.args, err, got, step.want)
		}
		if api == "" {
			api = got
		}
	}
	res := must[*http.Response](t)(http.Post(server.URL+"/restapis/"+api+"/Prod/_user_request_/message?time=1", "application/json", strings.NewReader("{}")))
	defer res.Body.Close()
	if body := must[[]byte](t)(io.ReadAll(res.Body)); res.StatusCode != 200 || string(body) != "ok" {
		t.Errorf("%d %s", res.StatusCode, body)
	}
	if event := string(b.functions.last().Payload); !strings.Contains(event, `"userAgent":"Go-http-client/1.1"`) || !strings.Contains(event, `"sourceIp":"127.0.0.1"`) {
		t.Error(event)
	}
}

func BenchmarkExecute(b *testing.B) {
	r := start(b, storetest.Open(b))
	api := r.imported(proxies)
	url := "http://localhost/restapis/" + *api + "/Prod/_user_request_/message/2019?time=1"
	for b.Loop() {
		r.functions.calls, r.functions.names = r.functions.calls[:0], r.functions.names[:0]
		w := httptest.NewRecorder()
		r.svc.Handler().ServeHTTP(w, httptest.NewRequest("GET", url, nil))
		if w.Code != 200 {
			b.Fatal(w.Code)
		}
	}
}
