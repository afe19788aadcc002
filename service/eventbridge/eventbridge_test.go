package eventbridge_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	sqsapi "github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/eventbridge"
	"github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

const (
	account = "000000000000"
	region  = "us-east-1"
)

var ctx = context.Background()

// fixture is EventBridge and SQS on a store, with clients.
type fixture struct {
	*api.Client
	t       testing.TB
	store   *store.Store
	service *eventbridge.Service
	queues  *sqsapi.Client
	metrics *metrics
	router  *event.Router
}

// metrics counts what was observed, by name and dimensions.
type metrics struct {
	event.NoMetrics
	mu     sync.Mutex
	counts map[string]float64
}

func (m *metrics) Observe(x event.Metric, v float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := x.Namespace + " " + x.Name
	for _, d := range x.Dimensions {
		if d.Name != "" {
			name += " " + d.Name + "=" + d.Value
		}
	}
	m.counts[name] += v
}

func (m *metrics) count(name string) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.counts["AWS/Events "+name]
}

// inBubble runs a test over new services, in a bubble where time stands still
// until all wait.
func inBubble(t *testing.T, f func(t *testing.T, fx *fixture)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { f(t, newFixture(t, storetest.Open(t))) })
}

func newFixture(t testing.TB, st *store.Store) *fixture {
	log := slog.New(slog.DiscardHandler)
	fx := &fixture{t: t, store: st, metrics: &metrics{counts: make(map[string]float64)}, router: event.NewRouter()}
	queues := sqs.New(st, sqs.Config{Account: account, Region: region, Logger: log})
	fx.service = eventbridge.New(st, eventbridge.Config{
		Account: account, Region: region, Router: fx.router, Metrics: fx.metrics, Logger: log,
	})
	fx.router.HandleTarget("sqs", queues)
	fx.router.HandleTarget("events", fx.service)
	mux := wire.NewMux(wire.Config{Region: region, Account: account})
	mux.Handle(queues.API())
	mux.Handle(fx.service.API())
	cfg := wiretest.Config(t, mux)
	fx.Client, fx.queues = api.NewFromConfig(cfg), sqsapi.NewFromConfig(cfg)
	return fx
}

func ptr[T any](v T) *T { return &v }

func queueARN(name string) *string { return ptr("arn:aws:sqs:" + region + ":" + account + ":" + name) }
func ruleARN(name string) string   { return "arn:aws:events:" + region + ":" + account + ":rule/" + name }
func busARN(name string) *string {
	return ptr("arn:aws:events:" + region + ":" + account + ":event-bus/" + name)
}

// ok fails the test for an error.
func (fx *fixture) ok(err error) {
	fx.t.Helper()
	if err != nil {
		fx.t.Fatal(err)
	}
}

// second is the error of a call whose answer does not matter.
func second[T any](_ T, err error) error { return err }

// refused checks an error's code and text.
func refused(t testing.TB, what string, err error, code, text string) {
	t.Helper()
	var e smithy.APIError
	switch {
	case !errors.As(err, &e):
		t.Errorf("%s: %v, want %s", what, err, code)
	case e.ErrorCode() != code || e.ErrorMessage() != text:
		t.Errorf("%s:\ngot  %s: %s\nwant %s: %s", what, e.ErrorCode(), e.ErrorMessage(), code, text)
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// queue makes a queue that rules, given by ARN, may send to.
func (fx *fixture) queue(name string, rules ...string) {
	fx.t.Helper()
	attributes := map[string]string{}
	if len(rules) > 0 {
		attributes["Policy"] = fmt.Sprintf(`{"Statement": {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"},
			"Action": "sqs:SendMessage", "Resource": %q, "Condition": {"ArnLike": {"aws:SourceArn": ["%s"]}}}}`,
			*queueARN(name), strings.Join(rules, `","`))
	}
	fx.ok(second(fx.queues.CreateQueue(ctx, &sqsapi.CreateQueueInput{QueueName: &name, Attributes: attributes})))
}

// rule makes a rule by pattern on a bus.
func (fx *fixture) rule(bus, name, pattern string, targets ...types.Target) {
	fx.t.Helper()
	fx.ok(second(fx.PutRule(ctx, &api.PutRuleInput{Name: &name, EventBusName: &bus, EventPattern: &pattern})))
	fx.targets(bus, name, targets...)
}

func (fx *fixture) targets(bus, rule string, targets ...types.Target) {
	fx.t.Helper()
	if len(targets) == 0 {
		return
	}
	out, err := fx.PutTargets(ctx, &api.PutTargetsInput{Rule: &rule, EventBusName: &bus, Targets: targets})
	if err != nil || out.FailedEntryCount != 0 {
		fx.t.Fatal(out, err)
	}
}

func toQueue(name string) types.Target { return types.Target{Id: ptr(name), Arn: queueARN(name)} }

// put sends one event and returns its ID.
func (fx *fixture) put(bus, source, detail string) string {
	fx.t.Helper()
	out, err := fx.PutEvents(ctx, &api.PutEventsInput{Entries: []types.PutEventsRequestEntry{
		{EventBusName: &bus, Source: &source, DetailType: ptr("test"), Detail: &detail}}})
	if err != nil || out.FailedEntryCount != 0 {
		fx.t.Fatal(out, err)
	}
	return *out.Entries[0].EventId
}

// messages receives and deletes all that is visible in a queue.
func (fx *fixture) messages(queue string) []sqstypes.Message {
	fx.t.Helper()
	url := ptr("http://localhost:4566/" + account + "/" + queue)
	var all []sqstypes.Message
	for {
		out, err := fx.queues.ReceiveMessage(ctx, &sqsapi.ReceiveMessageInput{QueueUrl: url, MaxNumberOfMessages: 10,
			MessageAttributeNames: []string{"All"}, MessageSystemAttributeNames: []sqstypes.MessageSystemAttributeName{"All"}})
		if err != nil {
			fx.t.Fatal(err)
		}
		if len(out.Messages) == 0 {
			return all
		}
		for _, m := range out.Messages {
			all = append(all, m)
			if _, err := fx.queues.DeleteMessage(ctx, &sqsapi.DeleteMessageInput{QueueUrl: url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				fx.t.Fatal(err)
			}
		}
	}
}

// bodies is what messages receives, sorted.
func (fx *fixture) bodies(queue string) []string {
	fx.t.Helper()
	var all []string
	for _, m := range fx.messages(queue) {
		all = append(all, *m.Body)
	}
	slices.Sort(all)
	return all
}

func TestAPI(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) { wiretest.Check(t, fx.service.API()) })
}

func TestPutEvents(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("orders"))
		fx.rule("default", "orders", `{"source": ["shop"], "detail": {"total": [{"numeric": [">", 10]}]}}`, toQueue("q"))
		trace := "Root=1-5759e988-bd862e3fe1be46a994272793"
		out, err := fx.PutEvents(ctx, &api.PutEventsInput{Entries: []types.PutEventsRequestEntry{
			{Source: ptr("shop"), DetailType: ptr("order <placed>"), Detail: ptr(`{ "total": 12.50, "a": [1, 2] }`),
				Resources: []string{"r1"}, Time: ptr(time.Unix(1700000000, 0)), TraceHeader: &trace, EventBusName: busARN("default")},
			{Source: ptr("shop"), DetailType: ptr("order"), Detail: ptr(`{"total": 9}`)},
			{Source: ptr("shop"), DetailType: ptr("order"), Detail: ptr(`{"total": 11, "time": "now"}`)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "failed", out.FailedEntryCount, 0)
		got := fx.messages("q")
		if len(got) != 2 {
			t.Fatalf("%d messages", len(got))
		}
		equal(t, "body", *got[0].Body, `{"version":"0","id":"`+*out.Entries[0].EventId+`","detail-type":"order <placed>",`+
			`"source":"shop","account":"000000000000","time":"2023-11-14T22:13:20Z","region":"us-east-1","resources":["r1"],`+
			`"detail":{"total":12.50,"a":[1,2]}}`)
		equal(t, "trace", got[0].Attributes["AWSTraceHeader"], trace)
		equal(t, "time", strings.Contains(*got[1].Body, `"time":"2000-01-01T00:00:00Z","region":"us-east-1","resources":[],`), true)
		for name, want := range map[string]float64{
			"MatchedEvents RuleName=orders": 2, "TriggeredRules RuleName=orders": 2, "Invocations RuleName=orders": 2,
			"FailedInvocations RuleName=orders": 0, "PutEventsEntriesCount": 3, "PutEventsApproximateCallCount": 1,
		} {
			equal(t, name, fx.metrics.count(name), want)
		}
	})
}

// TestChange has the rules of a bus change between two events: the second is
// sent as they are then.
func TestChange(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.rule("default", "r", `{"source": ["s"]}`, types.Target{Id: ptr("1"), Arn: queueARN("q"), Input: ptr(`"old"`)})
		fx.put("default", "s", "{}")
		equal(t, "before", strings.Join(fx.bodies("q"), " "), `"old"`)
		fx.targets("default", "r", types.Target{Id: ptr("1"), Arn: queueARN("q"), Input: ptr(`"new"`)})
		fx.rule("default", "other", `{"detail-type": ["test"]}`, types.Target{Id: ptr("1"), Arn: queueARN("q"), Input: ptr(`"other"`)})
		fx.put("default", "s", "{}")
		equal(t, "after", strings.Join(fx.bodies("q"), " "), `"new" "other"`)
		fx.ok(second(fx.DisableRule(ctx, &api.DisableRuleInput{Name: ptr("r")})))
		fx.put("default", "s", "{}")
		equal(t, "disabled", strings.Join(fx.bodies("q"), " "), `"other"`)
	})
}

func TestPutEventsFailures(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("all"))
		fx.rule("default", "all", `{"account": ["000000000000"]}`, toQueue("q"))
		good := types.PutEventsRequestEntry{Source: ptr("s"), DetailType: ptr("t"), Detail: ptr("{}")}
		with := func(change func(e *types.PutEventsRequestEntry)) types.PutEventsRequestEntry {
			e := good
			change(&e)
			return e
		}
		entries := []types.PutEventsRequestEntry{
			good,
			with(func(e *types.PutEventsRequestEntry) { e.Source = nil }),
			with(func(e *types.PutEventsRequestEntry) { e.DetailType = ptr("") }),
			with(func(e *types.PutEventsRequestEntry) { e.Detail = nil }),
			with(func(e *types.PutEventsRequestEntry) { e.Source = ptr("aws.s3") }),
			with(func(e *types.PutEventsRequestEntry) { e.Detail = ptr("{") }),
			with(func(e *types.PutEventsRequestEntry) { e.Detail = ptr("[1]") }),
			with(func(e *types.PutEventsRequestEntry) { e.Detail = ptr(`{"a": 1} x`) }),
			with(func(e *types.PutEventsRequestEntry) { e.EventBusName = ptr("nowhere") }),
			with(func(e *types.PutEventsRequestEntry) {
				e.EventBusName = ptr("arn:aws:events:eu-west-1:000000000000:event-bus/x")
			}),
		}
		out, err := fx.PutEvents(ctx, &api.PutEventsInput{Entries: entries})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{"",
			"InvalidArgument: Parameter Source is not valid. Reason: Source is a required argument.",
			"InvalidArgument: Parameter DetailType is not valid. Reason: DetailType is a required argument.",
			"InvalidArgument: Parameter Detail is not valid. Reason: Detail is a required argument.",
			"NotAuthorizedForSourceException: Not authorized for the source.",
			"MalformedDetail: Detail is malformed.", "MalformedDetail: Detail is malformed.", "MalformedDetail: Detail is malformed.",
			"", "ResourceNotFoundException: Event bus x does not exist."}
		for i, e := range out.Entries {
			got := ""
			if e.ErrorCode != nil {
				got = *e.ErrorCode + ": " + *e.ErrorMessage
			}
			equal(t, fmt.Sprintf("entry %d", i), got, want[i])
			equal(t, fmt.Sprintf("entry %d has an ID", i), e.EventId != nil, want[i] == "")
		}
		equal(t, "failed", out.FailedEntryCount, 8)
		equal(t, "messages", len(fx.messages("q")), 1)

		_, err = fx.PutEvents(ctx, &api.PutEventsInput{Entries: slices.Repeat([]types.PutEventsRequestEntry{good}, 11)})
		refused(t, "eleven", err, "ValidationException",
			"1 validation error detected: Value at 'entries' failed to satisfy constraint: Member must have length less than or equal to 10")
		_, err = fx.PutEvents(ctx, &api.PutEventsInput{Entries: []types.PutEventsRequestEntry{}})
		refused(t, "none", err, "ValidationException",
			"1 validation error detected: Value '[]' at 'entries' failed to satisfy constraint: Member must have length greater than or equal to 1")
		half := with(func(e *types.PutEventsRequestEntry) { e.Detail = ptr(`{"a":"` + strings.Repeat("x", 128<<10) + `"}`) })
		_, err = fx.PutEvents(ctx, &api.PutEventsInput{Entries: []types.PutEventsRequestEntry{half, half}})
		refused(t, "large", err, "ValidationException", "Total size of the entries in the request is over the limit.")
		_, err = fx.PutEvents(ctx, &api.PutEventsInput{Entries: []types.PutEventsRequestEntry{half}})
		equal(t, "half of it", err == nil, true)
	})
}

func TestInput(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("all"))
		fx.rule("default", "all", `{"source": ["s"]}`,
			types.Target{Id: ptr("1"), Arn: queueARN("q"), Input: ptr(`{"fixed": true}`)},
			types.Target{Id: ptr("2"), Arn: queueARN("q"), InputPath: ptr("$.detail")},
			types.Target{Id: ptr("3"), Arn: queueARN("q"), InputTransformer: &types.InputTransformer{
				InputPathsMap: map[string]string{"n": "$.detail.n"},
				InputTemplate: ptr(`{"rule": <aws.events.rule-name>, "text": "n is <n>", "at": <aws.events.event.ingestion-time>}`)}},
		)
		fx.put("default", "s", `{"n": 7}`)
		equal(t, "bodies", strings.Join(fx.bodies("q"), "\n"),
			`{"fixed": true}`+"\n"+`{"n":7}`+"\n"+`{"rule": "all", "text": "n is 7", "at": "2000-01-01T00:00:00Z"}`)
	})
}

// TestDeadLetters has targets that do not take what they are sent.
func TestDeadLetters(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("dead", ruleARN("all"))
		fx.queue("closed")
		fx.queue("open", ruleARN("all"))
		dead := &types.DeadLetterConfig{Arn: queueARN("dead")}
		fx.rule("default", "all", `{"source": ["s"]}`,
			types.Target{Id: ptr("a"), Arn: queueARN("closed"), DeadLetterConfig: dead},
			types.Target{Id: ptr("b"), Arn: queueARN("gone"), DeadLetterConfig: dead, Input: ptr(`"not this"`)},
			types.Target{Id: ptr("c"), Arn: queueARN("open"), DeadLetterConfig: dead, InputTransformer: &types.InputTransformer{
				InputPathsMap: map[string]string{"x": "$.detail.x"}, InputTemplate: ptr(`{"x": <x>}`)}},
			types.Target{Id: ptr("d"), Arn: queueARN("gone"), DeadLetterConfig: &types.DeadLetterConfig{Arn: queueARN("closed")}},
			toQueue("open"),
		)
		id := fx.put("default", "s", `{}`)
		equal(t, "who can", len(fx.messages("open")), 1)
		equal(t, "who may not", len(fx.messages("closed")), 0)
		letters := map[string]string{}
		for _, m := range fx.messages("dead") {
			equal(t, "it is the event", strings.Contains(*m.Body, id), true)
			equal(t, "rule", *m.MessageAttributes["RULE_ARN"].StringValue, ruleARN("all"))
			equal(t, "message", *m.MessageAttributes["ERROR_MESSAGE"].StringValue != "", true)
			letters[*m.MessageAttributes["ERROR_CODE"].StringValue] = *m.MessageAttributes["TARGET_ARN"].StringValue
		}
		equal(t, "letters", fmt.Sprint(letters), fmt.Sprint(map[string]string{
			"NO_PERMISSIONS": *queueARN("closed"), "NO_RESOURCE": *queueARN("gone"), "INVALID_JSON": *queueARN("open")}))
		equal(t, "invocations", fx.metrics.count("Invocations RuleName=all"), 5)
		equal(t, "failed", fx.metrics.count("FailedInvocations RuleName=all"), 4)
		equal(t, "sent", fx.metrics.count("InvocationsSentToDlq RuleName=all"), 3)
		equal(t, "not sent", fx.metrics.count("InvocationsFailedToBeSentToDlq RuleName=all"), 1)
	})
}

// TestBusToBus has events go from bus to bus, and in circles.
func TestBusToBus(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			fx.ok(second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: &name})))
		}
		fx.queue("q", ruleARN("*"))
		all := `{"source": ["s"]}`
		for from, to := range map[string]string{"a": "b", "b": "c", "c": "d", "d": "e"} {
			fx.rule(from, "on", all, types.Target{Id: ptr("next"), Arn: busARN(to)}, toQueue("q"))
		}
		fx.rule("e", "on", all, toQueue("q"))
		fx.rule("default", "self", all, types.Target{Id: ptr("self"), Arn: busARN("default"), DeadLetterConfig: &types.DeadLetterConfig{Arn: queueARN("q")}},
			types.Target{Id: ptr("gone"), Arn: busARN("gone")})
		id := fx.put("a", "s", "{}")
		got := fx.bodies("q")
		equal(t, "buses that it was on", len(got), 4)
		equal(t, "it stays itself", strings.Contains(got[0], id) && got[0] == got[3], true)
		equal(t, "cut off", fx.metrics.count("FailedInvocations EventBusName=d RuleName=on"), 1)

		fx.put("default", "s", "{}")
		letters := fx.messages("q")
		if len(letters) != 1 {
			t.Fatalf("%d letters", len(letters))
		}
		equal(t, "a circle", *letters[0].MessageAttributes["ERROR_CODE"].StringValue, "RESOURCE_LIMIT_EXCEEDED")
	})
}

func TestDisabledRule(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.rule("default", "r", `{"source": ["s"]}`, toQueue("q"))
		fx.ok(second(fx.DisableRule(ctx, &api.DisableRuleInput{Name: ptr("r")})))
		fx.put("default", "s", "{}")
		equal(t, "disabled", len(fx.messages("q")), 0)
		fx.ok(second(fx.EnableRule(ctx, &api.EnableRuleInput{Name: ptr("r")})))
		fx.put("default", "s", "{}")
		equal(t, "enabled", len(fx.messages("q")), 1)
		fx.rule("default", "r", `{"source": ["other"]}`)
		fx.put("default", "s", "{}")
		equal(t, "changed", len(fx.messages("q")), 0)
		fx.ok(second(fx.RemoveTargets(ctx, &api.RemoveTargetsInput{Rule: ptr("r"), Ids: []string{"q"}})))
		fx.put("default", "other", "{}")
		equal(t, "without its target", len(fx.messages("q")), 0)
	})
}

// inbox is a target that keeps what it accepts.
type inbox struct{ got []event.Event }

func (*inbox) Check(context.Context, *store.Tx, event.ARN, event.Sender) error { return nil }

func (b *inbox) Accept(_ context.Context, _ *store.Tx, _ event.ARN, e event.Event) error {
	b.got = append(b.got, e)
	return nil
}

// TestSender has a target see on whose behalf it is sent to.
func TestSender(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		in := &inbox{}
		fx.router.HandleTarget("lambda", in)
		fx.router.HandleTarget("sqs", in)
		fx.rule("default", "r", `{"source": ["s"]}`,
			types.Target{Id: ptr("1"), Arn: ptr("arn:aws:lambda:us-east-1:000000000000:function:f"), Input: ptr("1")},
			types.Target{Id: ptr("2"), Arn: queueARN("q.fifo"), SqsParameters: &types.SqsParameters{MessageGroupId: ptr("g")}})
		id := fx.put("default", "s", "{}")
		if len(in.got) != 2 {
			t.Fatalf("%d events", len(in.got))
		}
		e := in.got[0]
		equal(t, "from", e.From, event.Sender{Service: "events.amazonaws.com", ARN: ruleARN("r"), Account: account})
		equal(t, "ID", e.ID, id)
		equal(t, "body", string(e.Body), "1")
		equal(t, "traced", strings.HasPrefix(e.Trace, "Root=1-386d4380-"), true)
		equal(t, "group", in.got[1].Group, "g")
	})
}

func BenchmarkPutEvents(b *testing.B) {
	for _, n := range []int{1, 5, 100} {
		b.Run(fmt.Sprintf("rules=%d", n), func(b *testing.B) {
			fx := newFixture(b, storetest.Open(b))
			fx.queue("q", ruleARN("*"))
			for i := range n {
				fx.rule("default", fmt.Sprint("r", i), fmt.Sprintf(`{"source": ["s%d"], "detail": {"n": [{"numeric": [">", 0]}]}}`, i), toQueue("q"))
			}
			for b.Loop() {
				fx.put("default", "s0", `{"n": 7, "more": ["of", {"this": "and that"}]}`)
			}
		})
	}
}
