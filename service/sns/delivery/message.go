package delivery

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// Types of messages, as the header x-amz-sns-message-type has them.
const (
	Notification             = "Notification"
	SubscriptionConfirmation = "SubscriptionConfirmation"
	UnsubscribeConfirmation  = "UnsubscribeConfirmation"
)

// Attribute is a message attribute as the message shows it. Value is the
// base64 text if Type is Binary.
type Attribute struct {
	Type  string `json:"Type"`
	Value string `json:"Value"`
}

// Message is what SNS sends, in the fields of its JSON.
type Message struct {
	Type             string
	MessageID        string
	SequenceNumber   string // of FIFO topics
	Token            string // of the two confirmations
	TopicARN         string
	Subject          string // "": none
	Message          string
	Timestamp        time.Time // shown to the millisecond
	SignatureVersion string    // set by Signer.Sign
	Signature        string    // base64; set by Signer.Sign
	SigningCertURL   string
	SubscribeURL     string // of the two confirmations
	UnsubscribeURL   string // of notifications
	Attributes       map[string]Attribute
}

// timeFormat is that of all times in messages, in UTC.
const timeFormat = "2006-01-02T15:04:05.000Z"

// Encode is the message as JSON, with the spaces and in the order of fields in
// which AWS writes it. A field that is empty is left out, but for the text.
func (m *Message) Encode() []byte {
	e := encoder{b: make([]byte, 0, 1024+len(m.Message)+len(m.Message)/8)}
	e.field("Type", m.Type)
	e.field("MessageId", m.MessageID)
	e.field("SequenceNumber", m.SequenceNumber)
	e.field("Token", m.Token)
	e.field("TopicArn", m.TopicARN)
	e.field("Subject", m.Subject)
	e.name("Message")
	e.text(m.Message)
	e.field("SubscribeURL", m.SubscribeURL)
	e.field("Timestamp", m.timestamp())
	e.field("SignatureVersion", m.SignatureVersion)
	e.field("Signature", m.Signature)
	e.field("SigningCertURL", m.SigningCertURL)
	e.field("UnsubscribeURL", m.UnsubscribeURL)
	e.attributes(m.Attributes)
	return append(e.b, "\n}"...)
}

func (m *Message) timestamp() string { return m.Timestamp.UTC().Format(timeFormat) }

// encoder writes an object, one member a line.
type encoder struct{ b []byte }

func (e *encoder) name(name string) {
	if len(e.b) == 0 {
		e.b = append(e.b, '{')
	} else {
		e.b = append(e.b, ',')
	}
	e.b = append(e.b, "\n  "...)
	e.text(name)
	e.b = append(e.b, " : "...)
}

// text writes a string. What is no UTF-8 in it is replaced.
func (e *encoder) text(s string) {
	b, err := jsontext.AppendQuote(e.b, s)
	if err != nil {
		b, _ = jsontext.AppendQuote(e.b, strings.ToValidUTF8(s, "\ufffd"))
	}
	e.b = b
}

func (e *encoder) field(name, value string) {
	if value != "" {
		e.name(name)
		e.text(value)
	}
}

func (e *encoder) attributes(attributes map[string]Attribute) {
	if len(attributes) == 0 {
		return
	}
	e.name("MessageAttributes")
	comma := "{"
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		e.b = append(e.b, comma+"\n    "...)
		e.text(name)
		e.b = append(e.b, ` : {"Type":`...)
		e.text(attributes[name].Type)
		e.b = append(e.b, `,"Value":`...)
		e.text(attributes[name].Value)
		e.b = append(e.b, '}')
		comma = ","
	}
	e.b = append(e.b, "\n  }"...)
}

// StringToSign is what the signature is made of. It is the same for all
// subscribers that are sent the same text: UnsubscribeURL is no part of it.
//
// Source: https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
func (m *Message) StringToSign() string {
	var b strings.Builder
	add := func(name, value string) {
		if value != "" || name == "Message" {
			b.WriteString(name + "\n" + value + "\n")
		}
	}
	add("Message", m.Message)
	add("MessageId", m.MessageID)
	if m.Type == Notification {
		add("Subject", m.Subject)
	} else {
		add("SubscribeURL", m.SubscribeURL)
	}
	add("Timestamp", m.timestamp())
	if m.Type != Notification {
		add("Token", m.Token)
	}
	add("TopicArn", m.TopicARN)
	add("Type", m.Type)
	return b.String()
}
