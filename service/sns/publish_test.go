package sns_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"strings"
	"testing"

	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

func TestFanOut(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, a, b := fx.topic("t"), fx.queue("a"), fx.queue("b")
		toA := fx.subscribe(topic, "sqs", queueARN("a"))
		fx.subscribe(topic, "sqs", queueARN("b"), "RawMessageDelivery", "true")
		toF := fx.subscribe(topic, "lambda", funcARN("f"))
		out := fx.publish(topic, `say "hi" & <b>`, attribute("n", "Number", "1.5"), attribute("blob", "Binary", "\x02\x03"),
			func(in *api.PublishInput) { in.Subject = ptr("greeting") })

		got := fx.receive(a)
		equal(t, "messages", len(got), 1)
		e := opened(t, *got[0].Body)
		equal(t, "type", e.Type, "Notification")
		equal(t, "id", e.MessageId, *out.MessageId)
		equal(t, "message", e.Message, `say "hi" & <b>`)
		equal(t, "subject", e.Subject, "greeting")
		equal(t, "topic", e.TopicArn, *topic)
		equal(t, "unsubscribe", e.UnsubscribeURL, endpoint+"/?Action=Unsubscribe&SubscriptionArn="+*toA)
		equal(t, "attributes", fmt.Sprint(e.MessageAttributes), "map[blob:{Binary AgM=} n:{Number 1.5}]")
		equal(t, "no SQS attributes", len(got[0].MessageAttributes), 0)

		got = fx.receive(b)
		equal(t, "raw messages", len(got), 1)
		equal(t, "raw", *got[0].Body, `say "hi" & <b>`)
		equal(t, "raw number", *got[0].MessageAttributes["n"].StringValue, "1.5")
		equal(t, "raw blob", string(got[0].MessageAttributes["blob"].BinaryValue), "\x02\x03")

		events := fx.inbox.take()
		equal(t, "invocations", len(events), 1)
		equal(t, "from", events[0].From.Service+" "+events[0].From.ARN, "sns.amazonaws.com "+*topic)
		body := string(events[0].Body)
		for _, want := range []string{
			`{"Records":[{"EventSource":"aws:sns","EventVersion":"1.0","EventSubscriptionArn":"` + *toF + `","Sns":{"Type":"Notification","MessageId":"` + *out.MessageId,
			`"Subject":"greeting","Message":"say \"hi\" & <b>","Timestamp":"2000-01-01T`, `"SignatureVersion":"1","Signature":"`,
			`"SigningCertUrl":"` + endpoint + `/SimpleNotificationService-`, `"UnsubscribeUrl":"` + endpoint + `/?Action=Unsubscribe&SubscriptionArn=` + *toF + `"`,
			`"MessageAttributes":{"blob":{"Type":"Binary","Value":"AgM="},"n":{"Type":"Number","Value":"1.5"}}}}]}`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("no %s in\n%s", want, body)
			}
		}
		equal(t, "metrics", fx.metrics.String(), "t/NumberOfMessagesPublished/Count=1\nt/NumberOfNotificationsDelivered/Count=3\nt/PublishSize/Bytes=36")
	})
}

func TestMessageStructure(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, a := fx.topic("t"), fx.queue("a")
		fx.subscribe(topic, "sqs", queueARN("a"), "RawMessageDelivery", "true")
		fx.subscribe(topic, "lambda", funcARN("f"))
		structured := func(in *api.PublishInput) { in.MessageStructure = ptr("json") }
		fx.publish(topic, `{"default":"d","sqs":"{\"for\": \"queues\"}","lambda":7,"other":{}}`, structured)
		equal(t, "queue", fmt.Sprint(fx.texts(a)), "[{\"for\": \"queues\"}]")
		if body := string(fx.inbox.take()[0].Body); !strings.Contains(body, `"Message":"d"`) || !strings.Contains(body, `"Subject":null`) {
			t.Errorf("the function got %s", body)
		}
	})
}

func TestFilterPolicies(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, a, b := fx.topic("t"), fx.queue("a"), fx.queue("b")
		toA := fx.subscribe(topic, "sqs", queueARN("a"), "FilterPolicy", `{"kind":["csv",{"prefix":"x-"}]}`)
		fx.subscribe(topic, "sqs", queueARN("b"), "FilterPolicy", `{"size":[{"numeric":[">",10]}]}`, "FilterPolicyScope", "MessageBody")
		fx.publish(topic, `{"size":11}`, attribute("kind", "String", "csv"))
		fx.publish(topic, `{"size":9}`, attribute("kind", "String", "pdf"))
		fx.publish(topic, `no JSON`)
		equal(t, "a", fmt.Sprint(fx.texts(a)), `[{"size":11}]`)
		equal(t, "b", fmt.Sprint(fx.texts(b)), `[{"size":11}]`)
		equal(t, "metrics", fx.metrics.String(), `t/NumberOfMessagesPublished/Count=3
t/NumberOfNotificationsDelivered/Count=2
t/NumberOfNotificationsFilteredOut-InvalidMessageBody/Count=1
t/NumberOfNotificationsFilteredOut-MessageAttributes/Count=1
t/NumberOfNotificationsFilteredOut-MessageBody/Count=1
t/NumberOfNotificationsFilteredOut-NoMessageAttributes/Count=1
t/NumberOfNotificationsFilteredOut/Count=4
t/PublishSize/Bytes=54`)
		equal(t, "scope", fx.subscriptionAttributes(toA)["FilterPolicyScope"], "MessageAttributes")

		// A change holds from the next message on.
		_, err := fx.SetSubscriptionAttributes(ctx, &api.SetSubscriptionAttributesInput{SubscriptionArn: toA, AttributeName: ptr("FilterPolicy"), AttributeValue: ptr("{}")})
		fx.must(err)
		fx.publish(topic, "all")
		equal(t, "a after", fmt.Sprint(fx.texts(a)), "[all]")
	})
}

// TestUndeliverable has messages go to the dead-letter queue of their
// subscription when the target is gone or does not let the topic in.
func TestUndeliverable(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, dead, rawDead, fnDead := fx.topic("t"), fx.queue("dead"), fx.queue("rawdead"), fx.queue("fndead")
		fx.queue("closed", "Policy", "")
		ok := fx.queue("ok")
		redrive := func(name string) string { return `{"deadLetterTargetArn":"` + queueARN(name) + `"}` }
		gone := fx.subscribe(topic, "sqs", queueARN("gone"), "RedrivePolicy", redrive("dead"))
		fx.subscribe(topic, "sqs", queueARN("closed"), "RawMessageDelivery", "true", "RedrivePolicy", redrive("rawdead"))
		fx.subscribe(topic, "sqs", queueARN("nobody"))
		fx.subscribe(topic, "sqs", queueARN("none"), "RedrivePolicy", redrive("nowhere"))
		fx.subscribe(topic, "lambda", funcARN("f"), "RedrivePolicy", redrive("fndead"))
		fx.subscribe(topic, "sqs", queueARN("ok"))
		fx.inbox.err = fmt.Errorf("function f: %w", errNotFound)
		fx.publish(topic, "hello", attribute("a", "String", "b"))

		equal(t, "ok", fmt.Sprint(fx.texts(ok)), "[hello]")
		got := fx.receive(dead)
		equal(t, "dead", len(got), 1)
		e := opened(t, *got[0].Body)
		equal(t, "dead message", e.Message+" "+e.MessageAttributes["a"].Value, "hello b")
		equal(t, "dead unsubscribe", strings.HasSuffix(e.UnsubscribeURL, *gone), true)
		got = fx.receive(rawDead)
		equal(t, "raw dead", len(got), 1)
		equal(t, "raw dead message", *got[0].Body+" "+*got[0].MessageAttributes["a"].StringValue, "hello b")
		equal(t, "function's", fmt.Sprint(fx.texts(fnDead)), "[hello]")
		equal(t, "metrics", fx.metrics.String(), `t/NumberOfMessagesPublished/Count=1
t/NumberOfNotificationsDelivered/Count=1
t/NumberOfNotificationsFailed/Count=5
t/NumberOfNotificationsFailedToRedriveToDlq/Count=1
t/NumberOfNotificationsRedrivenToDlq/Count=3
t/PublishSize/Bytes=13`)
	})
}

func TestRawAttributesLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, raw, wrapped, dead := fx.topic("t"), fx.queue("raw"), fx.queue("wrapped"), fx.queue("dead")
		fx.subscribe(topic, "sqs", queueARN("raw"), "RawMessageDelivery", "true", "RedrivePolicy", `{"deadLetterTargetArn":"`+queueARN("dead")+`"}`)
		fx.subscribe(topic, "sqs", queueARN("wrapped"))
		var many []func(*api.PublishInput)
		for i := range 11 {
			many = append(many, attribute(fmt.Sprint("a", i), "String", "x"))
		}
		fx.publish(topic, "ten", many[:10]...)
		fx.publish(topic, "eleven", many...)
		equal(t, "raw", fmt.Sprint(fx.texts(raw)), "[ten]")
		equal(t, "wrapped", len(fx.receive(wrapped)), 2)
		equal(t, "dead", fmt.Sprint(fx.texts(dead)), "[eleven]")
	})
}

func TestPublishBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, a := fx.topic("t"), fx.queue("a")
		fx.subscribe(topic, "sqs", queueARN("a"))
		in := &api.PublishBatchInput{TopicArn: topic}
		for i := range 10 {
			in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, types.PublishBatchRequestEntry{
				Id: ptr(fmt.Sprint("id", i)), Message: ptr(fmt.Sprint("m", i)),
				MessageAttributes: map[string]types.MessageAttributeValue{"i": {DataType: ptr("Number"), StringValue: ptr(fmt.Sprint(i))}},
			})
		}
		out, err := fx.PublishBatch(ctx, in)
		fx.must(err)
		equal(t, "successful", len(out.Successful), 10)
		equal(t, "failed", len(out.Failed), 0)
		equal(t, "order", fmt.Sprint(fx.texts(a)), "[m0 m1 m2 m3 m4 m5 m6 m7 m8 m9]")

		// One that breaks a rule keeps the others back.
		in.PublishBatchRequestEntries[3].Message = ptr("")
		_, err = fx.PublishBatch(ctx, in)
		equal(t, "empty message", problem(err), "InvalidParameter: Invalid parameter: Empty message")
		equal(t, "nothing sent", len(fx.receive(a)), 0)
		in.PublishBatchRequestEntries[3].Message = ptr(strings.Repeat("x", 256<<10))
		_, err = fx.PublishBatch(ctx, in)
		equal(t, "too long", problem(err), "BatchRequestTooLong: The length of all the messages put together is more than the limit.")
	})
}

func TestFairQueues(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, a := fx.topic("t"), fx.queue("a")
		fx.subscribe(topic, "sqs", queueARN("a"))
		fx.publish(topic, "x", inGroup("tenant", ""))
		equal(t, "group", fx.receive(a)[0].Attributes["MessageGroupId"], "tenant")
	})
}

// TestRefusedByQueue has a queue that takes no message of that length.
func TestRefusedByQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, small, dead := fx.topic("t"), fx.queue("small", "MaximumMessageSize", "1024"), fx.queue("dead")
		fx.subscribe(topic, "sqs", queueARN("small"), "RawMessageDelivery", "true", "RedrivePolicy", `{"deadLetterTargetArn":"`+queueARN("dead")+`"}`)
		fx.publish(topic, strings.Repeat("x", 1025))
		fx.publish(topic, "short")
		equal(t, "small", fmt.Sprint(fx.texts(small)), "[short]")
		equal(t, "dead", len(fx.texts(dead)), 1)
	})
}

// TestSignatures verifies what is shown to queues and functions.
func TestSignatures(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, q := fx.topic("t"), fx.queue("q")
		fx.subscribe(topic, "sqs", queueARN("q"))
		fx.subscribe(topic, "lambda", funcARN("f"))
		for _, version := range []string{"1", "2"} {
			_, err := fx.SetTopicAttributes(ctx, &api.SetTopicAttributesInput{TopicArn: topic, AttributeName: ptr("SignatureVersion"), AttributeValue: &version})
			fx.must(err)
			fx.publish(topic, "hello\nworld", func(in *api.PublishInput) { in.Subject = ptr("s") })
			e := opened(t, *fx.receive(q)[0].Body)
			equal(t, "version", e.SignatureVersion, version)
			fx.verify(e)
			var invoked struct{ Records []struct{ Sns envelope } }
			fx.must(json.Unmarshal(fx.inbox.take()[0].Body, &invoked))
			equal(t, "function's version", invoked.Records[0].Sns.SignatureVersion, "1")
			fx.verify(invoked.Records[0].Sns)
		}
	})
}

// verify checks a notification's signature as
// https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
// says.
func (fx *fixture) verify(e envelope) {
	fx.t.Helper()
	_, text, _ := strings.Cut(fx.visit(e.SigningCertURL), " ")
	block, _ := pem.Decode([]byte(text))
	if block == nil {
		fx.t.Fatalf("no certificate at %s: %s", e.SigningCertURL, text)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	fx.must(err)
	signature, err := base64.StdEncoding.DecodeString(e.Signature)
	fx.must(err)
	signed := "Message\n" + e.Message + "\nMessageId\n" + e.MessageId + "\nSubject\n" + e.Subject + "\nTimestamp\n" + e.Timestamp +
		"\nTopicArn\n" + e.TopicArn + "\nType\n" + e.Type + "\n"
	hash, sum := crypto.SHA1, sha1.Sum([]byte(signed))
	digest := sum[:]
	if e.SignatureVersion == "2" {
		sum := sha256.Sum256([]byte(signed))
		hash, digest = crypto.SHA256, sum[:]
	}
	fx.must(rsa.VerifyPKCS1v15(certificate.PublicKey.(*rsa.PublicKey), hash, digest, signature))
}

// TestPublishWhileChanging has a topic change between what publish prepares and
// its transaction: each message goes to who is subscribed when it commits.
func TestPublishWhileChanging(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, a := fx.topic("t"), fx.queue("a")
		fx.subscribe(topic, "sqs", queueARN("a"))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for i := range 50 {
				fx.subscribe(topic, "lambda", funcARN(fmt.Sprint("f", i)))
			}
		}()
		for i := range 50 {
			fx.publish(topic, fmt.Sprint(i))
		}
		<-done
		equal(t, "messages", len(fx.texts(a)), 50)
		fx.inbox.take()
		fx.publish(topic, "last")
		equal(t, "invocations", len(fx.inbox.take()), 50)
	})
}
