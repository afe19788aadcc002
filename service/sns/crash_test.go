package sns_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sns"

	"github.com/runnel/runnel/store/storetest"
)

// afterPowerCuts runs do over a new service, cuts the power as it ends, and
// runs check over what the cut leaves; and all that again for other cuts.
func afterPowerCuts(t *testing.T, w func() *web, do, check func(t *testing.T, fx *fixture, w *web)) {
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			disk := storetest.NewDisk()
			st, shut := disk.Open(t)
			useKey(t, st)
			before := w()
			fx := newFixture(t, st, before)
			do(t, fx, before)
			cut := disk.PowerCut(seed)
			fx.busy.Wait()
			fx.close()
			shut()
			st, _ = cut.Open(t)
			after := w()
			check(t, newFixture(t, st, after), after)
		})
	}
}

func noWeb() *web { return &web{} }

// TestPowerCutPublish has many publish at once as the power goes: what was
// acknowledged is in all queues, and what is in one queue is in all.
func TestPowerCutPublish(t *testing.T) {
	const subscribers = 5
	queue := func(i int) string { return fmt.Sprint("q", i) }
	var acknowledged []string
	afterPowerCuts(t, noWeb, func(t *testing.T, fx *fixture, _ *web) {
		topic := fx.topic("t")
		for i := range subscribers {
			fx.queue(queue(i))
			fx.subscribe(topic, "sqs", queueARN(queue(i)))
		}
		done := make(chan string, 80)
		for c := range 8 {
			fx.busy.Go(func() {
				for i := range 10 {
					text := fmt.Sprint(c, "-", i)
					if _, err := fx.Publish(ctx, &api.PublishInput{TopicArn: topic, Message: &text}); err != nil {
						t.Error(err)
					}
					done <- text
				}
			})
		}
		acknowledged = nil
		for range 40 { // the others are under way
			acknowledged = append(acknowledged, <-done)
		}
	}, func(t *testing.T, fx *fixture, _ *web) {
		var first []string
		for i := range subscribers {
			got := sorted(fx.texts(ptr(endpoint + "/" + account + "/" + queue(i))))
			if i == 0 {
				first = got
			}
			equal(t, queue(i), fmt.Sprint(got), fmt.Sprint(first))
			for _, text := range acknowledged {
				if !slices.Contains(got, text) {
					t.Errorf("%s lost %s", queue(i), text)
				}
			}
		}
	})
}

// TestPowerCutHTTP keeps what waits for URLs, with its retries, and pending
// confirmations.
func TestPowerCutHTTP(t *testing.T) {
	failing := func() *web { return &web{status: map[string]int{"/a": 503}} }
	var link string
	afterPowerCuts(t, failing, func(t *testing.T, fx *fixture, w *web) {
		topic := fx.topic("t")
		w.answer("", 200)
		fx.confirmed(w, topic, "/a")
		fx.subscribe(topic, "http", "http://subscriber/b")
		link = opened(t, w.take()[0].body).SubscribeURL
		w.answer("/a", 503)
		fx.publish(topic, "hello")
		equal(t, "attempt", len(w.take()), 1)
	}, func(t *testing.T, fx *fixture, w *web) {
		topic := ptr(topicARN("t"))
		equal(t, "counts", fx.counts(topic), "1/1/0")
		w.answer("/a", 200)
		time.Sleep(time.Minute)
		got := w.take()
		equal(t, "sent", len(got), 1)
		equal(t, "message", opened(t, got[0].body).Message, "hello")
		equal(t, "confirm", fx.visit(link)[:3], "200")
		equal(t, "counts after", fx.counts(topic), "2/0/0")
		fx.publish(topic, "both")
		equal(t, "both", len(w.take()), 2)
	})
}

// TestPowerCutConfiguration keeps topics, subscriptions, attributes and tags,
// and what was removed stays so.
func TestPowerCutConfiguration(t *testing.T) {
	afterPowerCuts(t, noWeb, func(t *testing.T, fx *fixture, _ *web) {
		topic := fx.topic("t", "DisplayName", "T")
		fx.queue("q")
		kept := fx.subscribe(topic, "sqs", queueARN("q"), "RawMessageDelivery", "true")
		gone := fx.subscribe(topic, "lambda", funcARN("f"))
		_, err := fx.Unsubscribe(ctx, &api.UnsubscribeInput{SubscriptionArn: gone})
		fx.must(err)
		_, err = fx.SetSubscriptionAttributes(ctx, &api.SetSubscriptionAttributesInput{SubscriptionArn: kept, AttributeName: ptr("FilterPolicy"), AttributeValue: ptr(`{"a":["b"]}`)})
		fx.must(err)
		_, err = fx.DeleteTopic(ctx, &api.DeleteTopicInput{TopicArn: fx.topic("deleted")})
		fx.must(err)
	}, func(t *testing.T, fx *fixture, _ *web) {
		topic := ptr(topicARN("t"))
		equal(t, "name", fx.topicAttributes(topic)["DisplayName"], "T")
		equal(t, "counts", fx.counts(topic), "1/0/1")
		fx.publish(topic, "no")
		fx.publish(topic, "yes", attribute("a", "String", "b"))
		equal(t, "filtered", fmt.Sprint(fx.texts(ptr(endpoint+"/"+account+"/q"))), "[yes]")
		equal(t, "invocations", len(fx.inbox.take()), 0)
		list, err := fx.ListTopics(ctx, &api.ListTopicsInput{})
		fx.must(err)
		equal(t, "topics", len(list.Topics), 1)
		equal(t, "topic", strings.HasSuffix(*list.Topics[0].TopicArn, ":t"), true)
	})
}
