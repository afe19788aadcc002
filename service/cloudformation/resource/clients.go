package resource

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
)

// Clients are how the types reach the services.
type Clients struct {
	S3         *s3.Client
	SQS        *sqs.Client
	DynamoDB   *dynamodb.Client
	Lambda     *lambda.Client
	IAM        *iam.Client
	Logs       *cloudwatchlogs.Client
	APIGateway *apigateway.Client
	SNS        *sns.Client
	CloudWatch *cloudwatch.Client
	Events     *eventbridge.Client
	Stacks     Stacks

	buses sync.Mutex // while the policy of an event bus is read and written
}

// Stacks deploys nested stacks, and waits for them.
type Stacks interface {
	// Deploy creates the stack of the name, or brings it to the template and the
	// parameters, and returns when that has ended. The error is the reason why it
	// failed.
	Deploy(ctx context.Context, s Nested) (id string, outputs map[string]string, err error)
	// Remove deletes the stack, by id or name, and returns when it is gone.
	Remove(ctx context.Context, idOrName string) error
}

// Nested is a stack within a stack.
type Nested struct {
	Name, Parent   string // Parent is the ARN of the stack that it is part of
	TemplateURL    string
	Parameters     map[string]string
	Tags           map[string]string
	TimeoutMinutes int32
}

// NewClients makes the clients. S3 is spoken to with the bucket in the path, so
// that any endpoint will do.
func NewClients(cfg aws.Config, stacks Stacks) *Clients {
	return &Clients{
		S3:         s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }),
		SQS:        sqs.NewFromConfig(cfg),
		DynamoDB:   dynamodb.NewFromConfig(cfg),
		Lambda:     lambda.NewFromConfig(cfg),
		IAM:        iam.NewFromConfig(cfg),
		Logs:       cloudwatchlogs.NewFromConfig(cfg),
		APIGateway: apigateway.NewFromConfig(cfg),
		SNS:        sns.NewFromConfig(cfg),
		CloudWatch: cloudwatch.NewFromConfig(cfg),
		Events:     eventbridge.NewFromConfig(cfg),
		Stacks:     stacks,
	}
}

// isCode says whether a service answered with one of the error codes.
func isCode(err error, codes ...string) bool {
	var e smithy.APIError
	return errors.As(err, &e) && slices.Contains(codes, e.ErrorCode())
}

// absent are the codes that say that something is not there.
var absent = []string{"NotFound", "NoSuchBucket", "NoSuchKey", "NoSuchEntity", "ResourceNotFoundException", "NotFoundException",
	"QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue", "NoSuchBucketPolicy", "NoSuchTagSet", "ResourceNotFound", "DashboardNotFoundError", "404"}

func notFound(err error) bool { return isCode(err, absent...) }

// gone drops the error that says that there is nothing to delete.
func gone(err error) error {
	if notFound(err) {
		return nil
	}
	return err
}

// found turns the answer of a Get into whether there is something.
func found(err error) (bool, error) {
	switch {
	case err == nil:
		return true, nil
	case notFound(err):
		return false, nil
	}
	return false, err
}
