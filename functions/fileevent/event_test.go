package fileevent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
)

const (
	ofS3   = `{"Records":[{"eventSource":"aws:s3","s3":{"bucket":{"name":"b"},"object":{"key":"a+%C3%BC%2B.xml"}}}]}`
	testS3 = `{"Service":"Amazon S3","Event":"s3:TestEvent","Bucket":"b"}`
)

func quoted(s string) string {
	b, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func envelope(message string) string {
	return `{"Type":"Notification","Message":` + quoted(message) + `}`
}

func ofSNS(message string) string {
	return `{"Records":[{"EventSource":"aws:sns","Sns":{"Type":"Notification","MessageId":"m1","Message":` + quoted(message) + `}}]}`
}

func ofSQS(body string) string {
	return `{"Records":[{"eventSource":"aws:sqs","messageId":"q1","body":` + quoted(body) + `}]}`
}

// tells is what an event tells of: files, or messages that come again.
func tells(text string) string {
	var e Event
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return err.Error()
	}
	var names []string
	list := func(files events.S3Event) error {
		for _, r := range files.Records {
			names = append(names, r.S3.Bucket.Name+"/"+r.S3.Object.URLDecodedKey)
			if r.S3.Object.URLDecodedKey == "bad" {
				return errors.New("bad")
			}
		}
		return nil
	}
	if e.FromQueue() {
		answer := e.Messages(context.Background(), func(_ context.Context, files events.S3Event) error { return list(files) })
		return fmt.Sprint(strings.Join(names, " "), answer.BatchItemFailures)
	}
	files, err := e.Files()
	if err != nil {
		return err.Error()
	}
	_ = list(files)
	return strings.Join(names, " ")
}

func TestEvents(t *testing.T) {
	bad := strings.ReplaceAll(ofS3, "a+%C3%BC%2B.xml", "bad")
	for _, test := range []struct{ name, event, want string }{
		{"S3", ofS3, "b/a ü+.xml"},
		{"S3 by SNS", ofSNS(ofS3), "b/a ü+.xml"},
		{"S3 by SQS", ofSQS(ofS3), "b/a ü+.xml[]"},
		{"S3 by SNS by SQS", ofSQS(envelope(ofS3)), "b/a ü+.xml[]"},
		{"S3's test", testS3, ""},
		{"S3's test by SQS", ofSQS(envelope(testS3)), "[]"},
		{"a file that fails, by SQS", ofSQS(bad), "b/bad[{q1}]"},
		{"no event, by SQS", ofSQS("hello"), "[{q1}]"},
		{"nothing", `{}`, "the event is none of S3, SNS or SQS: it has no Records"},
		{"another service's", `{"Records":[{"eventSource":"aws:kinesis"}]}`, `a record of the event is of "aws:kinesis", not of aws:s3, aws:sns or aws:sqs`},
		{"another service's, by SNS", ofSNS(ofSQS("x")), `the SNS message m1 is no event of S3: a record of it is of "aws:sqs"`},
		{"a key that is not encoded so", strings.ReplaceAll(ofS3, "%C3", "%xx"), `invalid URL escape "%xx"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := tells(test.event); got != test.want {
				t.Errorf("got %s\nwant %s", got, test.want)
			}
		})
	}
}

func FuzzEvents(f *testing.F) {
	for _, seed := range []string{ofS3, ofSNS(ofS3), ofSQS(envelope(ofS3)), testS3, envelope(envelope(ofS3))} {
		f.Add(seed)
	}
	f.Fuzz(func(_ *testing.T, text string) { tells(text) })
}
