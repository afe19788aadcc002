package source

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/runnel/runnel/event"
)

func TestSQSEvent(t *testing.T) {
	source, err := arn.Parse("arn:aws:sqs:us-east-2:123456789012:my-queue")
	if err != nil {
		t.Fatal(err)
	}
	messages := []*event.Message{
		{
			ID: "059f36b4-87a3-44ab-83d2-661975830a7d", Receipt: "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...", Body: "Test message.",
			MD5: "e4e68fb7bd0e697a0ae8f1bb342846b3",
			System: map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": "1545082649183",
				"SenderId": "AIDAIENQZJOLO23YVJ4VO", "ApproximateFirstReceiveTimestamp": "1545082649185"},
			Attributes: map[string]event.Attribute{
				"myAttribute": {DataType: "String", String: "myValue"},
				"raw":         {DataType: "Binary", Binary: []byte{0, 255}},
			},
		},
		{
			ID: "2e1424d4-f796-459a-8184-9c92662be6da", Receipt: "AQEBzWwaftRI0KuVm4tP+/7q1rGgNqicHq...", Body: "<\"ü\n>",
			MD5: "e4e68fb7bd0e697a0ae8f1bb342846b3", System: map[string]string{"ApproximateReceiveCount": "1"},
		},
	}
	var records [][]byte
	for _, m := range messages {
		records = append(records, encodeMessage(m, source))
	}
	all := batches(messages, records)
	if len(all) != 1 {
		t.Fatalf("%d batches", len(all))
	}
	var text bytes.Buffer
	if err := json.Indent(&text, all[0].payload.Bytes(), "", "  "); err != nil {
		t.Fatal(err)
	}
	golden(t, "sqs-event.json", text.String()+"\n")
}

// TestBatchesFit: no event is larger than a payload may be, and none is lost.
func TestBatchesFit(t *testing.T) {
	var messages []*event.Message
	var records [][]byte
	for i := range 10 {
		messages = append(messages, &event.Message{ID: fmt.Sprint(i)})
		records = append(records, []byte(`"`+strings.Repeat("x", 1<<20)+`"`))
	}
	n := 0
	for _, b := range batches(messages, records) {
		n += len(b.messages)
		if b.payload.Len() > maxPayload || !json.Valid(b.payload.Bytes()) {
			t.Errorf("%d bytes for %d messages", b.payload.Len(), len(b.messages))
		}
	}
	if n != 10 {
		t.Errorf("%d messages", n)
	}
}

// TestFailures follows the success and failure conditions of
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting
// (2026-11-20).
func TestFailures(t *testing.T) {
	messages := []*event.Message{{ID: "a"}, {ID: "b"}}
	tests := []struct {
		response string
		failed   string
		ok       bool
	}{
		{``, "", true},
		{`null`, "", true},
		{`{}`, "", true},
		{`{"batchItemFailures":[]}`, "", true},
		{`{"batchItemFailures":null}`, "", true},
		{`{"batchItemFailures":[{"itemIdentifier":"b"}]}`, "b", true},
		{`{"batchItemFailures":[{"itemIdentifier":"a"},{"itemIdentifier":"b"}]}`, "a b", true},
		{`{"batchItemFailures":[{"itemIdentifier":""}]}`, "", false},
		{`{"batchItemFailures":[{"itemIdentifier":null}]}`, "", false},
		{`{"batchItemFailures":[{"id":"a"}]}`, "", false},
		{`{"batchItemFailures":[{"ItemIdentifier":"a"}]}`, "", false},
		{`{"batchItemFailures":[{"itemIdentifier":"c"}]}`, "", false},
		{`{"batchItemFailures":"a"}`, "", false},
		{`"ok"`, "", false},
		{`{"batchItem`, "", false},
	}
	for _, test := range tests {
		failed, ok := failures([]byte(test.response), messages)
		if got := strings.Join(slices.Sorted(maps.Keys(failed)), " "); got != test.failed || ok != test.ok {
			t.Errorf("%s: %q %v", test.response, got, ok)
		}
	}
}
