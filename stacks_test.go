package runnel_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/deploy"
)

// template is a template without files beside it.
func template(body string) *deploy.Template { return &deploy.Template{Body: []byte(body)} }

// refused deploys a template that must fail, and returns why it did.
func (r *rig) refused(stack, body string) string {
	r.Helper()
	_, err := deploy.Deploy(r.Context(), template(body), deploy.Options{AWS: r.aws, Stack: stack})
	if err == nil {
		r.Fatalf("stack %s was deployed", stack)
	}
	return err.Error()
}

func (r *rig) status(stack string) types.StackStatus {
	r.Helper()
	out, err := r.stacks.DescribeStacks(r.Context(), &cloudformation.DescribeStacksInput{StackName: &stack})
	if code(err) == "ValidationError" {
		return ""
	}
	return must(out, err)(r).Stacks[0].StackStatus
}

func (r *rig) attribute(url, name string) string {
	r.Helper()
	out := must(r.sqs.GetQueueAttributes(r.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeNameAll}}))(r)
	return out.Attributes[name]
}

func (r *rig) queueIsThere(url string) bool {
	r.Helper()
	_, err := r.sqs.GetQueueAttributes(r.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &url})
	var none *sqstypes.QueueDoesNotExist
	if err != nil && !errors.As(err, &none) {
		r.Fatal(err)
	}
	return err == nil
}

// oneQueue is a stack of one queue, with what its lines say of it.
func oneQueue(properties ...string) string {
	return "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n    Properties:\n      " + strings.Join(properties, "\n      ") +
		"\nOutputs:\n  Url:\n    Value: !Ref Queue\n"
}

func TestStackUpdate(t *testing.T) {
	t.Parallel()
	r := start(t)
	first := r.deploy("s", template(oneQueue("QueueName: q1", "DelaySeconds: 5")))["Url"]
	inPlace := r.deploy("s", template(oneQueue("QueueName: q1", "DelaySeconds: 7")))["Url"]
	if inPlace != first || r.attribute(first, "DelaySeconds") != "7" {
		t.Errorf("in place: %s with a delay of %s", inPlace, r.attribute(first, "DelaySeconds"))
	}
	second := r.deploy("s", template(oneQueue("QueueName: q2", "DelaySeconds: 7")))["Url"]
	if second == first || !r.queueIsThere(second) || r.queueIsThere(first) {
		t.Errorf("replaced: %s is there: %t, %s is there: %t", second, r.queueIsThere(second), first, r.queueIsThere(first))
	}

	why := r.refused("s", oneQueue("QueueName: q2", "DelaySeconds: 901"))
	if !strings.Contains(why, "DelaySeconds") || r.status("s") != types.StackStatusUpdateRollbackComplete || r.attribute(second, "DelaySeconds") != "7" {
		t.Errorf("an update that fails: %s, %s, the delay is %s", why, r.status("s"), r.attribute(second, "DelaySeconds"))
	}
	if err := deploy.Delete(t.Context(), deploy.Options{AWS: r.aws, Stack: "s"}); err != nil {
		t.Error(err)
	}
	if r.status("s") != "" || r.queueIsThere(second) {
		t.Errorf("deleted, the stack is %q, the queue is there: %t", r.status("s"), r.queueIsThere(second))
	}
}

func TestStackRollback(t *testing.T) {
	t.Parallel()
	r := start(t)
	why := r.refused("s", `
Resources:
  First:
    Type: AWS::SQS::Queue
    Properties: {QueueName: first}
  Second:
    Type: AWS::SQS::Queue
    DependsOn: First
    Properties: {QueueName: second, VisibilityTimeout: 43201}
`)
	if !strings.Contains(why, "Second") || !strings.Contains(why, "VisibilityTimeout") {
		t.Errorf("it says: %s", why)
	}
	if s := r.status("s"); s != types.StackStatusRollbackComplete {
		t.Errorf("the stack is %s", s)
	}
	if list := must(r.sqs.ListQueues(t.Context(), &sqs.ListQueuesInput{}))(t); len(list.QueueUrls) != 0 {
		t.Errorf("left over: %v", list.QueueUrls)
	}
}

func TestStackExports(t *testing.T) {
	t.Parallel()
	r := start(t)
	const exporter = `
Parameters:
  Stage: {Type: String, Default: dev}
  Deep: {Type: String, Default: 'yes'}
Conditions:
  Prod: !Equals [!Ref Stage, prod]
  Deep: !And [!Not [!Condition Prod], !Or [!Equals [!Ref Deep, 'yes'], !Condition Prod]]
Resources:
  Always: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !If [Prod, 1, !If [Deep, 2, 3]]}}
  OnlyProd: {Type: AWS::SQS::Queue, Condition: Prod}
Outputs:
  Url: {Value: !Ref Always}
  Name: {Value: !GetAtt Always.QueueName, Export: {Name: !Sub '${Stage}-queue'}}
  ProdUrl: {Condition: Prod, Value: !Ref OnlyProd}
`
	out := r.deploy("exporter", template(exporter))
	if _, there := out["ProdUrl"]; there || r.attribute(out["Url"], "DelaySeconds") != "2" {
		t.Errorf("conditions: %v, delay %s", out, r.attribute(out["Url"], "DelaySeconds"))
	}
	const importer = `
Resources:
  Log: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: !Sub ['/queues/${Q}', {Q: !ImportValue dev-queue}]}}
Outputs:
  Log: {Value: !Ref Log}
`
	if got := r.deploy("importer", template(importer))["Log"]; got != "/queues/"+out["Name"] {
		t.Errorf("imported %q, exported %q", got, out["Name"])
	}
	err := deploy.Delete(t.Context(), deploy.Options{AWS: r.aws, Stack: "exporter"})
	if err == nil || !strings.Contains(err.Error(), "dev-queue") {
		t.Errorf("deleting an export that is in use: %v", err)
	}
	for _, stack := range []string{"importer", "exporter"} {
		if err := deploy.Delete(t.Context(), deploy.Options{AWS: r.aws, Stack: stack}); err != nil {
			t.Errorf("%s: %v", stack, err)
		}
	}
}

func TestChangeSet(t *testing.T) {
	t.Parallel()
	r := start(t)
	url := r.deploy("s", template(oneQueue("QueueName: q1", "DelaySeconds: 5")))["Url"]
	made := must(r.stacks.CreateChangeSet(t.Context(), &cloudformation.CreateChangeSetInput{
		StackName: aws.String("s"), ChangeSetName: aws.String("later"), TemplateBody: aws.String(oneQueue("QueueName: q2", "DelaySeconds: 5")),
	}))(t)
	in := &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id}
	if err := cloudformation.NewChangeSetCreateCompleteWaiter(r.stacks).Wait(t.Context(), in, patience); err != nil {
		t.Fatal(err)
	}
	set := must(r.stacks.DescribeChangeSet(t.Context(), in))(t)
	if len(set.Changes) != 1 || set.Changes[0].ResourceChange.Action != types.ChangeActionModify || set.Changes[0].ResourceChange.Replacement != types.ReplacementTrue {
		t.Errorf("changes: %+v", set.Changes)
	}
	if !r.queueIsThere(url) {
		t.Error("the queue is gone before the change set was executed")
	}
	must(r.stacks.ExecuteChangeSet(t.Context(), &cloudformation.ExecuteChangeSetInput{ChangeSetName: made.Id}))(t)
	if err := cloudformation.NewStackUpdateCompleteWaiter(r.stacks).Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("s")}, patience); err != nil {
		t.Fatal(err)
	}
	if r.queueIsThere(url) {
		t.Error("the queue is there after it was replaced")
	}
}

// TestStacksThatAskForTooMuch names what is not there.
func TestStacksThatAskForTooMuch(t *testing.T) {
	t.Parallel()
	r := start(t)
	for _, c := range []struct{ name, body, names string }{
		{"stream", "Resources: {S: {Type: 'AWS::Kinesis::Stream'}}", "AWS::Kinesis::Stream"},
		{"topic property", "Resources: {T: {Type: 'AWS::SNS::Topic', Properties: {Pigeon: grey}}}", "Pigeon"},
		{"property", oneQueue("QueueNam: q"), "QueueNam"},
		{"function event", "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function', Properties: {Runtime: provided.al2023, Handler: x, InlineCode: x, Events: {E: {Type: Kinesis, Properties: {Stream: s, StartingPosition: LATEST}}}}}}", "Kinesis"},
		{"reference", "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !Ref Nothing}}}", "Nothing"},
		{"attribute", "Resources: {Q: {Type: 'AWS::SQS::Queue'}}\nOutputs: {O: {Value: !GetAtt Q.Colour}}", "Colour"},
		{"circle", "Resources: {A: {Type: 'AWS::SQS::Queue', DependsOn: B}, B: {Type: 'AWS::SQS::Queue', DependsOn: A}}", "Circular dependency"},
		{"import", "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: !ImportValue nowhere}}}", "nowhere"},
		{"no resources", "Description: none", "Resources"},
		{"transform", "Transform: OwnMacro\nResources: {Q: {Type: 'AWS::SQS::Queue'}}", "OwnMacro"},
		{"function", "Resources: {Q: {Type: 'AWS::SQS::Queue', Properties: {QueueName: {'Fn::Length': [1]}}}}", "Fn::Length"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if why := r.in(t).refused("refused-"+strings.ReplaceAll(c.name, " ", "-"), c.body); !strings.Contains(why, c.names) {
				t.Errorf("it does not name %q: %s", c.names, why)
			}
		})
	}
	if list := must(r.sqs.ListQueues(t.Context(), &sqs.ListQueuesInput{}))(t); len(list.QueueUrls) != 0 {
		t.Errorf("left over: %v", list.QueueUrls)
	}
}
