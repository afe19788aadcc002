package sns_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// web is the world of HTTP subscribers: it answers as status says, by path, and
// keeps what it was sent.
type web struct {
	mu     sync.Mutex
	status map[string]int // 200 where it says nothing
	got    []sent
}

type sent struct {
	path, kind, subscription, contentType, body string
	raw                                         bool
}

func (w *web) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	h := http.Header{} // SNS writes names in small letters
	for name, values := range r.Header {
		h[http.CanonicalHeaderKey(name)] = values
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.got = append(w.got, sent{
		r.URL.Path, h.Get("x-amz-sns-message-type"), h.Get("x-amz-sns-subscription-arn"), h.Get("Content-Type"), string(body),
		h.Get("x-amz-sns-rawdelivery") == "true",
	})
	rec := httptest.NewRecorder()
	if status := w.status[r.URL.Path]; status != 0 {
		rec.WriteHeader(status)
	}
	return rec.Result(), nil
}

func (w *web) answer(path string, status int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.status = map[string]int{path: status}
}

// take waits until nothing moves, and returns what was sent since the last time.
func (w *web) take() []sent {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	out := w.got
	w.got = nil
	return out
}

func withWeb(t *testing.T, f func(t *testing.T, fx *fixture, w *web)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st, w := storetest.Open(t), &web{}
		useKey(t, st)
		f(t, newFixture(t, st, w), w)
	})
}

// visit follows a link in a message, as a person does: without a signature.
func (fx *fixture) visit(link string) string {
	fx.t.Helper()
	rec := httptest.NewRecorder()
	fx.handler.ServeHTTP(rec, httptest.NewRequest("GET", link, nil))
	return fmt.Sprint(rec.Code, " ", rec.Body)
}

// confirmed subscribes a URL and follows the link that it is sent.
func (fx *fixture) confirmed(w *web, topic *string, path string, attributes ...string) *string {
	fx.t.Helper()
	arn := fx.subscribe(topic, "http", "http://subscriber"+path, attributes...)
	got := w.take()
	if len(got) != 1 || got[0].kind != "SubscriptionConfirmation" {
		fx.t.Fatalf("the subscriber got %+v", got)
	}
	if answer := fx.visit(opened(fx.t, got[0].body).SubscribeURL); !strings.Contains(answer, *arn) {
		fx.t.Fatalf("confirmation: %s", answer)
	}
	return arn
}

func TestConfirmation(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t")
		out, err := fx.Subscribe(ctx, &api.SubscribeInput{TopicArn: topic, Protocol: ptr("http"), Endpoint: ptr("http://subscriber/a")})
		fx.must(err)
		equal(t, "answer", *out.SubscriptionArn, "pending confirmation")
		equal(t, "counts", fx.counts(topic), "0/1/0")
		list, err := fx.ListSubscriptionsByTopic(ctx, &api.ListSubscriptionsByTopicInput{TopicArn: topic})
		fx.must(err)
		equal(t, "listed as", *list.Subscriptions[0].SubscriptionArn, "PendingConfirmation")
		fx.publish(topic, "too early")

		got := w.take()
		equal(t, "sent", len(got), 1)
		e := opened(t, got[0].body)
		equal(t, "type", e.Type+" "+got[0].kind, "SubscriptionConfirmation SubscriptionConfirmation")
		equal(t, "no subscription header", got[0].subscription, "")
		equal(t, "message", e.Message, "You have chosen to subscribe to the topic "+*topic+
			".\nTo confirm the subscription, visit the SubscribeURL included in this message.")
		equal(t, "link", e.SubscribeURL, endpoint+"/?Action=ConfirmSubscription&TopicArn="+*topic+"&Token="+e.Token)

		equal(t, "wrong token", strings.Contains(fx.visit(strings.ReplaceAll(e.SubscribeURL, e.Token, strings.Repeat("0", len(e.Token)))), "Invalid token"), true)
		answer := fx.visit(e.SubscribeURL)
		arn := between(answer, "<SubscriptionArn>", "</SubscriptionArn>")
		equal(t, "arn", strings.HasPrefix(arn, *topic+":"), true)
		equal(t, "again", fx.visit(e.SubscribeURL)[:3], "200")
		equal(t, "counts after", fx.counts(topic), "1/0/0")
		a := fx.subscriptionAttributes(&arn)
		equal(t, "attributes", a["PendingConfirmation"]+" "+a["ConfirmationWasAuthenticated"], "false false")

		fx.publish(topic, "hello")
		got = w.take()
		equal(t, "notifications", len(got), 1)
		e = opened(t, got[0].body)
		equal(t, "notification", e.Type+" "+e.Message+" "+got[0].subscription, "Notification hello "+arn)

		// The link in the message ends the subscription, and another one
		// brings it back.
		equal(t, "unsubscribe", fx.visit(e.UnsubscribeURL)[:3], "200")
		got = w.take()
		equal(t, "bye", len(got), 1)
		bye := opened(t, got[0].body)
		equal(t, "bye type", bye.Type+" "+got[0].subscription, "UnsubscribeConfirmation "+arn)
		equal(t, "bye message", bye.Message, "You have chosen to deactivate subscription "+arn+
			".\nTo cancel this operation and restore the subscription, visit the SubscribeURL included in this message.")
		equal(t, "counts ended", fx.counts(topic), "0/0/1")
		fx.publish(topic, "nobody")
		equal(t, "nothing", len(w.take()), 0)
		equal(t, "restore", strings.Contains(fx.visit(bye.SubscribeURL), arn), true)
		fx.publish(topic, "back")
		equal(t, "back", opened(t, w.take()[0].body).Message, "back")
	})
}

func TestConfirmationExpires(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t")
		fx.subscribe(topic, "http", "http://subscriber/a")
		link := opened(t, w.take()[0].body).SubscribeURL
		fx.store.Clock().Advance(48 * time.Hour)
		synctest.Wait()
		equal(t, "counts", fx.counts(topic), "0/0/0")
		equal(t, "too late", strings.Contains(fx.visit(link), "Invalid token"), true)
		equal(t, "rows left", fx.rows("token")+fx.rows("sub")+fx.rows("endpoint"), 0)
		equal(t, "lanes left", fx.count(store.K("outbox", "sns")), 0)
	})
}

// TestAuthenticateOnUnsubscribe has a link that no longer ends the subscription.
func TestAuthenticateOnUnsubscribe(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t")
		fx.subscribe(topic, "http", "http://subscriber/a")
		e := opened(t, w.take()[0].body)
		out, err := fx.ConfirmSubscription(ctx, &api.ConfirmSubscriptionInput{TopicArn: topic, Token: &e.Token, AuthenticateOnUnsubscribe: ptr("true")})
		fx.must(err)
		equal(t, "authenticated", fx.subscriptionAttributes(out.SubscriptionArn)["ConfirmationWasAuthenticated"], "true")
		answer := fx.visit(endpoint + "/?Action=Unsubscribe&SubscriptionArn=" + *out.SubscriptionArn)
		equal(t, "link", answer[:3]+" "+between(answer, "<Code>", "</Code>"), "403 AuthorizationError")
		equal(t, "counts", fx.counts(topic), "1/0/0")
		_, err = fx.Unsubscribe(ctx, &api.UnsubscribeInput{SubscriptionArn: out.SubscriptionArn})
		fx.must(err)
		equal(t, "counts after", fx.counts(topic), "0/0/1")
	})
}

// TestHTTPRetries has a subscriber that fails, until the dead-letter queue gets
// the message, while another one goes on.
func TestHTTPRetries(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic, dead := fx.topic("t"), fx.queue("dead")
		redrive := `{"deadLetterTargetArn":"` + queueARN("dead") + `"}`
		fx.confirmed(w, topic, "/bad", "RedrivePolicy", redrive, "RawMessageDelivery", "true")
		fx.confirmed(w, topic, "/good")
		w.answer("/bad", 503)
		fx.publish(topic, "hello", attribute("a", "String", "b"))
		equal(t, "first attempts", len(w.take()), 2)
		for range 3 {
			time.Sleep(30 * time.Second)
			got := w.take()
			equal(t, "retry", len(got), 1)
			equal(t, "of", got[0].path+" "+got[0].body+" "+fmt.Sprint(got[0].raw), "/bad hello true")
		}
		time.Sleep(time.Hour)
		equal(t, "no more", len(w.take()), 0)
		got := fx.receive(dead)
		equal(t, "dead", len(got), 1)
		equal(t, "dead letter", *got[0].Body+" "+*got[0].MessageAttributes["a"].StringValue, "hello b")

		w.answer("/bad", 404) // a client-side error
		fx.publish(topic, "again", inGroup("tenant", ""))
		equal(t, "attempts", len(w.take()), 2)
		got = fx.receive(dead)
		equal(t, "dead at once", len(got), 1)
		equal(t, "dead letter and its group", *got[0].Body+" "+got[0].Attributes["MessageGroupId"], "again tenant")
		equal(t, "metrics", fx.metrics.String(), `t/NumberOfMessagesPublished/Count=2
t/NumberOfNotificationsDelivered/Count=2
t/NumberOfNotificationsFailed/Count=5
t/NumberOfNotificationsRedrivenToDlq/Count=2
t/PublishSize/Bytes=18`)
	})
}

// TestDeliveryPolicies has a subscription that asks for other retries, a speed
// and a content type.
func TestDeliveryPolicies(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t", "DeliveryPolicy", `{"http":{"defaultRequestPolicy":{"headerContentType":"application/json"}}}`)
		arn := fx.confirmed(w, topic, "/a", "DeliveryPolicy",
			`{"healthyRetryPolicy":{"minDelayTarget":5,"maxDelayTarget":5,"numRetries":1},"throttlePolicy":{"maxReceivesPerSecond":1}}`)
		effective := fx.subscriptionAttributes(arn)["EffectiveDeliveryPolicy"]
		for _, want := range []string{`"minDelayTarget":5`, `"numRetries":1`, `"maxReceivesPerSecond":1`, `"headerContentType":"application/json"`} {
			if !strings.Contains(effective, want) {
				t.Errorf("no %s in %s", want, effective)
			}
		}
		for i := range 3 {
			fx.publish(topic, fmt.Sprint(i))
		}
		for i := range 3 {
			got := w.take()
			equal(t, fmt.Sprint("sent in second ", i), len(got), 1)
			equal(t, "content type", got[0].contentType, "application/json")
			time.Sleep(time.Second)
		}
		w.answer("/a", 500)
		fx.publish(topic, "x")
		equal(t, "first attempt", len(w.take()), 1)
		time.Sleep(6 * time.Second)
		equal(t, "second attempt", len(w.take()), 1)
		time.Sleep(time.Minute)
		equal(t, "no third", len(w.take()), 0)

		_, err := fx.SetSubscriptionAttributes(ctx, &api.SetSubscriptionAttributesInput{
			SubscriptionArn: arn, AttributeName: ptr("DeliveryPolicy"), AttributeValue: ptr(`{"healthyRetryPolicy":{"minDelayTarget":5,"maxDelayTarget":5,"numRetries":101}}`),
		})
		equal(t, "too many retries", strings.HasPrefix(problem(err), "InvalidParameter: Invalid parameter: DeliveryPolicy: "), true)
	})
}

func TestUnsubscribeDropsWhatWaits(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t")
		arn := fx.confirmed(w, topic, "/bad")
		w.answer("/bad", 503)
		fx.publish(topic, "hello")
		equal(t, "attempt", len(w.take()), 1)
		w.answer("/bad", 200)
		_, err := fx.Unsubscribe(ctx, &api.UnsubscribeInput{SubscriptionArn: arn})
		fx.must(err)
		time.Sleep(time.Hour)
		got := w.take()
		equal(t, "only the bye", len(got), 1)
		equal(t, "kind", got[0].kind, "UnsubscribeConfirmation")
	})
}

func TestCertificate(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic, q := fx.topic("t"), fx.queue("q")
		fx.subscribe(topic, "sqs", queueARN("q"))
		fx.publish(topic, "hello")
		link, err := url.Parse(opened(t, *fx.receive(q)[0].Body).SigningCertURL)
		fx.must(err)
		equal(t, "certificate", fx.visit(link.String())[:3], "200")
		equal(t, "another", fx.visit(endpoint + "/SimpleNotificationService-00.pem")[:3], "404")
	})
}

// TestRestoreAfterRestart has the only subscription ended, and restored when the
// runtime has started anew, with nobody to sign for. What other services publish
// is signed for it.
func TestRestoreAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk, w := storetest.NewDisk(), &web{}
		st, shut := disk.Open(t)
		useKey(t, st)
		fx := newFixture(t, st, w)
		arn := fx.confirmed(w, fx.topic("t"), "/a")
		_, err := fx.Unsubscribe(ctx, &api.UnsubscribeInput{SubscriptionArn: arn})
		fx.must(err)
		link := opened(t, w.take()[0].body).SubscribeURL
		fx.close()
		shut()

		st, _ = disk.Open(t)
		fx = newFixture(t, st, w)
		equal(t, "restored", fx.visit(link)[:3], "200")
		fx.must(fx.accept("t", event.Event{From: event.Sender{Account: account}, Subject: "s", Body: []byte("hello")}))
		fx.verify(opened(t, w.take()[0].body))
	})
}
