package sqs_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/store/storetest"
)

// afterPowerCuts runs do over a new service, cuts the power as it ends, and
// runs check over what the cut leaves; and all that again for other cuts.
func afterPowerCuts(t *testing.T, do, check func(t *testing.T, fx *fixture)) {
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			disk := storetest.NewDisk()
			st, shut := disk.Open(t)
			do(t, newFixture(t, st))
			cut := disk.PowerCut(seed)
			shut()
			st, _ = cut.Open(t)
			fx := newFixture(t, st)
			fx.verifyAll()
			check(t, fx)
			fx.verifyAll()
		})
	}
}

func (fx *fixture) verifyAll() {
	fx.t.Helper()
	out, err := fx.ListQueues(ctx, &api.ListQueuesInput{})
	if err != nil {
		fx.t.Fatal(err)
	}
	for _, url := range out.QueueUrls {
		fx.verify(url[strings.LastIndexByte(url, '/')+1:])
	}
}

func (fx *fixture) url(name string) *string {
	return ptr("http://localhost:4566/" + account + "/" + name)
}

// drain receives and deletes all that is visible, and returns the bodies.
func (fx *fixture) drain(url *string) []string {
	fx.t.Helper()
	var out []string
	for {
		got := fx.receive(url)
		if len(got) == 0 {
			slices.Sort(out)
			return out
		}
		for _, m := range got {
			out = append(out, *m.Body)
			fx.delete(url, m)
		}
	}
}

// TestPowerCutSends has many clients send at once: all that was acknowledged
// is there, once, and counted.
func TestPowerCutSends(t *testing.T) {
	var mu sync.Mutex
	var sent []string
	afterPowerCuts(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q")
		sent = nil
		var wg sync.WaitGroup
		for c := range 8 {
			wg.Go(func() {
				for i := range 10 {
					body := fmt.Sprintf("%d-%d", c, i)
					fx.send(url, body)
					mu.Lock()
					sent = append(sent, body)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		slices.Sort(sent)
	}, func(t *testing.T, fx *fixture) {
		equal(t, "counts", fx.counts(fx.url("q")), "80/0/0")
		equal(t, "bodies", fmt.Sprint(fx.drain(fx.url("q"))), fmt.Sprint(sent))
		equal(t, "counts after", fx.counts(fx.url("q")), "0/0/0")
	})
}

// TestPowerCutReceives keeps what consumers did: deleted messages stay so,
// received ones stay hidden until their time, with their handles.
func TestPowerCutReceives(t *testing.T) {
	var kept types.Message
	afterPowerCuts(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "VisibilityTimeout", "1000")
		for i := range 30 {
			fx.send(url, fmt.Sprint(i))
		}
		for _, m := range fx.receive(url) {
			fx.delete(url, m)
		}
		kept = fx.receive(url)[0]
		again := fx.receive(url)
		var in api.ChangeMessageVisibilityBatchInput
		in.QueueUrl = url
		for i, m := range again {
			in.Entries = append(in.Entries, types.ChangeMessageVisibilityBatchRequestEntry{Id: ptr(strconv.Itoa(i)), ReceiptHandle: m.ReceiptHandle})
		}
		_, err := fx.ChangeMessageVisibilityBatch(ctx, &in)
		equal(t, "change", code(err), "")
	}, func(t *testing.T, fx *fixture) {
		url := fx.url("q")
		equal(t, "counts", fx.counts(url), "10/10/0")
		equal(t, "count", fx.receive(url)[0].Attributes["ApproximateReceiveCount"], "2")
		fx.delete(url, kept)
		equal(t, "counts after", fx.counts(url), "0/19/0")
	})
}

// TestPowerCutTimers keeps what was to happen later: the end of delays, of
// timeouts and of retention, the end of a deleted name, a move task.
func TestPowerCutTimers(t *testing.T) {
	afterPowerCuts(t, func(t *testing.T, fx *fixture) {
		dead := fx.queue("dead", "MessageRetentionPeriod", "120")
		url := fx.queue("jobs", "VisibilityTimeout", "0", "RedrivePolicy", redriveTo("dead", 1))
		fx.bury(url, 40)
		equal(t, "buried", fx.counts(dead), "40/0/0")
		_, err := fx.StartMessageMoveTask(ctx, &api.StartMessageMoveTaskInput{SourceArn: ptr(arnOf("dead")), MaxNumberOfMessagesPerSecond: ptr(int32(10))})
		equal(t, "start", code(err), "")
		synctest.Wait()
		_, err = fx.DeleteQueue(ctx, &api.DeleteQueueInput{QueueUrl: fx.queue("gone")})
		equal(t, "delete", code(err), "")
		late := fx.queue("late", "DelaySeconds", "10", "MessageRetentionPeriod", "60")
		fx.send(late, "x")
		_, err = fx.PurgeQueue(ctx, &api.PurgeQueueInput{QueueUrl: fx.queue("purged")})
		equal(t, "purge", code(err), "")
	}, func(t *testing.T, fx *fixture) {
		equal(t, "delayed", fx.counts(fx.url("late")), "0/0/1")
		_, err := fx.PurgeQueue(ctx, &api.PurgeQueueInput{QueueUrl: fx.url("purged")})
		equal(t, "purge", code(err), "AWS.SimpleQueueService.PurgeQueueInProgress")
		_, err = fx.CreateQueue(ctx, &api.CreateQueueInput{QueueName: ptr("gone")})
		equal(t, "create", code(err), "AWS.SimpleQueueService.QueueDeletedRecently")
		time.Sleep(10 * time.Second)
		equal(t, "visible", fx.counts(fx.url("late")), "1/0/0")
		equal(t, "moved", fx.counts(fx.url("jobs"))+" "+fx.counts(fx.url("dead")), "40/0/0 0/0/0")
		equal(t, "status", *fx.task(arnOf("dead")).Status, "COMPLETED")
		time.Sleep(time.Minute)
		equal(t, "expired", fx.counts(fx.url("late")), "0/0/0")
		fx.queue("gone")
	})
}

// TestPowerCutConfiguration keeps attributes, tags and policies.
func TestPowerCutConfiguration(t *testing.T) {
	afterPowerCuts(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q", "DelaySeconds", "1")
		_, err := fx.SetQueueAttributes(ctx, &api.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"VisibilityTimeout": "7"}})
		equal(t, "set", code(err), "")
		_, err = fx.TagQueue(ctx, &api.TagQueueInput{QueueUrl: url, Tags: map[string]string{"k": "v"}})
		equal(t, "tag", code(err), "")
		_, err = fx.AddPermission(ctx, &api.AddPermissionInput{QueueUrl: url, Label: ptr("l"), AWSAccountIds: []string{"111111111111"}, Actions: []string{"*"}})
		equal(t, "permission", code(err), "")
	}, func(t *testing.T, fx *fixture) {
		a := fx.attributes(fx.url("q"))
		equal(t, "attributes", a["DelaySeconds"]+" "+a["VisibilityTimeout"], "1 7")
		equal(t, "policy", a["Policy"] != "", true)
		tags, err := fx.ListQueueTags(ctx, &api.ListQueueTagsInput{QueueUrl: fx.url("q")})
		equal(t, "tags", code(err)+tags.Tags["k"], "v")
	})
}

// TestPowerCutFIFO keeps the order of groups, who is in flight, and what was
// sent: copies of it are copies after the cut, too.
func TestPowerCutFIFO(t *testing.T) {
	afterPowerCuts(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q", "VisibilityTimeout", "1000")
		var wg sync.WaitGroup
		for _, group := range "abcd" {
			wg.Go(func() {
				for i := range 10 {
					fx.sendTo(url, fmt.Sprintf("%c%d", group, i))
				}
			})
		}
		wg.Wait()
		time.Sleep(time.Second) // a group whose turn it was is last
		got := fx.receive(url, attempt("x"))
		equal(t, "received", len(got), 10)
		fx.delete(url, fx.receive(url, upTo(1))[0])
	}, func(t *testing.T, fx *fixture) {
		url := fx.url("q.fifo")
		equal(t, "counts", fx.counts(url), "29/10/0")
		for _, group := range "abcd" {
			fx.sendTo(url, fmt.Sprintf("%c0 %c9", group, group))
		}
		equal(t, "counts after copies", fx.counts(url), "29/10/0")
		first := fx.receive(url, attempt("x"))
		equal(t, "the same again", len(first), 10)
		rest := fx.receive(url)
		rest = append(append(rest, fx.receive(url)...), fx.receive(url)...)
		equal(t, "the others", len(rest), 29)
		last := map[byte]string{}
		for _, m := range append(first, rest...) {
			if g := (*m.Body)[0]; *m.Body <= last[g] {
				t.Errorf("%s after %s", *m.Body, last[g])
			} else {
				last[g] = *m.Body
			}
		}
		equal(t, "blocked", fx.got(url), "")
	})
}
