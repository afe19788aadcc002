package sns_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/store/storetest"
)

func TestFIFO(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic := fx.topic("t.fifo", "FifoTopic", "true", "ContentBasedDeduplication", "true")
		ordered, plain, raw := fx.queue("q.fifo"), fx.queue("plain"), fx.queue("raw.fifo")
		fx.subscribe(topic, "sqs", queueARN("q.fifo"))
		fx.subscribe(topic, "sqs", queueARN("plain"))
		fx.subscribe(topic, "sqs", queueARN("raw.fifo"), "RawMessageDelivery", "true")
		first := fx.publish(topic, "one", inGroup("g", ""))
		again := fx.publish(topic, "one", inGroup("h", ""))
		equal(t, "same id", *again.MessageId, *first.MessageId)
		equal(t, "same number", *again.SequenceNumber, *first.SequenceNumber)
		second := fx.publish(topic, "two", inGroup("g", "mine"))
		equal(t, "order", *first.SequenceNumber < *second.SequenceNumber, true)

		got := fx.receive(ordered)
		equal(t, "messages", len(got), 2)
		e := opened(t, *got[0].Body)
		sum := sha256.Sum256([]byte("one"))
		equal(t, "dedup", got[0].Attributes["MessageDeduplicationId"], hex.EncodeToString(sum[:]))
		equal(t, "dedup given", got[1].Attributes["MessageDeduplicationId"], "mine")
		equal(t, "group", got[0].Attributes["MessageGroupId"], "g")
		equal(t, "number", e.SequenceNumber, *first.SequenceNumber)
		equal(t, "unsigned", e.Signature+e.SigningCertURL+e.SignatureVersion, "")
		equal(t, "raw", fmt.Sprint(fx.texts(raw)), "[one two]")
		got = fx.receive(plain)
		equal(t, "plain messages", len(got), 2)
		equal(t, "plain group", got[0].Attributes["MessageGroupId"], "")
		equal(t, "plain number", opened(t, *got[0].Body).SequenceNumber, *first.SequenceNumber)

		structured := func(in *api.PublishInput) { in.MessageStructure = ptr("json") }
		fx.publish(topic, `{"default":"same","http":"a"}`, inGroup("g", ""), structured)
		fx.publish(topic, `{"default":"same","http":"b"}`, inGroup("g", ""), structured)
		equal(t, "told by all that was published", fmt.Sprint(fx.texts(raw)), "[same same]")

		time.Sleep(5 * time.Minute)
		fx.publish(topic, "one", inGroup("g", ""))
		equal(t, "after five minutes", fmt.Sprint(fx.texts(raw)), "[one]")
	})
}

func TestFIFORules(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, plain := fx.topic("t.fifo", "FifoTopic", "true"), fx.topic("t")
		for _, tt := range []struct {
			name  string
			topic *string
			with  func(*api.PublishInput)
			want  string
		}{
			{"no group", topic, func(*api.PublishInput) {}, "InvalidParameter: Invalid parameter: The MessageGroupId parameter is required for FIFO topics"},
			{"no deduplication", topic, inGroup("g", ""), "InvalidParameter: Invalid parameter: The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"},
			{"both", topic, inGroup("g", "d"), ""},
			{"deduplication of a standard topic", plain, inGroup("g", "d"), "InvalidParameter: Invalid parameter: MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type"},
			{"group of a standard topic", plain, inGroup("g", ""), ""},
			{"malformed group", topic, inGroup("a b", "d"), "InvalidParameter: Invalid parameter: MessageGroupId Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length"},
		} {
			in := &api.PublishInput{TopicArn: tt.topic, Message: ptr("m")}
			tt.with(in)
			_, err := fx.Publish(ctx, in)
			equal(t, tt.name, problem(err), tt.want)
		}
		for _, tt := range []struct{ topic, protocol, endpoint, want string }{
			{"t.fifo", "lambda", funcARN("f"), "InvalidParameter: Invalid parameter: Invalid protocol type: lambda"},
			{"t.fifo", "https", "https://example.com", "InvalidParameter: Invalid parameter: Invalid protocol type: https"},
			{"t", "sqs", queueARN("q.fifo"), "InvalidParameter: Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS Queues can not be subscribed to standard SNS topics"},
		} {
			_, err := fx.Subscribe(ctx, &api.SubscribeInput{TopicArn: ptr(topicARN(tt.topic)), Protocol: &tt.protocol, Endpoint: &tt.endpoint})
			equal(t, tt.protocol+" of "+tt.topic, problem(err), tt.want)
		}
		for i := range 100 {
			fx.subscribe(topic, "sqs", queueARN(fmt.Sprint("q", i)))
		}
		_, err := fx.Subscribe(ctx, &api.SubscribeInput{TopicArn: topic, Protocol: ptr("sqs"), Endpoint: ptr(queueARN("more"))})
		equal(t, "101st", problem(err), "SubscriptionLimitExceeded: Subscription limit exceeded for this topic")
	})
}

// TestFIFOScopes has deduplication by topic and by group.
func TestFIFOScopes(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for scope, want := range map[string]string{"Topic": "[1 3]", "MessageGroup": "[1 2 3]"} {
			name := scope + ".fifo"
			topic, q := fx.topic(name, "FifoTopic", "true", "FifoThroughputScope", scope), fx.queue(name)
			fx.subscribe(topic, "sqs", queueARN(name), "RawMessageDelivery", "true")
			_, err := fx.queues.SetQueueAttributes(ctx, fifoByGroup(q))
			fx.must(err)
			fx.publish(topic, "1", inGroup("a", "x"))
			fx.publish(topic, "2", inGroup("b", "x"))
			fx.publish(topic, "3", inGroup("b", "y"))
			equal(t, scope, fmt.Sprint(sorted(fx.texts(q))), want)
		}
	})
}

func TestFIFOBatch(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		topic, q := fx.topic("t.fifo", "FifoTopic", "true"), fx.queue("q.fifo")
		fx.subscribe(topic, "sqs", queueARN("q.fifo"), "RawMessageDelivery", "true")
		in := &api.PublishBatchInput{TopicArn: topic}
		for i, dedup := range []string{"a", "b", "a", "c"} {
			in.PublishBatchRequestEntries = append(in.PublishBatchRequestEntries, types.PublishBatchRequestEntry{
				Id: ptr(fmt.Sprint(i)), Message: ptr(fmt.Sprint(i)), MessageGroupId: ptr("g"), MessageDeduplicationId: &dedup,
			})
		}
		out, err := fx.PublishBatch(ctx, in)
		fx.must(err)
		equal(t, "duplicate within the batch", *out.Successful[2].SequenceNumber, *out.Successful[0].SequenceNumber)
		equal(t, "messages", fmt.Sprint(fx.texts(q)), "[0 1 3]")
	})
}

// TestFIFOModel compares random publishes, waits and power cuts with a map of
// when each id was last accepted.
func TestFIFOModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "a", "b", "wait", "wait", "cut"}), 1, 40).Draw(rt, "steps")
		numbers := rapid.SliceOfN(rapid.IntRange(1, 200), len(steps), len(steps)).Draw(rt, "numbers")
		synctest.Test(t, func(t *testing.T) {
			m := &fifoModel{T: rt, disk: storetest.NewDisk(), accepted: map[string]place{}}
			m.open(t)
			m.fx.topic("t.fifo", "FifoTopic", "true")
			m.q = m.fx.queue("q")
			m.fx.subscribe(ptr(topicARN("t.fifo")), "sqs", queueARN("q"), "RawMessageDelivery", "true")
			for i, step := range steps {
				switch step {
				case "wait":
					time.Sleep(time.Duration(numbers[i]) * time.Second)
				case "cut":
					m.disk = m.disk.PowerCut(uint64(numbers[i]))
					m.fx.close()
					m.shut()
					m.open(t)
				default:
					m.publish(step, fmt.Sprint(i))
				}
			}
			time.Sleep(6 * time.Minute)
			equal(m, "rows left", m.fx.rows("dedup")+m.fx.rows("forget"), 0)
		})
	})
}

type fifoModel struct {
	*rapid.T
	disk     *storetest.Disk
	fx       *fixture
	shut     func()
	q        *string
	accepted map[string]place // by deduplication id
	last     string           // sequence number
}

// place is when and as what a message was accepted.
type place struct {
	at         time.Time
	id, number string
}

func (m *fifoModel) open(t *testing.T) {
	st, shut := m.disk.Open(t)
	useKey(t, st)
	m.shut, m.fx = shut, newFixture(t, st, nil)
}

func (m *fifoModel) publish(dedup, text string) {
	out := m.fx.publish(ptr(topicARN("t.fifo")), text, inGroup("g", dedup))
	if p, ok := m.accepted[dedup]; ok && time.Since(p.at) < 5*time.Minute {
		equal(m, "id of a duplicate", *out.MessageId, p.id)
		equal(m, "number of a duplicate", *out.SequenceNumber, p.number)
		equal(m, "duplicates", len(m.fx.texts(m.q)), 0)
		return
	}
	equal(m, "order", *out.SequenceNumber > m.last, true)
	m.accepted[dedup], m.last = place{time.Now(), *out.MessageId, *out.SequenceNumber}, *out.SequenceNumber
	equal(m, "messages", fmt.Sprint(m.fx.texts(m.q)), "["+text+"]")
}
