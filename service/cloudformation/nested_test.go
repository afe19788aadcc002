package cloudformation_test

import (
	"bytes"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	s3api "github.com/aws/aws-sdk-go-v2/service/s3"
)

// upload puts a template into a bucket.
func (r *rig) upload(bucket, key, body string) {
	r.t.Helper()
	client := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3api.CreateBucketInput{Bucket: &bucket}); err != nil {
		r.t.Fatal(err)
	}
	_, err := client.PutObject(ctx, &s3api.PutObjectInput{Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte(body))})
	if err != nil {
		r.t.Fatal(err)
	}
}

const child = `
Parameters: {Delay: {Type: Number}, Names: {Type: CommaDelimitedList}}
Resources: {Q: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Delay, Tags: [{Key: first, Value: !Select [0, !Ref Names]}]}}}
Outputs: {Url: {Value: !Ref Q}}
`

const parent = `
Parameters: {Delay: {Type: Number, Default: 3}}
Resources:
  Child:
    Type: AWS::CloudFormation::Stack
    Properties:
      TemplateURL: https://s3.amazonaws.com/templates/child.yaml
      Parameters: {Delay: !Ref Delay, Names: [a, b]}
  After: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: child, Value: !GetAtt Child.Outputs.Url}]}}
Outputs: {Url: {Value: !GetAtt Child.Outputs.Url}}
`

func TestNestedStack(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.upload("templates", "child.yaml", child)
		st := r.create("top", parent)
		r.status(st, types.StackStatusCreateComplete)
		url := outputs(st)["Url"]
		if r.queueAttribute(url, "DelaySeconds") != "3" {
			t.Errorf("url %s", url)
		}
		nested := r.describe(r.resources("top")["Child"])
		if *nested.ParentId != *st.StackId || *nested.RootId != *st.StackId || !strings.HasPrefix(*nested.StackName, "top-Child-") {
			t.Errorf("nested %v", nested)
		}
		r.status(r.update("top", parent, "Delay", "4"), types.StackStatusUpdateComplete)
		if r.queueAttribute(url, "DelaySeconds") != "4" {
			t.Error("the nested stack was not updated")
		}
		r.status(r.update("top", parent, "Delay", "100000"), types.StackStatusUpdateRollbackComplete)
		if r.queueAttribute(url, "DelaySeconds") != "4" {
			t.Error("the nested stack was not rolled back")
		}
		r.status(r.delete("top"), types.StackStatusDeleteComplete)
		if got := r.queues(); len(got) > 0 {
			t.Errorf("queues %v", got)
		}
	})
}

// TestCancelNested: an update that is given up gives up that of a nested stack,
// which returns to what it was.
func TestCancelNested(t *testing.T) {
	hanging(t, "SetQueueAttributes", func(t *testing.T, r *rig, hang *atomic.Bool) {
		r.upload("templates", "child.yaml", child)
		url := outputs(r.create("top", parent))["Url"]
		hang.Store(true)
		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("top"), TemplateBody: aws.String(parent),
			Parameters: pairs([]string{"Delay", "4"})})
		if err != nil {
			t.Fatal(err)
		}
		hang.Store(false) // for further requests
		if _, err := r.CancelUpdateStack(ctx, &cfn.CancelUpdateStackInput{StackName: aws.String("top")}); err != nil {
			t.Fatal(err)
		}
		r.status(r.wait("top"), types.StackStatusUpdateRollbackComplete)
		r.status(r.describe(r.resources("top")["Child"]), types.StackStatusUpdateRollbackComplete)
		if got := r.queueAttribute(url, "DelaySeconds"); got != "3" {
			t.Errorf("delay %s", got)
		}
	})
}

func TestNestedStackFails(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.upload("templates", "child.yaml", strings.Replace(child, "!Ref Delay", "-1", 1))
		r.status(r.create("top", parent), types.StackStatusRollbackComplete)
		if h := strings.Join(r.history("top"), "\n"); !strings.Contains(h, "was not successfully created: The following resource(s) failed to create: [Q]. ") {
			t.Error(h)
		}
		if got := r.queues(); len(got) > 0 {
			t.Errorf("queues %v", got)
		}
	})
}

func TestTemplateURL(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.upload("templates", "dir/q.yaml", "Resources: {Q: {Type: AWS::SQS::Queue}}")
		for _, url := range []string{"https://templates.s3.amazonaws.com/dir/q.yaml", "https://s3.amazonaws.com/templates/dir/q.yaml",
			"https://templates.s3.eu-west-1.amazonaws.com/dir/q.yaml", "https://s3-eu-west-1.amazonaws.com/templates/dir/q.yaml",
			"http://localhost:4566/templates/dir/q.yaml", "http://templates.s3.localhost:4566/dir/q.yaml", "s3://templates/dir/q.yaml"} {
			if _, err := r.ValidateTemplate(ctx, &cfn.ValidateTemplateInput{TemplateURL: aws.String(url)}); err != nil {
				t.Errorf("%s: %v", url, err)
			}
		}
		for url, words := range map[string]string{"https://s3.amazonaws.com/templates/none": "S3 error: The specified key does not exist.",
			"ftp://x/y": "TemplateURL must be a supported URL.", "https://s3.amazonaws.com/": "TemplateURL must be a supported URL."} {
			_, err := r.ValidateTemplate(ctx, &cfn.ValidateTemplateInput{TemplateURL: aws.String(url)})
			refused(t, err, "ValidationError", words)
		}
	})
}
