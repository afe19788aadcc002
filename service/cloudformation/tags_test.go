package cloudformation_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	apigw "github.com/aws/aws-sdk-go-v2/service/apigateway"
	cfn "github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	cwapi "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cw "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	logsapi "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	ebapi "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	iamapi "github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	s3api "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	snsapi "github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	sqsapi "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// TestStackTagsReach: what has tags has the stack's, those of its last update
// alone, and after a rollback those of the update before.
func TestStackTagsReach(t *testing.T) {
	const more = `
  Role: {Type: AWS::IAM::Role, Properties: {RoleName: role, AssumeRolePolicyDocument: {Version: 2012-10-17, Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: sts:AssumeRole}]}}}
  Table: {Type: AWS::DynamoDB::Table, Properties: {TableName: table, BillingMode: PAY_PER_REQUEST, AttributeDefinitions: [{AttributeName: a, AttributeType: S}], KeySchema: [{AttributeName: a, KeyType: HASH}]}}
  Group: {Type: AWS::Logs::LogGroup, Properties: {LogGroupName: group}}
  Function: {Type: AWS::Lambda::Function, Properties: {FunctionName: function, Runtime: python3.12, Handler: index.f, Role: !GetAtt Role.Arn, Code: {ZipFile: x}}}
  Mapping: {Type: AWS::Lambda::EventSourceMapping, Properties: {FunctionName: !Ref Function, EventSourceArn: !GetAtt Third.Arn, Enabled: false}}
  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}
`
	needPython(t)
	inBubble(t, func(t *testing.T, r *rig) {
		body := fabric + more[1:]
		tag := func(key string) func(*cfn.CreateStackInput) {
			return func(in *cfn.CreateStackInput) {
				in.Tags = []types.Tag{{Key: &key, Value: aws.String("x")}}
			}
		}
		r.status(r.create("s", body, tag("first")), types.StackStatusCreateComplete)
		all := r.tagged()
		if len(all) != 13 {
			t.Fatal(all)
		}
		for _, c := range []struct {
			body string
			tags []types.Tag
			end  types.StackStatus
			want string
		}{
			{body, []types.Tag{{Key: aws.String("second"), Value: aws.String("x")}}, types.StackStatusUpdateComplete, "[second]"},
			{body + "Outputs: {Never: {Value: !ImportValue nowhere}}\n", []types.Tag{{Key: aws.String("third"), Value: aws.String("x")}}, types.StackStatusUpdateRollbackComplete, "[second]"},
			{body, []types.Tag{}, types.StackStatusUpdateComplete, "[]"},
		} {
			in := &cfn.UpdateStackInput{StackName: aws.String("s"), TemplateBody: &c.body, Capabilities: everything, Tags: c.tags}
			if _, err := r.UpdateStack(ctx, in); err != nil {
				t.Fatal(err)
			}
			r.status(r.wait("s"), c.end)
			for what, keys := range r.tagged() {
				if keys != c.want {
					t.Errorf("%s has %s, want %s", what, keys, c.want)
				}
			}
		}
	})
}

// tagged tells the keys of the tags of what TestStackTagsReach makes.
func (r *rig) tagged() map[string]string {
	r.t.Helper()
	const in = ":us-east-1:000000000000:"
	out := map[string]string{}
	note := func(what string, err error, keys []string) {
		if err != nil {
			r.t.Errorf("%s: %v", what, err)
		}
		keys = slices.DeleteFunc(keys, func(key string) bool { return strings.HasPrefix(key, "aws:") })
		slices.Sort(keys)
		out[what] = fmt.Sprint(keys)
	}
	ids := r.resources("s")
	functions, buses := lambdaapi.NewFromConfig(r.aws), ebapi.NewFromConfig(r.aws)
	queue, err := sqsapi.NewFromConfig(r.aws).ListQueueTags(ctx, &sqsapi.ListQueueTagsInput{QueueUrl: aws.String(ids["Queue"])})
	note("queue", err, slices.Collect(maps.Keys(queue.Tags)))
	topic, err := snsapi.NewFromConfig(r.aws).ListTagsForResource(ctx, &snsapi.ListTagsForResourceInput{ResourceArn: aws.String(ids["Topic"])})
	note("topic", err, keysOf(topic.Tags, func(t snstypes.Tag) *string { return t.Key }))
	for _, name := range []string{"all", "alarm"} {
		alarm, err := cwapi.NewFromConfig(r.aws).ListTagsForResource(ctx, &cwapi.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:cloudwatch" + in + "alarm:" + name)})
		note(name, err, keysOf(alarm.Tags, func(t cw.Tag) *string { return t.Key }))
	}
	for _, name := range []string{"rule/rule", "event-bus/bus"} {
		tags, err := buses.ListTagsForResource(ctx, &ebapi.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:events" + in + name)})
		note(name, err, keysOf(tags.Tags, func(t eb.Tag) *string { return t.Key }))
	}
	bucket, err := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true }).GetBucketTagging(ctx, &s3api.GetBucketTaggingInput{Bucket: aws.String("bucket")})
	if err != nil {
		bucket, err = &s3api.GetBucketTaggingOutput{}, nil // NoSuchTagSet
	}
	note("bucket", err, keysOf(bucket.TagSet, func(t s3types.Tag) *string { return t.Key }))
	table, err := ddb.NewFromConfig(r.aws).ListTagsOfResource(ctx, &ddb.ListTagsOfResourceInput{ResourceArn: aws.String("arn:aws:dynamodb" + in + "table/table")})
	note("table", err, keysOf(table.Tags, func(t ddbtypes.Tag) *string { return t.Key }))
	role, err := iamapi.NewFromConfig(r.aws).ListRoleTags(ctx, &iamapi.ListRoleTagsInput{RoleName: aws.String("role")})
	note("role", err, keysOf(role.Tags, func(t iamtypes.Tag) *string { return t.Key }))
	group, err := logsapi.NewFromConfig(r.aws).ListTagsForResource(ctx, &logsapi.ListTagsForResourceInput{ResourceArn: aws.String("arn:aws:logs" + in + "log-group:group")})
	note("log group", err, slices.Collect(maps.Keys(group.Tags)))
	for _, what := range []string{"function:function", "event-source-mapping:" + ids["Mapping"]} {
		tags, err := functions.ListTags(ctx, &lambdaapi.ListTagsInput{Resource: aws.String("arn:aws:lambda" + in + what)})
		note(what, err, slices.Collect(maps.Keys(tags.Tags)))
	}
	api, err := apigw.NewFromConfig(r.aws).GetTags(ctx, &apigw.GetTagsInput{ResourceArn: aws.String("arn:aws:apigateway:us-east-1::/restapis/" + ids["Api"])})
	note("api", err, slices.Collect(maps.Keys(api.Tags)))
	return out
}

func keysOf[T any](tags []T, key func(T) *string) []string {
	var keys []string
	for _, t := range tags {
		keys = append(keys, *key(t))
	}
	return keys
}
