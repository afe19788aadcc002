package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/cloudformation/template"
)

func sqsTypes() map[string]*Type {
	return map[string]*Type{
		"AWS::SQS::Queue": {
			Properties: properties(`QueueName! FifoQueue! ContentBasedDeduplication DeduplicationScope DelaySeconds
				FifoThroughputLimit KmsDataKeyReusePeriodSeconds KmsMasterKeyId MaximumMessageSize MessageRetentionPeriod
				ReceiveMessageWaitTimeSeconds RedriveAllowPolicy RedrivePolicy SqsManagedSseEnabled Tags VisibilityTimeout`),
			Attributes: []string{"Arn", "QueueName", "QueueUrl"}, NameProperty: "QueueName", MaxName: 80, FIFOProperty: "FifoQueue",
			Exists: queueExists, Create: createQueue, Update: updateQueue, Delete: deleteQueue,
		},
		"AWS::SQS::QueuePolicy": {
			Properties: properties("Queues PolicyDocument"), Required: []string{"Queues", "PolicyDocument"},
			Attributes: []string{"Id"}, Anonymous: true,
			Create:    func(_ context.Context, c *Call) error { c.ID = c.Name; c.set("Id", c.Name); return nil },
			Configure: configureQueuePolicy,
			Delete: func(ctx context.Context, c *Call) error {
				return setQueuePolicy(ctx, c, texts(c.Props["Queues"]), "")
			},
		},
	}
}

func queueExists(ctx context.Context, c *Call) (bool, error) {
	out, err := c.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &c.Name})
	ok, err := found(err)
	if ok {
		c.queueAttributes(aws.ToString(out.QueueUrl))
	}
	return ok, err
}

func (c *Call) queueAttributes(url string) {
	c.ID = url
	c.set("Arn", "arn:aws:sqs:"+c.Region+":"+c.Account+":"+c.Name)
	c.set("QueueName", c.Name)
	c.set("QueueUrl", url)
}

// queueDefaults is what an attribute returns to when a template no longer sets it.
var queueDefaults = map[string]string{"DelaySeconds": "0", "MaximumMessageSize": "1048576", "MessageRetentionPeriod": "345600",
	"ReceiveMessageWaitTimeSeconds": "0", "VisibilityTimeout": "30", "RedrivePolicy": "", "RedriveAllowPolicy": "",
	"KmsMasterKeyId": "", "KmsDataKeyReusePeriodSeconds": "300", "SqsManagedSseEnabled": "true",
	"ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}

func queueAttribute(v any) (string, error) {
	if text, ok := template.Text(v); ok {
		return text, nil
	}
	return template.JSON(v)
}

func createQueue(ctx context.Context, c *Call) error {
	attributes := map[string]string{}
	for name, v := range c.Props {
		if name == "QueueName" || name == "Tags" || name == "FifoQueue" && c.text(name) == "false" {
			continue
		}
		text, err := queueAttribute(v)
		if err != nil {
			return err
		}
		attributes[name] = text
	}
	out, err := c.SQS.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &c.Name, Attributes: attributes, Tags: c.tags()})
	if err != nil {
		return err
	}
	c.queueAttributes(aws.ToString(out.QueueUrl))
	return nil
}

func updateQueue(ctx context.Context, c *Call) error {
	attributes := map[string]string{}
	for name, standard := range queueDefaults {
		if !c.changed(name) {
			continue
		}
		attributes[name] = standard
		if v := c.Props[name]; v != nil {
			text, err := queueAttribute(v)
			if err != nil {
				return err
			}
			attributes[name] = text
		}
	}
	if len(attributes) > 0 {
		_, err := c.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &c.ID, Attributes: attributes})
		if err != nil {
			return err
		}
	}
	return tagQueue(ctx, c)
}

func tagQueue(ctx context.Context, c *Call) error {
	if keys := c.removedTags(); len(keys) > 0 {
		if _, err := c.SQS.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &c.ID, TagKeys: keys}); err != nil {
			return err
		}
	}
	tags := c.tags()
	if len(tags) == 0 {
		return nil
	}
	_, err := c.SQS.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &c.ID, Tags: tags})
	return err
}

func deleteQueue(ctx context.Context, c *Call) error {
	if c.ID == "" {
		if ok, err := queueExists(ctx, c); err != nil || !ok {
			return err
		}
	}
	_, err := c.SQS.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &c.ID})
	return gone(err)
}

// configureQueuePolicy gives the policy to its queues, and takes it from those
// that it no longer names.
func configureQueuePolicy(ctx context.Context, c *Call) error {
	policy, err := document(c.Props["PolicyDocument"])
	if err != nil {
		return err
	}
	queues := texts(c.Props["Queues"])
	var left []string
	for _, url := range texts(c.Old["Queues"]) {
		if !contains(queues, url) {
			left = append(left, url)
		}
	}
	if err := setQueuePolicy(ctx, c, left, ""); err != nil {
		return err
	}
	return setQueuePolicy(ctx, c, queues, policy)
}

func setQueuePolicy(ctx context.Context, c *Call, urls []string, policy string) error {
	for _, url := range urls {
		_, err := c.SQS.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{QueueUrl: &url,
			Attributes: map[string]string{string(types.QueueAttributeNamePolicy): policy}})
		if policy == "" {
			err = gone(err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
