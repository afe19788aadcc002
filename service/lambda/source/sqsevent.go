package source

import (
	"bytes"
	"encoding/base64"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/event/pattern"
)

// maxPayload is the size of the largest event, in bytes.
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxPayload = 6 << 20

// encodeMessage is a message as a function is given it, as JSON:
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
//
// It is written out, since it is done for every message that passes: reflection
// takes three times as long.
func encodeMessage(m *event.Message, source event.ARN) []byte {
	b := make([]byte, 0, 768+len(m.Body)+len(m.Body)/8)
	b = appendText(b, `{"messageId":`, m.ID)
	b = appendText(b, `,"receiptHandle":`, m.Receipt)
	b = appendText(b, `,"body":`, m.Body)
	b = append(b, `,"attributes":`...)
	b = appendMap(b, m.System, func(b []byte, v string) []byte { return appendText(b, "", v) })
	b = append(b, `,"messageAttributes":`...)
	b = appendMap(b, m.Attributes, appendAttribute)
	b = appendText(b, `,"md5OfBody":`, m.MD5)
	b = appendText(b, `,"eventSource":"aws:sqs","eventSourceARN":`, source.String())
	b = appendText(b, `,"awsRegion":`, source.Region)
	return append(b, '}')
}

// appendAttribute appends a message attribute. The lists are always empty: SQS
// has none yet.
func appendAttribute(b []byte, a event.Attribute) []byte {
	if a.Binary != nil {
		b = append(b, `{"binaryValue":"`...)
		b = append(base64.StdEncoding.AppendEncode(b, a.Binary), '"')
	} else {
		b = appendText(b, `{"stringValue":`, a.String)
	}
	b = appendText(b, `,"stringListValues":[],"binaryListValues":[],"dataType":`, a.DataType)
	return append(b, '}')
}

// appendMap appends an object, its members by name.
func appendMap[V any](b []byte, values map[string]V, appendValue func([]byte, V) []byte) []byte {
	names := make([]string, 0, 8)
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	b = append(b, '{')
	for i, name := range names {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendText(b, "", name), ':')
		b = appendValue(b, values[name])
	}
	return append(b, '}')
}

// appendText appends what goes before a string, and the string. What of it is
// no UTF-8 becomes U+FFFD, though SQS lets none in.
func appendText(b []byte, before, text string) []byte {
	b, _ = jsontext.AppendQuote(append(b, before...), text)
	return b
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
		if b == nil || b.payload.Len()+1+len(r)+len(batchClose) > maxPayload {
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
func wanted(patterns []*pattern.Pattern, record []byte) bool {
	if len(patterns) == 0 {
		return true
	}
	v, err := pattern.Decode(record)
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
