package sqs

import "github.com/aws/aws-sdk-go-v2/service/sqs/types"

// The SDK's inputs cannot tell 0 from absent, which for these operations are
// two things: a receive that does not wait, and one that waits as long as the
// queue says. So these inputs are Runnel's own, member by member the SDK's.

// SendMessageInput is the SDK's, with a DelaySeconds that may be absent.
type SendMessageInput struct {
	QueueUrl                *string
	MessageBody             *string
	DelaySeconds            *int32
	MessageAttributes       map[string]types.MessageAttributeValue
	MessageSystemAttributes map[string]types.MessageSystemAttributeValue
	MessageDeduplicationId  *string
	MessageGroupId          *string
}

// SendMessageBatchInput is the SDK's, with its own entries.
type SendMessageBatchInput struct {
	QueueUrl *string
	Entries  []SendMessageBatchRequestEntry
}

// SendMessageBatchRequestEntry is the SDK's, with a DelaySeconds that may be
// absent.
type SendMessageBatchRequestEntry struct {
	Id                      *string
	MessageBody             *string
	DelaySeconds            *int32
	MessageAttributes       map[string]types.MessageAttributeValue
	MessageSystemAttributes map[string]types.MessageSystemAttributeValue
	MessageDeduplicationId  *string
	MessageGroupId          *string
}

// ReceiveMessageInput is the SDK's, with numbers that may be absent.
type ReceiveMessageInput struct {
	QueueUrl                    *string
	AttributeNames              []string
	MessageSystemAttributeNames []string
	MessageAttributeNames       []string
	MaxNumberOfMessages         *int32
	VisibilityTimeout           *int32
	WaitTimeSeconds             *int32
	ReceiveRequestAttemptId     *string
}

// ChangeMessageVisibilityInput is the SDK's, with a VisibilityTimeout that may
// be absent.
type ChangeMessageVisibilityInput struct {
	QueueUrl          *string
	ReceiptHandle     *string
	VisibilityTimeout *int32
}

// ChangeMessageVisibilityBatchInput is the SDK's, with its own entries.
type ChangeMessageVisibilityBatchInput struct {
	QueueUrl *string
	Entries  []ChangeMessageVisibilityBatchRequestEntry
}

// ChangeMessageVisibilityBatchRequestEntry is the SDK's, with a
// VisibilityTimeout that may be absent.
type ChangeMessageVisibilityBatchRequestEntry struct {
	Id                *string
	ReceiptHandle     *string
	VisibilityTimeout *int32
}
