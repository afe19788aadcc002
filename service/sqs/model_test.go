package sqs_test

import (
	"fmt"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store/storetest"
)

// model is a queue with a dead-letter queue in the fewest words: what is
// visible when, and in what order.
type model struct {
	jobs, dead []*modelMessage // in the order in which they become visible
	now        time.Time
}

type modelMessage struct {
	body    string
	seq     int
	sent    time.Time
	visible time.Time
	count   int
	handle  string // the last one
	left    bool   // it was moved or deleted
}

const (
	modelHide      = 30 * time.Second
	modelRetention = 100 * time.Second
	modelReceives  = 2
)

func (m *model) expire() {
	for _, list := range []*[]*modelMessage{&m.jobs, &m.dead} {
		kept := (*list)[:0:0]
		for _, x := range *list {
			if x.left = x.left || !x.sent.Add(modelRetention).After(m.now); !x.left {
				kept = append(kept, x)
			}
		}
		*list = kept
	}
}

// file puts a message where its time puts it; of the same time those are first
// that were sent first.
func (m *model) file(list *[]*modelMessage, x *modelMessage) {
	at := len(*list)
	for ; at > 0; at-- {
		y := (*list)[at-1]
		if c := y.visible.Compare(x.visible); c < 0 || c == 0 && y.seq < x.seq {
			break
		}
	}
	*list = append((*list)[:at], append([]*modelMessage{x}, (*list)[at:]...)...)
}

func remove(list *[]*modelMessage, x *modelMessage) {
	for i := range *list {
		if (*list)[i] == x {
			*list = append((*list)[:i:i], (*list)[i+1:]...)
			return
		}
	}
}

// receive is what a receive of jobs gets.
func (m *model) receive(limit int, hide time.Duration) []*modelMessage {
	var got []*modelMessage
	for _, x := range append([]*modelMessage(nil), m.jobs...) {
		if x.visible.After(m.now) || len(got) == limit {
			break
		}
		remove(&m.jobs, x)
		if x.count == modelReceives {
			x.left = true
			m.file(&m.dead, &modelMessage{body: x.body, seq: x.seq, sent: x.sent, visible: m.now})
			continue
		}
		x.count++
		x.visible = m.now.Add(hide)
		got = append(got, x)
	}
	for _, x := range got {
		m.file(&m.jobs, x)
	}
	return got
}

func (m *model) counts(list []*modelMessage) string {
	var visible, inFlight, delayed int
	for _, x := range list {
		switch {
		case !x.visible.After(m.now):
			visible++
		case x.count > 0:
			inFlight++
		default:
			delayed++
		}
	}
	return fmt.Sprintf("%d/%d/%d", visible, inFlight, delayed)
}

// TestModel runs random histories against the model. Every step takes a
// moment, so that no two messages become visible at the same time by chance.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(rt, "steps")
		ops := make([]int, n)
		args := make([]int, n)
		for i := range ops {
			ops[i] = rapid.IntRange(0, 6).Draw(rt, "op")
			args[i] = rapid.IntRange(0, 9).Draw(rt, "arg")
		}
		fault := ""
		synctest.Test(t, func(t *testing.T) { fault = runHistory(t, ops, args) })
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

func runHistory(t *testing.T, ops, args []int) string {
	fx := newFixture(t, storetest.Open(t))
	dead := fx.queue("dead", "MessageRetentionPeriod", "100")
	url := fx.queue("jobs", "MessageRetentionPeriod", "100", "RedrivePolicy", redriveTo("dead", modelReceives))
	h := &history{fx: fx, url: url, m: &model{}}
	for i, op := range ops {
		time.Sleep(time.Millisecond + time.Microsecond)
		synctest.Wait()
		h.m.now = time.Now()
		h.m.expire()
		if fault := h.step(op, args[i]); fault != "" {
			return fmt.Sprintf("step %d (%d, %d): %s", i, op, args[i], fault)
		}
		fx.verify("jobs", "dead")
		got := fx.counts(url) + " " + fx.counts(dead)
		if want := h.m.counts(h.m.jobs) + " " + h.m.counts(h.m.dead); got != want {
			return fmt.Sprintf("step %d (%d, %d): counts %s, want %s", i, op, args[i], got, want)
		}
	}
	return ""
}

// history is a run of the service beside the model.
type history struct {
	fx    *fixture
	url   *string
	m     *model
	known []*modelMessage // received at some time
	sent  int
}

func (h *history) step(op, arg int) string {
	switch op {
	case 0, 1:
		return h.send(arg % 3 * 20)
	case 2, 3:
		return h.receive(arg+1, []time.Duration{0, 10 * time.Second, modelHide}[arg%3])
	case 4:
		time.Sleep(time.Duration(arg) * 5 * time.Second)
		synctest.Wait()
		h.m.now = time.Now()
		h.m.expire()
	case 5:
		return h.delete(arg)
	case 6:
		return h.change(arg, []int{0, 3, 40}[arg%3])
	}
	return ""
}

func (h *history) send(delay int) string {
	x := &modelMessage{body: strconv.Itoa(h.sent), seq: h.sent, sent: h.m.now, visible: h.m.now.Add(time.Duration(delay) * time.Second)}
	h.sent++
	_, err := h.fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: h.url, MessageBody: &x.body, DelaySeconds: int32(delay)})
	h.m.file(&h.m.jobs, x)
	return code(err)
}

func (h *history) receive(limit int, timeout time.Duration) string {
	out, err := h.fx.service.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: h.url,
		MaxNumberOfMessages: ptr(int32(limit)), VisibilityTimeout: ptr(int32(timeout / time.Second))})
	if err != nil {
		return err.Error()
	}
	want := h.m.receive(limit, timeout)
	if len(out.Messages) != len(want) {
		return fmt.Sprintf("received %d messages, want %d", len(out.Messages), len(want))
	}
	for i, x := range want {
		if *out.Messages[i].Body != x.body {
			return fmt.Sprintf("received %s, want %s", *out.Messages[i].Body, x.body)
		}
		x.handle = *out.Messages[i].ReceiptHandle
		h.known = append(h.known, x)
	}
	return ""
}

func (h *history) delete(arg int) string {
	if len(h.known) == 0 {
		return ""
	}
	x := h.known[arg*7%len(h.known)]
	_, err := h.fx.DeleteMessage(ctx, &api.DeleteMessageInput{QueueUrl: h.url, ReceiptHandle: &x.handle})
	remove(&h.m.jobs, x)
	x.left = true
	return code(err)
}

func (h *history) change(arg, seconds int) string {
	if len(h.known) == 0 {
		return ""
	}
	x := h.known[arg*5%len(h.known)]
	_, err := h.fx.ChangeMessageVisibility(ctx, &api.ChangeMessageVisibilityInput{QueueUrl: h.url, ReceiptHandle: &x.handle, VisibilityTimeout: int32(seconds)})
	want := ""
	switch {
	case x.left:
		want = "InvalidParameterValue"
	case !x.visible.After(h.m.now):
		want = "AWS.SimpleQueueService.MessageNotInflight"
	default:
		remove(&h.m.jobs, x)
		x.visible = h.m.now.Add(time.Duration(seconds) * time.Second)
		h.m.file(&h.m.jobs, x)
	}
	if got := code(err); got != want {
		return fmt.Sprintf("change: %q, want %q", got, want)
	}
	return ""
}
