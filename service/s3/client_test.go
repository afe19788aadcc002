package s3

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// shell runs the clients that people use against a listening service.
type shell struct {
	*fixture
	dir string
	env []string
	url string
}

func newShell(t *testing.T) *shell {
	if testing.Short() {
		t.Skip("starting the AWS clients takes seconds")
	}
	f := newFixture(t)
	srv := httptest.NewServer(f.mux)
	t.Cleanup(srv.Close)
	dir := t.TempDir()
	return &shell{fixture: f, dir: dir, url: srv.URL, env: append(os.Environ(),
		"AWS_ENDPOINT_URL="+srv.URL, "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=test", "AWS_REGION=us-east-1",
		"AWS_DEFAULT_REGION=us-east-1", "AWS_EC2_METADATA_DISABLED=true", "AWS_PAGER=", "HOME="+dir)}
}

func (s *shell) run(name string, args ...string) string {
	s.t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		s.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (s *shell) file(name string, data []byte) {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shell) same(a, b string) {
	s.t.Helper()
	x, y := must(os.ReadFile(filepath.Join(s.dir, a)))(s.t), must(os.ReadFile(filepath.Join(s.dir, b)))(s.t)
	if !bytes.Equal(x, y) {
		s.t.Errorf("%s (%d bytes) and %s (%d bytes) differ", a, len(x), b, len(y))
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	return b
}

// commandLines are the AWS CLIs, by what their --version says.
func commandLines(t *testing.T) map[string]string {
	found := map[string]string{}
	for _, path := range []string{"aws", "/usr/bin/aws", "/usr/local/bin/aws"} {
		out, err := exec.Command(path, "--version").CombinedOutput()
		if v, _, ok := strings.Cut(strings.TrimPrefix(string(out), "aws-cli/"), "."); err == nil && ok {
			found["v"+v] = path
		}
	}
	if len(found) == 0 {
		t.Skip("no AWS CLI on this machine")
	}
	return found
}

func TestCommandLine(t *testing.T) {
	for version, path := range commandLines(t) {
		t.Run(version, func(t *testing.T) { testCommandLine(newShell(t), path) })
	}
}

func testCommandLine(s *shell, aws string) {
	s3 := func(args ...string) string {
		s.t.Helper()
		return s.run(aws, append([]string{"--endpoint-url", s.url, "s3"}, args...)...)
	}
	api := func(args ...string) string {
		s.t.Helper()
		return s.run(aws, append([]string{"--endpoint-url", s.url, "s3api"}, args...)...)
	}
	s.file("big.bin", randomBytes(20<<20))
	for i := range 3 {
		s.file(fmt.Sprintf("dir/sub/%d ü.txt", i), []byte("file"))
	}
	s3("mb", "s3://data")
	s3("cp", "big.bin", "s3://data/big.bin", "--metadata", "Colour=blue")
	s3("cp", "s3://data/big.bin", "back.bin")
	s.same("big.bin", "back.bin")
	s3("cp", "dir", "s3://data/dir", "--recursive")
	if out := s3("ls", "s3://data/"); !strings.Contains(out, "PRE dir/") || !strings.Contains(out, "20971520 big.bin") {
		s.t.Errorf("ls: %s", out)
	}
	if out := s3("ls", "--recursive", "s3://data/dir/"); strings.Count(out, "ü.txt") != 3 {
		s.t.Errorf("ls --recursive: %s", out)
	}
	s3("sync", "s3://data/dir", "copy")
	s.same("dir/sub/2 ü.txt", "copy/sub/2 ü.txt")
	if out := s3("sync", "s3://data/dir", "copy"); out != "" {
		s.t.Errorf("a second sync did something: %s", out)
	}
	if out := api("head-object", "--bucket", "data", "--key", "big.bin"); !strings.Contains(out, `"colour": "blue"`) {
		s.t.Errorf("head-object: %s", out)
	}
	s3("mv", "s3://data/big.bin", "s3://data/moved.bin")
	api("get-object", "--bucket", "data", "--key", "moved.bin", "--range", "bytes=5-14", "part.bin")
	if part := must(os.ReadFile(filepath.Join(s.dir, "part.bin")))(s.t); len(part) != 10 {
		s.t.Errorf("a range of 10 bytes has %d", len(part))
	}
	presigned := must(http.Get(strings.TrimSpace(s3("presign", "s3://data/dir/sub/1 ü.txt"))))(s.t)
	defer presigned.Body.Close()
	if body, err := io.ReadAll(presigned.Body); string(body) != "file" {
		s.t.Errorf("the presigned URL gives %s: %q, %v", presigned.Status, body, err)
	}
	api("put-object-tagging", "--bucket", "data", "--key", "moved.bin", "--tagging", "TagSet=[{Key=a,Value=b}]")
	s3("rm", "s3://data/dir", "--recursive")
	if out := s3("ls", "--recursive", "s3://data"); strings.Count(out, "\n") != 1 {
		s.t.Errorf("ls after rm: %s", out)
	}
	s3("rb", "s3://data", "--force")
}

const boto = `
import boto3, filecmp, os
from boto3.s3.transfer import TransferConfig
s3 = boto3.client('s3')
s3.create_bucket(Bucket='boto')
config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=5 << 20)
s3.upload_file('big.bin', 'boto', 'a b/big ü.bin', Config=config, ExtraArgs={'Metadata': {'Colour': 'blue'}})
s3.download_file('boto', 'a b/big ü.bin', 'back.bin', Config=config)
assert filecmp.cmp('big.bin', 'back.bin', shallow=False)
head = s3.head_object(Bucket='boto', Key='a b/big ü.bin', ChecksumMode='ENABLED')
assert head['Metadata'] == {'colour': 'blue'}, head
assert head['ETag'].endswith('-4"'), head
s3.put_object(Bucket='boto', Key='small', Body=b'hello', ChecksumAlgorithm='SHA256')
assert s3.get_object(Bucket='boto', Key='small', ChecksumMode='ENABLED')['Body'].read() == b'hello'
s3.copy({'Bucket': 'boto', 'Key': 'a b/big ü.bin'}, 'boto', 'copy', Config=config)
attributes = s3.get_object_attributes(Bucket='boto', Key='copy', ObjectAttributes=['Checksum', 'ObjectParts', 'ObjectSize'])
assert attributes['ObjectSize'] == 20 << 20, attributes
keys = [o['Key'] for page in s3.get_paginator('list_objects_v2').paginate(Bucket='boto', PaginationConfig={'PageSize': 1}) for o in page['Contents']]
assert keys == ['a b/big ü.bin', 'copy', 'small'], keys
try:
    s3.head_object(Bucket='boto', Key='absent')
    raise AssertionError('there is no such object')
except s3.exceptions.ClientError as e:
    assert e.response['Error']['Code'] == '404', e.response
s3.delete_objects(Bucket='boto', Delete={'Objects': [{'Key': k} for k in keys]})
s3.delete_bucket(Bucket='boto')
try:
    s3.list_objects_v2(Bucket='boto')
    raise AssertionError('there is no such bucket')
except s3.exceptions.NoSuchBucket:
    pass
`

func TestBoto3(t *testing.T) {
	if err := exec.Command("python3", "-c", "import boto3").Run(); err != nil {
		t.Skip("no boto3 on this machine")
	}
	s := newShell(t)
	s.file("big.bin", randomBytes(20<<20))
	s.run("python3", "-c", boto)
}
