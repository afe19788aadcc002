package cloudformation_test

import (
	"context"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/runnel/runnel/store/storetest"
)

// TestCLI deploys as people do, with every AWS CLI that is installed: package
// uploads the nested template, deploy goes through a change set and its waiters.
func TestCLI(t *testing.T) {
	var found []string
	for _, name := range []string{"aws", "/usr/bin/aws"} {
		if path, err := exec.LookPath(name); err == nil {
			found = append(found, path)
		}
	}
	if len(found) == 0 {
		t.Skip("the AWS CLI is not installed")
	}
	for _, path := range found {
		t.Run(filepath.Dir(path), func(t *testing.T) { deploy(t, path) })
	}
}

// cli runs the AWS CLI against a server, with nothing of the user's own.
type cli struct {
	t         *testing.T
	path, url string
	dir       string
}

func (c cli) run(args ...string) (string, error) {
	run, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(run, c.path, append([]string{"--endpoint-url", c.url}, args...)...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_DEFAULT_REGION=us-east-1", "AWS_ENDPOINT_URL="+c.url,
		"AWS_PAGER=", "AWS_CONFIG_FILE="+filepath.Join(c.dir, "none"), "AWS_SHARED_CREDENTIALS_FILE="+filepath.Join(c.dir, "none"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c cli) must(args ...string) string {
	c.t.Helper()
	out, err := c.run(args...)
	if err != nil {
		c.t.Fatalf("aws %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// packages says whether the CLI can send what it packages to another endpoint:
// version 1 can, version 2 from 2.13 on.
func (c cli) packages() bool {
	version, _, _ := strings.Cut(strings.TrimPrefix(c.must("--version"), "aws-cli/"), " ")
	parts := strings.Split(version, ".")
	minor, err := strconv.Atoi(parts[1])
	return err == nil && (parts[0] == "1" || minor >= 13)
}

func deploy(t *testing.T, path string) {
	r := start(t, storetest.NewDisk(), nil)
	defer r.stop()
	server := httptest.NewServer(r.mux)
	defer server.Close()
	c := cli{t, path, server.URL, t.TempDir()}
	write := func(name, body string) {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("child.yaml", child)
	top := strings.Replace(parent, "https://s3.amazonaws.com/templates/child.yaml", "child.yaml", 1)
	write("top.yaml", "Transform: AWS::Serverless-2016-10-31"+strings.Replace(top, "Resources:", `Resources:
  F:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: src
      Runtime: python3.12
      Handler: index.handler
      Events: {Get: {Type: Api, Properties: {Path: /x, Method: get}}}`, 1))
	if err := os.Mkdir(filepath.Join(c.dir, "src"), 0o700); err != nil {
		t.Fatal(err)
	}
	write("src/index.py", "def handler(event, context):\n    return {}\n")
	c.must("s3", "mb", "s3://code")
	if c.packages() {
		c.must("cloudformation", "package", "--template-file", "top.yaml", "--s3-bucket", "code", "--output-template-file", "out.yaml")
	} else {
		c.must("s3", "cp", "child.yaml", "s3://code/child.yaml")
		write("out.yaml", strings.Replace(parent, "/templates/", "/code/", 1))
	}
	c.must("cloudformation", "validate-template", "--template-body", "file://out.yaml")
	if c.packages() {
		if out, err := c.run("cloudformation", "deploy", "--template-file", "out.yaml", "--stack-name", "top"); !strings.Contains(out, "Requires capabilities : [CAPABILITY_IAM]") {
			t.Error(out, err)
		}
	}
	deploy := []string{"cloudformation", "deploy", "--template-file", "out.yaml", "--stack-name", "top", "--tags", "team=iot", "--capabilities", "CAPABILITY_IAM"}
	c.must(append(deploy, "--parameter-overrides", "Delay=7")...)
	out := c.must("cloudformation", "describe-stacks", "--stack-name", "top", "--query", "Stacks[0].[StackStatus,Tags[0].Value]", "--output", "text")
	if strings.Join(strings.Fields(out), " ") != "CREATE_COMPLETE iot" {
		t.Error(out)
	}
	if out, err := c.run(deploy...); !strings.Contains(out, "No changes to deploy") {
		t.Error(out, err)
	}
	c.must(append(deploy, "--parameter-overrides", "Delay=8")...)
	if out := c.must("cloudformation", "describe-stack-events", "--stack-name", "top", "--max-items", "1", "--output", "text"); !strings.Contains(out, "UPDATE_COMPLETE") {
		t.Error(out)
	}
	if out, err := c.run("cloudformation", "create-stack", "--stack-name", "top", "--template-body", "file://out.yaml",
		"--capabilities", "CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"); err == nil ||
		!strings.Contains(out, "An error occurred (AlreadyExistsException) when calling the CreateStack operation: Stack [top] already exists") {
		t.Error(out, err)
	}
	r.delete("top")
}
