package lambda

import (
	"bytes"

	"github.com/go-json-experiment/json"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/filter"
)

// sqsRecord is a message as a function is given it:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
type sqsRecord struct {
	MessageID         string                  `json:"messageId"`
	ReceiptHandle     string                  `json:"receiptHandle"`
	Body              string                  `json:"body"`
	Attributes        map[string]string       `json:"attributes"`
	MessageAttributes map[string]sqsAttribute `json:"messageAttributes"`
	MD5OfBody         string                  `json:"md5OfBody"`
	EventSource       string                  `json:"eventSource"`
	EventSourceARN    string                  `json:"eventSourceARN"`
	AWSRegion         string                  `json:"awsRegion"`
}

type sqsAttribute struct {
	StringValue      *string  `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"` // base64
	StringListValues []string `json:"stringListValues"`      // always empty: SQS has no lists yet
	BinaryListValues []string `json:"binaryListValues"`
	DataType         string   `json:"dataType"`
}

// encodeMessage is the record of a message, as JSON.
func encodeMessage(m *event.Message, source event.ARN) ([]byte, error) {
	r := sqsRecord{
		MessageID: m.ID, ReceiptHandle: m.Receipt, Body: m.Body, MD5OfBody: m.MD5,
		Attributes: m.System, MessageAttributes: make(map[string]sqsAttribute, len(m.Attributes)),
		EventSource: "aws:sqs", EventSourceARN: source.String(), AWSRegion: source.Region,
	}
	for name, a := range m.Attributes {
		out := sqsAttribute{DataType: a.DataType}
		if a.Binary != nil {
			out.BinaryValue = a.Binary
		} else {
			out.StringValue = &a.String
		}
		r.MessageAttributes[name] = out
	}
	return json.Marshal(r, json.Deterministic(true))
}

// batch is the event of one invocation.
type batch struct {
	messages []*event.Message
	payload  bytes.Buffer
}

const (
	batchOpen  = `{"Records":[`
	batchClose = `]}`
)

// batches puts records into as few events as the payload limit allows.
func batches(messages []*event.Message, records [][]byte) []*batch {
	var all []*batch
	var b *batch
	for i, r := range records {
		if b == nil || b.payload.Len()+1+len(r)+len(batchClose) > maxSyncPayload {
			b = new(batch)
			b.payload.WriteString(batchOpen)
			all = append(all, b)
		} else {
			b.payload.WriteByte(',')
		}
		b.payload.Write(r)
		b.messages = append(b.messages, messages[i])
	}
	for _, b := range all {
		b.payload.WriteString(batchClose)
	}
	return all
}

// wanted reports whether one of the patterns passes a record; without patterns
// all pass.
func wanted(patterns []*filter.Pattern, record []byte) bool {
	if len(patterns) == 0 {
		return true
	}
	v, err := filter.Decode(record)
	object, ok := v.(map[string]any)
	if err != nil || !ok {
		return false
	}
	for _, p := range patterns {
		if p.MatchMessage(object) {
			return true
		}
	}
	return false
}

// failures reads a partial batch response: the messages that the function says
// it failed on. ok is false if the whole batch counts as failed, by the rules of
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#services-sqs-batchfailurereporting.
func failures(payload []byte, messages []*event.Message) (failed map[string]bool, ok bool) {
	payload = bytes.TrimSpace(payload)
	if len(payload) == 0 || bytes.Equal(payload, []byte("null")) {
		return nil, true
	}
	var res struct {
		BatchItemFailures []struct {
			ItemIdentifier *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if json.Unmarshal(payload, &res) != nil {
		return nil, false
	}
	known := make(map[string]bool, len(messages))
	for _, m := range messages {
		known[m.ID] = true
	}
	failed = make(map[string]bool)
	for _, f := range res.BatchItemFailures {
		if f.ItemIdentifier == nil || !known[*f.ItemIdentifier] {
			return nil, false
		}
		failed[*f.ItemIdentifier] = true
	}
	return failed, true
}
