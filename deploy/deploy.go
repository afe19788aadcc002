// Package deploy takes a template from disk to a stack: it packs and uploads
// the local code that the template names, as `aws cloudformation package`
// does, then creates or updates the stack and follows it to its end, as
// `aws cloudformation deploy` does.
//
// It is a client of the AWS APIs and knows no runtime: what it deploys to
// Runnel it could deploy to AWS. The one thing it adds is that a Go package
// given as code is built for this machine.
package deploy

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// Options say where and how a template is deployed.
type Options struct {
	AWS        aws.Config
	Stack      string
	Parameters map[string]string
	Progress   func(types.StackEvent) // told what happens to each resource; may be nil
}

// Result is a stack as it was deployed.
type Result struct {
	StackID   string
	Outputs   []types.Output
	Unchanged bool // the stack was as the template says already
}

// Deploy deploys the template and returns when the stack is complete. A stack
// that fails is an error with the reasons of the resources that failed.
func Deploy(ctx context.Context, t *Template, o Options) (*Result, error) {
	up := newUploader(o.AWS)
	body, err := t.pack(ctx, up)
	if err != nil {
		return nil, err
	}
	in := &cloudformation.CreateChangeSetInput{TemplateBody: &body}
	if len(body) > maxTemplateBody {
		at, err := up.upload(ctx, templateBundle(body))
		if err != nil {
			return nil, fmt.Errorf("template: upload: %w", err)
		}
		in = &cloudformation.CreateChangeSetInput{TemplateURL: aws.String(at.url())}
	}
	d := &deployment{Options: o, cfn: cloudformation.NewFromConfig(o.AWS)}
	return d.run(ctx, t, in)
}

// maxTemplateBody is the longest template in bytes that a request carries
// (CloudFormation User Guide, quotas); a longer one is read from a bucket.
const maxTemplateBody = 51_200

// Delete deletes the stack and returns when it is gone.
func Delete(ctx context.Context, o Options) error {
	d := &deployment{Options: o, cfn: cloudformation.NewFromConfig(o.AWS)}
	stack, err := d.describe(ctx, o.Stack)
	if err != nil {
		return err
	}
	if stack == nil {
		return fmt.Errorf("stack %s does not exist", o.Stack)
	}
	id := aws.ToString(stack.StackId)
	if err := d.skipEvents(ctx, id); err != nil {
		return err
	}
	if _, err := d.cfn.DeleteStack(ctx, &cloudformation.DeleteStackInput{StackName: &id}); err != nil {
		return err
	}
	_, err = d.follow(ctx, id)
	return err
}

// deployment is one run of Deploy or Delete.
type deployment struct {
	Options
	cfn     *cloudformation.Client
	seen    map[string]bool // events that were told, or are older than this run
	reasons []error         // of resources that failed
}

// run makes the change set that in has the template of, and executes it.
func (d *deployment) run(ctx context.Context, t *Template, in *cloudformation.CreateChangeSetInput) (*Result, error) {
	stack, err := d.describe(ctx, d.Stack)
	if err != nil {
		return nil, err
	}
	in.ChangeSetType = types.ChangeSetTypeUpdate
	if stack == nil || stack.StackStatus == types.StackStatusReviewInProgress {
		in.ChangeSetType = types.ChangeSetTypeCreate
	} else if err := d.skipEvents(ctx, aws.ToString(stack.StackId)); err != nil {
		return nil, err
	}
	in.Parameters = d.parameters(t, stack)
	set, err := d.changeSet(ctx, in)
	if err != nil {
		return nil, err
	}
	if set == nil {
		return &Result{StackID: aws.ToString(stack.StackId), Outputs: stack.Outputs, Unchanged: true}, nil
	}
	if _, err := d.cfn.ExecuteChangeSet(ctx, &cloudformation.ExecuteChangeSetInput{ChangeSetName: set.ChangeSetId}); err != nil {
		return nil, err
	}
	done, err := d.follow(ctx, aws.ToString(set.StackId))
	if err != nil {
		return nil, err
	}
	return &Result{StackID: aws.ToString(done.StackId), Outputs: done.Outputs}, nil
}

// changeSet makes the change set. It is nil if there is nothing to change.
func (d *deployment) changeSet(ctx context.Context, in *cloudformation.CreateChangeSetInput) (*cloudformation.DescribeChangeSetOutput, error) {
	in.StackName = &d.Stack
	in.ChangeSetName = aws.String(fmt.Sprintf("runnel-%d", time.Now().UnixMilli()))
	in.Capabilities = []types.Capability{types.CapabilityCapabilityIam, types.CapabilityCapabilityNamedIam, types.CapabilityCapabilityAutoExpand}
	made, err := d.cfn.CreateChangeSet(ctx, in)
	if err != nil {
		return nil, err
	}
	for wait := newBackoff(); ; wait.next(ctx) {
		set, err := d.cfn.DescribeChangeSet(ctx, &cloudformation.DescribeChangeSetInput{ChangeSetName: made.Id})
		if err != nil {
			return nil, err
		}
		switch set.Status {
		case types.ChangeSetStatusCreateComplete:
			return set, nil
		case types.ChangeSetStatusFailed:
			_, err := d.cfn.DeleteChangeSet(ctx, &cloudformation.DeleteChangeSetInput{ChangeSetName: made.Id})
			if len(set.Changes) == 0 && in.ChangeSetType == types.ChangeSetTypeUpdate && noChanges(aws.ToString(set.StatusReason)) {
				return nil, err
			}
			return nil, errors.Join(fmt.Errorf("change set failed: %s", aws.ToString(set.StatusReason)), err)
		}
	}
}

// noChanges recognises the two texts with which CloudFormation says that an
// update would change nothing.
func noChanges(reason string) bool {
	return reason == "No updates are to be performed." ||
		reason == "The submitted information didn't contain changes. Submit different information to create a change set."
}

// parameters are those given, and the former values of those not given that
// the template still has.
func (d *deployment) parameters(t *Template, stack *types.Stack) []types.Parameter {
	var ps []types.Parameter
	for k, v := range d.Parameters {
		ps = append(ps, types.Parameter{ParameterKey: &k, ParameterValue: &v})
	}
	if stack == nil {
		return ps
	}
	for _, p := range stack.Parameters {
		if _, given := d.Parameters[aws.ToString(p.ParameterKey)]; !given && t.declares(aws.ToString(p.ParameterKey)) {
			ps = append(ps, types.Parameter{ParameterKey: p.ParameterKey, UsePreviousValue: aws.Bool(true)})
		}
	}
	return ps
}

// describe returns the stack, or nil if there is none.
func (d *deployment) describe(ctx context.Context, name string) (*types.Stack, error) {
	out, err := d.cfn.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	var api smithy.APIError
	if errors.As(err, &api) && api.ErrorCode() == "ValidationError" {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &out.Stacks[0], nil
}
