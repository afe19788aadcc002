package sns

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sns/delivery"
)

// maxRawAttributes is how many attributes a raw message can have on a queue:
// one that has more is a client-side error
// (https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html).
const maxRawAttributes = 10

// post forms one message for its subscribers. What they share is made once: the
// signature, and the JSON around the few places where it names the subscription.
type post struct {
	s *Service
	t *topic
	m *message

	attributes map[string]delivery.Attribute
	signed     map[[2]string]*delivery.Message // by signature version and text
	envelopes  map[string]template             // by text
	records    map[string]template             // by text
}

// item is the message for one subscriber.
func (p *post) item(to *subscriber) (item, error) {
	it := item{to: to}
	var err error
	switch {
	case isWeb(to.protocol):
		it.payload, err = p.payload(to)
	case to.protocol == protoLambda:
		it.event, err = p.invocation(to)
	default:
		it.event, err = p.letter(to)
		if n := len(p.m.attributes); to.raw && n > maxRawAttributes {
			it.fault = errInvalid("%d message attributes, of which a raw message can have %d", n, maxRawAttributes)
		}
	}
	return it, err
}

// event is the message without a body.
func (p *post) event() event.Event {
	return event.Event{ID: p.m.id, Trace: p.m.trace, From: p.s.from(p.t), Time: p.m.time}
}

// letter is the message as a queue gets it, a dead-letter queue included: raw,
// with its attributes, or in an envelope.
func (p *post) letter(to *subscriber) (event.Event, error) {
	e := p.event()
	if to.fifo {
		e.Group, e.Dedup = p.m.group, p.m.dedup
	} else if !p.t.fifo {
		e.Group = p.m.group // of fair queues
	}
	body, err := p.body(to)
	e.Body = body
	if to.raw {
		e.Attributes = p.m.attributes
	}
	return e, err
}

// body is what a queue or a URL gets.
func (p *post) body(to *subscriber) ([]byte, error) {
	text := p.m.textFor(to.protocol)
	if to.raw {
		return []byte(text), nil
	}
	envelope, err := p.envelope(text)
	if err != nil {
		return nil, err
	}
	return envelope.fill(to.arn), nil
}

// payload is the message on its way to a URL.
func (p *post) payload(to *subscriber) ([]byte, error) {
	body, err := p.body(to)
	if err != nil {
		return nil, err
	}
	q := &parcel{
		kind: delivery.Notification, id: p.m.id, endpoint: to.endpoint, topic: p.t.arn, subscription: to.arn,
		contentType: to.contentType, trace: p.m.trace, group: p.m.group, raw: to.raw, body: body,
	}
	if to.raw {
		q.attributes = p.m.attributes
	}
	return q.encode(), nil
}

// invocation is the message as a function gets it.
func (p *post) invocation(to *subscriber) (event.Event, error) {
	e := p.event()
	text := p.m.textFor(to.protocol)
	record, ok := p.records[text]
	if !ok {
		m, err := p.sign(text, "1") // whatever the topic's version is
		if err != nil {
			return e, err
		}
		if record, err = newTemplate(func(arn string) ([]byte, error) { return p.encodeRecord(m, arn) }); err != nil {
			return e, err
		}
		set(&p.records, text, record)
	}
	e.Body = record.fill(to.arn)
	return e, nil
}

func (p *post) envelope(text string) (template, error) {
	if t, ok := p.envelopes[text]; ok {
		return t, nil
	}
	m, err := p.sign(text, p.t.signatureVersion())
	if err != nil {
		return template{}, err
	}
	t, err := newTemplate(func(arn string) ([]byte, error) {
		c := *m
		c.UnsubscribeURL = p.s.unsubscribeURL(arn)
		return c.Encode(), nil
	})
	if err == nil {
		set(&p.envelopes, text, t)
	}
	return t, err
}

// sign is the message with a signature. FIFO topics do not sign.
func (p *post) sign(text, version string) (*delivery.Message, error) {
	key := [2]string{version, text}
	if m, ok := p.signed[key]; ok {
		return m, nil
	}
	m := &delivery.Message{
		Type: delivery.Notification, MessageID: p.m.id, SequenceNumber: p.m.sequence, TopicARN: p.t.arn,
		Subject: p.m.subject, Message: text, Timestamp: p.m.time, Attributes: p.shownAttributes(),
	}
	if !p.t.fifo {
		if err := p.s.sign(m, version); err != nil {
			return nil, err
		}
	}
	set(&p.signed, key, m)
	return m, nil
}

// sign sets a message's signature and where the certificate is.
func (s *Service) sign(m *delivery.Message, version string) error {
	name, err := s.signer.Sign(m, version)
	m.SigningCertURL = s.cfg.Endpoint + "/" + name
	return err
}

func (t *topic) signatureVersion() string {
	if v := t.Attributes[attrSignatureVersion]; v != "" {
		return v
	}
	return "1"
}

func (s *Service) unsubscribeURL(subscription string) string {
	return s.cfg.Endpoint + "/?Action=Unsubscribe&SubscriptionArn=" + subscription
}

func (p *post) shownAttributes() map[string]delivery.Attribute {
	if p.attributes == nil && len(p.m.attributes) > 0 {
		p.attributes = make(map[string]delivery.Attribute, len(p.m.attributes))
		for name, a := range p.m.attributes {
			p.attributes[name] = shown(a)
		}
	}
	return p.attributes
}

func shown(a event.Attribute) delivery.Attribute {
	if strings.HasPrefix(a.DataType, "Binary") {
		return delivery.Attribute{Type: a.DataType, Value: base64.StdEncoding.EncodeToString(a.Binary)}
	}
	return delivery.Attribute{Type: a.DataType, Value: a.String}
}

// record is what a function is invoked with, in the order in which AWS writes
// it (https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html).
type record struct {
	EventSource          string
	EventVersion         string
	EventSubscriptionArn string
	Sns                  recordMessage
}

type recordMessage struct {
	Type              string
	MessageId         string
	TopicArn          string
	Subject           *string
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertUrl    string
	UnsubscribeUrl    string
	MessageAttributes map[string]delivery.Attribute
}

// timestamp is the form of times in messages.
const timestamp = "2006-01-02T15:04:05.000Z"

func (p *post) encodeRecord(m *delivery.Message, arn string) ([]byte, error) {
	r := record{
		EventSource: "aws:sns", EventVersion: "1.0", EventSubscriptionArn: arn,
		Sns: recordMessage{
			Type: m.Type, MessageId: m.MessageID, TopicArn: m.TopicARN, Message: m.Message,
			Timestamp: m.Timestamp.UTC().Format(timestamp), SignatureVersion: m.SignatureVersion, Signature: m.Signature,
			SigningCertUrl: m.SigningCertURL, UnsubscribeUrl: p.s.unsubscribeURL(arn),
			MessageAttributes: m.Attributes,
		},
	}
	if m.Subject != "" {
		r.Sns.Subject = &m.Subject
	}
	if m.Attributes == nil {
		r.Sns.MessageAttributes = map[string]delivery.Attribute{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(map[string][]record{"Records": {r}})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}

// template is a text with places for the ARN of a subscription.
type template [][]byte

// newTemplate cuts what encode writes for a subscription at the places where it
// names it.
func newTemplate(encode func(arn string) ([]byte, error)) (template, error) {
	marker := event.NewID() // occurs nowhere else
	b, err := encode(marker)
	return bytes.Split(b, []byte(marker)), err
}

// fill is the text for a subscription.
func (t template) fill(arn string) []byte { return bytes.Join(t, []byte(arn)) }

func set[K comparable, V any](m *map[K]V, k K, v V) {
	if *m == nil {
		*m = map[K]V{}
	}
	(*m)[k] = v
}
