package csvfanout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/runnel/runnel/functions/csvfile"
)

const (
	ofS3      = `{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"a+b.csv"}}},{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"c.csv"}}}]}`
	testOfS3  = `{"Service":"Amazon S3","Event":"s3:TestEvent","Time":"2026-11-20T00:00:00.000Z","Bucket":"b","RequestId":"r","HostId":"h"}`
	continued = `{"continue":{"bucket":"b","key":"a.csv","part":2,"eTag":"1","begin":{"offset":70,"line":2},"row":{"offset":90,"line":3}}}`
)

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func ofSNS(message string) string {
	return `{"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"arn","Sns":{"Type":"Notification","MessageId":"m1","Subject":"Amazon S3 Notification","Message":` + quoted(message) + `,"MessageAttributes":{}}}]}`
}

func envelope(message string) string {
	return `{"Type":"Notification","MessageId":"m1","TopicArn":"t","Message":` + quoted(message) + `}`
}

func ofSQS(bodies ...string) string {
	var records []string
	for i, body := range bodies {
		records = append(records, fmt.Sprintf(`{"messageId":"q%d","eventSource":"aws:sqs","body":%s}`, i+1, quoted(body)))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

// run is the function's answer to an event, or its error, and the keys of the
// files that it loaded. The file bad.csv fails.
func run(t *testing.T, text string) string {
	t.Helper()
	var loaded []string
	f := &function{func(_ context.Context, parts []csvfile.Part) ([]csvfile.Loaded, error) {
		done := []csvfile.Loaded{}
		for _, p := range parts {
			if p.Key == "bad.csv" {
				return nil, errors.New("no such luck")
			}
			loaded = append(loaded, fmt.Sprintf("%s/%s#%d", p.Bucket, p.Key, p.Number))
			done = append(done, csvfile.Loaded{})
		}
		return done, nil
	}}
	var e event
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err.Error()
	}
	answer, err := f.handle(t.Context(), e)
	if err != nil {
		return err.Error()
	}
	out := strings.Join(loaded, " ")
	if _, ok := answer.([]csvfile.Loaded); !ok {
		b, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		out += string(b)
	}
	return out
}

func TestEvents(t *testing.T) {
	bad := strings.ReplaceAll(ofS3, "a+b.csv", "bad.csv")
	for _, test := range []struct{ name, event, want string }{
		{"S3", ofS3, "b/a b.csv#1 b/c.csv#1"},
		{"S3 by SNS", ofSNS(ofS3), "b/a b.csv#1 b/c.csv#1"},
		{"S3 by SQS", ofSQS(ofS3), `b/a b.csv#1 b/c.csv#1{"batchItemFailures":[]}`},
		{"S3 by SNS by SQS", ofSQS(envelope(ofS3)), `b/a b.csv#1 b/c.csv#1{"batchItemFailures":[]}`},
		{"its own", continued, "b/a.csv#2"},
		{"S3's test", testOfS3, ""},
		{"S3's test by SNS", ofSNS(testOfS3), ""},
		{"S3's test by SNS by SQS", ofSQS(envelope(testOfS3)), `{"batchItemFailures":[]}`},

		{"a file that fails", ofSNS(bad), "no such luck"},
		{"a file that fails, by SQS", ofSQS(ofS3, bad, envelope(bad)), `b/a b.csv#1 b/c.csv#1{"batchItemFailures":[{"itemIdentifier":"q2"},{"itemIdentifier":"q3"}]}`},
		{"nothing", `{}`, "the event is none of S3, SNS or SQS: it has no Records"},
		{"another service's", `{"Records":[{"eventSource":"aws:kinesis"}]}`, `a record of the event is of "aws:kinesis", not of aws:s3, aws:sns or aws:sqs`},
		{"a message to the topic", ofSNS("hello"), "the SNS message m1 is no event of S3: invalid character 'h' looking for beginning of value"},
		{"JSON to the topic", ofSNS(`{"hello":1}`), "the SNS message m1: the event is none of S3, SNS or SQS: it has no Records"},
		{"another event to the topic", ofSNS(ofSQS("x")), `the SNS message m1 is no event of S3: a record of it is of "aws:sqs"`},
		{"two at once", `{"Records":[{"eventSource":"aws:s3"}],` + continued[1:], "the event has both Records and continue"},
		{"half a continuation", `{"continue":{"bucket":"b"}}`, "continue: bucket, key or eTag is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := run(t, test.event); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func FuzzEvent(f *testing.F) {
	for _, seed := range []string{ofS3, ofSNS(ofS3), ofSQS(envelope(ofS3), "x"), continued, testOfS3, envelope(envelope(ofS3))} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) { run(t, text) })
}

func TestEnvironment(t *testing.T) {
	for _, test := range []struct{ name, variable, value, want string }{
		{"all there is", "COLUMNS", "id, full name,", ""},
		{"no queue", "QUEUE_URL", "", "the environment variable QUEUE_URL is not set"},
		{"an output", "OUTPUT", "xml", `the environment variable OUTPUT is "xml": want rows or document`},
		{"a separator", "SEPARATOR", "space", `the environment variable SEPARATOR: csv: separator "space": want auto, comma, semicolon, tab or pipe`},
		{"an encoding", "CHARSET", "klingon", `the environment variable CHARSET: charset "klingon" is not known: want auto, utf-8, utf-16, windows-1252 or another label of the WHATWG encodings`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("QUEUE_URL", "http://localhost/000000000000/rows")
			t.Setenv("AWS_REGION", "us-east-1")
			t.Setenv(test.variable, test.value)
			_, err := CSVToJSON(t.Context())
			if got := fmt.Sprint(err); err != nil && got != test.want || err == nil && test.want != "" {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}
