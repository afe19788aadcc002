package sqs_test

import (
	"crypto/md5"
	"fmt"
	"strings"
	"testing"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func redriveTo(name string, count int) string {
	return fmt.Sprintf(`{"deadLetterTargetArn":%q,"maxReceiveCount":%d}`, arnOf(name), count)
}

func TestRedrive(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead := fx.queue("dead")
		url := fx.queue("jobs", "VisibilityTimeout", "1", "RedrivePolicy", redriveTo("dead", 2))
		sources, err := fx.ListDeadLetterSourceQueues(ctx, &api.ListDeadLetterSourceQueuesInput{QueueUrl: dead})
		equal(t, "list sources", code(err), "")
		equal(t, "source", sources.QueueUrls[0], *url)

		sentAt := time.Now()
		sent, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("poison"),
			MessageAttributes: map[string]types.MessageAttributeValue{"a": {DataType: ptr("String"), StringValue: ptr("v")}}})
		equal(t, "send", code(err), "")
		for range 2 {
			equal(t, "received", len(fx.receive(url)), 1)
			time.Sleep(time.Second)
		}
		equal(t, "before the move", fx.counts(url)+" "+fx.counts(dead), "1/0/0 0/0/0")
		equal(t, "third receive", len(fx.receive(url)), 0)
		equal(t, "after the move", fx.counts(url)+" "+fx.counts(dead), "0/0/0 1/0/0")
		m := fx.receive(dead)[0]
		equal(t, "id", *m.MessageId, *sent.MessageId)
		equal(t, "attribute", *m.MessageAttributes["a"].StringValue, "v")
		equal(t, "sent", m.Attributes["SentTimestamp"], msOf(sentAt))
		equal(t, "first received", m.Attributes["ApproximateFirstReceiveTimestamp"], msOf(sentAt))
		equal(t, "count", m.Attributes["ApproximateReceiveCount"], "3")
		equal(t, "source", m.Attributes["DeadLetterQueueSourceArn"], arnOf("jobs"))
	})
}

// TestRedriveChain has a dead-letter queue of a dead-letter queue: receives are
// counted by each for itself.
func TestRedriveChain(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		last := fx.queue("last")
		dead := fx.queue("dead", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("last", 1))
		url := fx.queue("jobs", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("dead", 3))
		fx.send(url, "a")
		for range 3 {
			equal(t, "in jobs", len(fx.receive(url)), 1)
		}
		equal(t, "past jobs", len(fx.receive(url)), 0)
		equal(t, "in dead", len(fx.receive(dead)), 1)
		equal(t, "past dead", len(fx.receive(dead)), 0)
		equal(t, "in last", fx.receive(last)[0].Attributes["DeadLetterQueueSourceArn"], arnOf("dead"))
	})
}

// TestRedriveManyAtOnce has more poison in front than one receive looks at.
func TestRedriveManyAtOnce(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead := fx.queue("dead")
		url := fx.queue("jobs", "VisibilityTimeout", "1", "RedrivePolicy", redriveTo("dead", 1))
		for i := range 250 {
			fx.send(url, fmt.Sprint(i))
		}
		for range 25 {
			equal(t, "received", len(fx.receive(url)), 10)
		}
		time.Sleep(time.Second)
		fx.send(url, "good")
		begin := time.Now()
		equal(t, "good one", fx.receiveBodies(url, wait(10*time.Second))[0], "good")
		equal(t, "took", time.Since(begin), 0)
		equal(t, "counts", fx.counts(url)+" "+fx.counts(dead), "0/1/0 250/0/0")
	})
}

func TestRedriveWithoutTarget(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead := fx.queue("dead")
		url := fx.queue("jobs", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("dead", 1))
		fx.send(url, "a")
		_, err := fx.DeleteQueue(ctx, &api.DeleteQueueInput{QueueUrl: dead})
		equal(t, "delete", code(err), "")
		for range 3 {
			equal(t, "stays", len(fx.receive(url)), 1)
		}
	})
}

// TestRetentionInDeadLetterQueue shows that a message keeps its time of
// sending, so that one that comes later may end earlier.
func TestRetentionInDeadLetterQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead := fx.queue("dead", "MessageRetentionPeriod", "100")
		url := fx.queue("jobs", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("dead", 1))
		fx.send(url, "old")
		time.Sleep(50 * time.Second)
		fx.send(dead, "young")
		equal(t, "received", len(fx.receive(url)), 1)
		equal(t, "moved", len(fx.receive(url)), 0)
		equal(t, "counts", fx.counts(dead), "2/0/0")
		time.Sleep(50*time.Second + time.Millisecond)
		equal(t, "after the old one's end", fx.counts(dead), "1/0/0")
		time.Sleep(50 * time.Second)
		equal(t, "after the young one's end", fx.counts(dead), "0/0/0")
	})
}

// bury fills a dead-letter queue with n messages of a source.
func (fx *fixture) bury(url *string, n int) {
	for i := range n {
		fx.send(url, fmt.Sprint(i))
	}
	for range 2 * (n/10 + 1) {
		fx.receive(url)
	}
}

func (fx *fixture) task(arn string) types.ListMessageMoveTasksResultEntry {
	fx.t.Helper()
	out, err := fx.ListMessageMoveTasks(ctx, &api.ListMessageMoveTasksInput{SourceArn: &arn})
	if err != nil || len(out.Results) == 0 {
		fx.t.Fatal("no task", err)
	}
	return out.Results[0]
}

func TestMoveTask(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead := fx.queue("dead")
		url := fx.queue("jobs", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("dead", 1))
		fx.bury(url, 250)
		equal(t, "counts", fx.counts(url)+" "+fx.counts(dead), "0/0/0 250/0/0")
		_, err := fx.StartMessageMoveTask(ctx, &api.StartMessageMoveTaskInput{SourceArn: ptr(arnOf("dead"))})
		equal(t, "start", code(err), "")
		time.Sleep(time.Second)
		equal(t, "counts after", fx.counts(url)+" "+fx.counts(dead), "250/0/0 0/0/0")
		task := fx.task(arnOf("dead"))
		equal(t, "status", *task.Status, "COMPLETED")
		equal(t, "moved", task.ApproximateNumberOfMessagesMoved, 250)
		equal(t, "to move", *task.ApproximateNumberOfMessagesToMove, 250)
		equal(t, "handle", task.TaskHandle, nil)
		m := fx.receive(url)[0]
		equal(t, "count", m.Attributes["ApproximateReceiveCount"], "1")
		equal(t, "source", m.Attributes["DeadLetterQueueSourceArn"], "")
	})
}

func TestMoveTaskRateAndCancel(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead, to := fx.queue("dead"), fx.queue("to")
		url := fx.queue("jobs", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("dead", 1))
		fx.bury(url, 50)
		start := &api.StartMessageMoveTaskInput{SourceArn: ptr(arnOf("dead")), DestinationArn: ptr(arnOf("to")), MaxNumberOfMessagesPerSecond: ptr(int32(10))}
		out, err := fx.StartMessageMoveTask(ctx, start)
		equal(t, "start", code(err), "")
		_, err = fx.StartMessageMoveTask(ctx, start)
		equal(t, "second start", code(err), "AWS.SimpleQueueService.UnsupportedOperation")
		time.Sleep(1500 * time.Millisecond)
		equal(t, "counts", fx.counts(to)+" "+fx.counts(dead), "20/0/0 30/0/0")
		equal(t, "status", *fx.task(arnOf("dead")).Status, "RUNNING")
		equal(t, "handle", *fx.task(arnOf("dead")).TaskHandle, *out.TaskHandle)
		done, err := fx.CancelMessageMoveTask(ctx, &api.CancelMessageMoveTaskInput{TaskHandle: out.TaskHandle})
		equal(t, "cancel", code(err), "")
		equal(t, "moved", done.ApproximateNumberOfMessagesMoved, 20)
		time.Sleep(time.Minute)
		equal(t, "counts at the end", fx.counts(to)+" "+fx.counts(dead), "20/0/0 30/0/0")
		equal(t, "status at the end", *fx.task(arnOf("dead")).Status, "CANCELLED")
		_, err = fx.CancelMessageMoveTask(ctx, &api.CancelMessageMoveTaskInput{TaskHandle: out.TaskHandle})
		equal(t, "cancel again", code(err), "AWS.SimpleQueueService.UnsupportedOperation")
	})
}

// TestMoveTaskOfLargeMessages wants large messages to be moved few at a time, at
// the rate that was asked for.
func TestMoveTaskOfLargeMessages(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead, to := fx.queue("dead"), fx.queue("to")
		fx.queue("jobs", "RedrivePolicy", redriveTo("dead", 1))
		for range 20 {
			fx.send(dead, strings.Repeat("x", 1<<20))
		}
		_, err := fx.StartMessageMoveTask(ctx, &api.StartMessageMoveTaskInput{
			SourceArn: ptr(arnOf("dead")), DestinationArn: ptr(arnOf("to")), MaxNumberOfMessagesPerSecond: ptr(int32(20))})
		equal(t, "start", code(err), "")
		for at, want := range []string{"4/0/0 16/0/0", "8/0/0 12/0/0", "12/0/0 8/0/0", "16/0/0 4/0/0", "20/0/0 0/0/0"} {
			time.Sleep(100 * time.Millisecond)
			equal(t, fmt.Sprintf("counts after %d transactions", at+1), fx.counts(to)+" "+fx.counts(dead), want)
			time.Sleep(100 * time.Millisecond)
		}
		equal(t, "status", *fx.task(arnOf("dead")).Status, "COMPLETED")
		m := fx.receive(to)[0]
		equal(t, "sum", *m.MD5OfBody, fmt.Sprintf("%x", md5.Sum([]byte(*m.Body))))
	})
}

func TestMoveTaskFails(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead := fx.queue("dead")
		url := fx.queue("jobs", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("dead", 1))
		fx.bury(url, 1)
		fx.send(dead, "from nowhere")
		start := &api.StartMessageMoveTaskInput{SourceArn: ptr(arnOf("dead"))}
		_, err := fx.StartMessageMoveTask(ctx, start)
		equal(t, "start", code(err), "")
		time.Sleep(time.Second)
		task := fx.task(arnOf("dead"))
		equal(t, "status", *task.Status+" "+*task.FailureReason, "FAILED CouldNotDetermineMessageSource")
		equal(t, "moved", task.ApproximateNumberOfMessagesMoved, 1)
		equal(t, "counts", fx.counts(url)+" "+fx.counts(dead), "1/0/0 1/0/0")
	})
}
