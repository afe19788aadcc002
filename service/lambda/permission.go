package lambda

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/policy"
	"github.com/runnel/runnel/service/lambda/fault"
	"github.com/runnel/runnel/service/lambda/permission"
	"github.com/runnel/runnel/store"
)

// invokeAction is what other services do with functions.
const invokeAction = "lambda:InvokeFunction"

// AddPermission adds a statement to a resource policy.
func (s *Service) AddPermission(ctx context.Context, in *lambda.AddPermissionInput) (*lambda.AddPermissionOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	st, err := permission.New(s.arn(r), in)
	if err != nil {
		return nil, err
	}
	err = s.changePolicy(ctx, r, in.RevisionId, func(p *permission.Row) error {
		if slices.ContainsFunc(p.Statements, func(o permission.Statement) bool { return o.Sid == st.Sid }) {
			return fault.Conflict("The statement id (%s) provided already exists. Please provide a new statement id, or remove the existing statement.", st.Sid)
		}
		p.Statements = append(p.Statements, st)
		if len(p.Document()) > permission.MaxSize {
			return fault.New("PolicyLengthExceededException", "The final policy size (%d) is bigger than the limit (%d).", len(p.Document()), permission.MaxSize)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(st)
	return &lambda.AddPermissionOutput{Statement: aws.String(string(b))}, err
}

// changePolicy changes the policy of what r names, if revision is still its
// own. A policy without statements goes.
func (s *Service) changePolicy(ctx context.Context, r ref, revision *string, change func(*permission.Row) error) error {
	if r.Qualifier == latest {
		return fault.Invalid("$LATEST cannot have a resource policy of its own; leave the qualifier out.")
	}
	return s.st.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.getVersion(tx, r); err != nil {
			return err
		}
		var p permission.Row
		tx.GetJSON(policyKey(r), &p)
		if revision != nil && *revision != p.Revision {
			return fault.Revision("GetPolicy")
		}
		if err := change(&p); err != nil {
			return err
		}
		p.Revision = event.NewID()
		tx.PutJSON(policyKey(r), p)
		if len(p.Statements) == 0 {
			tx.Delete(policyKey(r))
		}
		s.touch(tx, r.Name)
		return nil
	})
}

// RemovePermission removes a statement.
func (s *Service) RemovePermission(ctx context.Context, in *lambda.RemovePermissionInput) (*lambda.RemovePermissionOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return nil, s.changePolicy(ctx, r, in.RevisionId, func(p *permission.Row) error {
		n := len(p.Statements)
		p.Statements = slices.DeleteFunc(p.Statements, func(st permission.Statement) bool { return st.Sid == aws.ToString(in.StatementId) })
		if len(p.Statements) == n {
			return fault.New("ResourceNotFoundException", "Statement %s is not found in resource policy.", aws.ToString(in.StatementId))
		}
		return nil
	})
}

// GetPolicy returns a resource policy.
func (s *Service) GetPolicy(ctx context.Context, in *lambda.GetPolicyInput) (*lambda.GetPolicyOutput, error) {
	r, err := s.ref(in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	var p permission.Row
	err = s.st.View(ctx, func(tx *store.Tx) error {
		if _, err := s.getVersion(tx, r); err != nil {
			return err
		}
		if !tx.GetJSON(policyKey(r), &p) {
			return fault.NoResource()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &lambda.GetPolicyOutput{Policy: aws.String(p.Document()), RevisionId: aws.String(p.Revision)}, nil
}

// readPolicy reads the policy of what r names as it is judged, nil if it has
// none.
func readPolicy(tx *store.Tx, r ref) (*policy.Document, error) {
	var p permission.Row
	if !tx.GetJSON(policyKey(r), &p) {
		return nil, nil
	}
	return policy.Parse(p.Document())
}

// permits reports whether the policy lets another service invoke what r names.
// What has no service is the account itself, whose roles need no policy of the
// function.
func (s *Service) permits(p *policy.Document, r ref, from event.Sender) bool {
	return from.Service == "" || policy.Allows(p, from.Service, invokeAction, s.arn(r), map[string]string{
		"aws:SourceArn": from.ARN, "aws:SourceAccount": from.Account,
	})
}
