package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
)

func logsTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::Logs::LogGroup": {
			Properties: properties("LogGroupName! LogGroupClass! RetentionInDays Tags"),
			Attributes: []string{"Arn"}, NameProperty: "LogGroupName", MaxName: 512,
			Exists: groupExists, Create: createGroup, Configure: configureGroup,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &c.Name})
				return gone(err)
			},
		},
	}
}

func (c *Call) groupARN() string {
	return "arn:aws:logs:" + c.Region + ":" + c.Account + ":log-group:" + c.Name
}

func groupExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.Logs.DescribeLogGroups(ctx, &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: &c.Name})
	if err != nil {
		return false, err
	}
	for _, g := range out.LogGroups {
		if aws.ToString(g.LogGroupName) == c.Name {
			c.ID = c.Name
			c.set("Arn", c.groupARN()+":*")
			return true, nil
		}
	}
	return false, nil
}

func createGroup(ctx context.Context, c *Call) error {
	in := &cloudwatchlogs.CreateLogGroupInput{}
	if err := assign(in, pick(c.Props, "LogGroupClass"), c.Logical); err != nil {
		return err
	}
	in.LogGroupName, in.Tags = &c.Name, c.tags()
	if _, err := c.Logs.CreateLogGroup(ctx, in); err != nil {
		return err
	}
	c.ID = c.Name
	c.set("Arn", c.groupARN()+":*")
	return nil
}

func configureGroup(ctx context.Context, c *Call) error {
	if c.changed("RetentionInDays") {
		var err error
		if c.Props["RetentionInDays"] == nil {
			_, err = c.Logs.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &c.Name})
		} else {
			in := &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: &c.Name}
			if err := assign(in, pick(c.Props, "RetentionInDays"), c.Logical); err != nil {
				return err
			}
			_, err = c.Logs.PutRetentionPolicy(ctx, in)
		}
		if err != nil {
			return err
		}
	}
	if c.Old == nil || !c.changed("Tags") && len(c.Tags)+len(c.OldTags) == 0 {
		return nil
	}
	arn := c.groupARN()
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.Logs.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{ResourceArn: &arn, TagKeys: keys}); err != nil {
			return err
		}
	}
	tags := c.tags()
	if len(tags) == 0 {
		return nil
	}
	_, err := c.Logs.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: tags})
	return err
}
