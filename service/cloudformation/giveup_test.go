package cloudformation_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/store/storetest"
)

// hanging runs a test in which requests to SQS of one operation hang while they
// are told to.
func hanging(t *testing.T, operation string, f func(t *testing.T, r *rig, hang *atomic.Bool)) {
	synctest.Test(t, func(t *testing.T) {
		var hang atomic.Bool
		r := start(t, storetest.NewDisk(), func(req *http.Request) {
			if hang.Load() && req.Header.Get("X-Amz-Target") == "AmazonSQS."+operation {
				<-req.Context().Done()
			}
		})
		defer r.stop()
		f(t, r, &hang)
	})
}

const two = "Resources: {A: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: 1}}, B: {Type: AWS::SQS::Queue, DependsOn: A}}"

// TestDeleteWhileCreating deletes a stack whose creation hangs.
func TestDeleteWhileCreating(t *testing.T) {
	hanging(t, "CreateQueue", func(t *testing.T, r *rig, hang *atomic.Bool) {
		hang.Store(true)
		if _, err := r.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(two)}); err != nil {
			t.Fatal(err)
		}
		if st := r.describe("s"); st.StackStatus != types.StackStatusCreateInProgress {
			t.Fatal(st.StackStatus)
		}
		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(two)})
		refused(t, err, "ValidationError", "is in CREATE_IN_PROGRESS state and can not be updated.")
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		r.nothingLeft(nil)
	})
}

// TestDeleteWhileRollingBack deletes a stack whose failed creation is being
// undone: the deletion that was accepted follows.
func TestDeleteWhileRollingBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		r := start(t, storetest.NewDisk(), func(req *http.Request) {
			if req.Header.Get("X-Amz-Target") == "AmazonSQS.DeleteQueue" {
				<-release
			}
		})
		defer r.stop()
		body := strings.Replace(two, "DependsOn: A", "DependsOn: A, Properties: {DelaySeconds: -1}", 1)
		out, err := r.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: &body})
		if err != nil {
			t.Fatal(err)
		}
		r.status(r.describe("s"), types.StackStatusRollbackInProgress)
		if _, err := r.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
		close(release)
		r.status(r.wait(*out.StackId), types.StackStatusDeleteComplete)
	})
}

// TestCancelUpdateStack gives up an update while one of its steps hangs.
func TestCancelUpdateStack(t *testing.T) {
	hanging(t, "CreateQueue", func(t *testing.T, r *rig, hang *atomic.Bool) {
		r.status(r.create("s", "Resources: {A: {Type: AWS::SQS::Queue}}"), types.StackStatusCreateComplete)
		_, err := r.CancelUpdateStack(ctx, &cfn.CancelUpdateStackInput{StackName: aws.String("s")})
		refused(t, err, "ValidationError", "CancelUpdateStack cannot be called from current stack status")
		hang.Store(true)
		if _, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(two)}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.CancelUpdateStack(ctx, &cfn.CancelUpdateStackInput{StackName: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
		r.status(r.wait("s"), types.StackStatusUpdateRollbackComplete)
		if ids := r.resources("s"); len(ids) != 1 {
			t.Errorf("resources %v", ids)
		}
	})
}

// TestTimeout gives a creation up that takes longer than it may.
func TestTimeout(t *testing.T) {
	hanging(t, "CreateQueue", func(t *testing.T, r *rig, hang *atomic.Bool) {
		hang.Store(true)
		st := r.create("s", two, func(in *cfn.CreateStackInput) { in.TimeoutInMinutes = aws.Int32(3) })
		r.status(st, types.StackStatusRollbackComplete)
		if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, "Stack creation time exceeded the specified timeout. Rollback requested by user.") {
			t.Error(h)
		}
	})
}

func TestOnFailureDelete(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := strings.Replace(two, "DelaySeconds: 1", "DelaySeconds: -1", 1)
		_, err := r.CreateStack(ctx, &cfn.CreateStackInput{StackName: aws.String("s"), TemplateBody: &body, OnFailure: types.OnFailureDelete})
		if err != nil {
			t.Fatal(err)
		}
		r.status(r.wait(r.only()), types.StackStatusDeleteComplete)
	})
}

// TestContinueUpdateRollback takes a rollback up again that failed because a
// queue was gone, and passes over that queue.
func TestContinueUpdateRollback(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := strings.Replace(two, "{Type: AWS::SQS::Queue, DependsOn: A}", "{Type: AWS::SQS::Queue, DependsOn: A, Properties: {DelaySeconds: 1}}", 1)
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		var broken atomic.Bool
		broken.Store(true)
		r.fail = func(req *http.Request) bool {
			return broken.Load() && req.Header.Get("X-Amz-Target") == "AmazonSQS.SetQueueAttributes"
		}
		r.status(r.update("s", strings.ReplaceAll(body, "DelaySeconds: 1", "DelaySeconds: 2")), types.StackStatusUpdateRollbackFailed)
		_, err := r.UpdateStack(ctx, &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(two)})
		refused(t, err, "ValidationError", "is in UPDATE_ROLLBACK_FAILED state and can not be updated.")
		broken.Store(false)
		if _, err := r.ContinueUpdateRollback(ctx, &cfn.ContinueUpdateRollbackInput{StackName: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
		r.status(r.wait("s"), types.StackStatusUpdateRollbackComplete)
		if got := r.queueAttribute(r.resources("s")["A"], "DelaySeconds"); got != "1" {
			t.Errorf("delay %s", got)
		}
	})
}

// TestContinueSkips passes over a resource that cannot be restored; a further
// update brings it to what the template says.
func TestContinueSkips(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := strings.Replace(two, "DependsOn: A", "DependsOn: A, Properties: {DelaySeconds: 1}", 1)
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		var broken atomic.Bool
		broken.Store(true)
		r.fail = func(req *http.Request) bool {
			return broken.Load() && req.Header.Get("X-Amz-Target") == "AmazonSQS.SetQueueAttributes"
		}
		r.status(r.update("s", strings.ReplaceAll(body, "DelaySeconds: 1", "DelaySeconds: 2")), types.StackStatusUpdateRollbackFailed)
		in := &cfn.ContinueUpdateRollbackInput{StackName: aws.String("s"), ResourcesToSkip: []string{"A"}}
		if _, err := r.ContinueUpdateRollback(ctx, in); err != nil {
			t.Fatal(err)
		}
		r.status(r.wait("s"), types.StackStatusUpdateRollbackComplete)
		resources, err := r.DescribeStackResources(ctx, &cfn.DescribeStackResourcesInput{StackName: aws.String("s"), LogicalResourceId: aws.String("A")})
		if err != nil || resources.StackResources[0].ResourceStatus != types.ResourceStatusUpdateComplete {
			t.Errorf("%+v %v", resources, err)
		}
		broken.Store(false)
		r.status(r.update("s", strings.ReplaceAll(body, "DelaySeconds: 1", "DelaySeconds: 3")), types.StackStatusUpdateComplete)
		if got := r.queueAttribute(r.resources("s")["A"], "DelaySeconds"); got != "3" {
			t.Errorf("delay %s", got)
		}
	})
}

// TestContinueUndoes: a rollback that is taken up again undoes what the update
// had done before it failed.
func TestContinueUndoes(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := strings.Replace(two, "DependsOn: A", "DependsOn: A, Properties: {DelaySeconds: 1}", 1)
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		a := r.resources("s")["A"]
		var broken atomic.Bool
		var calls atomic.Int32
		broken.Store(true)
		r.fail = func(req *http.Request) bool {
			return req.Header.Get("X-Amz-Target") == "AmazonSQS.SetQueueAttributes" && calls.Add(1) > 1 && broken.Load()
		}
		r.status(r.update("s", strings.ReplaceAll(body, "DelaySeconds: 1", "DelaySeconds: 2")), types.StackStatusUpdateRollbackFailed)
		if got := r.queueAttribute(a, "DelaySeconds"); got != "2" {
			t.Fatalf("delay %s, want that of the update", got)
		}
		broken.Store(false)
		if _, err := r.ContinueUpdateRollback(ctx, &cfn.ContinueUpdateRollbackInput{StackName: aws.String("s")}); err != nil {
			t.Fatal(err)
		}
		r.status(r.wait("s"), types.StackStatusUpdateRollbackComplete)
		if got := r.queueAttribute(a, "DelaySeconds"); got != "1" {
			t.Errorf("delay %s", got)
		}
	})
}

// TestStackTags: a change of the stack's tags alone is an update of all that
// has tags.
func TestStackTags(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", two), types.StackStatusCreateComplete)
		in := &cfn.UpdateStackInput{StackName: aws.String("s"), UsePreviousTemplate: aws.Bool(true), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("b")}}}
		if _, err := r.UpdateStack(ctx, in); err != nil {
			t.Fatal(err)
		}
		r.status(r.wait("s"), types.StackStatusUpdateComplete)
		_, err := r.UpdateStack(ctx, in)
		refused(t, err, "ValidationError", "No updates are to be performed.")
	})
}
