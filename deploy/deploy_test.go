package deploy_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/runnel/runnel"
	"github.com/runnel/runnel/deploy"
)

// start runs a runtime until the test ends.
func start(t *testing.T) aws.Config {
	t.Helper()
	r, err := runnel.New(runnel.Config{Data: t.TempDir(), Listen: "127.0.0.1:0", Logger: slog.New(slog.DiscardHandler)})
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
	return r.AWS()
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

const queues = `
Parameters:
  Old: {Type: String, Default: a}
  Delay: {Type: Number, Default: 0}
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Delay}}
Outputs:
  Delay: {Value: !Ref Delay}
`

// A parameter keeps its former value, and one that the template has no longer
// is left out.
func TestParameters(t *testing.T) {
	cfg := start(t)
	steps := []struct {
		name, template string
		given          map[string]string
		delay          string
		unchanged      bool
	}{
		{"create", queues, map[string]string{"Old": "b", "Delay": "5"}, "5", false},
		{"same again", queues, nil, "5", true},
		{"given anew", queues, map[string]string{"Delay": "6"}, "6", false},
		{"removed", strings.Replace(queues, "  Old: {Type: String, Default: a}\n", "  New: {Type: String, Default: c}\n", 1) + "  New: {Value: !Ref New}\n", nil, "6", false},
	}
	for _, step := range steps {
		got, err := deploy.Deploy(t.Context(), &deploy.Template{Body: []byte(step.template)}, deploy.Options{AWS: cfg, Stack: "s", Parameters: step.given})
		if err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		if delay := output(got.Outputs, "Delay"); delay != step.delay || got.Unchanged != step.unchanged {
			t.Errorf("%s: delay %s, unchanged %v, want %s, %v", step.name, delay, got.Unchanged, step.delay, step.unchanged)
		}
	}
	_, err := deploy.Deploy(t.Context(), &deploy.Template{Body: []byte(queues)}, deploy.Options{AWS: cfg, Stack: "s", Parameters: map[string]string{"Nope": "1"}})
	if err == nil || !strings.Contains(err.Error(), "Parameters: [Nope] do not exist in the template") {
		t.Errorf("a parameter that nobody knows: %v", err)
	}
}

func output(outputs []types.Output, key string) string {
	for _, o := range outputs {
		if aws.ToString(o.OutputKey) == key {
			return aws.ToString(o.OutputValue)
		}
	}
	return ""
}

// A template longer than a request may carry goes by way of a bucket.
func TestLongTemplate(t *testing.T) {
	cfg := start(t)
	long := "Description: " + strings.Repeat("x", 1000) + "\n" + strings.Repeat("# a comment of some length, to make it longer\n", 2000) + queues
	if _, err := deploy.Deploy(t.Context(), &deploy.Template{Body: []byte(long)}, deploy.Options{AWS: cfg, Stack: "s"}); err != nil {
		t.Fatal(err)
	}
}

func TestNestedTemplates(t *testing.T) {
	cfg, dir := start(t), t.TempDir()
	write(t, dir, "inner.yaml", queues)
	write(t, dir, "middle.yaml", "Resources: {Inner: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: inner.yaml, Parameters: {Delay: 7}}}}\nOutputs: {Delay: {Value: !GetAtt Inner.Outputs.Delay}}")
	write(t, dir, "outer.yaml", "Resources: {Middle: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: ./middle.yaml}}}\nOutputs: {Delay: {Value: !GetAtt Middle.Outputs.Delay}}")
	outer, err := deploy.ReadTemplate(filepath.Join(dir, "outer.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := deploy.Deploy(t.Context(), outer, deploy.Options{AWS: cfg, Stack: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if delay := output(got.Outputs, "Delay"); delay != "7" {
		t.Errorf("the innermost stack's output is %q, want 7", delay)
	}
	if err := deploy.Delete(t.Context(), deploy.Options{AWS: cfg, Stack: "s"}); err != nil {
		t.Error(err)
	}
}

// What cannot be packed is refused with the resource's name, before anything
// is made.
func TestRefused(t *testing.T) {
	cfg, dir := start(t), t.TempDir()
	write(t, dir, "itself.yaml", "Resources: {Me: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: itself.yaml}}}")
	if err := os.Mkdir(filepath.Join(dir, "empty"), 0o755); err != nil {
		t.Fatal(err)
	}
	function := func(code string) string {
		return "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, Handler: x, CodeUri: " + code + "}}}"
	}
	for name, c := range map[string]struct{ template, want string }{
		"empty":           {"", "not a mapping"},
		"a list":          {"[1]", "not a mapping"},
		"not YAML":        {"a: [", "template: "},
		"names itself":    {"Resources: {Me: {Type: AWS::CloudFormation::Stack, Properties: {TemplateURL: itself.yaml}}}", "templates nest more than 16 deep"},
		"no such code":    {function("missing"), "F: CodeUri: "},
		"an empty folder": {function("empty"), "is an empty folder"},
	} {
		_, err := deploy.Deploy(t.Context(), &deploy.Template{Body: []byte(c.template), Dir: dir}, deploy.Options{AWS: cfg, Stack: "s"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
	stacks, err := cloudformation.NewFromConfig(cfg).ListStacks(t.Context(), &cloudformation.ListStacksInput{})
	if err != nil || len(stacks.StackSummaries) != 0 {
		t.Errorf("stacks: %v, %v", stacks, err)
	}
}

// A file of code that is no zip becomes one; a zip goes as it is; the same
// code is uploaded once.
func TestCodeFiles(t *testing.T) {
	cfg, dir := start(t), t.TempDir()
	var zipped bytes.Buffer
	z := zip.NewWriter(&zipped)
	w, err := z.Create("bootstrap")
	if err == nil {
		_, err = io.WriteString(w, "#!/bin/sh\n")
	}
	if err := errors.Join(err, z.Close()); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "code.zip", zipped.String())
	write(t, dir, "bootstrap", "#!/bin/sh\n")
	const function = "{Type: AWS::Serverless::Function, Properties: {Runtime: provided.al2023, Handler: x, CodeUri: "
	body := "Transform: AWS::Serverless-2016-10-31\nResources:\n  Zip: " + function + "code.zip}}\n  File: " + function + "bootstrap}}\n  Again: " + function + "./bootstrap}}\nOutputs: {Zip: {Value: !Ref Zip}, File: {Value: !Ref File}}"
	got, err := deploy.Deploy(t.Context(), &deploy.Template{Body: []byte(body), Dir: dir}, deploy.Options{AWS: cfg, Stack: "s"})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"Zip", "File"} {
		f, err := lambda.NewFromConfig(cfg).GetFunction(t.Context(), &lambda.GetFunctionInput{FunctionName: aws.String(output(got.Outputs, key))})
		if err != nil {
			t.Fatal(err)
		}
		if key == "Zip" && f.Configuration.CodeSize != int64(zipped.Len()) {
			t.Errorf("the zip has %d bytes, was uploaded with %d", zipped.Len(), f.Configuration.CodeSize)
		}
	}
	objects, err := s3.NewFromConfig(cfg).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("runnel-artifacts-000000000000-us-east-1")})
	if err != nil || len(objects.Contents) != 2 {
		t.Errorf("uploaded %v, %v, want two objects", objects, err)
	}
}
