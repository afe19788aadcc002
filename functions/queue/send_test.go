package queue

import (
	"context"
	"errors"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

func TestBatchFits(t *testing.T) {
	small := Message{Body: "x"}
	half := Message{Body: strings.Repeat("x", batchBytes/2-small.Size()+1)} // half of the bytes, attribute and all
	tests := []struct {
		name string
		have []Message
		next Message
		want bool
	}{
		{"first", nil, small, true},
		{"tenth", make([]Message, 9), small, true},
		{"eleventh", make([]Message, 10), small, false},
		{"to the last byte", []Message{half}, half, true},
		{"one byte over", []Message{half, half}, small, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var b batch
			for _, m := range test.have {
				b.add(m)
			}
			if got := b.fits(test.next); got != test.want {
				t.Errorf("got %v after %d messages of %d bytes", got, len(b.messages), b.size)
			}
		})
	}
}

func TestEntries(t *testing.T) {
	method := map[string]types.MessageAttributeValue{"Method": {DataType: aws.String("String"), StringValue: aws.String("POST")}}
	got := entries([]Message{{Body: "a", Attributes: method}, {Body: "b", Attributes: method}})
	for i, want := range []struct{ id, body string }{{"0", "a"}, {"1", "b"}} {
		if *got[i].Id != want.id || *got[i].MessageBody != want.body || *got[i].MessageAttributes["Method"].StringValue != "POST" {
			t.Errorf("entry %d: got %s %s", i, *got[i].Id, *got[i].MessageBody)
		}
	}
}

func failed(id, code string, sender bool) types.BatchResultErrorEntry {
	return types.BatchResultErrorEntry{Id: aws.String(id), Code: aws.String(code), Message: aws.String("m"), SenderFault: sender}
}

func TestSortFailed(t *testing.T) {
	a, b, c := Message{Line: 1, Row: "a"}, Message{Line: 2, Row: "b"}, Message{Line: 3, Row: "c"}
	again, refused := sortFailed([]Message{a, b, c}, []types.BatchResultErrorEntry{
		failed("2", "InternalError", false),
		failed("0", "RequestThrottled", true),
		failed("1", "InvalidMessageContents", true),
		failed("3", "InternalError", false),
		failed("x", "InternalError", false),
		{},
	})
	if !reflect.DeepEqual(again, []Message{c, a}) {
		t.Errorf("again: got %v", again)
	}
	if !reflect.DeepEqual(refused, []refusal{{b, "InvalidMessageContents: m"}}) {
		t.Errorf("refused: got %v", refused)
	}
}

func TestSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		got := map[int]int{} // messages by line
		now, most := 0, 0    // batches in flight
		s := newSender(t.Context(), func(ctx context.Context, messages []Message) (int, error) {
			mu.Lock()
			now++
			most = max(most, now)
			for _, m := range messages {
				got[m.Line]++
			}
			mu.Unlock()
			time.Sleep(time.Millisecond) // of the bubble: until all are in flight
			mu.Lock()
			now--
			mu.Unlock()
			return len(messages), nil
		})
		const n = 1234
		for line := range n {
			if err := s.Send(Message{Line: line}); err != nil {
				t.Fatal(err)
			}
		}
		sent, err := s.Close(nil)
		if err != nil {
			t.Fatal(err)
		}
		if sent != n || len(got) != n || most != batchesInFlight {
			t.Errorf("sent %d, %d of them different, at most %d batches at a time", sent, len(got), most)
		}
	})
}

func TestSenderFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		posted := 0
		s := newSender(t.Context(), func(ctx context.Context, messages []Message) (int, error) {
			if messages[0].Line == 0 {
				return 0, broken
			}
			<-ctx.Done() // the others learn of it
			return 0, context.Cause(ctx)
		})
		var err error
		for ; err == nil; posted++ {
			err = s.Send(Message{Line: posted})
		}
		if err != broken || posted > (batchesInFlight+2)*batchEntries {
			t.Errorf("after %d messages: %v", posted, err)
		}
		if _, got := s.Close(err); got != broken {
			t.Errorf("close: got %v", got)
		}
	})
}

func TestSenderCloses(t *testing.T) {
	broken := errors.New("broken")
	deliver := func(_ context.Context, messages []Message) (int, error) { return len(messages), nil }
	s := newSender(t.Context(), deliver)
	if sent, err := s.Close(nil); err != nil || sent != 0 {
		t.Errorf("nothing sent: got %d, %v", sent, err)
	}
	s = newSender(t.Context(), deliver)
	s.Send(Message{})
	if sent, err := s.Close(broken); err != broken || sent != 0 {
		t.Errorf("failed file: got %d, %v", sent, err)
	}
	s = newSender(t.Context(), func(context.Context, []Message) (int, error) { return 0, broken })
	s.Send(Message{})
	if _, err := s.Close(nil); err != broken {
		t.Errorf("last batch failed: got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	s = newSender(ctx, deliver)
	s.Send(Message{})
	if _, err := s.Close(nil); err != broken {
		t.Errorf("cancelled: got %v", err)
	}
}
