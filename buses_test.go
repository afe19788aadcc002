package runnel_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventbridgetypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// rule makes a rule by pattern or schedule, with its targets.
func (r *rig) rule(in *eventbridge.PutRuleInput, targets ...eventbridgetypes.Target) (arn string) {
	r.Helper()
	out := must(r.buses.PutRule(r.Context(), in))(r)
	for i := range targets {
		targets[i].Id = aws.String(fmt.Sprint("t", i))
	}
	put := must(r.buses.PutTargets(r.Context(), &eventbridge.PutTargetsInput{Rule: in.Name, Targets: targets}))(r)
	if put.FailedEntryCount > 0 {
		r.Fatalf("targets of %s: %s", *in.Name, aws.ToString(put.FailedEntries[0].ErrorMessage))
	}
	return *out.RuleArn
}

func target(arn string) eventbridgetypes.Target { return eventbridgetypes.Target{Arn: &arn} }

// echo makes a function whose events go to a queue when it has run.
func (r *rig) echo() (arn, results string) {
	r.Helper()
	arn = r.behave("echo", r.role("worker"), nil)
	results, queue := r.queueFor("results", "lambda.amazonaws.com")
	must(r.lambda.PutFunctionEventInvokeConfig(r.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String("echo"), DestinationConfig: &lambdatypes.DestinationConfig{OnSuccess: &lambdatypes.OnSuccess{Destination: &queue}},
	}))(r)
	return arn, results
}

// permit has a rule invoke echo.
func (r *rig) permit(rule string) {
	r.Helper()
	must(r.lambda.AddPermission(r.Context(), &lambda.AddPermissionInput{
		FunctionName: aws.String("echo"), StatementId: aws.String(rule[strings.LastIndexByte(rule, '/')+1:]), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("events.amazonaws.com"), SourceArn: &rule,
	}))(r)
}

// happening is an event of EventBridge's.
type happening struct {
	DetailType string `json:"detail-type"`
	Source     string
	Account    string
	Region     string
	Time       string
	Resources  []string
	Detail     struct {
		Bucket struct{ Name string }
		Object struct {
			Key  string
			Size int
		}
		Reason string
		N      int
	}
}

func happened(t testing.TB, body string) (h happening) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &h); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	return h
}

// echoed is the event that echo was invoked with, next.
func (r *rig) echoed(results string) happening {
	r.Helper()
	var record struct{ RequestPayload json.RawMessage }
	body := *r.take(results, 1)[0].Body
	if err := json.Unmarshal([]byte(body), &record); err != nil {
		r.Fatalf("%v: %s", err, body)
	}
	return happened(r, string(record.RequestPayload))
}

// TestBucketToBus has a bucket send to the bus, and a rule pick what goes to a
// queue and a function.
func TestBucketToBus(t *testing.T) {
	t.Parallel()
	r := start(t)
	queue, queueARN := r.queueFor("csv", "events.amazonaws.com")
	function, results := r.echo()
	must(r.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("files")}))(t)
	must(r.s3.PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{
		Bucket:                    aws.String("files"),
		NotificationConfiguration: &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}},
	}))(t)
	in := &eventbridge.PutRuleInput{Name: aws.String("csv"), EventPattern: aws.String(`{"source": ["aws.s3"], "detail-type": ["Object Created"],
		"detail": {"bucket": {"name": ["files"]}, "object": {"key": [{"suffix": ".csv"}]}}}`)}
	rule := r.rule(in, target(queueARN), target(function))

	r.put("files", "not/permitted.csv", "a")
	r.permit(rule)
	r.put("files", "in/a b.csv", "0123456789")
	r.put("files", "in/other.txt", "a")
	for _, key := range []string{"not/permitted.csv", "in/a b.csv"} {
		h := happened(t, *r.take(queue, 1)[0].Body)
		if h.DetailType != "Object Created" || h.Source != "aws.s3" || h.Account != account || h.Region != "us-east-1" ||
			len(h.Resources) != 1 || h.Resources[0] != "arn:aws:s3:::files" || h.Detail.Bucket.Name != "files" || h.Detail.Object.Key != key || h.Detail.Reason != "PutObject" {
			t.Errorf("came %+v, want %s", h, key)
		}
	}
	if h := r.echoed(results); h.Detail.Object.Key != "in/a b.csv" || h.Detail.Object.Size != 10 {
		t.Errorf("the function got %+v", h)
	}
	r.awaitSum(metric{"AWS/Events", "FailedInvocations", "RuleName", "csv"}, 1)
	r.awaitSum(metric{"AWS/Events", "Invocations", "RuleName", "csv"}, 4)
	r.awaitDepth(queue, "0", "0")
	r.awaitDepth(results, "0", "0")
}

// TestSchedules has a function invoked by rate and by cron.
func TestSchedules(t *testing.T) {
	t.Parallel()
	r := start(t)
	function, results := r.echo()
	// The minute is early in the hour, so that no whole hour passes unwanted.
	r.clock.Advance(r.clock.Now().Truncate(time.Hour).Add(time.Hour + time.Minute).Sub(r.clock.Now()))
	r.permit(r.rule(&eventbridge.PutRuleInput{Name: aws.String("often"), ScheduleExpression: aws.String("rate(7 minutes)")}, target(function)))
	r.permit(r.rule(&eventbridge.PutRuleInput{Name: aws.String("daily"), ScheduleExpression: aws.String(
		fmt.Sprintf("cron(10 %d * * ? *)", r.clock.Now().UTC().Hour()))}, target(function)))
	for _, want := range []struct {
		wait time.Duration
		rule string
	}{{7 * time.Minute, "often"}, {2 * time.Minute, "daily"}, {5 * time.Minute, "often"}} {
		r.clock.Advance(want.wait)
		h := r.echoed(results)
		if h.Source != "aws.events" || h.DetailType != "Scheduled Event" || len(h.Resources) != 1 || h.Resources[0] != "arn:aws:events:us-east-1:"+account+":rule/"+want.rule {
			t.Errorf("came %+v, want the schedule %s", h, want.rule)
		}
	}
	must(r.buses.DisableRule(t.Context(), &eventbridge.DisableRuleInput{Name: aws.String("often")}))(t)
	r.clock.Advance(30 * time.Minute)
	r.settle()
	r.awaitDepth(results, "0", "0")
}

// TestEventsToTopic puts events that a rule sends to a topic, and the topic to
// a queue; and to a queue that is gone, with a dead-letter queue.
func TestEventsToTopic(t *testing.T) {
	t.Parallel()
	r := start(t)
	topic := r.topic("orders")
	must(r.sns.SetTopicAttributes(t.Context(), &sns.SetTopicAttributesInput{TopicArn: &topic, AttributeName: aws.String("Policy"), AttributeValue: aws.String(fmt.Sprintf(
		`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sns:Publish", "Resource": %q}]}`, topic))}))(t)
	queue, queueARN := r.queueFor("orders", "sns.amazonaws.com")
	r.subscribe(topic, "sqs", queueARN)
	gone, goneARN := r.queueFor("gone", "events.amazonaws.com")
	dead, deadARN := r.queueFor("dead", "events.amazonaws.com")
	toGone := target(goneARN)
	toGone.DeadLetterConfig = &eventbridgetypes.DeadLetterConfig{Arn: &deadARN}
	large := &eventbridge.PutRuleInput{Name: aws.String("large"), EventPattern: aws.String(`{"source": ["shop"], "detail": {"n": [{"numeric": [">", 100]}]}}`)}
	rule := r.rule(large, target(topic), toGone)
	must(r.sqs.DeleteQueue(t.Context(), &sqs.DeleteQueueInput{QueueUrl: &gone}))(t)

	var entries []eventbridgetypes.PutEventsRequestEntry
	for _, n := range []int{99, 100, 101} {
		entries = append(entries, eventbridgetypes.PutEventsRequestEntry{Source: aws.String("shop"), DetailType: aws.String("order"), Detail: aws.String(fmt.Sprintf(`{"n": %d}`, n))})
	}
	out := must(r.buses.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: append(entries, eventbridgetypes.PutEventsRequestEntry{Source: aws.String("shop"), DetailType: aws.String("order"), Detail: aws.String("no JSON")})}))(t)
	if out.FailedEntryCount != 1 || aws.ToString(out.Entries[3].ErrorCode) != "MalformedDetail" {
		t.Errorf("%d entries failed: %+v", out.FailedEntryCount, out.Entries)
	}
	if h := happened(t, r.verified(*r.take(queue, 1)[0].Body).Message); h.Detail.N != 101 || h.Source != "shop" || h.DetailType != "order" {
		t.Errorf("the topic's queue got %+v", h)
	}
	m := r.take(dead, 1)[0]
	if h := happened(t, *m.Body); h.Detail.N != 101 || text(m, "ERROR_CODE") != "NO_RESOURCE" || text(m, "TARGET_ARN") != goneARN || text(m, "RULE_ARN") != rule {
		t.Errorf("the dead letter is %s %v", *m.Body, m.MessageAttributes)
	}
	r.awaitDepth(queue, "0", "0")
}
