package sns_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sns"
	"github.com/runnel/runnel/store"
)

// journal keeps what was logged.
type journal struct {
	mu    sync.Mutex
	lines []string
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, string(b))
	return len(b), nil
}

func (j *journal) take() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := j.lines
	j.lines = nil
	return out
}

// about are the warnings on a subscription or a URL: there must be one, with
// all the words.
func about(t *testing.T, lines []string, name string, words ...string) {
	t.Helper()
	found := 0
	for _, line := range lines {
		if !strings.Contains(line, name) {
			continue
		}
		found++
		for _, w := range words {
			if !strings.Contains(strings.ReplaceAll(line, `\"`, `"`), w) {
				t.Errorf("%s: no %q in\n%s", name, w, line)
			}
		}
	}
	if found != 1 {
		t.Errorf("%s: %d warnings, want 1, in\n%s", name, found, strings.Join(lines, ""))
	}
}

// TestWarnings has messages not arrive for every cause: the log says so once for
// each subscription and cause, and what to do.
func TestWarnings(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic := fx.topic("t")
		fx.queue("closed", "Policy", "")
		fx.queue("raw")
		fx.queue("dead")
		redrive := func(name string) string { return `{"deadLetterTargetArn":"` + queueARN(name) + `"}` }
		fx.subscribe(topic, "sqs", queueARN("gone"))
		fx.subscribe(topic, "sqs", queueARN("closed"), "RedrivePolicy", redrive("dead"))
		fx.subscribe(topic, "sqs", queueARN("raw"), "RawMessageDelivery", "true")
		fx.subscribe(topic, "lambda", funcARN("f"))
		fx.inbox.err = fmt.Errorf("function f: %w", event.ErrDenied)
		attributes := make([]func(*api.PublishInput), 11)
		for i := range attributes {
			attributes[i] = attribute(fmt.Sprint("a", i), "String", "b")
		}
		fx.publish(topic, "one", attributes...)
		lines := fx.log.take()
		equal(t, "warnings", len(lines), 4)
		about(t, lines, queueARN("gone"), "level=WARN", "nowhere: there is no dead-letter queue", "or unsubscribe it")
		about(t, lines, "endpoint="+queueARN("closed"), "in the dead-letter queue", `"Action":"sqs:SendMessage"`, `{"aws:SourceArn":"`+*topic+`"}`)
		about(t, lines, queueARN("raw"), "11 message attributes, of which a raw message can have 10")
		about(t, lines, funcARN("f"), "aws lambda add-permission --function-name "+funcARN("f"), "--source-arn "+*topic)

		fx.publish(topic, "two", attributes...)
		equal(t, "not again", fmt.Sprint(fx.log.take()), "[]")
		fx.inbox.err = fmt.Errorf("function f: %w", event.ErrNotFound)
		fx.publish(topic, "three", attributes...)
		about(t, fx.log.take(), funcARN("f"), "create "+funcARN("f"))
	})
}

// TestWarningsOfDeadLetters has a dead-letter queue that is not there.
func TestWarningsOfDeadLetters(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic := fx.topic("t")
		fx.subscribe(topic, "sqs", queueARN("gone"), "RedrivePolicy", `{"deadLetterTargetArn":"`+queueARN("nowhere")+`"}`)
		fx.publish(topic, "hello")
		lines := fx.log.take()
		about(t, lines, "queue="+queueARN("nowhere"), "create "+queueARN("nowhere"))
		about(t, lines, "endpoint="+queueARN("gone"), "nowhere: the dead-letter queue does not take it")
	})
}

// TestWarningsBound has more causes for warnings than are remembered.
func TestWarningsBound(t *testing.T) {
	first := sns.FirstWarning()
	for i := range 5000 {
		if !first(fmt.Sprint(i)) || first(fmt.Sprint(i)) {
			t.Fatalf("warning %d is not given once", i)
		}
	}
	if !first("0") {
		t.Error("the first of 5,000 is still remembered")
	}
}

// TestWarningsAfterCommit has the transaction fail: there is nothing to warn of.
func TestWarningsAfterCommit(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic := fx.topic("t")
		fx.subscribe(topic, "sqs", queueARN("gone"))
		failure := errors.New("the object was not written")
		err := fx.store.Update(ctx, func(tx *store.Tx) error {
			fx.must(fx.service.Accept(ctx, tx, parsed(t, "t"), event.Event{From: event.Sender{Account: account}, Body: []byte("x")}))
			return failure
		})
		equal(t, "error", err, failure)
		equal(t, "log", fmt.Sprint(fx.log.take()), "[]")
		fx.publish(topic, "hello")
		equal(t, "then", len(fx.log.take()), 1)
	})
}

// TestWarningsOfURLs has URLs refuse what they are sent. Passwords stay out of
// the log.
func TestWarningsOfURLs(t *testing.T) {
	withWeb(t, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t")
		fx.confirmed(w, topic, "/a")
		equal(t, "before", fmt.Sprint(fx.log.take()), "[]")
		w.answer("/a", 403)
		for range 2 {
			fx.publish(topic, "hello")
			equal(t, "attempts", len(w.take()), 1)
		}
		about(t, fx.log.take(), "/a", "endpoint answered 403", "a RedrivePolicy on the subscription keeps")

		w.answer("/new", 404)
		for range 2 {
			_, err := fx.Subscribe(ctx, &api.SubscribeInput{TopicArn: topic, Protocol: ptr("https"), Endpoint: ptr("https://me:secret@example.com/new")})
			fx.must(err)
			equal(t, "asked", len(w.take()), 1)
		}
		lines := fx.log.take()
		about(t, lines, "/new", "type=SubscriptionConfirmation", "endpoint answered 404", "subscribe it again")
		equal(t, "password", strings.Contains(strings.Join(lines, ""), "secret"), false)
	})
}
