package cloudformation_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	s3api "github.com/aws/aws-sdk-go-v2/service/s3"
)

// bufferable puts a queue between a bucket and its function, or takes it out.
const bufferable = `
Transform: AWS::Serverless-2016-10-31
Parameters:
  Buffered: {Type: String, Default: 'false', AllowedValues: ['true', 'false']}
  MaximumConcurrency: {Type: Number, Default: 10}
Conditions: {IsBuffered: !Equals [!Ref Buffered, 'true']}
Resources:
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: [MayInvoke, MaySend]
    Properties:
      BucketName: files
      NotificationConfiguration:
        Fn::If:
          - IsBuffered
          - QueueConfigurations: [{Queue: !GetAtt Queue.Arn, Event: s3:ObjectCreated:*}]
          - LambdaConfigurations: [{Function: !GetAtt Function.Arn, Event: s3:ObjectCreated:*}]
  MayInvoke:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref Function, Action: lambda:InvokeFunction, Principal: s3.amazonaws.com,
      SourceAccount: !Ref AWS::AccountId, SourceArn: 'arn:aws:s3:::files'}
  Queue: {Type: AWS::SQS::Queue, Properties: {VisibilityTimeout: 60}}
  MaySend:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: '2012-10-17'
        Statement:
          - {Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn,
             Condition: {ArnEquals: {'aws:SourceArn': 'arn:aws:s3:::files'}}}
  Mapping:
    Type: AWS::Lambda::EventSourceMapping
    Condition: IsBuffered
    Properties: {FunctionName: !Ref Function, EventSourceArn: !GetAtt Queue.Arn, BatchSize: 1,
      FunctionResponseTypes: [ReportBatchItemFailures], ScalingConfig: {MaximumConcurrency: !Ref MaximumConcurrency}}
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      InlineCode: 'def handler(event, context): return {}'
      Policies: [SQSPollerPolicy: {QueueName: !GetAtt Queue.QueueName}]
`

// TestBuffered: an update moves a bucket's notification from a function to a
// queue and back, and so does the rollback of an update that fails.
func TestBuffered(t *testing.T) {
	needPython(t)
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", bufferable), types.StackStatusCreateComplete)
		r.buffered(false)
		r.status(r.update("s", bufferable, "Buffered", "true"), types.StackStatusUpdateComplete)
		r.buffered(true)
		r.status(r.update("s", bufferable, "Buffered", "true", "MaximumConcurrency", "1"), types.StackStatusUpdateRollbackComplete)
		r.buffered(true)
		r.status(r.update("s", bufferable), types.StackStatusUpdateComplete)
		r.buffered(false)
		r.status(r.update("s", bufferable, "Buffered", "true", "MaximumConcurrency", "1"), types.StackStatusUpdateRollbackComplete)
		r.buffered(false)
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
	})
}

// buffered fails the test unless the queue stands between, or does not.
func (r *rig) buffered(want bool) {
	r.t.Helper()
	buckets := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true })
	told, err := buckets.GetBucketNotificationConfiguration(ctx, &s3api.GetBucketNotificationConfigurationInput{Bucket: aws.String("files")})
	if err != nil {
		r.t.Fatal(err)
	}
	mappings, err := lambdaapi.NewFromConfig(r.aws).ListEventSourceMappings(ctx, &lambdaapi.ListEventSourceMappingsInput{})
	if err != nil {
		r.t.Fatal(err)
	}
	queues, functions := len(told.QueueConfigurations), len(told.LambdaFunctionConfigurations)
	if queues+functions != 1 || (queues == 1) != want || (len(mappings.EventSourceMappings) == 1) != want {
		r.t.Errorf("buffered %v: %d queues, %d functions, %d mappings", want, queues, functions, len(mappings.EventSourceMappings))
	}
}
