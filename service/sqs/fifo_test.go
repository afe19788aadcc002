package sqs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// fifo makes a FIFO queue that deduplicates by content.
func (fx *fixture) fifo(name string, attributes ...string) *string {
	fx.t.Helper()
	return fx.queue(name+".fifo", append([]string{"FifoQueue", "true", "ContentBasedDeduplication", "true"}, attributes...)...)
}

// sendTo sends messages "a1 b1": the letter is the group, the whole the body.
func (fx *fixture) sendTo(url *string, bodies string) {
	fx.t.Helper()
	for _, body := range strings.Fields(bodies) {
		if _, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: &body, MessageGroupId: ptr(body[:1])}); err != nil {
			fx.t.Fatal(err)
		}
	}
}

// upTo limits a receive.
func upTo(n int32) func(*api.ReceiveMessageInput) {
	return func(in *api.ReceiveMessageInput) { in.MaxNumberOfMessages = n }
}

func attempt(id string) func(*api.ReceiveMessageInput) {
	return func(in *api.ReceiveMessageInput) { in.ReceiveRequestAttemptId = &id }
}

// got is what a receive gets, as bodies.
func (fx *fixture) got(url *string, change ...func(*api.ReceiveMessageInput)) string {
	fx.t.Helper()
	return strings.Join(fx.receiveBodies(url, change...), " ")
}

func bodies(list []types.Message) string {
	var out []string
	for _, m := range list {
		out = append(out, *m.Body)
	}
	return strings.Join(out, " ")
}

func TestFIFOOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q", "VisibilityTimeout", "30")
		fx.sendTo(url, "a1 b1 a2 c1 b2 a3")
		equal(t, "counts", fx.counts(url), "6/0/0")
		first := fx.receive(url, upTo(4))
		equal(t, "one group after the other", bodies(first), "a1 a2 a3 b1")
		equal(t, "the groups that are free", fx.got(url), "c1")
		equal(t, "a group in flight", fx.got(url), "")
		equal(t, "counts", fx.counts(url), "1/5/0")
		fx.delete(url, first[0])
		fx.delete(url, first[2])
		equal(t, "one is still in flight", fx.got(url), "")
		fx.delete(url, first[3])
		equal(t, "the next of b", fx.got(url), "b2")
		fx.sendTo(url, "a4")
		equal(t, "a is in flight", fx.got(url), "")
		time.Sleep(30 * time.Second)
		equal(t, "all again", fx.got(url), "a2 a4 c1 b2")
		fx.verify("q.fifo")
	})
}

// TestFIFOTurns: a long group does not hold up the others.
func TestFIFOTurns(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q")
		fx.sendTo(url, "a1 a2 a3 a4")
		time.Sleep(time.Second)
		fx.sendTo(url, "b1")
		time.Sleep(time.Second)
		var order []string
		for range 5 {
			m := fx.receive(url, upTo(1))[0]
			order = append(order, *m.Body)
			fx.delete(url, m)
		}
		equal(t, "order", strings.Join(order, " "), "a1 b1 a2 a3 a4")
	})
}

// TestFIFOWakes: who waits gets the next message of a group when it is free.
func TestFIFOWakes(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q", "VisibilityTimeout", "10")
		fx.sendTo(url, "a1 a2")
		m := fx.receive(url, upTo(1))[0]
		go func() { time.Sleep(3 * time.Second); fx.delete(url, m) }()
		begin := time.Now()
		equal(t, "after the delete", fx.got(url, wait(20*time.Second)), "a2")
		equal(t, "took", time.Since(begin), 3*time.Second)
		equal(t, "after the timeout", fx.got(url, wait(20*time.Second)), "a2")
		equal(t, "took", time.Since(begin), 13*time.Second)
	})
}

func TestFIFOAttributes(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q")
		sent, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("x"), MessageGroupId: ptr("g")})
		equal(t, "send", code(err), "")
		fx.sendTo(url, "y")
		got := fx.receive(url)
		a := got[0].Attributes
		equal(t, "group", a["MessageGroupId"], "g")
		equal(t, "sequence", a["SequenceNumber"], *sent.SequenceNumber)
		equal(t, "digits", len(a["SequenceNumber"]), 20)
		equal(t, "order", a["SequenceNumber"] < got[1].Attributes["SequenceNumber"], true)
		equal(t, "SHA-256 of the body", a["MessageDeduplicationId"], "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881")
		// A standard queue takes a group and has no order.
		plain := fx.queue("plain")
		fx.sendTo(plain, "a1 a2")
		m := fx.receive(plain, upTo(1))[0]
		equal(t, "group", m.Attributes["MessageGroupId"], "a")
		equal(t, "sequence", m.Attributes["SequenceNumber"], "")
		equal(t, "the other", fx.got(plain), "a2")
	})
}

func TestDeduplication(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q")
		send := func(body, group, id string) *api.SendMessageOutput {
			t.Helper()
			in := &api.SendMessageInput{QueueUrl: url, MessageBody: &body, MessageGroupId: &group}
			if id != "" {
				in.MessageDeduplicationId = &id
			}
			out, err := fx.SendMessage(ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		first := send("x", "g", "id")
		again := send("other", "h", "id")
		equal(t, "id", *again.MessageId, *first.MessageId)
		equal(t, "sequence", *again.SequenceNumber, *first.SequenceNumber)
		equal(t, "MD5", *again.MD5OfMessageBody != *first.MD5OfMessageBody, true)
		m := fx.receive(url)
		equal(t, "received", bodies(m), "x")
		fx.delete(url, m[0])
		send("x", "g", "id")
		send("x", "g", "") // by content: another id
		send("x", "h", "")
		equal(t, "after the delete", fx.counts(url), "1/0/0")
		time.Sleep(5*time.Minute - 1)
		send("x", "g", "id")
		equal(t, "within five minutes", fx.counts(url), "1/0/0")
		time.Sleep(1)
		send("x", "g", "id")
		equal(t, "after five minutes", fx.counts(url), "2/0/0")
		_, err := fx.PurgeQueue(ctx, &api.PurgeQueueInput{QueueUrl: url})
		equal(t, "purge", code(err), "")
		send("x", "g", "id")
		equal(t, "after a purge", fx.counts(url), "0/0/0")
		_, err = fx.SetQueueAttributes(ctx, &api.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DeduplicationScope": "messageGroup"}})
		equal(t, "set", code(err), "")
		for range 2 {
			send("x", "g", "id2")
			send("x", "h", "id2")
		}
		equal(t, "by group", fx.counts(url), "2/0/0")
		fx.verify("q.fifo")
	})
}

// TestDeduplicationInBatch: copies within a batch are one message.
func TestDeduplicationInBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q")
		var in api.SendMessageBatchInput
		in.QueueUrl = url
		for i, body := range []string{"1", "2", "1", "3"} {
			in.Entries = append(in.Entries, types.SendMessageBatchRequestEntry{Id: ptr(fmt.Sprint(i)), MessageBody: &body, MessageGroupId: ptr("g")})
		}
		out, err := fx.SendMessageBatch(ctx, &in)
		equal(t, "send", code(err), "")
		equal(t, "id", *out.Successful[2].MessageId, *out.Successful[0].MessageId)
		equal(t, "received", fx.got(url), "1 2 3")
	})
}

// TestMemoriesAreForgotten: deduplication does not fill the disk.
func TestMemoriesAreForgotten(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q")
		for i := range 200 {
			fx.sendTo(url, fmt.Sprintf("g%d", i))
			time.Sleep(10 * time.Second)
		}
		rows := func(space string) (n int) {
			_ = fx.store.View(ctx, func(tx *store.Tx) error {
				for range tx.Scan(store.Prefix(store.K("sqs", space))) {
					n++
				}
				return nil
			})
			return n
		}
		if n := rows("memory"); n > 32 {
			t.Errorf("%d memories of five minutes", n)
		}
		if n := rows("delay"); n > 92 {
			t.Errorf("%d seconds of fifteen minutes", n)
		}
		fx.verify("q.fifo")
	})
}

func TestReceiveAttempt(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q", "VisibilityTimeout", "60")
		fx.sendTo(url, "a1 a2 b1")
		first := fx.receive(url, upTo(2), attempt("x"))
		equal(t, "first", bodies(first), "a1 a2")
		time.Sleep(40 * time.Second)
		again := fx.receive(url, upTo(2), attempt("x"))
		equal(t, "again", bodies(again), "a1 a2")
		equal(t, "handle", *again[0].ReceiptHandle, *first[0].ReceiptHandle)
		equal(t, "count", again[0].Attributes["ApproximateReceiveCount"], "1")
		equal(t, "another attempt", fx.got(url, attempt("y")), "b1")
		time.Sleep(40 * time.Second) // the timeout was reset
		equal(t, "still hidden", fx.counts(url), "0/3/0")
		fx.delete(url, first[0])
		equal(t, "after a delete", fx.got(url, attempt("x")), "")
		time.Sleep(20 * time.Second)
		got := fx.receive(url, upTo(1), attempt("x"))
		equal(t, "after the timeout", bodies(got), "a2")
		equal(t, "count", got[0].Attributes["ApproximateReceiveCount"], "2")
		change(fx, url, got[0], 1000)
		equal(t, "after a change", fx.got(url, upTo(1), attempt("x")), "b1")
		fx.verify("q.fifo")
	})
}

func change(fx *fixture, url *string, m types.Message, seconds int32) {
	fx.t.Helper()
	_, err := fx.ChangeMessageVisibility(ctx, &api.ChangeMessageVisibilityInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle, VisibilityTimeout: seconds})
	equal(fx.t, "change", code(err), "")
}

func TestFIFOVisibility(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q", "VisibilityTimeout", "30")
		fx.sendTo(url, "a1 a2 a3")
		got := fx.receive(url, upTo(2))
		change(fx, url, got[0], 0)
		equal(t, "the other is in flight", fx.got(url), "")
		change(fx, url, got[1], 0)
		got = fx.receive(url)
		equal(t, "both are visible", bodies(got), "a1 a2 a3")
		time.Sleep(30 * time.Second)
		_, err := fx.DeleteMessage(ctx, &api.DeleteMessageInput{QueueUrl: url, ReceiptHandle: got[0].ReceiptHandle})
		if err == nil || !strings.Contains(err.Error(), "The receipt handle has expired.") {
			t.Errorf("delete by an old handle: %v", err)
		}
		got = fx.receive(url)
		fx.delete(url, got[0])
		fx.delete(url, got[0]) // it is gone
		fx.verify("q.fifo")
	})
}

// TestFIFODelay: the queue's delay goes for what it has already.
func TestFIFODelay(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q", "DelaySeconds", "10")
		set := func(seconds string) {
			_, err := fx.SetQueueAttributes(ctx, &api.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"DelaySeconds": seconds}})
			equal(t, "set", code(err), "")
		}
		begin := time.Now()
		fx.sendTo(url, "a1 b1")
		equal(t, "counts", fx.counts(url), "0/0/2")
		equal(t, "received", fx.got(url, wait(20*time.Second)), "a1 b1")
		equal(t, "took", time.Since(begin), 10*time.Second)
		fx.sendTo(url, "c1")
		time.Sleep(5 * time.Second)
		fx.sendTo(url, "d1")
		equal(t, "counts", fx.counts(url), "0/2/2")
		set("5")
		equal(t, "shorter", fx.counts(url), "1/2/1")
		set("900")
		equal(t, "longer", fx.counts(url), "0/2/2")
		go func() { time.Sleep(time.Second); set("0") }()
		begin = time.Now()
		equal(t, "none", fx.got(url, wait(20*time.Second)), "c1 d1")
		equal(t, "took", time.Since(begin), time.Second)
		fx.verify("q.fifo")
	})
}

// TestFIFODelayOfNext: what follows in a group waits for its own delay.
func TestFIFODelayOfNext(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q", "DelaySeconds", "10")
		fx.sendTo(url, "a1")
		time.Sleep(9 * time.Second)
		fx.sendTo(url, "a2")
		time.Sleep(time.Second)
		m := fx.receive(url)
		equal(t, "first", bodies(m), "a1")
		fx.delete(url, m[0])
		begin := time.Now()
		equal(t, "second", fx.got(url, wait(20*time.Second)), "a2")
		equal(t, "took", time.Since(begin), 9*time.Second)
	})
}

func TestFIFORedrive(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead := fx.fifo("dead", "MessageRetentionPeriod", "1000")
		url := fx.fifo("q", "VisibilityTimeout", "10", "MessageRetentionPeriod", "1000", "RedrivePolicy", redriveTo("dead.fifo", 1))
		fx.sendTo(url, "a1 a2 b1")
		first := fx.receive(url, upTo(1))[0]
		time.Sleep(900 * time.Second)
		equal(t, "the next of the group", fx.got(url), "b1 a2")
		equal(t, "counts", fx.counts(url)+" "+fx.counts(dead), "0/2/0 1/0/0")
		time.Sleep(200 * time.Second) // in the dead-letter queue its time began anew
		m := fx.receive(dead)[0]
		equal(t, "id", *m.MessageId, *first.MessageId)
		equal(t, "deduplication id", m.Attributes["MessageDeduplicationId"], *first.MessageId)
		equal(t, "group", m.Attributes["MessageGroupId"], "a")
		equal(t, "count", m.Attributes["ApproximateReceiveCount"], "2")
		time.Sleep(time.Minute)
		_, err := fx.StartMessageMoveTask(ctx, &api.StartMessageMoveTaskInput{SourceArn: ptr(arnOf("dead.fifo"))})
		equal(t, "start", code(err), "")
		synctest.Wait()
		equal(t, "status", *fx.task(arnOf("dead.fifo")).Status, "COMPLETED")
		equal(t, "moved back", fx.got(url), "a1")
		fx.verify("q.fifo", "dead.fifo")
	})
}

// TestFIFOMoveKeepsOrder moves long groups through several transactions.
func TestFIFOMoveKeepsOrder(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		dead, to := fx.fifo("dead"), fx.fifo("to")
		fx.fifo("q", "RedrivePolicy", redriveTo("dead.fifo", 1))
		for i := range 250 {
			fx.sendTo(dead, fmt.Sprintf("a%d b%d", i, i))
		}
		_, err := fx.StartMessageMoveTask(ctx, &api.StartMessageMoveTaskInput{SourceArn: ptr(arnOf("dead.fifo")), DestinationArn: ptr(arnOf("to.fifo"))})
		equal(t, "start", code(err), "")
		synctest.Wait()
		equal(t, "counts", fx.counts(dead)+" "+fx.counts(to), "0/0/0 500/0/0")
		next := map[byte]int{}
		for {
			got := fx.receive(to)
			if len(got) == 0 {
				break
			}
			for _, m := range got {
				equal(t, "body", *m.Body, fmt.Sprintf("%c%d", (*m.Body)[0], next[(*m.Body)[0]]))
				next[(*m.Body)[0]]++
				fx.delete(to, m)
			}
		}
		equal(t, "moved", next['a']+next['b'], 500)
	})
}

// TestInFlightLimit: who waits at the limit gets the next message when there is
// room, and FIFO queues report no error.
func TestInFlightLimit(t *testing.T) {
	for _, fifo := range []bool{false, true} {
		t.Run(fmt.Sprintf("fifo=%v", fifo), func(t *testing.T) {
			inBubble(t, func(t *testing.T, fx *fixture) {
				fx.service.LimitInFlight(3)
				url := fx.queue("q", "VisibilityTimeout", "10")
				if fifo {
					url = fx.fifo("q", "VisibilityTimeout", "10")
				}
				fx.sendTo(url, "a b c d e f g")
				got := fx.receive(url)
				equal(t, "up to the limit", bodies(got), "a b c")
				_, err := fx.ReceiveMessage(ctx, &api.ReceiveMessageInput{QueueUrl: url})
				if want := map[bool]string{false: "OverLimit", true: ""}[fifo]; code(err) != want {
					t.Errorf("over the limit: %q, want %q", code(err), want)
				}
				name := (*url)[strings.LastIndexByte(*url, '/')+1:]
				_ = fx.store.View(ctx, func(tx *store.Tx) error {
					state, err := fx.service.Describe(ctx, tx, parsed(t, name))
					equal(t, "describe", err, nil)
					equal(t, "next", time.Until(state.NextVisible), 10*time.Second)
					return nil
				})
				go func() { time.Sleep(time.Second); fx.delete(url, got[1]) }()
				begin := time.Now()
				equal(t, "after a delete", fx.got(url, wait(20*time.Second)), "d")
				equal(t, "took", time.Since(begin), time.Second)
				equal(t, "after a timeout", fx.got(url, wait(20*time.Second), upTo(1)) != "", true)
				equal(t, "took", time.Since(begin), 10*time.Second)
			})
		})
	}
}

func TestFIFOTarget(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.queue("q.fifo", "FifoQueue", "true")
		accept := func(e event.Event) error {
			return fx.store.Update(ctx, func(tx *store.Tx) error { return fx.service.Accept(ctx, tx, parsed(t, "q.fifo"), e) })
		}
		for _, e := range []event.Event{{Body: []byte("x")}, {Body: []byte("x"), Group: "g"}, {Body: []byte("x"), Group: "a b", Dedup: "d"}} {
			if err := accept(e); !errors.Is(err, event.ErrDenied) {
				t.Errorf("%+v: %v", e, err)
			}
		}
		for range 2 {
			equal(t, "accept", accept(event.Event{Body: []byte("x"), Group: "g", Dedup: "d"}), nil)
		}
		_ = fx.store.View(ctx, func(tx *store.Tx) error {
			if err := fx.service.Check(ctx, tx, parsed(t, "q.fifo"), bucket); !errors.Is(err, event.ErrDenied) {
				t.Errorf("a bucket: %v", err)
			}
			return nil
		})
		got := fx.receive(url)
		equal(t, "received", bodies(got), "x")
		equal(t, "group", got[0].Attributes["MessageGroupId"]+got[0].Attributes["MessageDeduplicationId"], "gd")
	})
}

// TestLongGroups has a million messages, or many groups, cost as much as few:
// it checks against all rows as the queue grows and shrinks.
func TestLongGroups(t *testing.T) {
	n := 20_000
	if testing.Short() {
		n = 3_000
	}
	for _, groups := range []int{1, n / 2} {
		t.Run(fmt.Sprintf("groups=%d", groups), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fx := newFixture(t, storetest.Open(t))
				url := fx.fifo("q")
				for i := 0; i < n; i += 10 {
					in := &sqs.SendMessageBatchInput{QueueUrl: url}
					for j := i; j < i+10; j++ {
						in.Entries = append(in.Entries, sqs.SendMessageBatchRequestEntry{Id: ptr(fmt.Sprint(j)), MessageBody: ptr(fmt.Sprint(j)), MessageGroupId: ptr(fmt.Sprint(j % groups))})
					}
					if out, err := fx.service.SendMessageBatch(ctx, in); err != nil || len(out.Failed) > 0 {
						t.Fatal(err, out)
					}
				}
				fx.verify("q.fifo")
				equal(t, "counts", fx.counts(url), fmt.Sprintf("%d/0/0", n))
				last := map[string]string{}
				for i := 0; i < n; {
					out, err := fx.service.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: ptr(int32(10)),
						AttributeNames: []string{"All"}})
					if err != nil || len(out.Messages) == 0 {
						t.Fatal(err, i)
					}
					in := &api.DeleteMessageBatchInput{QueueUrl: url}
					for j, m := range out.Messages {
						g, seq := m.Attributes["MessageGroupId"], m.Attributes["SequenceNumber"]
						if seq <= last[g] {
							t.Fatalf("group %s: %s after %s", g, seq, last[g])
						}
						last[g] = seq
						in.Entries = append(in.Entries, types.DeleteMessageBatchRequestEntry{Id: ptr(fmt.Sprint(j)), ReceiptHandle: m.ReceiptHandle})
					}
					if out, err := fx.service.DeleteMessageBatch(ctx, in); err != nil || len(out.Failed) > 0 {
						t.Fatal(err, out)
					}
					i += len(out.Messages)
				}
				fx.verify("q.fifo")
				equal(t, "counts", fx.counts(url), "0/0/0")
			})
		})
	}
}

// TestFIFODeleteQueue leaves nothing of a queue.
func TestFIFODeleteQueue(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := fx.fifo("q")
		fx.sendTo(url, "a1 a2 b1 c1")
		fx.delete(url, fx.receive(url, upTo(1), attempt("x"))[0])
		fx.receive(url, upTo(1))
		_, err := fx.DeleteQueue(ctx, &api.DeleteQueueInput{QueueUrl: url})
		equal(t, "delete", code(err), "")
		_ = fx.store.View(ctx, func(tx *store.Tx) error {
			for k := range tx.Scan(store.Prefix(store.K("sqs"))) {
				t.Errorf("%q is left", k)
			}
			return nil
		})
		time.Sleep(time.Minute)
		equal(t, "the new one", fx.counts(fx.fifo("q")), "0/0/0")
		fx.sendTo(url, "a1")
		equal(t, "no copies of the old one's", fx.got(url), "a1")
	})
}

// TestQueryIsNoName: what follows a URL's path does not make a FIFO queue of a
// standard one.
func TestQueryIsNoName(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		url := ptr(*fx.queue("q") + "?x=.fifo")
		_, err := fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: url, MessageBody: ptr("x"), MessageGroupId: ptr("g"), MessageDeduplicationId: ptr("d")})
		equal(t, "send", code(err), "InvalidParameterValue")
		_, err = fx.ReceiveMessage(ctx, &api.ReceiveMessageInput{QueueUrl: url, ReceiveRequestAttemptId: ptr("a")})
		equal(t, "receive", code(err), "InvalidParameterValue")
		_, err = fx.SetQueueAttributes(ctx, &api.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{"ContentBasedDeduplication": "true"}})
		equal(t, "attribute", code(err), "InvalidAttributeName")
	})
}
