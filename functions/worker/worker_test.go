package worker_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/runnel/runnel/functions/worker"
	queues "github.com/runnel/runnel/service/sqs"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// rig is a queue and what a worker's function saw of it.
type rig struct {
	*testing.T
	*sqs.Client
	url string

	mu    sync.Mutex
	calls [][]string // bodies, by invocation
}

func inBubble(t *testing.T, test func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Open(t)
		mux := wire.NewMux(wire.Config{Region: "us-east-1", Account: "000000000000"})
		mux.Handle(queues.New(st, queues.Config{Account: "000000000000", Region: "us-east-1"}).API())
		r := &rig{T: t, Client: sqs.NewFromConfig(wiretest.Config(t, mux))}
		out, err := r.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("jobs"), Attributes: map[string]string{"VisibilityTimeout": "60"}})
		if err != nil {
			t.Fatal(err)
		}
		r.url = aws.ToString(out.QueueUrl)
		test(r)
	})
}

func (r *rig) send(bodies ...string) {
	r.Helper()
	for _, body := range bodies {
		_, err := r.SendMessage(r.Context(), &sqs.SendMessageInput{QueueUrl: &r.url, MessageBody: &body,
			MessageAttributes:       map[string]types.MessageAttributeValue{"Kind": {DataType: aws.String("String"), StringValue: aws.String("k")}},
			MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1-2-3")}},
		})
		if err != nil {
			r.Fatal(err)
		}
	}
}

// work runs a worker for a while over a function that answers each batch, and
// stops it.
func (r *rig) work(span time.Duration, answer func(context.Context, []events.SQSMessage) (any, error)) {
	r.Helper()
	ctx, stop := context.WithTimeout(r.Context(), span)
	defer stop()
	err := r.worker(func(ctx context.Context, e events.SQSEvent) (any, error) {
		var bodies []string
		for _, m := range e.Records {
			bodies = append(bodies, m.Body)
		}
		r.mu.Lock()
		r.calls = append(r.calls, bodies)
		r.mu.Unlock()
		return answer(ctx, e.Records)
	}).Run(ctx)
	if err != nil {
		r.Fatal(err)
	}
}

func (r *rig) worker(function any) *worker.Worker {
	return &worker.Worker{SQS: r.Client, QueueURL: r.url, Function: function, BatchSize: 10, Concurrency: 1}
}

// left is how many messages the queue has, visible or hidden.
func (r *rig) left() string {
	r.Helper()
	out, err := r.GetQueueAttributes(r.Context(), &sqs.GetQueueAttributesInput{QueueUrl: &r.url, AttributeNames: []types.QueueAttributeName{"All"}})
	if err != nil {
		r.Fatal(err)
	}
	return out.Attributes["ApproximateNumberOfMessages"] + "+" + out.Attributes["ApproximateNumberOfMessagesNotVisible"]
}

func (r *rig) expect(left string, calls ...string) {
	r.Helper()
	var got []string
	for _, c := range r.calls {
		got = append(got, strings.Join(c, ","))
	}
	if !slices.Equal(got, calls) || r.left() != left {
		r.Errorf("invocations %q, left %s; want %q, %s", got, r.left(), calls, left)
	}
}

// Invocations at the same time do not read one another's answers: what each says
// of its own messages counts.
func TestAnswersAtTheSameTime(t *testing.T) {
	inBubble(t, func(r *rig) {
		for n := range 100 {
			r.send(fmt.Sprint("good ", n), fmt.Sprint("bad ", n))
		}
		ctx, stop := context.WithTimeout(r.Context(), 30*time.Second)
		defer stop()
		w := r.worker(func(_ context.Context, e events.SQSEvent) (events.SQSEventResponse, error) {
			var answer events.SQSEventResponse
			if m := e.Records[0]; strings.HasPrefix(m.Body, "bad") {
				answer.BatchItemFailures = []events.SQSBatchItemFailure{{ItemIdentifier: m.MessageId}}
			}
			return answer, nil
		})
		w.BatchSize, w.Concurrency = 1, 8
		if err := w.Run(ctx); err != nil {
			r.Fatal(err)
		}
		if left := r.left(); left != "0+100" {
			r.Errorf("left %s, want 0+100", left)
		}
	})
}

func TestWork(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.send("a", "b")
		r.work(time.Second, func(ctx context.Context, batch []events.SQSMessage) (any, error) {
			m := batch[0]
			if m.EventSource != "aws:sqs" || m.EventSourceARN != "arn:aws:sqs:us-east-1:000000000000:jobs" || m.AWSRegion != "us-east-1" ||
				*m.MessageAttributes["Kind"].StringValue != "k" || m.Attributes["ApproximateReceiveCount"] != "1" || m.Md5OfMessageAttributes == "" {
				r.Errorf("%+v", m)
			}
			if lc, ok := lambdacontext.FromContext(ctx); !ok || lc.AwsRequestID != m.MessageId || ctx.Value("x-amzn-trace-id") != "Root=1-2-3" {
				r.Errorf("the context has %+v and %v", lc, ctx.Value("x-amzn-trace-id"))
			}
			return nil, nil
		})
		r.expect("0+0", "a,b")
	})
}

// What is not done comes again after the visibility timeout.
func TestFailures(t *testing.T) {
	for name, answer := range map[string]func([]events.SQSMessage) (any, error){
		"an error":                   func([]events.SQSMessage) (any, error) { return nil, errors.New("no") },
		"a panic":                    func([]events.SQSMessage) (any, error) { panic("no") },
		"a message of no batch":      func([]events.SQSMessage) (any, error) { return failed("x"), nil },
		"all messages, one by one":   func(m []events.SQSMessage) (any, error) { return failed(m[0].MessageId, m[1].MessageId), nil },
		"an identifier that is none": func(m []events.SQSMessage) (any, error) { return failed(""), nil },
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(r *rig) {
				r.send("a", "b")
				calls := 0
				r.work(61*time.Second, func(_ context.Context, batch []events.SQSMessage) (any, error) {
					if calls++; calls > 1 {
						return nil, nil
					}
					return answer(batch)
				})
				r.expect("0+0", "a,b", "a,b")
			})
		})
	}
}

func failed(ids ...string) events.SQSEventResponse {
	var r events.SQSEventResponse
	for _, id := range ids {
		r.BatchItemFailures = append(r.BatchItemFailures, events.SQSBatchItemFailure{ItemIdentifier: id})
	}
	return r
}

func TestPartOfABatchFails(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.send("a", "b", "c")
		r.work(time.Second, func(_ context.Context, batch []events.SQSMessage) (any, error) {
			return failed(batch[1].MessageId), nil
		})
		r.expect("0+1", "a,b,c")
	})
}

// A long invocation keeps its messages, and is finished when the worker stops.
func TestLongInvocation(t *testing.T) {
	inBubble(t, func(r *rig) {
		r.send("a")
		r.work(time.Minute, func(ctx context.Context, _ []events.SQSMessage) (any, error) {
			time.Sleep(time.Hour) // of the bubble
			return nil, ctx.Err()
		})
		r.expect("0+0", "a")
	})
}

func TestMessagesThatComeLater(t *testing.T) {
	inBubble(t, func(r *rig) {
		go func() {
			time.Sleep(50 * time.Second) // of the bubble: more than one long poll
			r.send("late")
		}()
		r.work(time.Minute, func(context.Context, []events.SQSMessage) (any, error) { return nil, nil })
		r.expect("0+0", "late")
	})
}

func TestQueueThatIsNot(t *testing.T) {
	inBubble(t, func(r *rig) {
		w := r.worker(func() {})
		w.QueueURL += "x"
		var gone *types.QueueDoesNotExist
		if err := w.Run(r.Context()); !errors.As(err, &gone) {
			r.Errorf("at the start: %v", err)
		}
		var deleting sync.WaitGroup
		defer deleting.Wait()
		deleting.Go(func() {
			time.Sleep(time.Minute) // of the bubble
			if _, err := r.DeleteQueue(r.Context(), &sqs.DeleteQueueInput{QueueUrl: &r.url}); err != nil {
				r.Error(err)
			}
		})
		if err := r.worker(func() {}).Run(r.Context()); !errors.As(err, &gone) {
			r.Errorf("later: %v", err)
		}
	})
}

func TestConfiguration(t *testing.T) {
	for _, w := range []worker.Worker{{BatchSize: 11, Concurrency: 1}, {BatchSize: 0, Concurrency: 1}, {BatchSize: 1}} {
		if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "want 1 to 10") {
			t.Errorf("got %v", err)
		}
	}
}
