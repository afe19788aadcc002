package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

func cloudwatchTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::CloudWatch::Alarm": {
			Properties: properties(`AlarmName! ActionsEnabled AlarmActions AlarmDescription ComparisonOperator DatapointsToAlarm
				Dimensions EvaluateLowSampleCountPercentile EvaluationPeriods ExtendedStatistic InsufficientDataActions
				MetricName Metrics Namespace OKActions Period Statistic Tags Threshold TreatMissingData Unit`),
			Required:   []string{"ComparisonOperator", "EvaluationPeriods"},
			Attributes: []string{"Arn"}, NameProperty: "AlarmName", MaxName: 255,
			Exists: alarmExists, Create: putMetricAlarm, Update: updateAlarm(putMetricAlarm), Delete: deleteAlarm,
		},
		"AWS::CloudWatch::CompositeAlarm": {
			Properties: properties(`AlarmName! ActionsEnabled ActionsSuppressor ActionsSuppressorExtensionPeriod
				ActionsSuppressorWaitPeriod AlarmActions AlarmDescription AlarmRule InsufficientDataActions OKActions Tags`),
			Required:   []string{"AlarmRule"},
			Attributes: []string{"Arn"}, NameProperty: "AlarmName", MaxName: 255,
			Exists: alarmExists, Create: putCompositeAlarm, Update: updateAlarm(putCompositeAlarm), Delete: deleteAlarm,
		},
		"AWS::CloudWatch::Dashboard": {
			Properties: properties("DashboardName! DashboardBody"), Required: []string{"DashboardBody"},
			NameProperty: "DashboardName", MaxName: 255,
			Exists: dashboardExists, Create: putDashboard, Update: putDashboard, Delete: deleteDashboard,
		},
	}
}

func (c *Call) alarmAttributes() {
	c.ID = c.Name
	c.set("Arn", c.arn("cloudwatch", "alarm:"+c.Name))
}

// alarmExists looks for an alarm of either kind: they share their names.
func alarmExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.CloudWatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: []string{c.Name},
		AlarmTypes: []types.AlarmType{types.AlarmTypeMetricAlarm, types.AlarmTypeCompositeAlarm}})
	if err != nil || len(out.MetricAlarms)+len(out.CompositeAlarms) == 0 {
		return false, err
	}
	c.alarmAttributes()
	return true, nil
}

func alarmTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func putMetricAlarm(ctx context.Context, c *Call) error {
	in := &cloudwatch.PutMetricAlarmInput{}
	if err := assign(in, c.without("AlarmName", "Tags"), c.Logical); err != nil {
		return err
	}
	in.AlarmName, in.Tags = &c.Name, tagList(c.tags(), alarmTag)
	_, err := c.CloudWatch.PutMetricAlarm(ctx, in)
	if err == nil {
		c.alarmAttributes()
	}
	return err
}

func putCompositeAlarm(ctx context.Context, c *Call) error {
	in := &cloudwatch.PutCompositeAlarmInput{}
	if err := assign(in, c.without("AlarmName", "Tags"), c.Logical); err != nil {
		return err
	}
	in.AlarmName, in.Tags = &c.Name, tagList(c.tags(), alarmTag)
	_, err := c.CloudWatch.PutCompositeAlarm(ctx, in)
	if err == nil {
		c.alarmAttributes()
	}
	return err
}

// updateAlarm puts the alarm as a whole. Tags of an alarm that is there are not
// among what that changes.
func updateAlarm(put func(context.Context, *Call) error) func(context.Context, *Call) error {
	return func(ctx context.Context, c *Call) error {
		if err := put(ctx, c); err != nil {
			return err
		}
		arn := aws.String(c.arn("cloudwatch", "alarm:"+c.Name))
		if keys := c.removedTags(); len(keys) > 0 {
			if _, err := c.CloudWatch.UntagResource(ctx, &cloudwatch.UntagResourceInput{ResourceARN: arn, TagKeys: keys}); err != nil {
				return err
			}
		}
		if tags := tagList(c.tags(), alarmTag); len(tags) > 0 {
			_, err := c.CloudWatch.TagResource(ctx, &cloudwatch.TagResourceInput{ResourceARN: arn, Tags: tags})
			return err
		}
		return nil
	}
}

func deleteAlarm(ctx context.Context, c *Call) error {
	_, err := c.CloudWatch.DeleteAlarms(ctx, &cloudwatch.DeleteAlarmsInput{AlarmNames: []string{c.Name}})
	return gone(err)
}

func dashboardExists(ctx context.Context, c *Call) (bool, error) {
	_, err := c.CloudWatch.GetDashboard(ctx, &cloudwatch.GetDashboardInput{DashboardName: &c.Name})
	ok, err := found(err)
	if ok {
		c.ID = c.Name
	}
	return ok, err
}

func putDashboard(ctx context.Context, c *Call) error {
	in := &cloudwatch.PutDashboardInput{DashboardName: &c.Name}
	if err := assign(in, pick(c.Props, "DashboardBody"), c.Logical); err != nil {
		return err
	}
	_, err := c.CloudWatch.PutDashboard(ctx, in)
	if err == nil {
		c.ID = c.Name
	}
	return err
}

func deleteDashboard(ctx context.Context, c *Call) error {
	_, err := c.CloudWatch.DeleteDashboards(ctx, &cloudwatch.DeleteDashboardsInput{DashboardNames: []string{c.Name}})
	return gone(err)
}
