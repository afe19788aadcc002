package resource

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/service/cloudformation/template"
)

func eventsTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::Events::Rule": {
			Properties: properties("Name! EventBusName! Description EventPattern RoleArn ScheduleExpression State Targets Tags"),
			Attributes: []string{"Arn"}, NameProperty: "Name", MaxName: 64,
			Exists: ruleExists, Create: putRule, Update: putRule, Configure: configureTargets, Delete: deleteRule,
		},
		"AWS::Events::EventBus": {
			Properties: properties("Name! Description Tags"), Required: []string{"Name"},
			Attributes: []string{"Arn", "Name"}, NameProperty: "Name", MaxName: 256,
			Exists: busExists, Create: createBus, Update: updateBus,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.Events.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &c.Name})
				return gone(err)
			},
		},
		"AWS::Events::EventBusPolicy": {
			Properties: properties("StatementId! EventBusName! Action Principal Condition Statement"), Required: []string{"StatementId"},
			Create: putBusPolicy, Update: putBusPolicy,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.Events.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: c.bus(), StatementId: aws.String(c.text("StatementId"))})
				return gone(err)
			},
		},
	}
}

// bus is the property EventBusName, nil for the default bus.
func (c *Call) bus() *string {
	if name := c.text("EventBusName"); name != "" {
		return &name
	}
	return nil
}

// ruleAttributes sets what Ref gives: the name, or bus|name on a bus of one's own.
func (c *Call) ruleAttributes(arn *string) {
	c.ID = c.Name
	if bus := c.text("EventBusName"); bus != "" && bus != "default" {
		c.ID = bus + "|" + c.Name
	}
	c.set("Arn", aws.ToString(arn))
}

func ruleExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.Events.DescribeRule(ctx, &eventbridge.DescribeRuleInput{Name: &c.Name, EventBusName: c.bus()})
	ok, err := found(err)
	if ok {
		c.ruleAttributes(out.Arn)
	}
	return ok, err
}

func (c *Call) eventTags() (tags []types.Tag) {
	all := c.tags()
	for _, key := range template.Keys(all) {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return tags
}

// putRule makes the rule or replaces what it says.
func putRule(ctx context.Context, c *Call) error {
	in := &eventbridge.PutRuleInput{}
	err := assign(in, pick(c.Props, "EventBusName", "Description", "EventPattern", "RoleArn", "ScheduleExpression", "State"), c.Logical)
	if err != nil {
		return err
	}
	in.Name = &c.Name
	if c.Old == nil {
		in.Tags = c.eventTags()
	}
	out, err := c.Events.PutRule(ctx, in)
	if err != nil {
		return err
	}
	c.ruleAttributes(out.RuleArn)
	return c.tagEvents(ctx, aws.ToString(out.RuleArn))
}

// tagEvents brings the tags of what is there to what they shall be.
func (c *Call) tagEvents(ctx context.Context, arn string) error {
	if c.Old == nil {
		return nil
	}
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.Events.UntagResource(ctx, &eventbridge.UntagResourceInput{ResourceARN: &arn, TagKeys: keys}); err != nil {
			return err
		}
	}
	if tags := c.eventTags(); len(tags) > 0 {
		_, err := c.Events.TagResource(ctx, &eventbridge.TagResourceInput{ResourceARN: &arn, Tags: tags})
		return err
	}
	return nil
}

// configureTargets puts the targets, and removes those that the rule had.
func configureTargets(ctx context.Context, c *Call) error {
	if !c.changed("Targets") {
		return nil
	}
	now, before := targetIDs(c.Props["Targets"]), targetIDs(c.Old["Targets"])
	var left []string
	for _, id := range before {
		if !contains(now, id) {
			left = append(left, id)
		}
	}
	if len(left) > 0 {
		if err := removeTargets(ctx, c, left); err != nil {
			return err
		}
	}
	if len(now) == 0 {
		return nil
	}
	in := &eventbridge.PutTargetsInput{Rule: &c.Name, EventBusName: c.bus()}
	if err := assign(in, pick(c.Props, "Targets"), c.Logical); err != nil {
		return err
	}
	out, err := c.Events.PutTargets(ctx, in)
	if err != nil {
		return err
	}
	return failedTargets(out.FailedEntries)
}

func failedTargets[E types.PutTargetsResultEntry | types.RemoveTargetsResultEntry](failed []E) error {
	for _, f := range failed {
		e := types.PutTargetsResultEntry(f)
		return &PropertyError{fmt.Sprintf("Target %s: %s: %s", aws.ToString(e.TargetId), aws.ToString(e.ErrorCode), aws.ToString(e.ErrorMessage))}
	}
	return nil
}

func targetIDs(v any) (ids []string) {
	list, _ := v.([]any)
	for _, item := range list {
		if id, ok := template.Text(object(item)["Id"]); ok {
			ids = append(ids, id)
		}
	}
	return ids
}

func removeTargets(ctx context.Context, c *Call, ids []string) error {
	out, err := c.Events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &c.Name, EventBusName: c.bus(), Ids: ids})
	if err != nil {
		return gone(err)
	}
	return failedTargets(out.FailedEntries)
}

// deleteRule removes the targets first, also those that the template does not
// know of: a rule with targets stays.
func deleteRule(ctx context.Context, c *Call) error {
	out, err := c.Events.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &c.Name, EventBusName: c.bus()})
	if err != nil {
		return gone(err)
	}
	var ids []string
	for _, t := range out.Targets {
		ids = append(ids, aws.ToString(t.Id))
	}
	if len(ids) > 0 {
		if err := removeTargets(ctx, c, ids); err != nil {
			return err
		}
	}
	_, err = c.Events.DeleteRule(ctx, &eventbridge.DeleteRuleInput{Name: &c.Name, EventBusName: c.bus()})
	return gone(err)
}

func (c *Call) busAttributes(arn *string) {
	c.ID = c.Name
	c.set("Arn", aws.ToString(arn))
	c.set("Name", c.Name)
}

func busExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.Events.DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &c.Name})
	ok, err := found(err)
	if ok {
		c.busAttributes(out.Arn)
	}
	return ok, err
}

func createBus(ctx context.Context, c *Call) error {
	in := &eventbridge.CreateEventBusInput{Name: &c.Name, Tags: c.eventTags()}
	if err := assign(in, pick(c.Props, "Description"), c.Logical); err != nil {
		return err
	}
	out, err := c.Events.CreateEventBus(ctx, in)
	if err == nil {
		c.busAttributes(out.EventBusArn)
	}
	return err
}

func updateBus(ctx context.Context, c *Call) error {
	if c.changed("Description") {
		_, err := c.Events.UpdateEventBus(ctx, &eventbridge.UpdateEventBusInput{Name: &c.Name, Description: aws.String(c.text("Description"))})
		if err != nil {
			return err
		}
	}
	return c.tagEvents(ctx, c.arn("events", "event-bus/"+c.Name))
}

// putBusPolicy adds a statement to the policy of a bus, whole or by its parts.
func putBusPolicy(ctx context.Context, c *Call) error {
	in := &eventbridge.PutPermissionInput{EventBusName: c.bus(), StatementId: aws.String(c.text("StatementId"))}
	if c.Props["Statement"] == nil {
		if err := assign(in, pick(c.Props, "Action", "Principal", "Condition"), c.Logical); err != nil {
			return err
		}
	} else {
		statement := map[string]any{"Sid": c.text("StatementId")}
		for key, v := range object(c.Props["Statement"]) {
			statement[key] = v
		}
		policy, err := template.JSON(map[string]any{"Version": "2012-10-17", "Statement": []any{statement}})
		if err != nil {
			return err
		}
		in.Policy, in.StatementId = &policy, nil
	}
	_, err := c.Events.PutPermission(ctx, in)
	if err == nil {
		c.ID = c.text("StatementId")
	}
	return err
}
