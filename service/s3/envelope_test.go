package s3

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const topicARN = "arn:aws:sns:us-east-1:000000000000:"

// toBus turns EventBridge on, beside rules for topics.
func (f *fixture) toBus(bucket string, topics ...types.TopicConfiguration) {
	f.t.Helper()
	must(f.PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &bucket, NotificationConfiguration: &types.NotificationConfiguration{
			EventBridgeConfiguration: &types.EventBridgeConfiguration{}, TopicConfigurations: topics,
		},
	}))(f.t)
}

// TestTopic: what a topic gets is the record that a queue gets, with a subject.
func TestTopic(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	f.toBus(b, types.TopicConfiguration{TopicArn: ptr(topicARN + "uploads"), Events: []types.Event{"s3:ObjectCreated:*"}})
	got := f.inbox("uploads")
	if len(got) != 1 || !strings.Contains(got[0], `"Event":"s3:TestEvent"`) || f.subject("uploads") != "Amazon S3 Notification" {
		t.Errorf("the test event is %q, %q", f.subject("uploads"), got)
	}
	f.put(b, "a.csv", "hello")
	if got = f.inbox("uploads"); len(got) != 2 || f.subject("uploads") != "Amazon S3 Notification" {
		t.Fatalf("%q, %q", f.subject("uploads"), got)
	}
	if r := parseRecords(t, got[1:]); r[0].EventName != "ObjectCreated:Put" || r[0].S3.Object.Key != "a.csv" {
		t.Errorf("record %+v", r)
	}
}

var variable = []struct {
	*regexp.Regexp
	by string
}{
	{regexp.MustCompile(`"(id|request-id|time|sequencer)":"[^"]*"`), `"$1":"$$"`},
}

// TestEnvelope: the structure as
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html has it,
// 2026-11-20.
func TestEnvelope(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		b := f.bucket("data")
		f.toBus(b)
		f.put(b, "in/a b.csv", "hello")
		key := ptr("in/a b.csv")
		must(f.PutObjectTagging(f.ctx, &s3.PutObjectTaggingInput{Bucket: &b, Key: key, Tagging: &types.Tagging{TagSet: []types.Tag{}}}))(t)
		must(f.DeleteObjectTagging(f.ctx, &s3.DeleteObjectTaggingInput{Bucket: &b, Key: key}))(t)
		must(f.DeleteObject(f.ctx, &s3.DeleteObjectInput{Bucket: &b, Key: key}))(t)

		const around = `{"version":"0","id":"$","detail-type":"TYPE","source":"aws.s3","account":"000000000000","time":"$","region":"us-east-1",` +
			`"resources":["arn:aws:s3:::data"],"detail":{"version":"0","event-version":"1.0","bucket":{"name":"data"},"object":{"key":"in/a b.csv"OBJECT},` +
			`"request-id":"$","requester":"000000000000","source-ip-address":"127.0.0.1"REASON}}`
		const etag = `,"etag":"5d41402abc4b2a76b9719d911017c592"`
		want := []string{
			fill(around, "Object Created", `,"size":5`+etag+`,"sequencer":"$"`, `,"reason":"PutObject"`),
			fill(around, "Object Tags Added", etag, ""),
			fill(around, "Object Tags Deleted", etag, ""),
			fill(around, "Object Deleted", `,"sequencer":"$"`, `,"reason":"DeleteObject","deletion-type":"Permanently Deleted"`),
		}
		got := f.inbox("event-bus/default")
		if len(got) != len(want) {
			t.Fatalf("%d events, want %d", len(got), len(want))
		}
		for i, g := range got {
			for _, v := range variable {
				g = v.ReplaceAllString(g, v.by)
			}
			if g != want[i] {
				t.Errorf("got  %s\nwant %s", g, want[i])
			}
		}
	})
}

func fill(around, kind, object, reason string) string {
	return strings.NewReplacer("TYPE", kind, "OBJECT", object, "REASON", reason).Replace(around)
}

// TestEnvelopeReasons: how the other objects come to be.
func TestEnvelopeReasons(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	f.put(b, "k", "hello")
	f.toBus(b)
	must(f.CopyObject(f.ctx, &s3.CopyObjectInput{Bucket: &b, Key: ptr("copy"), CopySource: ptr("data/k")}))(t)
	f.multipart(b, "parts", "hello")
	must(f.DeleteObjects(f.ctx, &s3.DeleteObjectsInput{Bucket: &b, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: ptr("copy")}, {Key: ptr("absent")}}}}))(t)
	var got []string
	for _, body := range f.inbox("event-bus/default") {
		var e struct {
			Detail struct {
				Object struct{ Key string }
				Reason string
			}
		}
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e.Detail.Reason+" "+e.Detail.Object.Key)
	}
	if want := "CopyObject copy, CompleteMultipartUpload parts, DeleteObject copy"; strings.Join(got, ", ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}

// TestNoBus: without an event bus nobody is promised events.
func TestNoBus(t *testing.T) {
	f := newFixture(t)
	b := f.bucket("data")
	svc := New(f.st, Config{Account: "000000000000", Region: "us-east-1"})
	_, err := svc.PutBucketNotificationConfiguration(f.ctx, &s3.PutBucketNotificationConfigurationInput{
		Bucket: &b, NotificationConfiguration: &types.NotificationConfiguration{EventBridgeConfiguration: &types.EventBridgeConfiguration{}},
	})
	if e, ok := asError(err); !ok || e.Code != "NotImplemented" {
		t.Errorf("got %v", err)
	}
}
