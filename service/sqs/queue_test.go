package sqs_test

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/service/sqs"
)

func TestTagsAtCreation(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		out, err := fx.CreateQueue(ctx, &api.CreateQueueInput{QueueName: ptr("q"), Tags: map[string]string{"team": "data"}})
		equal(t, "create", code(err), "")
		tags, err := fx.ListQueueTags(ctx, &api.ListQueueTagsInput{QueueUrl: out.QueueUrl})
		equal(t, "list", code(err), "")
		equal(t, "tag", tags.Tags["team"], "data")
	})
}

func TestListQueuesByPages(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for i := range 25 {
			fx.queue(fmt.Sprintf("q%02d", i))
		}
		fx.queue("p")
		pages := api.NewListQueuesPaginator(fx, &api.ListQueuesInput{QueueNamePrefix: ptr("q"), MaxResults: ptr(int32(10))})
		n := 0
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			for _, url := range page.QueueUrls {
				equal(t, "url", url, fmt.Sprintf("http://localhost:4566/000000000000/q%02d", n))
				n++
			}
		}
		equal(t, "queues", n, 25)
	})
}

func TestDeletedRecently(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		fx.send(url, "a")
		_, err := fx.DeleteQueue(ctx, &api.DeleteQueueInput{QueueUrl: url})
		equal(t, "delete", code(err), "")
		_, err = fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("b")})
		equal(t, "send", code(err), "AWS.SimpleQueueService.NonExistentQueue")
		time.Sleep(59 * time.Second)
		_, err = fx.CreateQueue(ctx, &api.CreateQueueInput{QueueName: ptr("q")})
		equal(t, "create", code(err), "AWS.SimpleQueueService.QueueDeletedRecently")
		time.Sleep(time.Second + time.Millisecond)
		equal(t, "counts", fx.counts(fx.queue("q")), "0/0/0")
	})
}

// TestDeleteWhileWaiting ends a long poll with its queue.
func TestDeleteWhileWaiting(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		go func() {
			time.Sleep(time.Second)
			_, err := fx.DeleteQueue(ctx, &api.DeleteQueueInput{QueueUrl: url})
			equal(t, "delete", code(err), "")
		}()
		_, err := fx.ReceiveMessage(ctx, &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
		equal(t, "receive", code(err), "AWS.SimpleQueueService.NonExistentQueue")
	})
}

func TestPurge(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		for i := range 30 {
			_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("x"), DelaySeconds: int32(i % 2 * 60)})
			equal(t, "send", code(err), "")
		}
		m := fx.receive(url)[0]
		equal(t, "counts", fx.counts(url), "5/10/15")
		_, err := fx.PurgeQueue(ctx, &api.PurgeQueueInput{QueueUrl: url})
		equal(t, "purge", code(err), "")
		equal(t, "counts after", fx.counts(url), "0/0/0")
		fx.delete(url, m)
		fx.send(url, "new")
		equal(t, "counts of new", fx.counts(url), "1/0/0")
		time.Sleep(2 * time.Minute)
		equal(t, "received", len(fx.receive(url)), 1)
		_, err = fx.PurgeQueue(ctx, &api.PurgeQueueInput{QueueUrl: url})
		equal(t, "purge again", code(err), "")
	})
}

func TestRetention(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "MessageRetentionPeriod", "60", "VisibilityTimeout", "40")
		for range 1200 {
			fx.send(url, "x")
		}
		equal(t, "received", len(fx.receive(url)), 10)
		_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("late"), DelaySeconds: 100})
		equal(t, "send", code(err), "")
		time.Sleep(30 * time.Second)
		equal(t, "received again", len(fx.receive(url)), 10)
		fx.send(url, "young")
		equal(t, "counts", fx.counts(url), "1181/20/1")
		time.Sleep(30*time.Second + time.Millisecond)
		equal(t, "counts after", fx.counts(url), "1/0/0")
		equal(t, "the young one", fx.receiveBodies(url)[0], "young")
		_, err = fx.SetQueueAttributes(ctx, &api.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"MessageRetentionPeriod": "120"}})
		equal(t, "set", code(err), "")
		time.Sleep(60 * time.Second)
		equal(t, "counts with a longer period", fx.counts(url), "1/0/0")
		time.Sleep(31 * time.Second)
		equal(t, "counts in the end", fx.counts(url), "0/0/0")
	})
}

// TestRetentionOfLarge removes more bytes than one transaction does.
func TestRetentionOfLarge(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for _, url := range []*string{fx.queue("q", "MessageRetentionPeriod", "60"), fx.fifo("q", "MessageRetentionPeriod", "60")} {
			body := strings.Repeat("x", 1<<20)
			for i := range 6 {
				in := &api.SendMessageInput{QueueUrl: url, MessageBody: &body}
				if strings.HasSuffix(*url, ".fifo") {
					in.MessageGroupId, in.MessageDeduplicationId = ptr("g"), ptr(strconv.Itoa(i))
				}
				_, err := fx.SendMessage(ctx, in)
				equal(t, "send", code(err), "")
			}
			time.Sleep(60*time.Second + time.Millisecond)
			equal(t, "counts", fx.counts(url), "0/0/0")
		}
		fx.verify("q")
		fx.verify("q.fifo")
	})
}

func TestChangeVisibility(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "VisibilityTimeout", "30")
		fx.send(url, "a")
		m := fx.receive(url)[0]
		change := func(seconds int32) error {
			_, err := fx.ChangeMessageVisibility(ctx, &api.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
			return err
		}
		equal(t, "longer", code(change(100)), "")
		time.Sleep(99 * time.Second)
		equal(t, "still hidden", len(fx.receive(url)), 0)
		equal(t, "twelve hours from now are too many", code(change(43200)), "InvalidParameterValue")
		equal(t, "twelve hours in all", code(change(43200-99)), "")
		equal(t, "shorter", code(change(1)), "")
		time.Sleep(time.Second)
		equal(t, "at its end", code(change(10)), "AWS.SimpleQueueService.MessageNotInflight")
		again := fx.receive(url)[0]
		equal(t, "by an old handle", code(change(10)), "InvalidParameterValue")
		fx.delete(url, again)
		m = again
		equal(t, "of a message that is gone", code(change(10)), "InvalidParameterValue")

		other := fx.queue("other")
		_, err := fx.DeleteMessage(ctx, &api.DeleteMessageInput{QueueUrl: other, ReceiptHandle: m.ReceiptHandle})
		equal(t, "in another queue", code(err), "ReceiptHandleIsInvalid")
	})
}

func TestAttributeNames(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "VisibilityTimeout", "0")
		in := &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("a"), MessageAttributes: map[string]types.MessageAttributeValue{}}
		for _, name := range []string{"foo", "bar.one", "bar.two", "barn"} {
			in.MessageAttributes[name] = types.MessageAttributeValue{DataType: ptr("String"), StringValue: ptr("v")}
		}
		_, err := fx.SendMessage(ctx, in)
		equal(t, "send", code(err), "")
		for _, tt := range []struct {
			asked []string
			want  int
		}{{nil, 0}, {[]string{"foo", "none"}, 1}, {[]string{"bar.*"}, 2}, {[]string{".*"}, 4}, {[]string{"All"}, 4}, {[]string{"foo", "bar.*"}, 3}} {
			m := fx.receive(url, func(in *api.ReceiveMessageInput) { in.MessageAttributeNames = tt.asked })[0]
			equal(t, fmt.Sprint(tt.asked), len(m.MessageAttributes), tt.want)
			equal(t, fmt.Sprint("MD5 for ", tt.asked), m.MD5OfMessageAttributes != nil, tt.want > 0)
		}
	})
}

// TestZeroIsNotAbsent has a queue whose defaults a receive overrides by 0.
func TestZeroIsNotAbsent(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "ReceiveMessageWaitTimeSeconds", "5", "DelaySeconds", "7")
		begin := time.Now()
		out, err := fx.service.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: ptr(int32(0))})
		equal(t, "short poll", code(err), "")
		equal(t, "messages", len(out.Messages), 0)
		equal(t, "took", time.Since(begin), 0)
		equal(t, "long poll", len(fx.receive(url)), 0)
		equal(t, "took as long as the queue says", time.Since(begin), 5*time.Second)
		_, err = fx.service.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: url, MessageBody: ptr("a"), DelaySeconds: ptr(int32(0))})
		equal(t, "send", code(err), "")
		out, err = fx.service.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, VisibilityTimeout: ptr(int32(0))})
		equal(t, "receive", code(err), "")
		equal(t, "messages", len(out.Messages), 1)
		equal(t, "counts", fx.counts(url), "1/0/0")
	})
}

// TestWaitersStandInLine has many consumers wait, and messages arrive one by
// one: each wakes one consumer, in the order in which they came.
func TestWaitersStandInLine(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		got := make(chan string, 20)
		for i := range 20 {
			go func() {
				time.Sleep(time.Duration(i) * time.Millisecond)
				got <- fmt.Sprintf("%d%v", i, fx.receiveBodies(url, wait(20*time.Second)))
			}()
		}
		time.Sleep(time.Second)
		for i := range 19 {
			fx.send(url, fmt.Sprint("m", i))
			synctest.Wait()
			equal(t, "consumer", <-got, fmt.Sprintf("%d[m%d]", i, i))
		}
		begin := time.Now()
		equal(t, "the last one", <-got, "19[]")
		equal(t, "waited to its end", time.Since(begin), 19*time.Second+19*time.Millisecond)
	})
}

// TestOverLimit tells only those who do not wait that too much is in flight.
func TestOverLimit(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.service.LimitInFlight(15)
		url := fx.queue("q", "VisibilityTimeout", "30")
		for range 30 {
			fx.send(url, "x")
		}
		equal(t, "received", len(fx.receive(url)), 10)
		last := fx.receive(url)
		equal(t, "received up to the limit", len(last), 5)
		_, err := fx.ReceiveMessage(ctx, &api.ReceiveMessageInput{QueueUrl: url})
		equal(t, "short poll", code(err), "OverLimit")
		begin := time.Now()
		equal(t, "long poll", len(fx.receive(url, wait(5*time.Second))), 0)
		equal(t, "took", time.Since(begin), 5*time.Second)
		fx.delete(url, last[0])
		equal(t, "after a deletion", len(fx.receive(url)), 1)
		time.Sleep(30 * time.Second)
		equal(t, "after the timeout", len(fx.receive(url)), 10)
	})
}

// TestWaiterGoesAway has the first in line hang up: the message is for the
// next.
func TestWaiterGoesAway(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		first, hangUp := context.WithCancel(ctx)
		gone := make(chan error)
		go func() {
			_, err := fx.ReceiveMessage(first, &api.ReceiveMessageInput{QueueUrl: url, WaitTimeSeconds: 20})
			gone <- err
		}()
		synctest.Wait()
		got := make(chan int)
		go func() { got <- len(fx.receive(url, wait(20*time.Second))) }()
		synctest.Wait()
		hangUp()
		if err := <-gone; err == nil {
			t.Error("the first receive did not fail")
		}
		synctest.Wait()
		fx.send(url, "x")
		equal(t, "messages", <-got, 1)
	})
}

// TestLargestMessage sends what AWS's limit of 1 MiB lets through, and a byte
// more.
func TestLargestMessage(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		fx.send(url, strings.Repeat("a", 1<<20))
		equal(t, "received", len(*fx.receive(url)[0].Body), 1<<20)
		_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr(strings.Repeat("a", 1<<20+1))})
		equal(t, "one more", code(err), "InvalidParameterValue")
	})
}
