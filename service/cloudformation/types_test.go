package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	apigw "github.com/aws/aws-sdk-go-v2/service/apigateway"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	iamapi "github.com/aws/aws-sdk-go-v2/service/iam"
	s3api "github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestTableUpdates changes a table in place, property by property.
func TestTableUpdates(t *testing.T) {
	const body = `
Resources:
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PROVISIONED
      ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
      AttributeDefinitions: [{AttributeName: a, AttributeType: S}]
      KeySchema: [{AttributeName: a, KeyType: HASH}]
`
	const index = `
      AttributeDefinitions: [{AttributeName: a, AttributeType: S}, {AttributeName: b, AttributeType: N}]
      GlobalSecondaryIndexes:
        - IndexName: by-b
          KeySchema: [{AttributeName: b, KeyType: HASH}]
          Projection: {ProjectionType: ALL}
          ProvisionedThroughput: {ReadCapacityUnits: 1, WriteCapacityUnits: 1}
`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		name := r.resources("s")["T"]
		client := ddb.NewFromConfig(r.aws)
		indexed := strings.Replace(body, "      AttributeDefinitions: [{AttributeName: a, AttributeType: S}]\n", strings.TrimPrefix(index, "\n"), 1)
		for _, c := range []struct {
			body  string
			holds func(*ddb.DescribeTableOutput) bool
		}{
			{strings.Replace(body, "ReadCapacityUnits: 1", "ReadCapacityUnits: 2", 1), func(o *ddb.DescribeTableOutput) bool {
				return *o.Table.ProvisionedThroughput.ReadCapacityUnits == 2
			}},
			{indexed, func(o *ddb.DescribeTableOutput) bool { return len(o.Table.GlobalSecondaryIndexes) == 1 }},
			{body, func(o *ddb.DescribeTableOutput) bool { return len(o.Table.GlobalSecondaryIndexes) == 0 }},
			{body + "      DeletionProtectionEnabled: true\n", func(o *ddb.DescribeTableOutput) bool { return *o.Table.DeletionProtectionEnabled }},
			{body, func(o *ddb.DescribeTableOutput) bool { return !*o.Table.DeletionProtectionEnabled }},
		} {
			r.status(r.update("s", c.body), types.StackStatusUpdateComplete)
			out, err := client.DescribeTable(ctx, &ddb.DescribeTableInput{TableName: &name})
			if err != nil || !c.holds(out) {
				t.Errorf("after %s: %+v %v", c.body, out, err)
			}
		}
		r.status(r.update("s", body+"      TimeToLiveSpecification: {AttributeName: ttl, Enabled: true}\n"), types.StackStatusUpdateComplete)
		r.status(r.update("s", strings.ReplaceAll(body, "AttributeType: S", "AttributeType: N")), types.StackStatusUpdateComplete)
		if now := r.resources("s")["T"]; now == name {
			t.Error("a key of another type must replace the table")
		}
		tables, err := client.ListTables(ctx, &ddb.ListTablesInput{})
		if err != nil || len(tables.TableNames) != 1 {
			t.Error(tables, err)
		}
	})
}

func TestRoleUpdates(t *testing.T) {
	const body = `
Resources:
  R:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}
      ManagedPolicyArns: [arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess]
      Policies:
        - {PolicyName: one, PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Action: "s3:*", Resource: "*"}]}}
`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		name := r.resources("s")["R"]
		second := strings.NewReplacer("AmazonS3ReadOnlyAccess", "AmazonSQSFullAccess", "PolicyName: one", "PolicyName: two", "lambda.amazonaws.com", "s3.amazonaws.com").Replace(body)
		r.status(r.update("s", second), types.StackStatusUpdateComplete)
		client := iamapi.NewFromConfig(r.aws)
		attached, err := client.ListAttachedRolePolicies(ctx, &iamapi.ListAttachedRolePoliciesInput{RoleName: &name})
		if err != nil || len(attached.AttachedPolicies) != 1 || *attached.AttachedPolicies[0].PolicyName != "AmazonSQSFullAccess" {
			t.Errorf("%+v %v", attached, err)
		}
		inline, err := client.ListRolePolicies(ctx, &iamapi.ListRolePoliciesInput{RoleName: &name})
		if err != nil || len(inline.PolicyNames) != 1 || inline.PolicyNames[0] != "two" {
			t.Errorf("%+v %v", inline, err)
		}
		role, err := client.GetRole(ctx, &iamapi.GetRoleInput{RoleName: &name})
		if err != nil || !strings.Contains(*role.Role.AssumeRolePolicyDocument, "s3.amazonaws.com") {
			t.Errorf("%+v %v", role, err)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
	})
}

func TestBucketUpdates(t *testing.T) {
	const body = `
Resources:
  B:
    Type: AWS::S3::Bucket
    Properties:
      BucketName: mine
      Tags: [{Key: a, Value: b}]
      CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ["*"], MaxAge: 5}]}
      PublicAccessBlockConfiguration: {BlockPublicAcls: true}
      BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}]}
      OwnershipControls: {Rules: [{ObjectOwnership: BucketOwnerEnforced}]}
  P:
    Type: AWS::S3::BucketPolicy
    Properties:
      Bucket: !Ref B
      PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Deny, Principal: "*", Action: "s3:*", Resource: !Sub "${B.Arn}/*"}]}
`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		client := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true })
		cors, err := client.GetBucketCors(ctx, &s3api.GetBucketCorsInput{Bucket: aws.String("mine")})
		if err != nil || *cors.CORSRules[0].MaxAgeSeconds != 5 {
			t.Errorf("%+v %v", cors, err)
		}
		policy, err := client.GetBucketPolicy(ctx, &s3api.GetBucketPolicyInput{Bucket: aws.String("mine")})
		if err != nil || !strings.Contains(*policy.Policy, "arn:aws:s3:::mine/*") {
			t.Errorf("%+v %v", policy, err)
		}
		r.status(r.update("s", strings.NewReplacer("      Tags: [{Key: a, Value: b}]\n", "", "MaxAge: 5", "MaxAge: 6").Replace(body)), types.StackStatusUpdateComplete)
		_, err = client.GetBucketTagging(ctx, &s3api.GetBucketTaggingInput{Bucket: aws.String("mine")})
		refused(t, err, "NoSuchTagSet", "")
		if _, err := client.PutObject(ctx, &s3api.PutObjectInput{Bucket: aws.String("mine"), Key: aws.String("k"), Body: strings.NewReader("x")}); err != nil {
			t.Fatal(err)
		}
		st := r.delete("s")
		r.status(st, types.StackStatusDeleteFailed)
		if *st.StackStatusReason != "The following resource(s) failed to delete: [B]. " {
			t.Error(*st.StackStatusReason)
		}
	})
}

// TestBucketRefused: what a setting of a bucket does not have is refused by name.
func TestBucketRefused(t *testing.T) {
	for setting, words := range map[string]string{
		"CorsConfiguration: {CorsRules: [{AllowedMethods: [GET], AllowedOrigins: ['*']}], Colour: red}":                                 "Encountered unsupported property Colour in B/CorsConfiguration",
		"BucketEncryption: {ServerSideEncryptionConfiguration: [{ServerSideEncryptionByDefault: {SSEAlgorithm: AES256}}], Colour: red}": "Encountered unsupported property Colour in B/BucketEncryption",
	} {
		inBubble(t, func(t *testing.T, r *rig) {
			r.status(r.create("s", "Resources: {B: {Type: AWS::S3::Bucket, Properties: {BucketName: mine, "+setting+"}}}"), types.StackStatusRollbackComplete)
			if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, words) {
				t.Errorf("no %q in\n%s", words, h)
			}
		})
	}
}

// TestQueueDefaults: what a template no longer says of a queue is what a new
// queue has.
func TestQueueDefaults(t *testing.T) {
	const body = `Resources: {Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q%s}}, New: {Type: AWS::SQS::Queue, Properties: {QueueName: new}}}`
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", strings.Replace(body, "%s", ", DelaySeconds: 1, MaximumMessageSize: 1024, MessageRetentionPeriod: 60, "+
			"ReceiveMessageWaitTimeSeconds: 1, VisibilityTimeout: 1, RedriveAllowPolicy: {redrivePermission: denyAll}", 1)), types.StackStatusCreateComplete)
		r.status(r.update("s", strings.Replace(body, "%s", "", 1)), types.StackStatusUpdateComplete)
		ids := r.resources("s")
		for _, name := range []string{"DelaySeconds", "MaximumMessageSize", "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout", "RedriveAllowPolicy"} {
			if got, want := r.queueAttribute(ids["Q"], name), r.queueAttribute(ids["New"], name); got != want {
				t.Errorf("%s is %q, a new queue has %q", name, got, want)
			}
		}
	})
}

// TestNotificationUpdates: a bucket tells those that its template says, and no
// part of a filter is passed over.
func TestNotificationUpdates(t *testing.T) {
	const body = `
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  P:
    Type: AWS::SQS::QueuePolicy
    Properties: {Queues: [!Ref Q], PolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sqs:SendMessage, Resource: !GetAtt Q.Arn}]}}
  B: {Type: AWS::S3::Bucket, DependsOn: P, Properties: {BucketName: mine, NotificationConfiguration: {%s}}}
`
	with := func(config string) string { return strings.Replace(body, "%s", config, 1) }
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", with("EventBridgeConfiguration: {EventBridgeEnabled: true}")), types.StackStatusCreateComplete)
		client := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true })
		for _, c := range []struct {
			config string
			holds  func(*s3api.GetBucketNotificationConfigurationOutput) bool
		}{
			{"EventBridgeConfiguration: {}", func(o *s3api.GetBucketNotificationConfigurationOutput) bool { return o.EventBridgeConfiguration != nil }},
			{"EventBridgeConfiguration: {EventBridgeEnabled: 'false'}", func(o *s3api.GetBucketNotificationConfigurationOutput) bool {
				return o.EventBridgeConfiguration == nil
			}},
			{"QueueConfigurations: {Queue: !GetAtt Q.Arn, Event: 's3:ObjectCreated:*', Filter: {S3Key: {Rules: [{Name: suffix, Value: .csv}]}}}", func(o *s3api.GetBucketNotificationConfigurationOutput) bool {
				return len(o.QueueConfigurations) == 1 && *o.QueueConfigurations[0].Filter.Key.FilterRules[0].Value == ".csv"
			}},
		} {
			r.status(r.update("s", with(c.config)), types.StackStatusUpdateComplete)
			out, err := client.GetBucketNotificationConfiguration(ctx, &s3api.GetBucketNotificationConfigurationInput{Bucket: aws.String("mine")})
			if err != nil || !c.holds(out) {
				t.Errorf("after %s: %+v %v", c.config, out, err)
			}
		}
		for config, words := range map[string]string{
			"QueueConfigurations: [{Queue: !GetAtt Q.Arn, Event: 's3:ObjectCreated:*', Filter: {Prefix: a}}]": "Encountered unsupported property Prefix in B/NotificationConfiguration/QueueConfigurations/0/Filter",
			"EventBridgeConfiguration: {EventBridgeEnabled: perhaps}":                                         "Value of property B/NotificationConfiguration/EventBridgeConfiguration/EventBridgeEnabled must be a boolean",
		} {
			r.status(r.update("s", with(config)), types.StackStatusUpdateRollbackComplete)
			if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, words) {
				t.Errorf("no %q in\n%s", words, h)
			}
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
	})
}

// TestAPIUpdates changes an API and what belongs to it in place.
func TestAPIUpdates(t *testing.T) {
	const body = `
Resources:
  Api:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Name: first
      Description: an API
      EndpointConfiguration: {Types: [REGIONAL]}
      BinaryMediaTypes: [image/png]
      Body:
        swagger: "2.0"
        info: {title: body, version: "1"}
        paths: {/a: {get: {responses: {}, x-amazon-apigateway-integration: {type: mock}}}}
  Parts: {Type: AWS::ApiGateway::RestApi, Properties: {Name: parts, Description: many, Policy: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: "*", Action: "execute-api:Invoke", Resource: "execute-api:/*"}]}}}
  Model: {Type: AWS::ApiGateway::Model, Properties: {RestApiId: !Ref Parts, Name: Thing, ContentType: application/json, Schema: {type: object}}}
  Validator: {Type: AWS::ApiGateway::RequestValidator, Properties: {RestApiId: !Ref Parts, Name: all, ValidateRequestParameters: true}}
  Response: {Type: AWS::ApiGateway::GatewayResponse, Properties: {RestApiId: !Ref Parts, ResponseType: DEFAULT_4XX, StatusCode: "418"}}
  Deployment: {Type: AWS::ApiGateway::Deployment, Properties: {RestApiId: !Ref Api, Description: one}}
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, DeploymentId: !Ref Deployment, StageName: v1}}
`
	policy := body[strings.Index(body, ", Description: many"):strings.Index(body, "}}\n  Model")]
	second := strings.NewReplacer(policy, "", "Name: first", "Name: second", "/a:", "/b:", "image/png", "image/gif", "type: object", "type: array",
		"ValidateRequestParameters: true", "ValidateRequestParameters: false", "418", "419", "Description: one", "Description: two").Replace(body)
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", body), types.StackStatusCreateComplete)
		before := r.resources("s")
		r.status(r.update("s", second), types.StackStatusUpdateComplete)
		after := r.resources("s")
		if len(after) != 7 || after["Api"] != before["Api"] || after["Deployment"] != before["Deployment"] {
			t.Errorf("replaced: %v, was %v", after, before)
		}
		client := apigw.NewFromConfig(r.aws)
		api, err := client.GetRestApi(ctx, &apigw.GetRestApiInput{RestApiId: aws.String(after["Api"])})
		if err != nil || *api.Name != "second" || strings.Join(api.BinaryMediaTypes, " ") != "image/gif" {
			t.Errorf("%+v %v", api, err)
		}
		parts, err := client.GetRestApi(ctx, &apigw.GetRestApiInput{RestApiId: aws.String(after["Parts"])})
		if err != nil || aws.ToString(parts.Description) != "" || aws.ToString(parts.Policy) != "" {
			t.Errorf("what the template no longer says is still there: %+v %v", parts, err)
		}
		paths, err := client.GetResources(ctx, &apigw.GetResourcesInput{RestApiId: aws.String(after["Api"])})
		if err != nil || len(paths.Items) != 2 {
			t.Errorf("%+v %v", paths, err)
		}
		for _, path := range paths.Items {
			if p := *path.Path; p != "/" && p != "/b" {
				t.Error(p)
			}
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
	})
}
