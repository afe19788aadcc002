package resource

import (
	"context"
	"fmt"
	"slices"

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
			Properties: properties(`TopicArn! Protocol! Endpoint! Region DeliveryPolicy FilterPolicy FilterPolicyScope
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
		"AWS::SNS::TopicInlinePolicy": {
			Properties: properties("TopicArn! PolicyDocument"), Required: []string{"TopicArn", "PolicyDocument"},
			Create:    func(_ context.Context, c *Call) error { c.ID = c.text("TopicArn"); return nil },
			Configure: func(ctx context.Context, c *Call) error { return setTopicPolicies(ctx, c, []string{c.ID}) },
			Delete: func(ctx context.Context, c *Call) error {
				return resetTopicPolicies(ctx, c, []string{c.text("TopicArn")})
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

// topicAttribute is a property of a topic as an attribute.
func (c *Call) topicAttribute(name string) (string, error) {
	if c.Props[name] == nil {
		return topicDefaults[name], nil
	}
	text, ok := template.Text(c.Props[name])
	if !ok {
		return "", wrongType(c.Logical+"/"+name, "a string")
	}
	return text, nil
}

func createTopic(ctx context.Context, c *Call) error {
	attributes := map[string]string{}
	for _, name := range template.Keys(topicDefaults) {
		if c.Props[name] == nil {
			continue
		}
		var err error
		if attributes[name], err = c.topicAttribute(name); err != nil {
			return err
		}
	}
	if fifo := c.text("FifoTopic"); fifo == "true" {
		attributes["FifoTopic"] = fifo
	}
	_, err := c.SNS.CreateTopic(ctx, &sns.CreateTopicInput{Name: &c.Name, Attributes: attributes, Tags: tagList(c.tags(), snsTag)})
	if err == nil {
		c.topicAttributes()
	}
	return err
}

func snsTag(key, value *string) types.Tag { return types.Tag{Key: key, Value: value} }

func updateTopic(ctx context.Context, c *Call) error {
	for _, name := range template.Keys(topicDefaults) {
		if !c.changed(name) {
			continue
		}
		value, err := c.topicAttribute(name)
		if err != nil {
			return err
		}
		_, err = c.SNS.SetTopicAttributes(ctx, &sns.SetTopicAttributesInput{TopicArn: &c.ID, AttributeName: aws.String(name), AttributeValue: &value})
		if err != nil {
			return err
		}
	}
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.SNS.UntagResource(ctx, &sns.UntagResourceInput{ResourceArn: &c.ID, TagKeys: keys}); err != nil {
			return err
		}
	}
	if tags := tagList(c.tags(), snsTag); len(tags) > 0 {
		_, err := c.SNS.TagResource(ctx, &sns.TagResourceInput{ResourceArn: &c.ID, Tags: tags})
		return err
	}
	return nil
}

// subscribeToTopic makes the subscriptions that the topic lists, where they are
// not there, and ends those that it listed before. One that nobody has confirmed
// cannot be ended: it expires.
func subscribeToTopic(ctx context.Context, c *Call) error {
	now, err := c.listed(c.Props["Subscription"])
	if err != nil {
		return err
	}
	before, err := c.listed(c.Old["Subscription"])
	if err != nil || len(now)+len(before) == 0 {
		return err
	}
	there := map[end]string{}
	err = c.subscriptions(ctx, c.ID, func(e end, arn string) { there[e] = arn })
	if err != nil {
		return err
	}
	for _, e := range now {
		if there[e] != "" {
			continue
		}
		if _, err := c.SNS.Subscribe(ctx, &sns.SubscribeInput{TopicArn: &c.ID, Protocol: &e.Protocol, Endpoint: &e.Endpoint}); err != nil {
			return err
		}
	}
	for _, e := range before {
		if arn := there[e]; arn != "" && arn != pending && !slices.Contains(now, e) {
			if err := unsubscribe(ctx, c, arn); err != nil {
				return err
			}
		}
	}
	return nil
}

// end is where a subscription leads.
type end struct{ Protocol, Endpoint string }

// pending is shown for the ARN of a subscription that is not confirmed.
const pending = "PendingConfirmation"

// listed reads the subscriptions that a topic lists. These have two properties
// and both must be there.
func (c *Call) listed(v any) ([]end, error) {
	var list struct{ Subscription []end }
	if err := assign(&list, map[string]any{"Subscription": v}, c.Logical); err != nil {
		return nil, err
	}
	for i, e := range list.Subscription {
		if e.Protocol == "" || e.Endpoint == "" {
			return nil, &PropertyError{fmt.Sprintf("Property validation failure: [The properties {/Subscription/%d/Endpoint} and "+
				"{/Subscription/%d/Protocol} are required] in resource %s", i, i, c.Logical)}
		}
	}
	return list.Subscription, nil
}

// subscriptions are those of a topic.
func (c *Call) subscriptions(ctx context.Context, topic string, each func(e end, arn string)) error {
	pages := sns.NewListSubscriptionsByTopicPaginator(c.SNS, &sns.ListSubscriptionsByTopicInput{TopicArn: &topic})
	for pages.HasMorePages() {
		out, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, s := range out.Subscriptions {
			each(end{aws.ToString(s.Protocol), aws.ToString(s.Endpoint)}, aws.ToString(s.SubscriptionArn))
		}
	}
	return nil
}

// subscriptionDefaults is what an attribute returns to when a template no longer
// sets it.
var subscriptionDefaults = map[string]string{"DeliveryPolicy": "", "FilterPolicy": "{}", "FilterPolicyScope": "MessageAttributes",
	"RawMessageDelivery": "false", "RedrivePolicy": "", "SubscriptionRoleArn": ""}

// subscriptionExists finds a subscription that is confirmed. One that is not
// hides its ARN; to subscribe again tells it, and makes no other.
func subscriptionExists(ctx context.Context, c *Call) (bool, error) {
	err := c.subscriptions(ctx, c.text("TopicArn"), func(e end, arn string) {
		if e == (end{c.text("Protocol"), c.text("Endpoint")}) && arn != pending {
			c.ID = arn
			c.set("Arn", c.ID)
		}
	})
	if err != nil || c.ID == "" {
		return false, gone(err)
	}
	return true, nil
}

// ownRegion refuses a topic of another region.
func (c *Call) ownRegion() error {
	if region := c.text("Region"); region != "" && region != c.Region {
		return &PropertyError{"Encountered unsupported property Region in resource " + c.Logical + ": this is " + c.Region}
	}
	return nil
}

func createSubscription(ctx context.Context, c *Call) error {
	if err := c.ownRegion(); err != nil {
		return err
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

// updateSubscription sets attribute by attribute. Each filter is judged by the
// scope that it meets, and a body's may say more: a scope that becomes the body
// goes before the filter, one that becomes the attributes after it.
func updateSubscription(ctx context.Context, c *Call) error {
	if err := c.ownRegion(); err != nil {
		return err
	}
	names := []string{"FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy", "SubscriptionRoleArn"}
	if c.text("FilterPolicyScope") == "MessageBody" {
		names[0], names[1] = names[1], names[0]
	}
	for _, name := range names {
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
	topics, left := texts(c.Props["Topics"]), texts(c.Old["Topics"])
	left = slices.DeleteFunc(left, func(arn string) bool { return contains(topics, arn) })
	if err := resetTopicPolicies(ctx, c, left); err != nil {
		return err
	}
	return setTopicPolicies(ctx, c, topics)
}

func setTopicPolicies(ctx context.Context, c *Call, arns []string) error {
	policy, err := document(c.Props["PolicyDocument"])
	if err != nil {
		return err
	}
	for _, arn := range arns {
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
