package runnel_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/runnel/runnel/store"
)

// subscriber is a server that topics post to. It answers as the test says, when
// the test says, or at once that all is well.
type subscriber struct {
	testing.TB
	url    string
	prompt atomic.Bool // it answers at once
	got    chan *posted
	over   chan struct{}
}

// posted is what a subscriber was sent, and awaits its answer.
type posted struct {
	header http.Header
	body   string
	answer chan int // the status
}

func newSubscriber(t testing.TB) *subscriber {
	s := &subscriber{TB: t, got: make(chan *posted, 100), over: make(chan struct{})}
	server := httptest.NewServer(s)
	s.url = server.URL + "/inbox"
	t.Cleanup(func() {
		close(s.over)
		server.Close()
	})
	return s
}

// ServeHTTP implements [http.Handler].
func (s *subscriber) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	p := &posted{r.Header, string(body), make(chan int, 1)}
	if s.prompt.Load() {
		p.answer <- http.StatusOK
	}
	select {
	case s.got <- p:
	case <-s.over:
		return
	}
	select {
	case status := <-p.answer:
		if status == http.StatusFound {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	case <-r.Context().Done():
	case <-s.over:
	}
}

// next is what comes next.
func (s *subscriber) next() *posted {
	s.Helper()
	select {
	case p := <-s.got:
		return p
	case <-time.After(patience):
		s.Fatalf("nothing came after %v", patience)
		return nil
	}
}

// reply answers what comes next, which must be that message of the type.
func (s *subscriber) reply(r *rig, kind, message string, status int) {
	s.Helper()
	p := s.next()
	p.answer <- status
	e := r.verified(p.body)
	if e.Type != kind || p.header.Get("x-amz-sns-message-type") != kind || e.Message != message {
		s.Errorf("came %s %q (header %q), want %s %q", e.Type, e.Message, p.header.Get("x-amz-sns-message-type"), kind, message)
	}
}

// quiet reports what came too much.
func (s *subscriber) quiet() {
	s.Helper()
	select {
	case p := <-s.got:
		s.Errorf("came too: %s", p.body)
	default:
	}
}

// quietBefore reports what came before its time. If that has come by now, nobody
// can tell.
func (s *subscriber) quietBefore(clock *store.Clock, at time.Time) {
	s.Helper()
	if early := len(s.got); early > 0 && clock.Now().Before(at) {
		s.quiet()
	}
}

// confirm subscribes a server, and visits the link that it is sent.
func (r *rig) confirm(topic string, s *subscriber, attributes ...string) (arn string) {
	r.Helper()
	r.subscribe(topic, "http", s.url, attributes...)
	p := s.next()
	p.answer <- http.StatusOK
	e := r.verified(p.body)
	if e.Type != "SubscriptionConfirmation" || e.TopicArn != topic || len(e.Token) == 0 {
		r.Fatalf("came %+v", e)
	}
	got := r.http("GET", e.SubscribeURL, "")
	arn = between(got.body, "<SubscriptionArn>", "</SubscriptionArn>")
	if got.status != http.StatusOK || !strings.HasPrefix(arn, topic+":") {
		r.Fatalf("%s: %d %s", e.SubscribeURL, got.status, got.body)
	}
	return arn
}

func between(s, before, after string) string {
	_, s, _ = strings.Cut(s, before)
	s, _, _ = strings.Cut(s, after)
	return s
}

func TestHTTPSubscriber(t *testing.T) {
	t.Parallel()
	r, s := start(t), newSubscriber(t)
	topic := r.topic("news")
	r.publish(topic, "before anybody listens")
	arn := r.confirm(topic, s)

	must(r.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: aws.String("hello\nworld ü"), Subject: aws.String("greeting")}))(t)
	p := s.next()
	p.answer <- http.StatusOK
	e := r.verified(p.body)
	if e.Message != "hello\nworld ü" || e.Subject != "greeting" || e.TopicArn != topic {
		t.Errorf("came %+v", e)
	}
	for name, want := range map[string]string{
		"x-amz-sns-message-type": "Notification", "x-amz-sns-message-id": e.MessageID, "x-amz-sns-topic-arn": topic,
		"x-amz-sns-subscription-arn": arn, "Content-Type": "text/plain; charset=UTF-8", "User-Agent": "Amazon Simple Notification Service Agent",
	} {
		if got := p.header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}

	if got := r.http("GET", e.UnsubscribeURL, ""); got.status != http.StatusOK {
		t.Errorf("%s: %d %s", e.UnsubscribeURL, got.status, got.body)
	}
	p = s.next()
	p.answer <- http.StatusOK
	if bye := r.verified(p.body); bye.Type != "UnsubscribeConfirmation" {
		t.Errorf("came %+v", bye)
	}
	r.publish(topic, "after all have left")
	r.settle()
	s.quiet()
}

// settle waits until a message went through a topic of its own, and so whatever
// was due before has been looked at.
func (r *rig) settle() {
	r.Helper()
	s := newSubscriber(r.TB)
	topic := r.topic("settle-" + between(s.url, "127.0.0.1:", "/"))
	r.confirm(topic, s)
	r.publish(topic, "settled")
	s.reply(r, "Notification", "settled", http.StatusOK)
}

// TestHTTPRetries has a server fail: AWS's own plan has it tried three more
// times, 20 seconds apart.
func TestHTTPRetries(t *testing.T) {
	t.Parallel()
	r, s := start(t), newSubscriber(t)
	topic := r.topic("news")
	r.confirm(topic, s)
	r.publish(topic, "important")
	before := r.clock.Now() // the attempt fails after this, and the 20 seconds begin
	s.reply(r, "Notification", "important", http.StatusInternalServerError)
	r.awaitSum(metric{"AWS/SNS", "NumberOfNotificationsFailed", "TopicName", "news"}, 1)
	r.clock.Advance(18 * time.Second)
	r.settle()
	s.quietBefore(r.clock, before.Add(20*time.Second))
	r.clock.Advance(4 * time.Second)
	s.reply(r, "Notification", "important", http.StatusOK)
	r.awaitSum(metric{"AWS/SNS", "NumberOfNotificationsDelivered", "TopicName", "news"}, 1)
	r.clock.Advance(time.Minute)
	r.settle()
	s.quiet()
}

// TestHTTPDeadLetters has a server fail through all phases of a subscription's
// own plan, and another answer with a redirect, which is final.
func TestHTTPDeadLetters(t *testing.T) {
	t.Parallel()
	r, s, moved := start(t), newSubscriber(t), newSubscriber(t)
	topic := r.topic("news")
	queue, arn := r.queueFor("dead", "sns.amazonaws.com")
	redrive := fmt.Sprintf(`{"deadLetterTargetArn": %q}`, arn)
	r.confirm(topic, s, "RedrivePolicy", redrive, "RawMessageDelivery", "true", "DeliveryPolicy", `{"healthyRetryPolicy": {
		"minDelayTarget": 2, "maxDelayTarget": 60, "numRetries": 5, "numNoDelayRetries": 1, "numMinDelayRetries": 1, "numMaxDelayRetries": 1, "backoffFunction": "linear"}}`)
	must(r.sns.Publish(t.Context(), &sns.PublishInput{TopicArn: &topic, Message: aws.String("<raw>")}))(t)
	for attempt, wait := range []time.Duration{0, 0, 3 * time.Second, 3 * time.Second, 66 * time.Second, 66 * time.Second} {
		r.clock.Advance(wait)
		p := s.next()
		if p.body != "<raw>" || p.header.Get("x-amz-sns-rawdelivery") != "true" {
			t.Errorf("attempt %d: came %q", attempt+1, p.body)
		}
		p.answer <- http.StatusServiceUnavailable
		r.awaitSum(metric{"AWS/SNS", "NumberOfNotificationsFailed", "TopicName", "news"}, float64(attempt+1))
	}
	if m := r.take(queue, 1)[0]; *m.Body != "<raw>" {
		t.Errorf("the dead letter is %q", *m.Body)
	}

	other := r.topic("moved")
	r.confirm(other, moved, "RedrivePolicy", redrive)
	r.publish(other, "where to?")
	moved.reply(r, "Notification", "where to?", http.StatusFound)
	if m := r.take(queue, 1)[0]; r.verified(*m.Body).Message != "where to?" {
		t.Errorf("the dead letter is %q", *m.Body)
	}
	moved.quiet()
	s.quiet()
}

// TestSlowSubscriber has one server never answer beside one that does.
func TestSlowSubscriber(t *testing.T) {
	t.Parallel()
	r, slow, fast := start(t), newSubscriber(t), newSubscriber(t)
	topic := r.topic("news")
	r.confirm(topic, slow)
	r.confirm(topic, fast)
	fast.prompt.Store(true)
	for n := range 30 {
		r.publish(topic, fmt.Sprint(n))
	}
	seen := make(map[string]bool)
	for range 30 {
		p := fast.next() // while all that the slow one was sent is unanswered
		seen[r.verified(p.body).Message] = true
	}
	if len(seen) != 30 {
		t.Errorf("the fast server got %d messages, want 30", len(seen))
	}
	slow.next()
}

// TestRestartWithDeliveries stops a runtime that has messages waiting for a
// server, one of them in an attempt.
func TestRestartWithDeliveries(t *testing.T) {
	t.Parallel()
	r, s := start(t), newSubscriber(t)
	topic := r.topic("news")
	r.confirm(topic, s)
	r.publish(topic, "refused")
	s.reply(r, "Notification", "refused", http.StatusInternalServerError)
	r.awaitSum(metric{"AWS/SNS", "NumberOfNotificationsFailed", "TopicName", "news"}, 1)
	r.publish(topic, "interrupted")
	s.next() // it is not answered
	r.stop()

	r = startLater(t, r.dir, time.Minute)
	got := make(map[string]bool)
	for range 2 {
		p := s.next()
		p.answer <- http.StatusOK
		got[r.verified(p.body).Message] = true
	}
	if !got["refused"] || !got["interrupted"] {
		t.Errorf("came %v", got)
	}
	r.settle()
	s.quiet()
}
