package cloudformation_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

func (r *rig) changeSet(name, body string, kind types.ChangeSetType) *cfn.DescribeChangeSetOutput {
	r.t.Helper()
	out, err := r.CreateChangeSet(ctx, &cfn.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: &name,
		TemplateBody: &body, ChangeSetType: kind, Capabilities: everything})
	if err != nil {
		r.t.Fatal(err)
	}
	described, err := r.DescribeChangeSet(ctx, &cfn.DescribeChangeSetInput{ChangeSetName: out.Id})
	if err != nil {
		r.t.Fatal(err)
	}
	return described
}

// brief writes the changes of a change set one a line.
func brief(c *cfn.DescribeChangeSetOutput) string {
	var lines []string
	for _, change := range c.Changes {
		r := change.ResourceChange
		lines = append(lines, strings.TrimSpace(string(r.Action)+" "+*r.LogicalResourceId+" "+string(r.Replacement)))
	}
	return strings.Join(lines, "; ")
}

func (r *rig) execute(c *cfn.DescribeChangeSetOutput) types.Stack {
	r.t.Helper()
	if _, err := r.ExecuteChangeSet(ctx, &cfn.ExecuteChangeSetInput{ChangeSetName: c.ChangeSetId}); err != nil {
		r.t.Fatal(err)
	}
	return r.wait("s")
}

func TestChangeSet(t *testing.T) {
	const first = `
Resources:
  A: {Type: AWS::SQS::Queue, Properties: {QueueName: a}}
  B: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: a, Value: !GetAtt A.Arn}]}}
  C: {Type: AWS::SQS::Queue}
`
	inBubble(t, func(t *testing.T, r *rig) {
		c := r.changeSet("one", first, types.ChangeSetTypeCreate)
		if c.Status != types.ChangeSetStatusCreateComplete || brief(c) != "Add A; Add B; Add C" {
			t.Errorf("%s %s", c.Status, brief(c))
		}
		if st := r.describe("s"); st.StackStatus != types.StackStatusReviewInProgress {
			t.Errorf("status %s", st.StackStatus)
		}
		r.changeSet("other", first, types.ChangeSetTypeCreate)
		r.status(r.execute(c), types.StackStatusCreateComplete)
		_, err := r.ExecuteChangeSet(ctx, &cfn.ExecuteChangeSetInput{ChangeSetName: c.ChangeSetId})
		refused(t, err, "InvalidChangeSetStatus", "cannot be executed in its current status of")
		_, err = r.DescribeChangeSet(ctx, &cfn.DescribeChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("other")})
		refused(t, err, "ChangeSetNotFound", "ChangeSet [other] does not exist")

		c = r.changeSet("none", first, types.ChangeSetTypeUpdate)
		if c.Status != types.ChangeSetStatusFailed || !strings.HasPrefix(*c.StatusReason, "The submitted information didn't contain changes.") {
			t.Errorf("%s %v", c.Status, c.StatusReason)
		}
		failed := *c.ChangeSetId
		r.changeSet("none", first, types.ChangeSetTypeUpdate) // in place of the failed one
		_, err = r.DescribeChangeSet(ctx, &cfn.DescribeChangeSetInput{ChangeSetName: &failed})
		refused(t, err, "ChangeSetNotFound", failed)
		second := strings.Replace(first, "QueueName: a", "QueueName: a2", 1)
		second = strings.Replace(second, "  C: {", "  D: {", 1)
		c = r.changeSet("two", second, "")
		if brief(c) != "Modify A True; Modify B False; Remove C; Add D" {
			t.Error(brief(c))
		}
		r.status(r.execute(c), types.StackStatusUpdateComplete)
	})
}

// TestRefusedChangeSets: what an update would do otherwise than it is asked to
// is refused.
func TestRefusedChangeSets(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", two), types.StackStatusCreateComplete)
		for words, change := range map[string]func(*cfn.CreateChangeSetInput){
			"OnStackFailure DO_NOTHING is not supported for updates": func(in *cfn.CreateChangeSetInput) { in.OnStackFailure = types.OnStackFailureDoNothing },
			"DeploymentMode and DeploymentConfig are not supported":  func(in *cfn.CreateChangeSetInput) { in.DeploymentMode = types.DeploymentModeRevertDrift },
			"IncludeNestedStacks is not supported":                   func(in *cfn.CreateChangeSetInput) { in.IncludeNestedStacks = aws.Bool(true) },
		} {
			in := &cfn.CreateChangeSetInput{StackName: aws.String("s"), ChangeSetName: aws.String("c"), TemplateBody: aws.String(two)}
			change(in)
			_, err := r.CreateChangeSet(ctx, in)
			refused(t, err, "ValidationError", words)
		}
		update := &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(two), StackPolicyDuringUpdateBody: aws.String("{}")}
		_, err := r.UpdateStack(ctx, update)
		refused(t, err, "ValidationError", "StackPolicyDuringUpdate is not supported")
	})
}

func TestExports(t *testing.T) {
	const exporter = "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {O: {Value: %, Export: {Name: shared}}}"
	const importer = "Resources: {Q: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: of, Value: !ImportValue shared}]}}}"
	body := strings.Replace(exporter, "%", "one", 1)
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("early", importer), types.StackStatusRollbackComplete)
		r.status(r.create("from", body), types.StackStatusCreateComplete)
		r.status(r.create("to", importer), types.StackStatusCreateComplete)
		r.status(r.create("second", body), types.StackStatusRollbackComplete)
		if h := r.history("second"); !strings.Contains(strings.Join(h, "\n"), "Export with name shared is already exported by stack from") {
			t.Error(h)
		}
		exports, err := r.ListExports(ctx, &cfn.ListExportsInput{})
		if err != nil || len(exports.Exports) != 1 || *exports.Exports[0].Value != "one" {
			t.Error(exports, err)
		}
		imports, err := r.ListImports(ctx, &cfn.ListImportsInput{ExportName: aws.String("shared")})
		if err != nil || len(imports.Imports) != 1 || imports.Imports[0] != "to" {
			t.Error(imports, err)
		}
		st := r.delete("from")
		r.status(st, types.StackStatusDeleteFailed)
		if *st.StackStatusReason != "Export shared cannot be deleted as it is in use by to" {
			t.Error(*st.StackStatusReason)
		}
		r.status(r.delete("to"), types.StackStatusDeleteComplete)
		_, err = r.ListImports(ctx, &cfn.ListImportsInput{ExportName: aws.String("shared")})
		refused(t, err, "ValidationError", "Export 'shared' is not imported by any stack.")
		r.status(r.delete("from"), types.StackStatusDeleteComplete)
	})
}

func TestExportInUseCannotChange(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {O: {Value: one, Export: {Name: shared}}}"
		r.status(r.create("from", body), types.StackStatusCreateComplete)
		r.status(r.create("to", "Resources: {Q: {Type: AWS::SQS::Queue}}\nOutputs: {O: {Value: !ImportValue shared}}"), types.StackStatusCreateComplete)
		st := r.update("from", strings.Replace(body, "one", "two", 1))
		r.status(st, types.StackStatusUpdateRollbackComplete)
		if h := strings.Join(r.history("from"), "\n"); !strings.Contains(h, "Export shared cannot be updated as it is in use by to") {
			t.Error(h)
		}
		if outputs(st)["O"] != "one" {
			t.Error(outputs(st))
		}
	})
}

func TestDeleteStack(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		if _, err := r.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: aws.String("never")}); err != nil {
			t.Error(err)
		}
		r.status(r.create("s", "Resources: {Q: {Type: AWS::SQS::Queue}}", func(in *cfn.CreateStackInput) {
			in.EnableTerminationProtection = aws.Bool(true)
		}), types.StackStatusCreateComplete)
		_, err := r.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: aws.String("s")})
		refused(t, err, "ValidationError", "Stack [s] cannot be deleted while TerminationProtection is enabled")
		_, err = r.UpdateTerminationProtection(ctx, &cfn.UpdateTerminationProtectionInput{StackName: aws.String("s"), EnableTerminationProtection: aws.Bool(false)})
		if err != nil {
			t.Fatal(err)
		}
		id := *r.describe("s").StackId
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		_, err = r.DescribeStacks(ctx, &cfn.DescribeStacksInput{StackName: aws.String("s")})
		refused(t, err, "ValidationError", "Stack with id s does not exist")
		if st := r.describe(id); st.DeletionTime == nil {
			t.Error("a deleted stack is described by its id, with the time")
		}
		waiter := cfn.NewStackDeleteCompleteWaiter(r.Client)
		if err := waiter.Wait(ctx, &cfn.DescribeStacksInput{StackName: aws.String("s")}, time.Minute); err != nil {
			t.Error(err)
		}
		r.status(r.create("s", "Resources: {Q: {Type: AWS::SQS::Queue}}"), types.StackStatusCreateComplete)
	})
}
