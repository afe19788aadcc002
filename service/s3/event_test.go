package s3

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/runnel/runnel/service/s3/notification"
)

const (
	queueARN    = "arn:aws:sqs:us-east-1:000000000000:"
	functionARN = "arn:aws:lambda:us-east-1:000000000000:function:"
)

func queueRule(name string, events []types.Event, prefix, suffix string) types.QueueConfiguration {
	return types.QueueConfiguration{
		Id: ptr("to-" + name), QueueArn: ptr(queueARN + name), Events: events,
		Filter: &types.NotificationConfigurationFilter{Key: &types.S3KeyFilter{FilterRules: []types.FilterRule{
			{Name: types.FilterRuleNamePrefix, Value: &prefix}, {Name: types.FilterRuleNameSuffix, Value: &suffix},
		}}},
	}
}

func (f *fixture) notify(bucket string, rules ...types.QueueConfiguration) {
	f.t.Helper()
	must(f.PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, NotificationConfiguration: &types.NotificationConfiguration{QueueConfigurations: rules},
	}))(f.t)
}

// records are the records that arrived at a queue, the test event left out.
func (f *fixture) records(queue string) (all []notification.Record) {
	f.t.Helper()
	return parseRecords(f.t, f.inbox(queue))
}

func parseRecords(t testing.TB, bodies []string) (all []notification.Record) {
	t.Helper()
	for _, b := range bodies {
		var m struct{ Records []notification.Record }
		if err := json.Unmarshal([]byte(b), &m); err != nil {
			t.Fatalf("%s: %v", b, err)
		}
		all = append(all, m.Records...)
	}
	return all
}

// TestEventRecord: the structure as
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
// has it, 2026-11-20.
func TestEventRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		b := f.bucket("data")
		f.notify(b, queueRule("q", []types.Event{"s3:ObjectCreated:*"}, "in/", ".csv"))
		f.put(b, "in/a b+ü.csv", "hello")
		got := f.inbox("q")
		if len(got) != 2 {
			t.Fatalf("%d messages", len(got))
		}
		for _, v := range varying {
			got[0], got[1] = v.ReplaceAllString(got[0], v.by), v.ReplaceAllString(got[1], v.by)
		}
		if !strings.HasPrefix(got[0], `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"$TIME","Bucket":"data","RequestId":"`) {
			t.Errorf("test event %s", got[0])
		}
		const want = `{"Records":[{"eventVersion":"2.1","eventSource":"aws:s3","awsRegion":"us-east-1","eventTime":"$TIME",` +
			`"eventName":"ObjectCreated:Put","userIdentity":{"principalId":"AWS:000000000000"},"requestParameters":{"sourceIPAddress":"127.0.0.1"},` +
			`"responseElements":{"x-amz-request-id":"`
		const rest = `"s3":{"s3SchemaVersion":"1.0","configurationId":"to-q","bucket":{"name":"data","ownerIdentity":{"principalId":"OWNER"},` +
			`"arn":"arn:aws:s3:::data"},"object":{"key":"in/a+b%2B%C3%BC.csv","size":5,"eTag":"5d41402abc4b2a76b9719d911017c592","sequencer":"`
		if !strings.HasPrefix(got[1], want) || !strings.Contains(got[1], strings.Replace(rest, "OWNER", f.svc.owner, 1)) {
			t.Errorf("record %s", got[1])
		}
	})
}

func TestEventNames(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	f.notify(b,
		queueRule("created", []types.Event{"s3:ObjectCreated:*"}, "", ""),
		queueRule("removed", []types.Event{"s3:ObjectRemoved:Delete", "s3:ObjectTagging:*"}, "", ""),
	)
	f.put(b, "k", "hello")
	must(f.CopyObject(f.ctx, &s3.CopyObjectInput{Bucket: &b, Key: ptr("copy"), CopySource: ptr("data/k")}))(t)
	f.multipart(b, "parts", "hello")
	must(f.PutObjectTagging(f.ctx, &s3.PutObjectTaggingInput{Bucket: &b, Key: ptr("k"), Tagging: &types.Tagging{TagSet: []types.Tag{}}}))(t)
	must(f.DeleteObjectTagging(f.ctx, &s3.DeleteObjectTaggingInput{Bucket: &b, Key: ptr("k")}))(t)
	must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: ptr("k")}))(t)
	must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: ptr("absent")}))(t)
	must(f.DeleteObjects(f.ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: ptr("copy")}, {Key: ptr("absent")}}}}))(t)
	want := map[string][]string{
		"created": {"ObjectCreated:Put k", "ObjectCreated:Copy copy", "ObjectCreated:CompleteMultipartUpload parts"},
		"removed": {"ObjectTagging:Put k", "ObjectTagging:Delete k", "ObjectRemoved:Delete k", "ObjectRemoved:Delete copy"},
	}
	for queue, names := range want {
		last := ""
		for i, r := range f.records(queue) {
			if got := r.EventName + " " + r.S3.Object.Key; i >= len(names) || got != names[i] {
				t.Errorf("%s: event %d is %s, want %v", queue, i, got, names)
			}
			if r.S3.Object.Sequencer <= last {
				t.Errorf("sequencer %s after %s", r.S3.Object.Sequencer, last)
			}
			last = r.S3.Object.Sequencer
		}
		if n := len(f.records(queue)); n != len(names) {
			t.Errorf("%s: %d events, want %d", queue, n, len(names))
		}
	}
}

// TestEventFails: what a destination cannot take, the object's writer is told,
// and there is no object.
func TestEventFails(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	f.put(b, "k", "before")
	must(f.PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &b, NotificationConfiguration: &types.NotificationConfiguration{
			LambdaFunctionConfigurations: []types.LambdaFunctionConfiguration{
				{LambdaFunctionArn: ptr(functionARN + "broken"), Events: []types.Event{"s3:ObjectCreated:*"}},
			},
		},
	}))(t)
	for _, body := range []string{"after", strings.Repeat("after", 20<<10)} {
		_, err := f.PutObject(f.ctx, &s3.PutObjectInput{Bucket: &b, Key: ptr("k"), Body: strings.NewReader(body)})
		wantCode(t, err, "500 InternalError")
	}
	if got := f.get(b, "k"); got != "before" {
		t.Errorf("the object is %q", got)
	}
	if n := f.blobs(); n != 0 {
		t.Errorf("%d blobs are left", n)
	}
}

// TestEventDropped: a destination that went away holds nothing up.
func TestEventDropped(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	must(f.PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &b, SkipDestinationValidation: ptr(true), NotificationConfiguration: &types.NotificationConfiguration{
			QueueConfigurations: []types.QueueConfiguration{{QueueArn: ptr(queueARN + "absent"), Events: []types.Event{"s3:ObjectCreated:*"}}},
		},
	}))(t)
	f.put(b, "k", "hello")
	if got := f.get(b, "k"); got != "hello" {
		t.Errorf("the object is %q", got)
	}
}
