package eventbridge

import (
	"context"
	"encoding/json"
	"regexp"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/event/policy"
)

// maxPolicy is the length of the longest policy of a bus, in bytes.
const maxPolicy = 10240

// statement is one that PutPermission writes.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

var account = regexp.MustCompile(`^\d{12}$`)

// PutPermission adds a statement to the policy of a bus, in place of the one
// with its ID, or replaces the policy.
func (s *Service) PutPermission(ctx context.Context, in *api.PutPermissionInput) (*api.PutPermissionOutput, error) {
	bus, err := s.busOf(in.EventBusName, "eventBusName")
	if err != nil {
		return nil, err
	}
	if in.Policy != nil {
		return nil, s.putPolicy(ctx, bus, in)
	}
	st, err := s.statement(bus, in)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(st)
	if err != nil {
		return nil, err
	}
	return nil, s.changeBus(ctx, bus, func(b *busRow) error {
		d, err := b.editPolicy()
		if err != nil {
			return err
		}
		d.Remove(st.Sid)
		d.Statements = append(d.Statements, text)
		return b.setPolicy(d)
	})
}

func (s *Service) putPolicy(ctx context.Context, bus string, in *api.PutPermissionInput) error {
	if in.Action != nil || in.Principal != nil || in.StatementId != nil || in.Condition != nil {
		return errValidation("Parameter Policy cannot be used together with Action, Principal, StatementId or Condition.")
	}
	if len(*in.Policy) > maxPolicy {
		return errPolicyLength()
	}
	if _, err := policy.Parse(*in.Policy); err != nil {
		return errParameter("Policy", err.Error())
	}
	return s.changeBus(ctx, bus, func(b *busRow) error {
		b.Policy = *in.Policy
		return nil
	})
}

func (s *Service) statement(bus string, in *api.PutPermissionInput) (*statement, error) {
	if err := checkText(in.StatementId, "statementId", `[a-zA-Z0-9-_]+`, "", maxRuleName); err != nil {
		return nil, err
	}
	st := &statement{Sid: *in.StatementId, Effect: "Allow", Action: aws.ToString(in.Action), Resource: s.busARN(bus)}
	if st.Action != "events:PutEvents" {
		return nil, errValidation("Provided value in parameter 'action' is not supported.")
	}
	switch principal := aws.ToString(in.Principal); {
	case principal == "*":
		st.Principal = principal
	case account.MatchString(principal):
		st.Principal = map[string]string{"AWS": "arn:aws:iam::" + principal + ":root"}
	default:
		return nil, errValidation("Provided value in parameter 'principal' is not valid.")
	}
	var err error
	st.Condition, err = condition(in.Condition)
	return st, err
}

func condition(c *types.Condition) (map[string]map[string]string, error) {
	if c == nil {
		return nil, nil
	}
	if aws.ToString(c.Type) != "StringEquals" || aws.ToString(c.Key) != "aws:PrincipalOrgID" || aws.ToString(c.Value) == "" {
		return nil, errValidation("Provided value in parameter 'condition' is not valid.")
	}
	return map[string]map[string]string{*c.Type: {*c.Key: *c.Value}}, nil
}

// RemovePermission removes a statement from the policy of a bus, or all.
func (s *Service) RemovePermission(ctx context.Context, in *api.RemovePermissionInput) (*api.RemovePermissionOutput, error) {
	bus, err := s.busOf(in.EventBusName, "eventBusName")
	if err != nil {
		return nil, err
	}
	return nil, s.changeBus(ctx, bus, func(b *busRow) error {
		if in.RemoveAllPermissions {
			b.Policy = ""
			return nil
		}
		if b.Policy == "" {
			return &types.ResourceNotFoundException{Message: aws.String("EventBus does not have a policy.")}
		}
		d, err := b.editPolicy()
		if err != nil {
			return err
		}
		if !d.Remove(aws.ToString(in.StatementId)) {
			return &types.ResourceNotFoundException{Message: aws.String("Statement with the provided id does not exist.")}
		}
		return b.setPolicy(d)
	})
}

// editPolicy is the policy of the bus, or an empty one.
func (b *busRow) editPolicy() (*policy.Draft, error) {
	if b.Policy == "" {
		return &policy.Draft{Version: "2012-10-17"}, nil
	}
	return policy.Edit(b.Policy)
}

// setPolicy writes the policy; without statements there is none.
func (b *busRow) setPolicy(d *policy.Draft) error {
	text := d.Text()
	if len(text) > maxPolicy {
		return errPolicyLength()
	}
	b.Policy = text
	return nil
}
