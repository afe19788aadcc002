package page_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel"
	"github.com/runnel/runnel/deploy"
	"github.com/runnel/runnel/functions"
	"github.com/runnel/runnel/functions/environment"
)

// TestMain lets the test binary be the pipeline's functions, which the runtime
// starts as processes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "function" {
		fmt.Fprintln(os.Stderr, functions.Start(context.Background()))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// A pipeline is one that is deployed to a runtime of its own.
type pipeline struct {
	page string // its address
	s3   *s3.Client
	out  map[string]string // of its stack
}

func startPipeline(t *testing.T) *pipeline {
	t.Helper()
	r, err := runnel.New(runnel.Config{
		Data: t.TempDir(), Listen: "127.0.0.1:0",
		Logger: slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, r.Close()); err != nil {
			t.Error(err)
		}
	})
	out := deployed(t, r.AWS())
	return &pipeline{page: local(t, r.Endpoint(), out["PageUrl"]), out: out, s3: environment.S3(r.AWS())}
}

// deployed deploys the pipeline, and returns the outputs of its stack.
func deployed(t *testing.T, cfg aws.Config) map[string]string {
	t.Helper()
	template, err := deploy.ReadTemplate("../../../pipelines/xml-transform/template.yaml")
	if err != nil {
		t.Fatal(err)
	}
	template.Builtin = func(dir string) bool { return path.Base(path.Clean(dir)) == "bootstrap" }
	result, err := deploy.Deploy(t.Context(), template, deploy.Options{Stack: "xml-transform", AWS: cfg})
	if err != nil {
		t.Fatal(err)
	}
	out := make(map[string]string)
	for _, o := range result.Outputs {
		out[aws.ToString(o.OutputKey)] = aws.ToString(o.OutputValue)
	}
	return out
}

// put puts a file into the bucket, as who does not use the API.
func (p *pipeline) put(t *testing.T, key, content string) {
	t.Helper()
	_, err := p.s3.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(p.out["XmlBucket"]), Key: &key, Body: strings.NewReader(content)})
	if err != nil {
		t.Fatal(err)
	}
}

// local is where an address of an API is on this machine. The template says where
// it is on AWS.
func local(t *testing.T, endpoint, url string) string {
	t.Helper()
	if strings.HasPrefix(url, endpoint) {
		return url
	}
	rest, ok := strings.CutPrefix(url, "https://")
	host, stage, _ := strings.Cut(rest, "/")
	id, _, isAPI := strings.Cut(host, ".execute-api.")
	if !ok || !isAPI || !strings.HasSuffix(url, "/") {
		t.Fatalf("the address of the page is %s", url)
	}
	return endpoint + "/restapis/" + id + "/" + strings.TrimSuffix(stage, "/") + "/_user_request_/"
}

// send makes a request as another client of the API would.
func send(t testing.TB, method, url, body string, header ...string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		t.Fatalf("%s %s: %d %s %v", method, url, res.StatusCode, b, err)
	}
	return string(b)
}
