package runnel_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// writes are one of each service, by kind.
func (v *victim) writes() map[string]writer {
	return map[string]writer{
		"object": func(ctx context.Context, name string) error {
			_, err := v.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("objects"), Key: &name, Body: strings.NewReader(strings.Repeat(name, 10_000))})
			return err
		},
		"message": func(ctx context.Context, name string) error {
			_, err := v.sqs.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: aws.String(v.endpoint + "/000000000000/messages"), MessageBody: &name})
			return err
		},
		"item": func(ctx context.Context, name string) error {
			_, err := v.table.PutItem(ctx, &dynamodb.PutItemInput{TableName: aws.String("items"), Item: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: name}}})
			return err
		},
		"event": func(ctx context.Context, name string) error {
			_, err := v.lambda.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String("echo"), InvocationType: lambdatypes.InvocationTypeEvent, Payload: fmt.Appendf(nil, `{"name": %q}`, name)})
			return err
		},
		"role": func(ctx context.Context, name string) error {
			_, err := v.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(trust)})
			return err
		},
		"published": v.publishNews,
		"put":       v.putHappening,
		"metric":    v.putMetric,
	}
}

// fans are the queues that each message of the topic goes to, and those of each
// event of the bus.
var fans = map[string][]string{
	"published": {"news-1", "news-2", "news-3"},
	"put":       {"bus-1", "bus-2", "bus-3"},
}

func (v *victim) publishNews(ctx context.Context, name string) error {
	_, err := v.sns.Publish(ctx, &sns.PublishInput{TopicArn: aws.String("arn:aws:sns:us-east-1:" + account + ":news"), Message: &name})
	return err
}

func (v *victim) putHappening(ctx context.Context, name string) error {
	out, err := v.buses.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []eventbridgetypes.PutEventsRequestEntry{{
		Source: aws.String("victim"), DetailType: aws.String("it happened"), Detail: aws.String(fmt.Sprintf(`{"name":%q}`, name)),
	}}})
	if err == nil && out.FailedEntryCount > 0 {
		err = errors.New(*out.Entries[0].ErrorMessage)
	}
	return err
}

func (v *victim) putMetric(ctx context.Context, name string) error {
	_, err := v.metrics.PutMetricData(ctx, &cloudwatch.PutMetricDataInput{Namespace: aws.String("Victim"), MetricData: []cloudwatchtypes.MetricDatum{{
		MetricName: aws.String("Writes"), Value: aws.Float64(1), Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("Name"), Value: &name}},
	}}})
	return err
}

// prepareFans makes the topic and the rule that writes go out from.
func (v *victim) prepareFans() {
	v.Helper()
	news := v.topic("news")
	for _, name := range fans["published"] {
		_, arn := v.queueFor(name, "sns.amazonaws.com")
		v.subscribe(news, "sqs", arn, "RawMessageDelivery", "true")
	}
	var targets []eventbridgetypes.Target
	for _, name := range fans["put"] {
		_, arn := v.queueFor(name, "events.amazonaws.com")
		targets = append(targets, target(arn))
	}
	v.rule(&eventbridge.PutRuleInput{Name: aws.String("victim"), EventPattern: aws.String(`{"source": ["victim"]}`)}, targets...)
}

// prepare makes what writes write to. Events that succeed go to a queue.
func (v *victim) prepare() {
	v.Helper()
	must(v.s3.CreateBucket(v.Context(), &s3.CreateBucketInput{Bucket: aws.String("objects")}))(v)
	must(v.table.CreateTable(v.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String("items"), BillingMode: types.BillingModePayPerRequest,
		KeySchema:            []types.KeySchemaElement{{AttributeName: aws.String("id"), KeyType: types.KeyTypeHash}},
		AttributeDefinitions: []types.AttributeDefinition{{AttributeName: aws.String("id"), AttributeType: types.ScalarAttributeTypeS}},
	}))(v)
	for _, queue := range []string{"messages", "events"} {
		must(v.sqs.CreateQueue(v.Context(), &sqs.CreateQueueInput{QueueName: &queue}))(v)
	}
	v.misbehave("echo", v.role("worker"))
	must(v.lambda.PutFunctionEventInvokeConfig(v.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName:      aws.String("echo"),
		DestinationConfig: &lambdatypes.DestinationConfig{OnSuccess: &lambdatypes.OnSuccess{Destination: aws.String("arn:aws:sqs:us-east-1:000000000000:events")}},
	}))(v)
	v.prepareFans()
}

// TestKillServices kills a runtime under writes of each service, and looks for
// every one that was acknowledged.
func TestKillServices(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts a runtime several times")
	}
	t.Parallel()
	dir := t.TempDir()
	acknowledged := make(map[string][]string) // by kind of write
	for round := range killRounds {
		v := startVictim(t, dir)
		if round == 0 {
			v.prepare()
		}
		writes := make(map[string]writer)
		for kind, write := range v.writes() {
			writes[fmt.Sprintf("%s-%d", kind, round)] = write
		}
		for _, name := range v.writeUntilKilled(80+60*round, writes) {
			kind, _, _ := strings.Cut(name, "-")
			acknowledged[kind] = append(acknowledged[kind], name)
		}
	}
	startLater(t, dir, 0).checkWrites(acknowledged)
}

// checkWrites looks for what was acknowledged.
func (r *rig) checkWrites(acknowledged map[string][]string) {
	r.Helper()
	for _, name := range acknowledged["object"] {
		if got := r.get("objects", name); got != strings.Repeat(name, 10_000) {
			r.Errorf("object %s has %d bytes", name, len(got))
		}
	}
	for _, name := range acknowledged["item"] {
		out := must(r.table.GetItem(r.Context(), &dynamodb.GetItemInput{TableName: aws.String("items"), Key: map[string]types.AttributeValue{"id": &types.AttributeValueMemberS{Value: name}}}))(r)
		if out.Item == nil {
			r.Errorf("item %s is lost", name)
		}
	}
	for _, name := range acknowledged["role"] {
		if _, err := r.iam.GetRole(r.Context(), &iam.GetRoleInput{RoleName: &name}); err != nil {
			r.Errorf("role %s: %v", name, err)
		}
	}
	r.awaitMessages("messages", acknowledged["message"])
	r.awaitMessages("events", acknowledged["event"])
	for kind, queues := range fans {
		for _, queue := range queues {
			r.awaitMessages(queue, acknowledged[kind])
		}
	}
	for _, name := range acknowledged["metric"] {
		if got := r.statistic(metric{"Victim", "Writes", "Name", name}, "Sum"); got != 1 {
			r.Errorf("metric %s is %v", name, got)
		}
	}
}

// awaitMessages receives from a queue until each of the names was in a body.
func (r *rig) awaitMessages(queue string, names []string) {
	r.Helper()
	missing := make(map[string]bool)
	for _, name := range names {
		missing[name] = true
	}
	eventually(r, "messages in "+queue, func() (bool, any) {
		out := must(r.sqs.ReceiveMessage(r.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(r.endpoint + "/000000000000/" + queue), MaxNumberOfMessages: 10, WaitTimeSeconds: 1}))(r)
		for _, m := range out.Messages {
			for name := range missing {
				if *m.Body == name || strings.Contains(*m.Body, `"name":"`+name+`"`) || strings.Contains(*m.Body, `"name": "`+name+`"`) {
					delete(missing, name)
				}
			}
			must(r.sqs.DeleteMessage(r.Context(), &sqs.DeleteMessageInput{QueueUrl: aws.String(r.endpoint + "/000000000000/" + queue), ReceiptHandle: m.ReceiptHandle}))(r)
		}
		return len(missing) == 0, missing
	})
}

// TestKillDuringDeploy kills a runtime while it makes a stack; the next one
// brings the stack to its end.
func TestKillDuringDeploy(t *testing.T) {
	t.Parallel()
	for _, events := range []int{1, 5, 12} {
		t.Run(fmt.Sprintf("after %d events", events), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			v := startVictim(t, dir)
			must(v.stacks.CreateStack(t.Context(), &cloudformation.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(manyQueues)}))(t)
			eventually(t, "events", func() (bool, any) {
				n := len(must(v.stacks.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: aws.String("s")}))(t).StackEvents)
				return n >= events, n
			})
			v.kill()
			r := startOn(t, dir)
			if err := cloudformation.NewStackCreateCompleteWaiter(r.stacks, func(o *cloudformation.StackCreateCompleteWaiterOptions) { o.MinDelay, o.MaxDelay = lastLook, lastLook }).Wait(t.Context(), &cloudformation.DescribeStacksInput{StackName: aws.String("s")}, patience); err != nil {
				t.Fatal(err)
			}
			if list := must(r.sqs.ListQueues(t.Context(), &sqs.ListQueuesInput{}))(t); len(list.QueueUrls) != 8 {
				t.Errorf("%d queues, want 8: %v", len(list.QueueUrls), list.QueueUrls)
			}
		})
	}
}

// manyQueues is a stack that takes many steps: queues without a name of their
// own, one after the other.
var manyQueues = func() string {
	var b strings.Builder
	b.WriteString("Resources:\n  Q0: {Type: AWS::SQS::Queue}\n")
	for i := range 7 {
		fmt.Fprintf(&b, "  Q%d: {Type: AWS::SQS::Queue, DependsOn: Q%d}\n", i+1, i)
	}
	return b.String()
}()
