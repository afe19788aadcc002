package sns_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	api "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/sns"
	queues "github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const (
	account  = "000000000000"
	region   = "us-east-1"
	endpoint = "http://localhost:4566"
)

var ctx = context.Background()

var errNotFound = event.ErrNotFound

func ptr[T any](v T) *T { return &v }

func topicARN(name string) string { return "arn:aws:sns:" + region + ":" + account + ":" + name }
func queueARN(name string) string { return "arn:aws:sqs:" + region + ":" + account + ":" + name }
func funcARN(name string) string {
	return "arn:aws:lambda:" + region + ":" + account + ":function:" + name
}

// fixture is the service on a store, with queues, a function and clients.
type fixture struct {
	*api.Client
	t       testing.TB
	store   *store.Store
	service *sns.Service
	queues  *sqs.Client
	handler http.Handler
	inbox   *inbox
	metrics *meter
	log     *journal       // warnings and errors
	close   func()         // ends Run
	busy    sync.WaitGroup // of who uses the service beside the test
}

// inBubble runs a test over a new service, in a bubble where time stands still
// until all wait.
func inBubble(t *testing.T, f func(t *testing.T, fx *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Open(t)
		useKey(t, st)
		f(t, newFixture(t, st, nil))
	})
}

func newFixture(t testing.TB, st *store.Store, web http.RoundTripper) *fixture {
	router := event.NewRouter()
	fx := &fixture{t: t, store: st, inbox: &inbox{}, metrics: &meter{}, log: &journal{}}
	logger := slog.New(slog.NewTextHandler(fx.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
	q := queues.New(st, queues.Config{Account: account, Region: region, Logger: logger})
	fx.service = sns.New(st, sns.Config{
		Account: account, Region: region, Endpoint: endpoint, Router: router, Metrics: fx.metrics, Logger: logger, Transport: web,
	})
	router.HandleTarget("sqs", q)
	router.HandleTarget("lambda", fx.inbox)
	mux := wire.NewMux(wire.Config{Region: region, Account: account, Logger: logger})
	mux.Handle(q.API())
	mux.Handle(fx.service.API())
	mux.Divert(fx.service.Match, fx.service.Handler())
	fx.handler = mux
	cfg := wiretest.Config(t, mux)
	fx.Client, fx.queues = api.NewFromConfig(cfg), sqs.NewFromConfig(cfg)
	runCtx, stop := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = fx.service.Run(runCtx) }()
	fx.close = func() { stop(); <-ended }
	t.Cleanup(fx.close)
	return fx
}

// key is a signing key, as rows, that tests share: making one takes long.
var key struct {
	sync.Once
	rows [][2][]byte
}

// useKey gives a store the signing key that tests share.
func useKey(t testing.TB, st *store.Store) {
	t.Helper()
	key.Do(func() {
		s := sns.New(st, sns.Config{Account: account, Region: region})
		if err := makeKey(s); err != nil {
			t.Fatal(err)
		}
		_ = st.View(ctx, func(tx *store.Tx) error {
			for _, space := range []string{"signing", "certificate"} {
				for k, v := range tx.Scan(store.Prefix(store.K("sns", space))) {
					key.rows = append(key.rows, [2][]byte{slices.Clone(k), slices.Clone(v)})
				}
			}
			return nil
		})
	})
	err := st.Update(ctx, func(tx *store.Tx) error {
		for _, row := range key.rows {
			tx.Set(row[0], row[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// makeKey makes a subscription, which makes the key, and takes it back.
func makeKey(s *sns.Service) error {
	out, err := s.CreateTopic(ctx, &api.CreateTopicInput{Name: ptr("key")})
	if err != nil {
		return err
	}
	_, err = s.Subscribe(ctx, &api.SubscribeInput{TopicArn: out.TopicArn, Protocol: ptr("sqs"), Endpoint: ptr(queueARN("q"))})
	if err != nil {
		return err
	}
	_, err = s.DeleteTopic(ctx, &api.DeleteTopicInput{TopicArn: out.TopicArn})
	return err
}

// inbox is a target that keeps what it accepts, in memory: functions.
type inbox struct {
	mu     sync.Mutex
	events []event.Event
	err    error
}

func (b *inbox) Check(context.Context, *store.Tx, event.ARN, event.Sender) error { return b.err }

func (b *inbox) Accept(_ context.Context, tx *store.Tx, _ event.ARN, e event.Event) error {
	tx.OnCommit(func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.events = append(b.events, e)
	})
	return b.err
}

func (b *inbox) take() []event.Event {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := b.events
	b.events = nil
	return out
}

// meter keeps what was observed, as sums by metric and topic.
type meter struct {
	event.NoMetrics
	mu   sync.Mutex
	sums map[string]float64
}

func (m *meter) Observe(x event.Metric, value float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sums == nil {
		m.sums = map[string]float64{}
	}
	m.sums[fmt.Sprintf("%s/%s/%s/%s", x.Namespace, x.Dimensions[0].Value, x.Name, x.Unit)] += value
}

func (m *meter) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []string
	for k, v := range m.sums {
		out = append(out, fmt.Sprintf("%s=%g", strings.TrimPrefix(k, "AWS/SNS/"), v))
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

// reporter is a testing.TB or a rapid.T.
type reporter interface {
	Helper()
	Errorf(format string, args ...any)
}

func equal[T comparable](t reporter, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// problem is an error as "Code: message", or "".
func problem(err error) string {
	var e smithy.APIError
	if errors.As(err, &e) {
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func (fx *fixture) must(err error) {
	fx.t.Helper()
	if err != nil {
		fx.t.Fatal(err)
	}
}

func (fx *fixture) topic(name string, attributes ...string) *string {
	fx.t.Helper()
	out, err := fx.CreateTopic(ctx, &api.CreateTopicInput{Name: &name, Attributes: pairs(attributes)})
	fx.must(err)
	return out.TopicArn
}

func pairs(list []string) map[string]string {
	m := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		m[list[i]] = list[i+1]
	}
	return m
}

// openPolicy is that of a queue which lets all topics in.
var openPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},` +
	`"Action":"sqs:SendMessage","Resource":"*","Condition":{"ArnLike":{"aws:SourceArn":"` + topicARN("*") + `"}}}]}`

// queue makes a queue that lets all topics in.
func (fx *fixture) queue(name string, attributes ...string) *string {
	fx.t.Helper()
	m := pairs(attributes)
	if _, ok := m["Policy"]; !ok {
		m["Policy"] = openPolicy
	}
	if strings.HasSuffix(name, ".fifo") {
		m["FifoQueue"] = "true"
	}
	out, err := fx.queues.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: m})
	fx.must(err)
	return out.QueueUrl
}

func (fx *fixture) subscribe(topic *string, protocol, endpoint string, attributes ...string) *string {
	fx.t.Helper()
	out, err := fx.Subscribe(ctx, &api.SubscribeInput{
		TopicArn: topic, Protocol: &protocol, Endpoint: &endpoint, Attributes: pairs(attributes), ReturnSubscriptionArn: true,
	})
	fx.must(err)
	return out.SubscriptionArn
}

func (fx *fixture) publish(topic *string, text string, change ...func(*api.PublishInput)) *api.PublishOutput {
	fx.t.Helper()
	in := &api.PublishInput{TopicArn: topic, Message: &text}
	for _, f := range change {
		f(in)
	}
	out, err := fx.Publish(ctx, in)
	fx.must(err)
	return out
}

// attribute is a publish with an attribute more.
func attribute(name, dataType, value string) func(*api.PublishInput) {
	return func(in *api.PublishInput) {
		if in.MessageAttributes == nil {
			in.MessageAttributes = map[string]types.MessageAttributeValue{}
		}
		v := types.MessageAttributeValue{DataType: &dataType}
		if strings.HasPrefix(dataType, "Binary") {
			v.BinaryValue = []byte(value)
		} else {
			v.StringValue = &value
		}
		in.MessageAttributes[name] = v
	}
}

func inGroup(group, dedup string) func(*api.PublishInput) {
	return func(in *api.PublishInput) {
		in.MessageGroupId = &group
		if dedup != "" {
			in.MessageDeduplicationId = &dedup
		}
	}
}

// receive takes and deletes all that is in a queue.
func (fx *fixture) receive(url *string) []sqstypes.Message {
	fx.t.Helper()
	var all []sqstypes.Message
	for {
		out, err := fx.queues.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{
			QueueUrl: url, MaxNumberOfMessages: 10, MessageAttributeNames: []string{"All"},
			MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"},
		})
		fx.must(err)
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			_, err := fx.queues.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle})
			fx.must(err)
		}
		all = append(all, out.Messages...)
	}
}

// envelope is the JSON of a notification.
type envelope struct {
	Type, MessageId, TopicArn, Subject, Message, Timestamp, SequenceNumber string
	SignatureVersion, Signature, SigningCertURL, UnsubscribeURL            string
	Token, SubscribeURL                                                    string
	MessageAttributes                                                      map[string]struct{ Type, Value string }
}

func opened(t testing.TB, body string) envelope {
	t.Helper()
	var e envelope
	if err := json.Unmarshal([]byte(body), &e); err != nil {
		t.Fatalf("%v in %s", err, body)
	}
	return e
}

// texts are the messages in a queue, without their envelopes.
func (fx *fixture) texts(url *string) []string {
	fx.t.Helper()
	var out []string
	for _, m := range fx.receive(url) {
		text := *m.Body
		if strings.HasPrefix(strings.TrimSpace(text), `{`) && strings.Contains(text, `"TopicArn"`) {
			text = opened(fx.t, text).Message
		}
		out = append(out, text)
	}
	return out
}

func (fx *fixture) topicAttributes(topic *string) map[string]string {
	fx.t.Helper()
	out, err := fx.GetTopicAttributes(ctx, &api.GetTopicAttributesInput{TopicArn: topic})
	fx.must(err)
	return out.Attributes
}

func (fx *fixture) subscriptionAttributes(arn *string) map[string]string {
	fx.t.Helper()
	out, err := fx.GetSubscriptionAttributes(ctx, &api.GetSubscriptionAttributesInput{SubscriptionArn: arn})
	fx.must(err)
	return out.Attributes
}

// counts is "confirmed/pending/deleted" subscriptions of a topic.
func (fx *fixture) counts(topic *string) string {
	fx.t.Helper()
	a := fx.topicAttributes(topic)
	return a["SubscriptionsConfirmed"] + "/" + a["SubscriptionsPending"] + "/" + a["SubscriptionsDeleted"]
}

func TestAPI(t *testing.T) {
	wiretest.Check(t, sns.New(storetest.Open(t), sns.Config{Account: account, Region: region}).API())
}

// rows is how many rows the service has in a space of keys.
func (fx *fixture) rows(space string) int {
	fx.t.Helper()
	return fx.count(store.K("sns", space))
}

// count is how many rows have keys that begin with k.
func (fx *fixture) count(k store.Key) int {
	fx.t.Helper()
	n := 0
	fx.must(fx.store.View(ctx, func(tx *store.Tx) error {
		for range tx.Scan(store.Prefix(k)) {
			n++
		}
		return nil
	}))
	return n
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// fifoByGroup has a FIFO queue look for duplicates in each group alone.
func fifoByGroup(url *string) *sqs.SetQueueAttributesInput {
	return &sqs.SetQueueAttributesInput{QueueUrl: url, Attributes: map[string]string{
		"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId",
	}}
}
