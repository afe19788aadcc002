package sns_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sns"
	queues "github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
)

// BenchmarkPublish publishes messages of 250 bytes to queues, on the machine's
// disk with an fsync before each answer, by 64 clients at once. Signed ones
// come in envelopes, raw ones do not.
func BenchmarkPublish(b *testing.B) {
	for _, form := range []string{"signed", "raw"} {
		for _, subscribers := range []int{1, 10, 100} {
			b.Run(fmt.Sprintf("%s/subscribers=%d", form, subscribers), func(b *testing.B) {
				benchPublish(b, subscribers, fmt.Sprint(form == "raw"))
			})
		}
	}
}

var benchText = strings.Repeat("0123456789", 25)

func benchPublish(b *testing.B, subscribers int, raw string) {
	st := benchStore(b)
	router := event.NewRouter()
	q := queues.New(st, queues.Config{Account: account, Region: region})
	router.HandleTarget("sqs", q)
	s := sns.New(st, sns.Config{Account: account, Region: region, Router: router})
	topic, err := s.CreateTopic(ctx, &api.CreateTopicInput{Name: ptr("t")})
	if err != nil {
		b.Fatal(err)
	}
	for i := range subscribers {
		name := fmt.Sprint("q", i)
		_, err := q.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: map[string]string{"Policy": openPolicy}})
		if err == nil {
			_, err = s.Subscribe(ctx, &api.SubscribeInput{
				TopicArn: topic.TopicArn, Protocol: ptr("sqs"), Endpoint: ptr(queueARN(name)), Attributes: map[string]string{"RawMessageDelivery": raw},
			})
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	b.ResetTimer()
	publishAll(b, s, topic.TopicArn)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "publish/s")
	b.ReportMetric(float64(b.N*subscribers)/b.Elapsed().Seconds(), "deliveries/s")
}

func benchStore(b *testing.B) *store.Store {
	st, err := store.Open(b.TempDir(), store.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	useKey(b, st)
	return st
}

// publishAll publishes b.N messages by 64 clients.
func publishAll(b *testing.B, s *sns.Service, topic *string) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := s.Publish(ctx, &api.PublishInput{TopicArn: topic, Message: ptr(benchText)}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkHTTP publishes to a URL that answers at once, in this process, and
// ends when all has arrived.
func BenchmarkHTTP(b *testing.B) {
	st, w := benchStore(b), &counting{arrived: make(chan string, 1024)}
	s := sns.New(st, sns.Config{Account: account, Region: region, Endpoint: endpoint, Transport: w})
	runCtx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(runCtx) }()
	defer func() { stop(); <-ended }()
	topic, err := s.CreateTopic(ctx, &api.CreateTopicInput{Name: ptr("t")})
	if err != nil {
		b.Fatal(err)
	}
	_, err = s.Subscribe(ctx, &api.SubscribeInput{
		TopicArn: topic.TopicArn, Protocol: ptr("http"), Endpoint: ptr("http://subscriber/"), Attributes: map[string]string{"RawMessageDelivery": "true"},
	})
	if err != nil {
		b.Fatal(err)
	}
	token := opened(b, <-w.arrived).Token
	if _, err := s.ConfirmSubscription(ctx, &api.ConfirmSubscriptionInput{TopicArn: topic.TopicArn, Token: &token}); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	b.ResetTimer()
	go publishAll(b, s, topic.TopicArn)
	for range b.N {
		<-w.arrived
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

// counting is a subscriber that tells what arrived.
type counting struct{ arrived chan string }

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	c.arrived <- string(body)
	return &http.Response{StatusCode: 200, Body: http.NoBody, Request: r}, err
}
