package delivery_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/runnel/runnel/service/sns/delivery"
)

var rewrite = flag.Bool("rewrite", false, "rewrite the golden files")

const (
	topicARN     = "arn:aws:sns:us-west-2:123456789012:MyTopic"
	confirmation = "You have chosen to subscribe to the topic " + topicARN + ".\nTo confirm the subscription, visit the SubscribeURL included in this message."
	subscribeURL = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&TopicArn=" + topicARN + "&Token=2336412f37"
)

var sent = time.Date(2012, 5, 2, 0, 54, 6, 655_900_000, time.UTC)

var messages = []struct {
	name string
	delivery.Message
}{
	{"notification", delivery.Message{
		Type: delivery.Notification, MessageID: "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324", TopicARN: topicARN,
		Subject: "My First Message", Message: "Hello world!", Timestamp: sent,
		SignatureVersion: "1", Signature: "EXAMPLEw6JRN", SigningCertURL: "https://sns.us-west-2.amazonaws.com/SimpleNotificationService-f3ecfb7224c7233fe7bb5f59f96de52f.pem",
		UnsubscribeURL: "https://sns.us-west-2.amazonaws.com/?Action=Unsubscribe&SubscriptionArn=" + topicARN + ":c9135db0-26c4-47ec-8998-413945fb5a96",
	}},
	{"notification with attributes, without a subject", delivery.Message{
		Type: delivery.Notification, MessageID: "1", TopicARN: topicARN,
		Message: "{\"a\":\"<b> & é\"}\n\t\\", Timestamp: sent,
		Attributes: map[string]delivery.Attribute{
			"store": {Type: "String", Value: "example_corp"}, "price": {Type: "Number", Value: "1.5"}, "blob": {Type: "Binary", Value: "AAE="},
		},
	}},
	{"notification of a FIFO topic, empty", delivery.Message{
		Type: delivery.Notification, MessageID: "2", SequenceNumber: "10000000000000003000", TopicARN: topicARN + ".fifo", Timestamp: sent,
	}},
	{"subscription confirmation", delivery.Message{
		Type: delivery.SubscriptionConfirmation, MessageID: "165545c9-2a5c-472c-8df2-7ff2be2b3b1b", Token: "2336412f37", TopicARN: topicARN,
		Message: confirmation, SubscribeURL: subscribeURL, Timestamp: sent, SignatureVersion: "1", Signature: "EXAMPLEpH", SigningCertURL: "https://c",
	}},
	{"unsubscribe confirmation", delivery.Message{
		Type: delivery.UnsubscribeConfirmation, MessageID: "47138184-6831-46b8-8f7c-afc488602d7d", Token: "2336412f37", TopicARN: topicARN,
		Message: "You have chosen to deactivate", SubscribeURL: subscribeURL, Timestamp: sent,
	}},
}

// TestMessages compares with testdata/messages.txt.
func TestMessages(t *testing.T) {
	const file = "testdata/messages.txt"
	old, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for line := range strings.Lines(string(old)) {
		if !strings.HasPrefix(line, "#") {
			break
		}
		b.WriteString(line)
	}
	for _, m := range messages {
		text := m.Encode()
		if !json.Valid(text) {
			t.Errorf("%s is not JSON: %s", m.name, text)
		}
		fmt.Fprintf(&b, "\n== %s\n%s\n-- signed\n%s", m.name, text, m.StringToSign())
	}
	if *rewrite {
		if err := os.WriteFile(file, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if b.String() != string(old) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), old)
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("text", "subject", "name", "value")
	f.Add("a\xff\xfeb\u2028\"\\", "\x00", "", "\n")
	f.Fuzz(func(t *testing.T, text, subject, name, value string) {
		m := delivery.Message{
			Type: delivery.Notification, Message: text, Subject: subject, Timestamp: sent,
			Attributes: map[string]delivery.Attribute{name: {Type: "String", Value: value}},
		}
		var back struct {
			Message, Subject  string
			MessageAttributes map[string]delivery.Attribute
		}
		if err := json.Unmarshal(m.Encode(), &back); err != nil {
			t.Fatalf("%v: %s", err, m.Encode())
		}
		valid := func(s string) string { return strings.ToValidUTF8(s, "\ufffd") }
		if back.Message != valid(back.Message) || valid(text) == text && back.Message != text ||
			valid(subject) == subject && back.Subject != subject {
			t.Errorf("%q and %q came back as %q and %q", text, subject, back.Message, back.Subject)
		}
		if valid(name) == name && valid(value) == value && back.MessageAttributes[name].Value != value {
			t.Errorf("attribute %q %q came back as %q", name, value, back.MessageAttributes)
		}
	})
}
