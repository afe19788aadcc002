package source

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// stock is a queue that gives out all of its messages at once.
type stock struct {
	messages []event.Message
	given    func() // as they are given out
	gone     bool
}

func (q *stock) Receive(context.Context, *store.Tx, event.ARN, int, time.Duration) ([]event.Message, error) {
	if q.gone {
		return nil, nil
	}
	q.gone = true
	q.given()
	return q.messages, nil
}

func (q *stock) Delete(context.Context, *store.Tx, event.ARN, []string) error { return nil }

func (q *stock) Describe(_ context.Context, tx *store.Tx, _ event.ARN) (event.QueueState, error) {
	if q.gone {
		return event.QueueState{Topic: "q"}, nil
	}
	return event.QueueState{Topic: "q", NextVisible: tx.Now()}, nil
}

// function is one that is there, and does this.
type function func() (event.Result, error)

func (function) Name() string                { return "f" }
func (function) Topic() string               { return "f" }
func (function) Check(context.Context) error { return nil }

func (f function) Invoke(context.Context, string, []byte) (event.Result, error) { return f() }

// feed runs a poller, with what a test does not say, until the test has nothing
// left to wait for.
func feed(t *testing.T, c Config) {
	ctx, stop := context.WithCancel(t.Context())
	c.Ramp, c.Logger, c.BatchSize = pace.NewRamp(c.Store.Clock(), 1), slog.New(slog.DiscardHandler), 10
	c.From = arn.ARN{Service: "sqs", Resource: "q"}
	ended := make(chan struct{})
	go func() { defer close(ended); New(c).Run(ctx) }()
	time.Sleep(time.Hour)
	stop()
	<-ended
}

// TestWindowOpensWithFirstMessage: a window is over when the clock has moved on
// by it, even if somebody moves it as soon as the first message is in flight.
func TestWindowOpensWithFirstMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, begin, waited := storetest.Open(t), time.Now(), time.Duration(-1)
		feed(t, Config{
			Store: st, Slots: pace.NewSlots(2), Window: time.Minute, Result: func(string) {},
			Queue:    &stock{messages: make([]event.Message, 1), given: func() { st.Clock().Advance(time.Minute) }},
			Function: function(func() (event.Result, error) { waited = time.Since(begin); return event.Result{}, nil }),
		})
		if waited != 0 {
			t.Errorf("the function ran after %v", waited)
		}
	})
}

// TestSlotIsFreeWithResult: each batch has a slot while the function has it, and
// none when its result is told.
func TestSlotIsFreeWithResult(t *testing.T) {
	half := event.Message{Body: strings.Repeat("x", maxPayload/2)} // two of them are two batches
	for want, f := range map[string]function{
		"OK":                            func() (event.Result, error) { return event.Result{}, nil },
		"PROBLEM: Function call failed": func() (event.Result, error) { return event.Result{Failed: true}, nil },
		"PROBLEM: broken":               func() (event.Result, error) { return event.Result{}, errors.New("broken") },
	} {
		synctest.Test(t, func(t *testing.T) {
			slots := pace.NewSlots(2)
			running := func() int { n, _, _ := slots.Usage("f"); return n }
			var told []string
			feed(t, Config{
				Store: storetest.Open(t), Slots: slots,
				Queue: &stock{messages: []event.Message{half, half}, given: func() {}},
				Function: function(func() (event.Result, error) {
					told = append(told, fmt.Sprint(running()))
					return f()
				}),
				Result: func(text string) { told = append(told, fmt.Sprint(text, " ", running())) },
			})
			if want := []string{"1", want + " 0", "1", want + " 0"}; !slices.Equal(told, want) {
				t.Errorf("got %q, want %q", told, want)
			}
		})
	}
}
