package runnel_test

import (
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// envelope is a message in the JSON that SNS puts around it.
type envelope struct {
	Type             string
	MessageID        string `json:"MessageId"`
	Token            string
	TopicArn         string
	Subject          string
	Message          string
	Timestamp        string
	SequenceNumber   string
	SignatureVersion string
	Signature        string
	SigningCertURL   string
	SubscribeURL     string
	UnsubscribeURL   string
}

// opened is an envelope that need not be signed.
func opened(t testing.TB, body string) (e envelope) {
	t.Helper()
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("no envelope: %v: %s", err, body)
	}
	return e
}

// verified is an envelope whose signature is right, by the certificate that it
// names and the procedure of
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html.
func (r *rig) verified(body string) envelope {
	r.Helper()
	e := opened(r, body)
	if !strings.HasPrefix(e.SigningCertURL, "http://127.0.0.1:") || !strings.HasSuffix(e.SigningCertURL, ".pem") {
		r.Fatalf("SigningCertURL is %q", e.SigningCertURL)
	}
	// The port may be another since.
	at := e.SigningCertURL[strings.LastIndexByte(e.SigningCertURL, '/'):]
	block, _ := pem.Decode([]byte(r.http("GET", r.endpoint+at, "").body))
	if block == nil {
		r.Fatalf("no certificate at %s", e.SigningCertURL)
	}
	cert := must(x509.ParseCertificate(block.Bytes))(r)
	algorithm := map[string]x509.SignatureAlgorithm{"1": x509.SHA1WithRSA, "2": x509.SHA256WithRSA}[e.SignatureVersion]
	signature := must(base64.StdEncoding.DecodeString(e.Signature))(r)
	if err := cert.CheckSignature(algorithm, []byte(e.signed()), signature); err != nil {
		r.Errorf("the signature of version %q: %v: %s", e.SignatureVersion, err, body)
	}
	return e
}

// signed is what the signature is of.
func (e envelope) signed() string {
	var b strings.Builder
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%s\n%s\n", name, value)
		}
	}
	add("Message", e.Message)
	add("MessageId", e.MessageID)
	if e.Type == "Notification" {
		add("Subject", e.Subject)
	} else {
		add("SubscribeURL", e.SubscribeURL)
	}
	add("Timestamp", e.Timestamp)
	add("Token", e.Token)
	add("TopicArn", e.TopicArn)
	add("Type", e.Type)
	return b.String()
}

const account = "000000000000"

// queueFor makes a queue that a service of AWS's may send to.
func (r *rig) queueFor(name, service string) (url, arn string) {
	r.Helper()
	arn = "arn:aws:sqs:us-east-1:" + account + ":" + name
	attributes := map[string]string{"Policy": fmt.Sprintf(`{"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
		"Principal": {"Service": %q}, "Action": "sqs:SendMessage", "Resource": %q}]}`, service, arn)}
	if strings.HasSuffix(name, ".fifo") {
		attributes["FifoQueue"] = "true"
	}
	out := must(r.sqs.CreateQueue(r.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}))(r)
	return *out.QueueUrl, arn
}

func (r *rig) topic(name string) (arn string) {
	r.Helper()
	return *must(r.sns.CreateTopic(r.Context(), &sns.CreateTopicInput{Name: &name}))(r).TopicArn
}

func (r *rig) publish(topic, message string) {
	r.Helper()
	must(r.sns.Publish(r.Context(), &sns.PublishInput{TopicArn: &topic, Message: &message}))(r)
}

// subscribe subscribes an endpoint, with attributes by name and value.
func (r *rig) subscribe(topic, protocol, endpoint string, attributes ...string) (arn string) {
	r.Helper()
	in := &sns.SubscribeInput{TopicArn: &topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: make(map[string]string)}
	for i := 0; i+1 < len(attributes); i += 2 {
		in.Attributes[attributes[i]] = attributes[i+1]
	}
	return aws.ToString(must(r.sns.Subscribe(r.Context(), in))(r).SubscriptionArn)
}
