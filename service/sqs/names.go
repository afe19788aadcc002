package sqs

import "github.com/runnel/runnel/wire"

// names are the names of the query protocol, which has no wrappers around
// lists and calls their items by names of their own. Runnel's own inputs have
// the SDK's type names. In the JSON protocol two members begin with a small
// letter. Source: the sample requests and responses of
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/.
func names() wire.Names {
	list := func(name string) wire.Name { return wire.Name{Name: name, Flat: true} }
	dict := func(name, key string) wire.Name { return wire.Name{Name: name, Key: key, Value: "Value", Flat: true} }
	attributes, userAttributes := dict("Attribute", "Name"), dict("MessageAttribute", "Name")
	systemAttributes := dict("MessageSystemAttribute", "Name")
	return wire.Names{
		"AddPermissionInput.AWSAccountIds":                     list("AWSAccountId"),
		"AddPermissionInput.Actions":                           list("ActionName"),
		"ChangeMessageVisibilityBatchInput.Entries":            list("ChangeMessageVisibilityBatchRequestEntry"),
		"ChangeMessageVisibilityBatchOutput.Failed":            list("BatchResultErrorEntry"),
		"ChangeMessageVisibilityBatchOutput.Successful":        list("ChangeMessageVisibilityBatchResultEntry"),
		"CreateQueueInput.Attributes":                          attributes,
		"CreateQueueInput.Tags":                                {Name: "Tag", JSON: "tags", Key: "Key", Value: "Value", Flat: true},
		"DeleteMessageBatchInput.Entries":                      list("DeleteMessageBatchRequestEntry"),
		"DeleteMessageBatchOutput.Failed":                      list("BatchResultErrorEntry"),
		"DeleteMessageBatchOutput.Successful":                  list("DeleteMessageBatchResultEntry"),
		"GetQueueAttributesInput.AttributeNames":               list("AttributeName"),
		"GetQueueAttributesOutput.Attributes":                  attributes,
		"ListDeadLetterSourceQueuesOutput.QueueUrls":           {Name: "QueueUrl", JSON: "queueUrls", Flat: true},
		"ListMessageMoveTasksOutput.Results":                   list("ListMessageMoveTasksResultEntry"),
		"ListQueueTagsOutput.Tags":                             dict("Tag", "Key"),
		"ListQueuesOutput.QueueUrls":                           list("QueueUrl"),
		"Message.Attributes":                                   attributes,
		"Message.MessageAttributes":                            userAttributes,
		"MessageAttributeValue.BinaryListValues":               {Name: "BinaryListValue", Item: "BinaryListValue", Flat: true},
		"MessageAttributeValue.StringListValues":               {Name: "StringListValue", Item: "StringListValue", Flat: true},
		"MessageSystemAttributeValue.BinaryListValues":         {Name: "BinaryListValue", Item: "BinaryListValue", Flat: true},
		"MessageSystemAttributeValue.StringListValues":         {Name: "StringListValue", Item: "StringListValue", Flat: true},
		"ReceiveMessageInput.AttributeNames":                   list("AttributeName"),
		"ReceiveMessageInput.MessageAttributeNames":            list("MessageAttributeName"),
		"ReceiveMessageInput.MessageSystemAttributeNames":      list("MessageSystemAttributeName"),
		"ReceiveMessageOutput.Messages":                        list("Message"),
		"SendMessageBatchInput.Entries":                        list("SendMessageBatchRequestEntry"),
		"SendMessageBatchOutput.Failed":                        list("BatchResultErrorEntry"),
		"SendMessageBatchOutput.Successful":                    list("SendMessageBatchResultEntry"),
		"SendMessageBatchRequestEntry.MessageAttributes":       userAttributes,
		"SendMessageBatchRequestEntry.MessageSystemAttributes": systemAttributes,
		"SendMessageInput.MessageAttributes":                   userAttributes,
		"SendMessageInput.MessageSystemAttributes":             systemAttributes,
		"SetQueueAttributesInput.Attributes":                   attributes,
		"TagQueueInput.Tags":                                   dict("Tag", "Key"),
		"UntagQueueInput.TagKeys":                              list("TagKey"),
	}
}
