package cloudformation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	sqsapi "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func (r *rig) queueAttribute(url, name string) string {
	r.t.Helper()
	out, err := sqsapi.NewFromConfig(r.aws).GetQueueAttributes(ctx, &sqsapi.GetQueueAttributesInput{QueueUrl: &url,
		AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeName(name)}})
	if err != nil {
		r.t.Fatal(err)
	}
	return out.Attributes[name]
}

func (r *rig) queues() []string {
	r.t.Helper()
	out, err := sqsapi.NewFromConfig(r.aws).ListQueues(ctx, &sqsapi.ListQueuesInput{})
	if err != nil {
		r.t.Fatal(err)
	}
	names := []string{}
	for _, url := range out.QueueUrls {
		names = append(names, url[strings.LastIndexByte(url, '/')+1:])
	}
	slices.Sort(names)
	return names
}

func TestUpdateStack(t *testing.T) {
	const first = `
Parameters: {Seconds: {Type: Number, Default: 30}, Name: {Type: String, Default: one}}
Resources:
  Plain: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: !Ref Seconds, DelaySeconds: 5}}
  Named: {Type: AWS::SQS::Queue, Properties: {QueueName: !Ref Name}}
  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {QueueName: kept}}
  Gone: {Type: AWS::SQS::Queue, Properties: {QueueName: gone}}
  User: {Type: AWS::SQS::Queue, Properties: {QueueName: user, Tags: [{Key: named, Value: !GetAtt Named.Arn}]}}
Outputs: {Url: {Value: !Ref Named}}
`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", first), types.StackStatusCreateComplete)
		before := r.resources("s")

		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(first)})
		refused(t, err, "ValidationError", "No updates are to be performed.")

		second := strings.NewReplacer(", DelaySeconds: 5", "").Replace(first)
		second = strings.Replace(second, "  Gone: {Type: AWS::SQS::Queue, Properties: {QueueName: gone}}\n", "", 1)
		second = strings.Replace(second, "  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain, Properties: {QueueName: kept}}\n", "", 1)
		st := r.update("s", second, "Seconds", "45", "Name", "two")
		r.status(st, types.StackStatusUpdateComplete)
		after := r.resources("s")
		if after["Plain"] != before["Plain"] || r.queueAttribute(after["Plain"], "VisibilityTimeout") != "45" ||
			r.queueAttribute(after["Plain"], "DelaySeconds") != "0" {
			t.Errorf("not updated in place: %v", after)
		}
		if !strings.HasSuffix(outputs(st)["Url"], "/two") {
			t.Errorf("outputs %v", outputs(st))
		}
		if got := r.queues(); len(got) != 4 || !slices.Contains(got, "kept") || slices.Contains(got, "one") || slices.Contains(got, "gone") {
			t.Errorf("queues %v", got)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if got := r.queues(); !slices.Equal(got, []string{"kept"}) {
			t.Errorf("queues %v", got)
		}
	})
}

func TestUpdateRollback(t *testing.T) {
	const first = `
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: a, VisibilityTimeout: 10}}
  B: {Type: AWS::SQS::Queue, Properties: {QueueName: b, VisibilityTimeout: 10}}
  C: {Type: AWS::SQS::Queue, DependsOn: [A, B]}
`
	second := strings.NewReplacer("QueueName: b", "QueueName: b2", "QueueName: a, VisibilityTimeout: 10", "QueueName: a, VisibilityTimeout: 20").Replace(first) +
		"  New: {Type: AWS::SQS::Queue, Properties: {QueueName: new}}\n  Bad: {Type: AWS::SQS::Queue, DependsOn: [New, A, B], Properties: {VisibilityTimeout: 999999}}\n"
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", first), types.StackStatusCreateComplete)
		before := r.resources("s")
		st := r.update("s", second)
		r.status(st, types.StackStatusUpdateRollbackComplete)
		after := r.resources("s")
		if len(after) != 3 || after["A"] != before["A"] || after["B"] != before["B"] || r.queueAttribute(after["A"], "VisibilityTimeout") != "10" {
			t.Errorf("not as before: %v, was %v", after, before)
		}
		if got := r.queues(); len(got) != 3 || slices.Contains(got, "b2") || slices.Contains(got, "new") {
			t.Errorf("queues %v", got)
		}
		history := strings.Join(r.history("s"), "\n")
		for _, line := range []string{"s UPDATE_ROLLBACK_IN_PROGRESS: The following resource(s) failed to update: [Bad]. ",
			"s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "New DELETE_COMPLETE",
			"B UPDATE_IN_PROGRESS: Requested update requires the creation of a new physical resource; hence creating one."} {
			if !strings.Contains(history, line) {
				t.Errorf("no event %q in\n%s", line, history)
			}
		}
		// What was rolled back can be updated again.
		r.status(r.update("s", strings.Replace(first, "10", "15", 1)), types.StackStatusUpdateComplete)
	})
}

func TestCreateRollback(t *testing.T) {
	const body = `
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}
  B: {Type: AWS::SQS::Queue, DependsOn: A, Properties: {QueueName: taken}}
  C: {Type: AWS::SQS::Queue, DependsOn: B}
`
	for name, c := range map[string]struct {
		change func(*cfn.CreateStackInput)
		status types.StackStatus
		left   []string
	}{
		"rollback": {func(*cfn.CreateStackInput) {}, types.StackStatusRollbackComplete, []string{"taken"}},
		"do_nothing": {func(in *cfn.CreateStackInput) { in.OnFailure = types.OnFailureDoNothing }, types.StackStatusCreateFailed,
			[]string{"a", "taken"}},
		"disable_rollback": {func(in *cfn.CreateStackInput) { in.DisableRollback = aws.Bool(true) }, types.StackStatusCreateFailed,
			[]string{"a", "taken"}},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				if _, err := sqsapi.NewFromConfig(r.aws).CreateQueue(ctx, &sqsapi.CreateQueueInput{QueueName: aws.String("taken")}); err != nil {
					t.Fatal(err)
				}
				st := r.create("s", body, c.change)
				r.status(st, c.status)
				if !strings.HasPrefix(aws.ToString(st.StackStatusReason), "The following resource(s) failed to create: [B]. ") && c.status != types.StackStatusRollbackComplete {
					t.Errorf("reason %q", aws.ToString(st.StackStatusReason))
				}
				if got := r.queues(); !slices.Equal(got, c.left) {
					t.Errorf("queues %v, want %v", got, c.left)
				}
				if c.status == types.StackStatusCreateFailed { // it can be repaired
					r.status(r.update("s", strings.Replace(body, "taken", "free", 1)), types.StackStatusUpdateComplete)
				}
				r.status(r.delete("s"), types.StackStatusDeleteComplete)
				if got := r.queues(); !slices.Equal(got, []string{"taken"}) {
					t.Errorf("queues %v", got)
				}
			})
		})
	}
}

func TestRefusedUpdates(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := `Resources: {T: {Type: AWS::DynamoDB::Table, Properties: {TableName: table, BillingMode: PAY_PER_REQUEST,
  AttributeDefinitions: [{AttributeName: a, AttributeType: S}], KeySchema: [{AttributeName: a, KeyType: HASH}]}}}`
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		st := r.update("s", strings.ReplaceAll(body, "AttributeName: a", "AttributeName: b"))
		r.status(st, types.StackStatusUpdateRollbackComplete)
		if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, "CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename table and update the stack again.") {
			t.Error(h)
		}
		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: aws.String("Resources: {T: {Type: AWS::SQS::Queue}}")})
		refused(t, err, "ValidationError", "Update of resource type is not permitted. The new template modifies resource type of the following resources: [T]")
		_, err = r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("none"), TemplateBody: &body})
		refused(t, err, "ValidationError", "Stack [none] does not exist")
	})
}
