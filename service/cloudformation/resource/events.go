package resource

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

func eventsTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::Events::Rule": {
			Properties: properties("Name! EventBusName! Description EventPattern RoleArn ScheduleExpression State Targets Tags"),
			Attributes: []string{"Arn"}, NameProperty: "Name", MaxName: 64,
			Exists: ruleExists, Create: putRule, Update: putRule, Configure: configureTargets, Delete: deleteRule,
		},
		"AWS::Events::EventBus": {
			Properties: properties("Name! DeadLetterConfig Description Policy Tags"), Required: []string{"Name"},
			Attributes: []string{"Arn", "Name"}, NameProperty: "Name", MaxName: 256,
			Exists: busExists, Create: createBus, Update: updateBus, Configure: configureBus,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.Events.DeleteEventBus(ctx, &eventbridge.DeleteEventBusInput{Name: &c.Name})
				return gone(err)
			},
		},
		"AWS::Events::EventBusPolicy": {
			Properties: properties("StatementId! EventBusName! Action Principal Condition Statement"), Required: []string{"StatementId"},
			Create: putBusPolicy, Update: putBusPolicy, Delete: deleteBusPolicy,
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

func eventTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

// putRule makes the rule or replaces what it says.
func putRule(ctx context.Context, c *Call) error {
	in := &eventbridge.PutRuleInput{}
	err := assign(in, pick(c.Props, "EventBusName", "Description", "EventPattern", "RoleArn", "ScheduleExpression", "State"), c.Logical)
	if err != nil {
		return err
	}
	in.Name = &c.Name
	if c.Old == nil {
		in.Tags = tagList(c.tags(), eventTag)
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
	if tags := tagList(c.tags(), eventTag); len(tags) > 0 {
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
	in := &eventbridge.PutTargetsInput{Rule: &c.Name, EventBusName: c.bus()}
	if err := assign(in, pick(c.Props, "Targets"), c.Logical); err != nil {
		return err
	}
	before := &eventbridge.PutTargetsInput{}
	if err := assign(before, pick(c.Old, "Targets"), c.Logical); err != nil {
		return err
	}
	left := slices.DeleteFunc(targetIDs(before.Targets), func(id string) bool { return contains(targetIDs(in.Targets), id) })
	if err := removeTargets(ctx, c, left); err != nil || len(in.Targets) == 0 {
		return err
	}
	out, err := c.Events.PutTargets(ctx, in)
	if err != nil {
		return err
	}
	for _, f := range out.FailedEntries {
		return failedTarget(f)
	}
	return nil
}

func failedTarget(f types.PutTargetsResultEntry) error {
	return &PropertyError{fmt.Sprintf("Target %s: %s: %s", aws.ToString(f.TargetId), aws.ToString(f.ErrorCode), aws.ToString(f.ErrorMessage))}
}

func targetIDs(targets []types.Target) (ids []string) {
	for _, t := range targets {
		ids = append(ids, aws.ToString(t.Id))
	}
	return ids
}

// removeTargets removes what is still there of the targets.
func removeTargets(ctx context.Context, c *Call, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	out, err := c.Events.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &c.Name, EventBusName: c.bus(), Ids: ids})
	if err != nil {
		return gone(err)
	}
	for _, f := range out.FailedEntries {
		if aws.ToString(f.ErrorCode) != "ResourceNotFoundException" {
			return failedTarget(types.PutTargetsResultEntry(f))
		}
	}
	return nil
}

// deleteRule removes the targets first, also those that the template does not
// know of: a rule with targets stays. All of them are in one answer.
func deleteRule(ctx context.Context, c *Call) error {
	out, err := c.Events.ListTargetsByRule(ctx, &eventbridge.ListTargetsByRuleInput{Rule: &c.Name, EventBusName: c.bus()})
	if err != nil {
		return gone(err)
	}
	if err := removeTargets(ctx, c, targetIDs(out.Targets)); err != nil {
		return err
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
	in := &eventbridge.CreateEventBusInput{Name: &c.Name, Tags: tagList(c.tags(), eventTag)}
	if err := assign(in, pick(c.Props, "Description", "DeadLetterConfig"), c.Logical); err != nil {
		return err
	}
	out, err := c.Events.CreateEventBus(ctx, in)
	if err == nil {
		c.busAttributes(out.EventBusArn)
	}
	return err
}

// updateBus says again all that is not to be removed.
func updateBus(ctx context.Context, c *Call) error {
	if c.changed("Description", "DeadLetterConfig") {
		in := &eventbridge.UpdateEventBusInput{Name: &c.Name}
		if err := assign(in, pick(c.Props, "Description", "DeadLetterConfig"), c.Logical); err != nil {
			return err
		}
		if _, err := c.Events.UpdateEventBus(ctx, in); err != nil {
			return err
		}
	}
	return c.tagEvents(ctx, c.arn("events", "event-bus/"+c.Name))
}

func configureBus(ctx context.Context, c *Call) error {
	if !c.changed("Policy") {
		return nil
	}
	c.buses.Lock()
	defer c.buses.Unlock()
	if c.Props["Policy"] == nil {
		_, err := c.Events.RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: &c.Name, RemoveAllPermissions: true})
		return gone(err)
	}
	policy, err := document(c.Props["Policy"])
	if err != nil {
		return err
	}
	_, err = c.Events.PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: &c.Name, Policy: &policy})
	return err
}
