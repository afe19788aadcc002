package sqs_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sqs"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store/storetest"
)

// fifoModel is a FIFO queue in the fewest words: its messages as they came. It
// says which receives are in order, not which of them is to happen.
type fifoModel struct {
	fx       *fixture
	url      *string
	now      time.Time
	messages []*modelMessage // in the order of sending
	known    []*modelMessage // received at some time
	sent     int
	ids      map[string]*modelMessage // by deduplication ID
	groupOf  map[*modelMessage]string
	idOf     map[*modelMessage]string
}

// TestFIFOModel runs random histories against the model.
func TestFIFOModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(rt, "steps")
		ops := make([]int, n)
		args := make([]int, n)
		for i := range ops {
			ops[i] = rapid.IntRange(0, 7).Draw(rt, "op")
			args[i] = rapid.IntRange(0, 29).Draw(rt, "arg")
		}
		fault := ""
		synctest.Test(t, func(t *testing.T) { fault = runFIFOHistory(t, ops, args) })
		if fault != "" {
			rt.Fatal(fault)
		}
	})
}

func runFIFOHistory(t *testing.T, ops, args []int) string {
	fx := newFixture(t, storetest.Open(t))
	m := &fifoModel{fx: fx, url: fx.fifo("q", "MessageRetentionPeriod", "100", "DelaySeconds", "5"),
		ids: map[string]*modelMessage{}, groupOf: map[*modelMessage]string{}, idOf: map[*modelMessage]string{}}
	for i, op := range ops {
		time.Sleep(time.Millisecond + time.Microsecond)
		synctest.Wait()
		m.expire()
		if fault := m.step(op, args[i]); fault != "" {
			return fmt.Sprintf("step %d (%d, %d): %s", i, op, args[i], fault)
		}
		fx.verify("q.fifo")
		if got, want := fx.counts(m.url), m.counts(); got != want {
			return fmt.Sprintf("step %d (%d, %d): counts %s, want %s", i, op, args[i], got, want)
		}
	}
	return ""
}

func (m *fifoModel) expire() {
	m.now = time.Now()
	m.messages = slices.DeleteFunc(m.messages, func(x *modelMessage) bool {
		x.left = !x.sent.Add(modelRetention).After(m.now)
		return x.left
	})
}

func (m *fifoModel) counts() string {
	var visible, inFlight, delayed int
	for _, x := range m.messages {
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

func (m *fifoModel) step(op, arg int) string {
	switch op {
	case 0, 1, 2:
		return m.send(strconv.Itoa(arg%3), strconv.Itoa(arg))
	case 3, 4:
		return m.receive(arg%10+1, []time.Duration{0, 10 * time.Second, modelHide}[arg%3])
	case 5:
		time.Sleep(time.Duration(arg) * 2 * time.Second)
		synctest.Wait()
		m.expire()
	case 6:
		return m.delete(arg)
	case 7:
		return m.change(arg, []int{0, 3, 40}[arg%3])
	}
	return ""
}

func (m *fifoModel) send(group, id string) string {
	body := strconv.Itoa(m.sent)
	m.sent++
	out, err := m.fx.SendMessage(ctx, &api.SendMessageInput{QueueUrl: m.url, MessageBody: &body, MessageGroupId: &group, MessageDeduplicationId: &id})
	if err != nil {
		return err.Error()
	}
	if before := m.ids[id]; before != nil && m.now.Sub(before.sent) < 5*time.Minute {
		if m.idOf[before] != *out.MessageId {
			return "a copy has another id"
		}
		return ""
	}
	x := &modelMessage{body: body, sent: m.now, visible: m.now.Add(5 * time.Second)}
	m.ids[id], m.groupOf[x], m.idOf[x] = x, group, *out.MessageId
	m.messages = append(m.messages, x)
	return ""
}

// free returns the messages that can be received, by group.
func (m *fifoModel) free() map[string][]*modelMessage {
	free, shut := map[string][]*modelMessage{}, map[string]bool{}
	for _, x := range m.messages {
		g := m.groupOf[x]
		if x.count > 0 && x.visible.After(m.now) {
			shut[g] = true
		}
	}
	for _, x := range m.messages {
		g := m.groupOf[x]
		if shut[g] || x.visible.After(m.now) {
			shut[g] = true // nothing after it either
			continue
		}
		free[g] = append(free[g], x)
	}
	return free
}

func (m *fifoModel) receive(limit int, timeout time.Duration) string {
	out, err := m.fx.service.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: m.url,
		MaxNumberOfMessages: ptr(int32(limit)), VisibilityTimeout: ptr(int32(timeout / time.Second))})
	if err != nil {
		return err.Error()
	}
	free := m.free()
	total := 0
	for _, list := range free {
		total += len(list)
	}
	if len(out.Messages) != min(limit, total) {
		return fmt.Sprintf("received %d of %d messages, limit %d", len(out.Messages), total, limit)
	}
	group := ""
	for _, msg := range out.Messages {
		var x *modelMessage
		for g, list := range free {
			if len(list) > 0 && list[0].body == *msg.Body {
				x, free[g] = list[0], list[1:]
				if group != "" && g != group && len(free[group]) > 0 {
					return fmt.Sprintf("received %s before the rest of group %s", *msg.Body, group)
				}
				group = g
				break
			}
		}
		if x == nil {
			return fmt.Sprintf("received %s, which is not the first of a free group", *msg.Body)
		}
		x.count++
		x.visible = m.now.Add(timeout)
		x.handle = *msg.ReceiptHandle
		m.known = append(m.known, x)
	}
	return ""
}

func (m *fifoModel) delete(arg int) string {
	if len(m.known) == 0 {
		return ""
	}
	x := m.known[arg*7%len(m.known)]
	want := ""
	if !x.left && !x.visible.After(m.now) {
		want = "InvalidParameterValue"
	}
	_, err := m.fx.DeleteMessage(ctx, &api.DeleteMessageInput{QueueUrl: m.url, ReceiptHandle: &x.handle})
	if got := code(err); got != want {
		return fmt.Sprintf("delete: %q, want %q", got, want)
	}
	if want == "" {
		x.left = true
		remove(&m.messages, x)
	}
	return ""
}

func (m *fifoModel) change(arg, seconds int) string {
	if len(m.known) == 0 {
		return ""
	}
	x := m.known[arg*5%len(m.known)]
	want := ""
	switch {
	case x.left:
		want = "InvalidParameterValue"
	case !x.visible.After(m.now):
		want = "AWS.SimpleQueueService.MessageNotInflight"
	default:
		x.visible = m.now.Add(time.Duration(seconds) * time.Second)
	}
	_, err := m.fx.ChangeMessageVisibility(ctx, &api.ChangeMessageVisibilityInput{QueueUrl: m.url, ReceiptHandle: &x.handle, VisibilityTimeout: int32(seconds)})
	if got := code(err); got != want {
		return fmt.Sprintf("change: %q, want %q", got, want)
	}
	return ""
}
