package resource

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// putBusPolicy adds a statement to the policy of a bus, or replaces the one with
// its id: by its parts, or as a whole.
func putBusPolicy(ctx context.Context, c *Call) error {
	c.buses.Lock()
	defer c.buses.Unlock()
	in := &eventbridge.PutPermissionInput{EventBusName: c.bus()}
	var err error
	if c.Props["Statement"] == nil {
		err = assign(in, pick(c.Props, "StatementId", "Action", "Principal", "Condition"), c.Logical)
	} else {
		in.Policy, err = c.withStatement(ctx)
	}
	if err != nil {
		return err
	}
	if _, err = c.Events.PutPermission(ctx, in); err == nil {
		c.ID = cmp.Or(c.text("EventBusName"), "default") + "|" + c.text("StatementId")
	}
	return err
}

// withStatement is the policy of the bus with the statement in it. EventBridge
// takes a statement as a whole only with all others, so these are read before.
func (c *Call) withStatement(ctx context.Context) (*string, error) {
	if c.Props["Action"] != nil || c.Props["Principal"] != nil || c.Props["Condition"] != nil {
		return nil, &PropertyError{"Statement of " + c.Logical + " cannot be used together with Action, Principal or Condition"}
	}
	text, err := document(c.Props["Statement"])
	if err != nil {
		return nil, err
	}
	var statement map[string]any
	if err := json.Unmarshal([]byte(text), &statement); err != nil || statement == nil {
		return nil, &PropertyError{"Statement of " + c.Logical + " must be an object"}
	}
	id := c.text("StatementId")
	statement["Sid"] = id
	out, err := c.Events.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: c.bus()})
	if err != nil {
		return nil, err
	}
	policy := map[string]any{"Version": "2012-10-17"}
	if out.Policy != nil {
		if err := json.Unmarshal([]byte(*out.Policy), &policy); err != nil {
			return nil, err
		}
	}
	others, ok := policy["Statement"].([]any)
	if one := policy["Statement"]; !ok && one != nil {
		others = []any{one}
	}
	others = slices.DeleteFunc(others, func(s any) bool { return object(s)["Sid"] == id })
	policy["Statement"] = append(others, statement)
	text, err = template.JSON(policy)
	return &text, err
}

func deleteBusPolicy(ctx context.Context, c *Call) error {
	c.buses.Lock()
	defer c.buses.Unlock()
	_, err := c.Events.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: c.bus(), StatementId: aws.String(c.text("StatementId"))})
	return gone(err)
}
