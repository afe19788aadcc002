package resource

import (
	"context"
	"maps"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/service/cloudformation/template"
)

func snsTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::SNS::Topic": {
			Properties: properties(`TopicName! FifoTopic! DisplayName KmsMasterKeyId SignatureVersion TracingConfig
				ContentBasedDeduplication FifoThroughputScope Subscription Tags`),
			Attributes: []string{"TopicArn", "TopicName"}, NameProperty: "TopicName", MaxName: 256, FIFOProperty: "FifoTopic",
			Exists: topicExists, Create: createTopic, Update: updateTopic, Configure: subscribeToTopic,
			Delete: func(ctx context.Context, c *Call) error {
				_, err := c.SNS.DeleteTopic(ctx, &sns.DeleteTopicInput{TopicArn: aws.String(c.arn("sns", c.Name))})
				return gone(err)
			},
		},
		"AWS::SNS::Subscription": {
			Properties: properties(`TopicArn! Protocol! Endpoint! Region! DeliveryPolicy FilterPolicy FilterPolicyScope
				RawMessageDelivery RedrivePolicy SubscriptionRoleArn`),
			Required: []string{"TopicArn", "Protocol"}, Attributes: []string{"Arn"},
			Exists: subscriptionExists, Create: createSubscription, Update: updateSubscription, Delete: deleteSubscription,
		},
		"AWS::SNS::TopicPolicy": {
			Properties: properties("Topics PolicyDocument"), Required: []string{"Topics", "PolicyDocument"},
			Attributes: []string{"Id"}, Anonymous: true,
			Create:    func(_ context.Context, c *Call) error { c.ID = c.Name; c.set("Id", c.Name); return nil },
			Configure: configureTopicPolicy,
			Delete: func(ctx context.Context, c *Call) error {
				return resetTopicPolicies(ctx, c, texts(c.Props["Topics"]))
			},
		},
	}
}

// arn is that of a resource in the stack's account and region.
func (c *Call) arn(service, resource string) string {
	return "arn:aws:" + service + ":" + c.Region + ":" + c.Account + ":" + resource
}

func (c *Call) topicAttributes() {
	c.ID = c.arn("sns", c.Name)
	c.set("TopicArn", c.ID)
	c.set("TopicName", c.Name)
}

func topicExists(ctx context.Context, c *Call) (bool, error) {
	_, err := c.SNS.GetTopicAttributes(ctx, &sns.GetTopicAttributesInput{TopicArn: aws.String(c.arn("sns", c.Name))})
	ok, err := found(err)
	if ok {
		c.topicAttributes()
	}
	return ok, err
}

// topicDefaults is what an attribute returns to when a template no longer sets it.
var topicDefaults = map[string]string{"DisplayName": "", "KmsMasterKeyId": "", "SignatureVersion": "1",
	"TracingConfig": "PassThrough", "ContentBasedDeduplication": "false", "FifoThroughputScope": "Topic"}

func createTopic(ctx context.Context, c *Call) error {
	attributes := map[string]string{}
	for name := range topicDefaults {
		if text, ok := template.Text(c.Props[name]); ok {
			attributes[name] = text
		}
	}
	if fifo := c.text("FifoTopic"); fifo == "true" {
		attributes["FifoTopic"] = fifo
	}
	_, err := c.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: &c.Name, Attributes: attributes, Tags: c.topicTags()})
	if err == nil {
		c.topicAttributes()
	}
	return err
}

func (c *Call) topicTags() (tags []types.Tag) {
	all := c.tags()
	for _, key := range template.Keys(all) {
		tags = append(tags, types.Tag{Key: aws.String(key), Value: aws.String(all[key])})
	}
	return tags
}

func updateTopic(ctx context.Context, c *Call) error {
	for _, name := range template.Keys(topicDefaults) {
		if !c.changed(name) {
			continue
		}
		value, ok := template.Text(c.Props[name])
		if !ok {
			value = topicDefaults[name]
		}
		_, err := c.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &c.ID, AttributeName: aws.String(name), AttributeValue: &value})
		if err != nil {
			return err
		}
	}
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.SNS.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: &c.ID, TagKeys: keys}); err != nil {
			return err
		}
	}
	if tags := c.topicTags(); len(tags) > 0 {
		_, err := c.SNS.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &c.ID, Tags: tags})
		return err
	}
	return nil
}

// subscribeToTopic makes the subscriptions that the topic lists, and ends those
// that it listed before. To subscribe again changes nothing.
func subscribeToTopic(ctx context.Context, c *Call) error {
	now := listed(c.Props["Subscription"])
	for end := range now {
		if end.protocol == "" || end.endpoint == "" {
			return &PropertyError{"Subscription of " + c.Logical + " must have Endpoint and Protocol"}
		}
		_, err := c.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &c.ID, Protocol: aws.String(end.protocol), Endpoint: aws.String(end.endpoint)})
		if err != nil {
			return err
		}
	}
	before := listed(c.Old["Subscription"])
	maps.DeleteFunc(before, func(end end, _ bool) bool { return now[end] })
	if len(before) == 0 {
		return nil
	}
	return c.subscriptions(ctx, c.ID, func(s types.Subscription) error {
		if !before[end{aws.ToString(s.Protocol), aws.ToString(s.Endpoint)}] {
			return nil
		}
		return unsubscribe(ctx, c, aws.ToString(s.SubscriptionArn))
	})
}

// end is where a subscription leads.
type end struct{ protocol, endpoint string }

func listed(v any) map[end]bool {
	ends := map[end]bool{}
	list, _ := v.([]any)
	for _, item := range list {
		var e end
		e.protocol, _ = template.Text(object(item)["Protocol"])
		e.endpoint, _ = template.Text(object(item)["Endpoint"])
		ends[e] = true
	}
	return ends
}

// subscriptions are those of a topic.
func (c *Call) subscriptions(ctx context.Context, topic string, each func(types.Subscription) error) error {
	pages := sns.NewListSubscriptionsByTopicPaginator(c.SNS, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range out.Subscriptions {
			if err := each(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// subscriptionDefaults is what an attribute returns to when a template no longer
// sets it.
var subscriptionDefaults = map[string]string{"DeliveryPolicy": "", "FilterPolicy": "{}", "FilterPolicyScope": "MessageAttributes",
	"RawMessageDelivery": "false", "RedrivePolicy": "", "SubscriptionRoleArn": ""}

func subscriptionExists(ctx context.Context, c *Call) (bool, error) {
	err := c.subscriptions(ctx, c.text("TopicArn"), func(s types.Subscription) error {
		if aws.ToString(s.Protocol) == c.text("Protocol") && aws.ToString(s.Endpoint) == c.text("Endpoint") {
			c.ID = aws.ToString(s.SubscriptionArn)
			c.set("Arn", c.ID)
		}
		return nil
	})
	if err != nil || c.ID == "" {
		return found(err)
	}
	return true, nil
}

func createSubscription(ctx context.Context, c *Call) error {
	if region := c.text("Region"); region != "" && region != c.Region {
		return &PropertyError{"Encountered unsupported property Region in resource " + c.Logical + ": this is " + c.Region}
	}
	attributes := map[string]string{}
	for name := range subscriptionDefaults {
		if v := c.Props[name]; v != nil {
			text, err := queueAttribute(v)
			if err != nil {
				return err
			}
			attributes[name] = text
		}
	}
	in := &sns.SubscribeInput{Attributes: attributes, ReturnSubscriptionArn: true}
	if err := assign(in, pick(c.Props, "TopicArn", "Protocol", "Endpoint"), c.Logical); err != nil {
		return err
	}
	out, err := c.SNS.Subscribe(ctx, in)
	if err != nil {
		return err
	}
	c.ID = aws.ToString(out.SubscriptionArn)
	c.set("Arn", c.ID)
	return nil
}

// updateSubscription sets the scope of a filter before the filter, which is
// judged by it.
func updateSubscription(ctx context.Context, c *Call) error {
	for _, name := range []string{"FilterPolicyScope", "FilterPolicy", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy", "SubscriptionRoleArn"} {
		if !c.changed(name) {
			continue
		}
		value := subscriptionDefaults[name]
		if v := c.Props[name]; v != nil {
			text, err := queueAttribute(v)
			if err != nil {
				return err
			}
			value = text
		}
		_, err := c.SNS.SetSubscriptionAttributes(ctx, &sns.SetSubscriptionAttributesInput{
			SubscriptionArn: &c.ID, AttributeName: aws.String(name), AttributeValue: &value})
		if err != nil {
			return err
		}
	}
	return nil
}

func deleteSubscription(ctx context.Context, c *Call) error {
	if c.ID == "" {
		if ok, err := subscriptionExists(ctx, c); err != nil || !ok {
			return err
		}
	}
	return unsubscribe(ctx, c, c.ID)
}

func unsubscribe(ctx context.Context, c *Call, arn string) error {
	_, err := c.SNS.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: &arn})
	return gone(err)
}

// configureTopicPolicy gives the policy to its topics, and the default one to
// those that it no longer names.
func configureTopicPolicy(ctx context.Context, c *Call) error {
	policy, err := document(c.Props["PolicyDocument"])
	if err != nil {
		return err
	}
	topics := texts(c.Props["Topics"])
	var left []string
	for _, arn := range texts(c.Old["Topics"]) {
		if !contains(topics, arn) {
			left = append(left, arn)
		}
	}
	if err := resetTopicPolicies(ctx, c, left); err != nil {
		return err
	}
	for _, arn := range topics {
		if err := setTopicPolicy(ctx, c, arn, policy); err != nil {
			return err
		}
	}
	return nil
}

func setTopicPolicy(ctx context.Context, c *Call, arn, policy string) error {
	_, err := c.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: aws.String("Policy"), AttributeValue: &policy})
	return err
}

// resetTopicPolicies gives topics the policy that a new topic has: its owner may
// do all.
func resetTopicPolicies(ctx context.Context, c *Call, arns []string) error {
	for _, arn := range arns {
		policy, err := template.JSON(map[string]any{
			"Version": "2008-10-17", "Id": "__default_policy_ID",
			"Statement": []any{map[string]any{
				"Sid": "__default_statement_ID", "Effect": "Allow", "Principal": map[string]any{"AWS": "*"},
				"Action": []any{"SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:AddPermission", "SNS:RemovePermission",
					"SNS:DeleteTopic", "SNS:Subscribe", "SNS:ListSubscriptionsByTopic", "SNS:Publish"},
				"Resource": arn, "Condition": map[string]any{"StringEquals": map[string]any{"AWS:SourceOwner": c.Account}},
			}},
		})
		if err != nil {
			return err
		}
		if err := gone(setTopicPolicy(ctx, c, arn, policy)); err != nil {
			return err
		}
	}
	return nil
}
