package sns

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"github.com/runnel/runnel/event"
)

// FuzzParcel reads rows of the outbox: what is read is written the same, and
// nothing else is taken for one.
func FuzzParcel(f *testing.F) {
	full := &parcel{
		kind: "Notification", id: "i", endpoint: "http://a/", topic: "t", subscription: "s", contentType: "c", trace: "r", group: "g", raw: true,
		body: []byte("body"), attributes: map[string]event.Attribute{"n": {DataType: "Binary", Binary: []byte{1}}, "m": {DataType: "Number", String: "1"}},
	}
	f.Add(full.encode())
	f.Add((&parcel{}).encode())
	f.Add([]byte{parcelVersion, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01})
	f.Fuzz(func(t *testing.T, row []byte) {
		p, err := decodeParcel(row)
		if err != nil {
			return
		}
		again, err := decodeParcel(p.encode())
		if err != nil || string(again.encode()) != string(p.encode()) {
			t.Errorf("%v: %+v is not %+v", err, again, p)
		}
	})
}

func TestParcelCutShort(t *testing.T) {
	row := (&parcel{kind: "Notification", body: []byte("body"), attributes: map[string]event.Attribute{"a": {DataType: "String", String: "b"}}}).encode()
	for n := range row {
		if _, err := decodeParcel(row[:n]); err == nil {
			t.Errorf("the first %d of %d bytes are taken for a parcel", n, len(row))
		}
	}
}

// FuzzMessage checks what a stranger publishes: it is refused, or keeps the
// limits.
func FuzzMessage(f *testing.F) {
	f.Add("hello", "subject", "json", "name", "String", "value", []byte(nil), "group", "dedup")
	f.Add(`{"default":"x","sqs":"y"}`, "", "json", "a.b", "Number", "1e9", []byte(nil), "", "")
	f.Add("x", "\n", "", "a..b", "Binary", "", []byte{0}, "a b", "\x7f")
	f.Fuzz(func(t *testing.T, text, subject, structure, name, dataType, value string, binary []byte, group, dedup string) {
		in := &types.PublishBatchRequestEntry{
			Message: &text, Subject: &subject, MessageStructure: &structure, MessageGroupId: &group, MessageDeduplicationId: &dedup,
			MessageAttributes: map[string]types.MessageAttributeValue{name: {DataType: &dataType, StringValue: &value, BinaryValue: binary}},
		}
		if subject == "" {
			in.Subject = nil
		}
		if group == "" {
			in.MessageGroupId = nil
		}
		if dedup == "" {
			in.MessageDeduplicationId = nil
		}
		m, err := newMessage(in, 1)
		if err != nil {
			return
		}
		if m.size < len(name)+len(dataType) || len(m.attributes) != 1 || m.group != aws.ToString(in.MessageGroupId) {
			t.Errorf("%+v", m)
		}
		if _, ok := m.texts["default"]; structure == "json" && !ok {
			t.Errorf("no default text in %q", text)
		}
	})
}

// FuzzNames reads ARNs.
func FuzzNames(f *testing.F) {
	s := &Service{cfg: Config{Account: "000000000000", Region: "us-east-1"}}
	f.Add("arn:aws:sns:us-east-1:000000000000:t:01234567-89ab-4def-8123-456789abcdef")
	f.Add("arn:aws:sns:us-east-1:000000000000:t.fifo")
	f.Fuzz(func(t *testing.T, arn string) {
		if name, err := s.topicName(&arn); err == nil && s.topicARN(name) != "arn:aws:sns:us-east-1:000000000000:"+name {
			t.Errorf("%q is the topic %q", arn, name)
		}
		if id, err := s.parseSubscriptionARN(&arn); err == nil && (!validTopicName(id.topic) || !isUUID(id.id)) {
			t.Errorf("%q is the subscription %q", arn, id)
		}
	})
}
