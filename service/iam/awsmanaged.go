package iam

import (
	"encoding/json"
	"time"
)

// AWS managed policies, of those that pipelines attach to their functions'
// roles. Actions are those of the AWS Managed Policy Reference Guide
// (2026-11-20) as far as the services are here.
var awsPolicies = []struct {
	path, name string
	actions    []string
}{
	{"/service-role/", "AWSLambdaBasicExecutionRole", logActions},
	{"/service-role/", "AWSLambdaSQSQueueExecutionRole", append([]string{"sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}, logActions...)},
	{"/service-role/", "AWSLambdaDynamoDBExecutionRole", append([]string{"dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"}, logActions...)},
	{"/service-role/", "AWSLambdaKinesisExecutionRole", append([]string{"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards", "kinesis:ListStreams", "kinesis:SubscribeToShard"}, logActions...)},
	{"/service-role/", "AWSLambdaRole", []string{"lambda:InvokeFunction"}},
	{"/service-role/", "AmazonAPIGatewayPushToCloudWatchLogs", append([]string{"logs:DescribeLogGroups", "logs:DescribeLogStreams", "logs:GetLogEvents", "logs:FilterLogEvents"}, logActions...)},
	{"/", "AWSLambdaExecute", []string{"logs:*", "s3:GetObject", "s3:PutObject"}},
	{"/", "AWSLambda_FullAccess", []string{"lambda:*", "logs:DescribeLogGroups", "iam:GetPolicy", "iam:GetPolicyVersion", "iam:GetRole", "iam:GetRolePolicy", "iam:ListAttachedRolePolicies", "iam:ListRolePolicies", "iam:ListRoles"}},
	{"/", "AWSXRayDaemonWriteAccess", xrayActions},
	{"/", "AWSXrayWriteOnlyAccess", xrayActions},
	{"/", "AmazonS3FullAccess", []string{"s3:*"}},
	{"/", "AmazonS3ReadOnlyAccess", []string{"s3:Get*", "s3:List*", "s3:Describe*"}},
	{"/", "AmazonSQSFullAccess", []string{"sqs:*"}},
	{"/", "AmazonSQSReadOnlyAccess", []string{"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListDeadLetterSourceQueues", "sqs:ListQueues", "sqs:ListMessageMoveTasks", "sqs:ListQueueTags"}},
	{"/", "AmazonDynamoDBFullAccess", []string{"dynamodb:*"}},
	{"/", "AmazonDynamoDBReadOnlyAccess", []string{"dynamodb:BatchGetItem", "dynamodb:Describe*", "dynamodb:GetItem", "dynamodb:List*", "dynamodb:Query", "dynamodb:Scan"}},
	{"/", "CloudWatchLogsFullAccess", []string{"logs:*"}},
	{"/", "AdministratorAccess", []string{"*"}},
}

var (
	logActions  = []string{"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}
	xrayActions = []string{"xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets", "xray:GetSamplingStatisticSummaries"}
)

const awsPolicyARN = "arn:aws:iam::aws:policy"

// awsEpoch is when AWS's policies were made, as far as Runnel says.
var awsEpoch = time.Date(2015, 4, 9, 0, 0, 0, 0, time.UTC)

// awsManaged is the AWS managed policy of that ARN, or nil.
func awsManaged(arn string) *managed {
	for i, p := range awsPolicies {
		if arn == awsPolicyARN+p.path+p.name {
			return awsPolicy(i)
		}
	}
	return nil
}

func allAWSManaged() (all []*managed) {
	for i := range awsPolicies {
		all = append(all, awsPolicy(i))
	}
	return all
}

func awsPolicy(i int) *managed {
	p := awsPolicies[i]
	doc, err := json.Marshal(map[string]any{
		"Version":   "2012-10-17",
		"Statement": []any{map[string]any{"Effect": "Allow", "Action": p.actions, "Resource": "*"}},
	})
	if err != nil {
		panic(err) // strings always encode
	}
	return &managed{
		ARN: awsPolicyARN + p.path + p.name, Name: p.name, Path: p.path, ID: "ANPA" + p.name,
		Created: awsEpoch, Updated: awsEpoch, Default: firstVersion,
		Versions: []version{{firstVersion, string(doc), awsEpoch}},
	}
}
