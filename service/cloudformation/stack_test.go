package cloudformation_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	s3api "github.com/aws/aws-sdk-go-v2/service/s3"
	sqsapi "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const pipeline = `
Parameters:
  Visibility: {Type: Number, Default: 60}
  Secret: {Type: String, NoEcho: true, Default: hush}
Resources:
  Dead: {Type: AWS::SQS::Queue}
  Queue:
    Type: AWS::SQS::Queue
    Metadata: {note: 1.0}
    Properties:
      VisibilityTimeout: !Ref Visibility
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: 5}
      Tags: [{Key: own, Value: yes}]
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: Policy
    Properties:
      NotificationConfiguration:
        QueueConfigurations:
          - Event: s3:ObjectCreated:*
            Queue: !GetAtt Queue.Arn
            Filter: {S3Key: {Rules: [{Name: suffix, Value: .csv}]}}
  Policy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref Queue]
      PolicyDocument:
        Version: 2012-10-17
        Statement:
          - {Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sqs:SendMessage, Resource: !GetAtt Queue.Arn}
  Table:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: date, AttributeType: S}, {AttributeName: time, AttributeType: S}]
      KeySchema: [{AttributeName: date, KeyType: HASH}, {AttributeName: time, KeyType: RANGE}]
      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}
  Logs:
    Type: AWS::Logs::LogGroup
    Properties: {RetentionInDays: 7}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Version: 2012-10-17
        Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]
      ManagedPolicyArns: [arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole]
      Policies:
        - PolicyName: write
          PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: dynamodb:PutItem, Resource: !GetAtt Table.Arn}]}
Outputs:
  QueueUrl: {Value: !Ref Queue, Description: where to send}
  QueueName: {Value: !GetAtt Queue.QueueName, Export: {Name: !Sub "${AWS::StackName}-queue"}}
  TableArn: {Value: !GetAtt Table.Arn}
  RoleArn: {Value: !GetAtt Role.Arn}
  Bucket: {Value: !Sub "${Bucket}|${Bucket.Arn}|${Logs.Arn}"}
`

func TestCreateStack(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		st := r.create("demo", pipeline, func(in *cfn.CreateStackInput) {
			in.Tags = []types.Tag{{Key: aws.String("team"), Value: aws.String("iot")}}
		})
		r.status(st, types.StackStatusCreateComplete)
		out := outputs(st)
		if !strings.HasPrefix(out["QueueName"], "demo-Queue-") || !strings.HasSuffix(out["QueueUrl"], out["QueueName"]) {
			t.Errorf("outputs %v", out)
		}
		queue := sqsapi.NewFromConfig(r.aws)
		attributes, err := queue.GetQueueAttributes(ctx, &sqsapi.GetQueueAttributesInput{QueueUrl: aws.String(out["QueueUrl"]),
			AttributeNames: []sqstypes.QueueAttributeName{"All"}})
		if err != nil {
			t.Fatal(err)
		}
		if a := attributes.Attributes; a["VisibilityTimeout"] != "60" || !strings.Contains(a["RedrivePolicy"], "demo-Dead-") || a["Policy"] == "" {
			t.Errorf("attributes %v", a)
		}
		tags, err := queue.ListQueueTags(ctx, &sqsapi.ListQueueTagsInput{QueueUrl: aws.String(out["QueueUrl"])})
		if err != nil || tags.Tags["team"] != "iot" || tags.Tags["own"] != "true" {
			t.Errorf("tags %v %v", tags, err)
		}
		if p := st.Parameters; *p[0].ParameterValue != "****" || *p[1].ParameterValue != "60" {
			t.Errorf("parameters %v", p)
		}
		ids := r.resources("demo")
		r.status(r.delete("demo"), types.StackStatusDeleteComplete)
		r.nothingLeft(ids)
	})
}

// TestNoEcho: what NoEcho hides is in no event, and reaches the resource.
// Clients know by an event's id what they have seen. In a bubble all of a
// stack's events have the same time.
func TestEventIDsDiffer(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("demo", pipeline), types.StackStatusCreateComplete)
		seen := make(map[string]bool)
		pages := cfn.NewDescribeStackEventsPaginator(r.Client, &cfn.DescribeStackEventsInput{StackName: aws.String("demo")})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range page.StackEvents {
				if seen[*e.EventId] {
					t.Errorf("%s stands for two events", *e.EventId)
				}
				seen[*e.EventId] = true
			}
		}
		if len(seen) < 10 {
			t.Errorf("only %d events", len(seen))
		}
	})
}

func TestNoEcho(t *testing.T) {
	const body = `
Parameters: {Secret: {Type: String, NoEcho: true}}
Resources: {Q: {Type: AWS::SQS::Queue, Properties: {Tags: [{Key: secret, Value: !Sub "is ${Secret}"}]}}, P: {Type: AWS::SQS::Queue}}
`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", body, func(in *cfn.CreateStackInput) { in.Parameters = pairs([]string{"Secret", "hush"}) }), types.StackStatusCreateComplete)
		r.status(r.update("s", body, "Secret", "quiet"), types.StackStatusUpdateComplete)
		tags, err := sqsapi.NewFromConfig(r.aws).ListQueueTags(ctx, &sqsapi.ListQueueTagsInput{QueueUrl: aws.String(r.resources("s")["Q"])})
		if err != nil || tags.Tags["secret"] != "is quiet" {
			t.Errorf("tags %v %v", tags, err)
		}
		out, err := r.DescribeStackEvents(ctx, &cfn.DescribeStackEventsInput{StackName: aws.String("s")})
		if err != nil {
			t.Fatal(err)
		}
		told := map[string]int{}
		for _, e := range out.StackEvents {
			if e.ResourceProperties != nil {
				told[*e.ResourceProperties]++
			}
		}
		if want := map[string]int{`{"Tags":[{"Key":"secret","Value":"is ****"}]}`: 2, "{}": 1}; !maps.Equal(told, want) {
			t.Errorf("events tell %v, want %v", told, want)
		}
	})
}

// nothingLeft fails the test if a service still has something.
func (r *rig) nothingLeft(was map[string]string) {
	r.t.Helper()
	queues, err := sqsapi.NewFromConfig(r.aws).ListQueues(ctx, &sqsapi.ListQueuesInput{})
	if err != nil || len(queues.QueueUrls) > 0 {
		r.t.Errorf("queues left: %v %v", queues, err)
	}
	tables, err := ddb.NewFromConfig(r.aws).ListTables(ctx, &ddb.ListTablesInput{})
	if err != nil || len(tables.TableNames) > 0 {
		r.t.Errorf("tables left: %v %v", tables, err)
	}
	buckets, err := s3api.NewFromConfig(r.aws).ListBuckets(ctx, &s3api.ListBucketsInput{})
	if err != nil || len(buckets.Buckets) > 0 {
		r.t.Errorf("buckets left: %v %v (of %v)", buckets, err, was)
	}
}
