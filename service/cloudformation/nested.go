package cloudformation

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudformation/resource"
	"github.com/runnel/runnel/store"
)

// nested is the service as the resource type AWS::CloudFormation::Stack sees it.
type nested Service

func (n *nested) service() *Service { return (*Service)(n) }

// Deploy creates or updates a nested stack and waits for the outcome. Taken again
// after a crash, or to undo an update that was given up, it first lets end what
// it had begun.
func (n *nested) Deploy(ctx context.Context, want resource.Nested) (string, map[string]string, error) {
	s := n.service()
	st, ok, err := s.lookup(ctx, want.Name)
	if err != nil {
		return "", nil, err
	}
	if ok {
		if st, err = s.attend(ctx, st.UUID); err != nil {
			return "", nil, err
		}
	}
	switch {
	case !ok:
		if st, err = s.createNested(ctx, want); err != nil {
			return "", nil, err
		}
	case checkUpdatable(st) == nil:
		begun, err := s.updateNested(ctx, st, want)
		if err != nil || !begun {
			return st.ID, st.outputs(), err
		}
	}
	if st, err = s.attend(ctx, st.UUID); err != nil {
		return "", nil, err
	}
	switch types.StackStatus(st.Status) {
	case types.StackStatusCreateComplete, types.StackStatusUpdateComplete:
		return st.ID, st.outputs(), nil
	case types.StackStatusUpdateRollbackComplete, types.StackStatusUpdateRollbackFailed:
		return st.ID, st.outputs(), &resource.PropertyError{Message: fmt.Sprintf("Embedded stack %s was not successfully updated. "+
			"Currently in %s with reason: %s", st.ID, st.Status, st.Cause)}
	}
	return st.ID, nil, &resource.PropertyError{Message: fmt.Sprintf("Embedded stack %s was not successfully created: %s", st.ID, st.Cause)}
}

// attend waits for the operation of a nested stack, and gives up its update with
// that of its parent. When it is the process that ends, both go on after the next
// start.
func (s *Service) attend(ctx context.Context, uuid string) (*stack, error) {
	st, err := s.settled(ctx, uuid)
	if ctx.Err() == nil || context.Cause(ctx) == context.Canceled {
		return st, err
	}
	abandoned := s.store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		st := &stack{}
		if tx.GetJSON(stackKey(uuid), st) && st.Operation != nil && st.Operation.Kind == "UPDATE" {
			st.Operation.Cancelled = true
			putStack(tx, st)
		}
		return nil
	})
	return st, errors.Join(err, abandoned)
}

func (st *stack) outputs() map[string]string {
	out := map[string]string{}
	for _, o := range st.Outputs {
		out[o.Key] = o.Value
	}
	return out
}

func (s *Service) createNested(ctx context.Context, want resource.Nested) (*stack, error) {
	body, err := s.fetch(ctx, want.TemplateURL)
	if err != nil {
		return nil, err
	}
	uuid := event.NewID()
	id := s.stackARN(want.Name, uuid)
	p, err := s.prepare(body, want.Parameters, s.env(want.Name, id, nil), nil)
	if err != nil {
		return nil, err
	}
	parent, _, err := s.lookup(ctx, want.Parent)
	if err != nil {
		return nil, err
	}
	if err := s.allow(p, capabilities(parent.Capabilities), false); err != nil {
		return nil, err
	}
	set := p.settings()
	set.Tags, set.Capabilities, set.TimeoutMinutes = want.Tags, parent.Capabilities, want.TimeoutMinutes
	st := &stack{UUID: uuid, ID: id, Name: want.Name, settings: set, Parent: want.Parent, Root: want.Parent}
	if parent.Root != "" {
		st.Root = parent.Root
	}
	return st, s.create(ctx, st, p, "")
}

func capabilities(names []string) []types.Capability {
	var out []types.Capability
	for _, name := range names {
		out = append(out, types.Capability(name))
	}
	return out
}

// updateNested begins an update if that would change something.
func (s *Service) updateNested(ctx context.Context, st *stack, want resource.Nested) (begun bool, err error) {
	var given []types.Parameter
	for name, value := range want.Parameters {
		given = append(given, types.Parameter{ParameterKey: aws.String(name), ParameterValue: aws.String(value)})
	}
	p, set, err := s.aim(ctx, st, target{url: &want.TemplateURL, parameters: given,
		capabilities: capabilities(st.Capabilities)})
	if err != nil {
		return false, err
	}
	set.Tags = want.Tags
	found, err := s.compare(ctx, st, p, set)
	if err != nil || !found.any() {
		return false, err
	}
	return true, s.update(ctx, st.UUID, p, set, "")
}

// Remove deletes a nested stack and waits until it is gone.
func (n *nested) Remove(ctx context.Context, idOrName string) error {
	s := n.service()
	st, ok, err := s.lookup(ctx, idOrName)
	if err != nil || !ok {
		return err
	}
	if _, err := s.DeleteStack(ctx, &cfn.DeleteStackInput{StackName: &st.ID}); err != nil {
		return err
	}
	if st, err = s.settled(ctx, st.UUID); err != nil {
		return err
	}
	if st.Status != string(types.StackStatusDeleteComplete) {
		return &resource.PropertyError{Message: fmt.Sprintf("Embedded stack %s was not successfully deleted: %s", st.ID, st.Reason)}
	}
	return nil
}
