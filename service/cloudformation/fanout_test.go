package cloudformation_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	cwapi "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	ebapi "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	lambdaapi "github.com/aws/aws-sdk-go-v2/service/lambda"
	s3api "github.com/aws/aws-sdk-go-v2/service/s3"
	snsapi "github.com/aws/aws-sdk-go-v2/service/sns"
	sqsapi "github.com/aws/aws-sdk-go-v2/service/sqs"
)

// fabric has every type of topics, alarms and events, by names of its own, so
// that two stacks made of it can be compared.
const fabric = `
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {QueueName: queue}}
  Other: {Type: AWS::SQS::Queue, Properties: {QueueName: other}}
  Third: {Type: AWS::SQS::Queue, Properties: {QueueName: third}}
  Fourth: {Type: AWS::SQS::Queue, Properties: {QueueName: fourth}}
  Topic:
    Type: AWS::SNS::Topic
    Properties: {TopicName: topic, DisplayName: first, Subscription: [{Protocol: sqs, Endpoint: !GetAtt Queue.Arn}]}
  Policy:
    Type: AWS::SNS::TopicPolicy
    Properties: {Topics: [!Ref Topic], PolicyDocument: {Version: 2012-10-17, Statement: [{Sid: s3, Effect: Allow, Principal: {Service: s3.amazonaws.com}, Action: sns:Publish, Resource: !Ref Topic}]}}
  Subscription:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Topic, Protocol: sqs, Endpoint: !GetAtt Other.Arn, FilterPolicy: {a: [b]}}
  Web: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, Protocol: https, Endpoint: "https://example.com/"}}
  Bucket:
    Type: AWS::S3::Bucket
    DependsOn: Policy
    Properties: {BucketName: bucket, NotificationConfiguration: {TopicConfigurations: [{Topic: !Ref Topic, Event: "s3:ObjectCreated:*"}]}}
  Bus: {Type: AWS::Events::EventBus, Properties: {Name: bus}}
  May:
    Type: AWS::Events::EventBusPolicy
    Properties: {EventBusName: !Ref Bus, StatementId: may, Statement: {Effect: Allow, Principal: "*", Action: events:PutEvents, Resource: !GetAtt Bus.Arn}}
  Too: {Type: AWS::Events::EventBusPolicy, Properties: {EventBusName: !Ref Bus, StatementId: too, Action: events:PutEvents, Principal: "*"}}
  Rule:
    Type: AWS::Events::Rule
    Properties: {Name: rule, EventPattern: {source: [aws.s3]}, Targets: [{Id: a, Arn: !GetAtt Queue.Arn}, {Id: b, Arn: !Ref Topic}]}
  Alarm:
    Type: AWS::CloudWatch::Alarm
    Properties: {AlarmName: alarm, Namespace: N, MetricName: M, Statistic: Sum, Period: 60, EvaluationPeriods: 1, Threshold: 0, ComparisonOperator: GreaterThanThreshold, AlarmActions: [!Ref Topic]}
  All: {Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmName: all, AlarmRule: !Sub "ALARM(${Alarm})"}}
  Dashboard: {Type: AWS::CloudWatch::Dashboard, Properties: {DashboardName: dashboard, DashboardBody: "{}"}}
`

// refabric changes each resource, some by replacement.
func refabric() string {
	return strings.NewReplacer("DisplayName: first", "DisplayName: second", "[{Protocol: sqs, Endpoint: !GetAtt Queue.Arn}]", "[{Protocol: sqs, Endpoint: !GetAtt Third.Arn}]",
		"Endpoint: !GetAtt Other.Arn, FilterPolicy: {a: [b]}", "Endpoint: !GetAtt Fourth.Arn, FilterPolicy: {a: [c]}", "Sid: s3", "Sid: changed",
		"Name: bus}", "Name: bus, Description: changed}", "StatementId: may", "StatementId: might",
		"[{Id: a, Arn: !GetAtt Queue.Arn}, {Id: b, Arn: !Ref Topic}]", "[{Id: b, Arn: !GetAtt Queue.Arn}, {Id: c, Arn: !Ref Topic}]",
		"AlarmName: alarm", "AlarmName: renamed", "DashboardName: dashboard", "DashboardName: renamed").Replace(fabric)
}

// inventory tells all that a fabric is made of.
func (r *rig) inventory() []string {
	r.t.Helper()
	lines := []string{"queues " + strings.Join(r.queues(), " ")}
	topics := snsapi.NewFromConfig(r.aws)
	for _, arn := range r.topicARNs() {
		a := r.topic(arn)
		lines = append(lines, "topic "+a["TopicArn"]+" "+a["DisplayName"]+" "+a["Policy"])
		list, err := topics.ListSubscriptionsByTopic(ctx, &snsapi.ListSubscriptionsByTopicInput{TopicArn: &arn})
		if err != nil {
			r.t.Fatal(err)
		}
		for _, s := range list.Subscriptions {
			line := "subscription " + *s.Endpoint
			if *s.SubscriptionArn != "PendingConfirmation" {
				line += " " + r.subscription(*s.SubscriptionArn)["FilterPolicy"]
			}
			lines = append(lines, line)
		}
	}
	all := r.alarms()
	for _, a := range all.MetricAlarms {
		lines = append(lines, fmt.Sprint("alarm ", *a.AlarmName, a.AlarmActions))
	}
	for _, a := range all.CompositeAlarms {
		lines = append(lines, "composite "+*a.AlarmName+" "+*a.AlarmRule)
	}
	for _, name := range r.rules() {
		line := "rule " + name
		for id, target := range r.targets(name) {
			lines = append(lines, line+" "+id+" "+*target.Arn)
		}
	}
	buses, err := ebapi.NewFromConfig(r.aws).ListEventBuses(ctx, &ebapi.ListEventBusesInput{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, b := range buses.EventBuses {
		var sids []string
		for _, sid := range []string{"may", "might", "too"} {
			if strings.Contains(aws.ToString(b.Policy), `"`+sid+`"`) {
				sids = append(sids, sid)
			}
		}
		lines = append(lines, fmt.Sprint("bus ", *b.Name, aws.ToString(b.Description), sids))
	}
	dashboards, err := cwapi.NewFromConfig(r.aws).ListDashboards(ctx, &cwapi.ListDashboardsInput{})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, d := range dashboards.DashboardEntries {
		lines = append(lines, "dashboard "+*d.DashboardName)
	}
	slices.Sort(lines)
	return lines
}

// TestFabricCrash cuts the power before every call: what is left on the disk
// comes to the same fabric as an operation that nothing disturbed.
func TestFabricCrash(t *testing.T) {
	const never = "Outputs: {Never: {Value: !ImportValue nowhere}}\n"
	for name, c := range map[string]struct {
		ready string
		begin func(*rig) error
		end   types.StackStatus
	}{
		"create":   {"", creation(fabric), types.StackStatusCreateComplete},
		"fail":     {"", creation(fabric + never), types.StackStatusRollbackComplete},
		"update":   {fabric, updating(refabric()), types.StackStatusUpdateComplete},
		"rollback": {fabric, updating(refabric() + never), types.StackStatusUpdateRollbackComplete},
		"delete":   {fabric, deletion, types.StackStatusDeleteComplete},
	} {
		t.Run(name, func(t *testing.T) {
			var want []string
			cuts := powerCuts(t, c.ready, c.begin, c.end, func(r *rig) { want = r.inventory() })
			for i, disk := range cuts {
				t.Run(fmt.Sprint(i), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						r := start(t, disk, nil)
						defer r.stop()
						id := r.only()
						r.status(r.wait(id), c.end)
						if got := r.inventory(); !slices.Equal(got, want) {
							t.Errorf("there is\n%s\nwant\n%s\n\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"), strings.Join(r.history(id), "\n"))
						}
					})
				})
			}
		})
	}
}

// TestFabricRollback: a rollback brings everything back to what it was.
func TestFabricRollback(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", fabric), types.StackStatusCreateComplete)
		before := r.inventory()
		r.status(r.update("s", refabric()+"Outputs: {Never: {Value: !ImportValue nowhere}}\n"), types.StackStatusUpdateRollbackComplete)
		if after := r.inventory(); !slices.Equal(after, before) {
			t.Errorf("there is\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if left := r.inventory(); len(left) != 2 { // no queues, the default bus
			t.Error(left)
		}
	})
}

// TestFabricGone: a stack whose resources others have deleted can be deleted.
func TestFabricGone(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		r.status(r.create("s", fabric), types.StackStatusCreateComplete)
		topics, buses, alarms := snsapi.NewFromConfig(r.aws), ebapi.NewFromConfig(r.aws), cwapi.NewFromConfig(r.aws)
		_, err1 := topics.DeleteTopic(ctx, &snsapi.DeleteTopicInput{TopicArn: aws.String(r.resources("s")["Topic"])})
		_, err2 := buses.DeleteEventBus(ctx, &ebapi.DeleteEventBusInput{Name: aws.String("bus")})
		_, err3 := buses.RemoveTargets(ctx, &ebapi.RemoveTargetsInput{Rule: aws.String("rule"), Ids: []string{"a", "b"}})
		_, err4 := buses.DeleteRule(ctx, &ebapi.DeleteRuleInput{Name: aws.String("rule")})
		_, err5 := alarms.DeleteAlarms(ctx, &cwapi.DeleteAlarmsInput{AlarmNames: []string{"all"}})
		_, err6 := alarms.DeleteAlarms(ctx, &cwapi.DeleteAlarmsInput{AlarmNames: []string{"alarm"}})
		_, err7 := alarms.DeleteDashboards(ctx, &cwapi.DeleteDashboardsInput{DashboardNames: []string{"dashboard"}})
		if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
			t.Fatal(err)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if left := r.inventory(); len(left) != 2 {
			t.Error(left)
		}
	})
}

// TestFabricNames: a name that the template chooses and that somebody has is
// not taken over, and not deleted by the rollback.
func TestFabricNames(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		topics, buses, alarms := snsapi.NewFromConfig(r.aws), ebapi.NewFromConfig(r.aws), cwapi.NewFromConfig(r.aws)
		_, err1 := topics.CreateTopic(ctx, &snsapi.CreateTopicInput{Name: aws.String("topic")})
		_, err2 := buses.CreateEventBus(ctx, &ebapi.CreateEventBusInput{Name: aws.String("bus")})
		_, err3 := buses.PutRule(ctx, &ebapi.PutRuleInput{Name: aws.String("rule"), ScheduleExpression: aws.String("rate(1 day)")})
		_, err4 := alarms.PutCompositeAlarm(ctx, &cwapi.PutCompositeAlarmInput{AlarmName: aws.String("alarm"), AlarmRule: aws.String("TRUE")})
		_, err5 := alarms.PutDashboard(ctx, &cwapi.PutDashboardInput{DashboardName: aws.String("dashboard"), DashboardBody: aws.String("{}")})
		if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
			t.Fatal(err)
		}
		before := r.inventory()
		for name, resource := range map[string]string{
			"topic":     "{Type: AWS::SNS::Topic, Properties: {TopicName: topic}}",
			"bus":       "{Type: AWS::Events::EventBus, Properties: {Name: bus}}",
			"rule":      "{Type: AWS::Events::Rule, Properties: {Name: rule, EventPattern: {source: [a]}}}",
			"alarm":     "{Type: AWS::CloudWatch::CompositeAlarm, Properties: {AlarmName: alarm, AlarmRule: 'FALSE'}}",
			"dashboard": "{Type: AWS::CloudWatch::Dashboard, Properties: {DashboardName: dashboard, DashboardBody: '{}'}}",
		} {
			r.status(r.create(name, "Resources: {R: "+resource+"}"), types.StackStatusRollbackComplete)
			if h := strings.Join(r.history(name), "\n"); !strings.Contains(h, name+" already exists") {
				t.Error(h)
			}
		}
		if after := r.inventory(); !slices.Equal(after, before) {
			t.Errorf("there is\n%s\nwant\n%s", strings.Join(after, "\n"), strings.Join(before, "\n"))
		}
	})
}

// packaged is a pipeline's template after `package`: the code of its functions
// is an object in a bucket.
func (r *rig) packaged(path string) string {
	r.t.Helper()
	body, err := os.ReadFile("../../pipelines/" + path + "/template.yaml")
	if err != nil {
		r.t.Fatal(err)
	}
	var code bytes.Buffer
	z := zip.NewWriter(&code)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "bootstrap", ExternalAttrs: 0o755 << 16})
	if err != nil {
		r.t.Fatal(err)
	}
	_, _ = w.Write([]byte("#!/bin/sh\nexit 1\n"))
	if err := z.Close(); err != nil {
		r.t.Fatal(err)
	}
	client := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true })
	if _, err := client.CreateBucket(ctx, &s3api.CreateBucketInput{Bucket: aws.String("code")}); err != nil {
		r.t.Fatal(err)
	}
	put := &s3api.PutObjectInput{Bucket: aws.String("code"), Key: aws.String("functions.zip"), Body: bytes.NewReader(code.Bytes())}
	if _, err := client.PutObject(ctx, put); err != nil {
		r.t.Fatal(err)
	}
	return strings.ReplaceAll(string(body), "../../functions/bootstrap", "s3://code/functions.zip")
}

// TestFanoutPipeline deploys pipelines/csv-fanout as it is, has a file come,
// changes it and takes it down.
func TestFanoutPipeline(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := r.packaged("csv-fanout")
		// What does not wait for the bucket's notification is there before it.
		r.fail = func(req *http.Request) bool {
			if req.Method == http.MethodPut && req.URL.Query().Has("notification") {
				time.Sleep(time.Minute) // of the bubble
			}
			return false
		}
		st := r.create("fan", body)
		r.status(st, types.StackStatusCreateComplete)
		if got := r.subscribers(); !slices.Equal(got, []string{"fan-alarms", "fan-csv-to-json", "fan-notices"}) {
			t.Error(got)
		}
		if got := r.alarmNames(); !slices.Equal(got, []string{"fan-csv-to-json-errors", "fan-failed-files"}) {
			t.Error(got)
		}
		out := outputs(st)
		files := s3api.NewFromConfig(r.aws, func(o *s3api.Options) { o.UsePathStyle = true })
		for _, key := range []string{"a.csv", "a.txt"} {
			put := &s3api.PutObjectInput{Bucket: aws.String(out["UploadBucket"]), Key: &key, Body: strings.NewReader("h\n1\n")}
			if _, err := files.PutObject(ctx, put); err != nil {
				t.Fatal(err)
			}
		}
		notices, err := sqsapi.NewFromConfig(r.aws).ReceiveMessage(ctx, &sqsapi.ReceiveMessageInput{QueueUrl: aws.String(out["NoticeQueueUrl"]), MaxNumberOfMessages: 10})
		if err != nil || len(notices.Messages) != 1 { // of a.csv, and not of S3's test
			t.Fatal(notices, err)
		}
		if m := notices.Messages[0]; !strings.Contains(*m.Body, "a.csv") || !strings.Contains(*m.Body, out["UploadTopic"]) {
			t.Error(*m.Body)
		}
		r.status(r.update("fan", body, "Output", "document", "AlarmEndpoint", "https://example.com/alarm"), types.StackStatusUpdateComplete)
		if got := r.subscribers(); !slices.Contains(got, "alarm") {
			t.Error(got)
		}
		f, err := lambdaapi.NewFromConfig(r.aws).GetFunctionConfiguration(ctx, &lambdaapi.GetFunctionConfigurationInput{FunctionName: aws.String("fan-csv-to-json")})
		if err != nil || f.Environment.Variables["OUTPUT"] != "document" {
			t.Errorf("%+v %v", f, err)
		}
		r.status(r.update("fan", body), types.StackStatusUpdateComplete)
		if got := r.subscribers(); slices.Contains(got, "alarm") {
			t.Error(got)
		}
		for _, key := range []string{"a.csv", "a.txt"} {
			if _, err := files.DeleteObject(ctx, &s3api.DeleteObjectInput{Bucket: aws.String(out["UploadBucket"]), Key: &key}); err != nil {
				t.Fatal(err)
			}
		}
		r.status(r.delete("fan"), types.StackStatusDeleteComplete)
		r.noFunctions()
		if left := slices.Concat(r.topicARNs(), r.subscribers(), r.alarmNames(), r.queues()); len(left) > 0 {
			t.Error(left)
		}
	})
}

// TestMessagesPipeline deploys pipelines/iot-messages as it is and takes it down.
func TestMessagesPipeline(t *testing.T) {
	inBubble(t, func(t *testing.T, r *rig) {
		body := r.packaged("iot-messages")
		r.status(r.create("iot", body), types.StackStatusCreateComplete)
		if got := r.alarmNames(); len(got) != 7 {
			t.Error(got)
		}
		r.status(r.update("iot", strings.ReplaceAll(body, "Threshold: 0", "Threshold: 1")), types.StackStatusUpdateComplete)
		for _, a := range r.alarms().MetricAlarms {
			if *a.Threshold != 1 || len(a.AlarmActions) != 1 {
				t.Errorf("%+v", a)
			}
		}
		r.status(r.delete("iot"), types.StackStatusDeleteComplete)
		r.noFunctions()
		if left := slices.Concat(r.topicARNs(), r.alarmNames(), r.queues()); len(left) > 0 {
			t.Error(left)
		}
	})
}
