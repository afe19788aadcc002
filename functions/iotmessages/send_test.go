package iotmessages

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
	small := message{body: "x"}
	half := message{body: strings.Repeat("x", batchBytes/2-small.size()+1)} // half of the bytes, attribute and all
	tests := []struct {
		name string
		have []message
		next message
		want bool
	}{
		{"first", nil, small, true},
		{"tenth", make([]message, 9), small, true},
		{"eleventh", make([]message, 10), small, false},
		{"to the last byte", []message{half}, half, true},
		{"one byte over", []message{half, half}, small, false},
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

// The longest row makes a message that fits a batch, whatever is in it.
func TestLongestRowFits(t *testing.T) {
	for _, s := range []string{`\`, "<", "&", "\u2028"} { // JSON writes more for each of them
		long := "x" + strings.Repeat(s, 60<<10/len(s)) + "x"
		file := strings.Join(columns, ",") + "\n1," + long + ",s,r,1,d,2\n"
		err := readWhole(strings.NewReader(file), strings.Repeat("t", 255), func(m message) error {
			if !new(batch).fits(m) {
				t.Errorf("a message of %d bytes, of %q, does not fit", m.size(), s)
			}
			return nil
		}, func(b badRow) error { return errors.New(b.Reason) })
		if err != nil {
			t.Error(err)
		}
	}
}

func TestEntries(t *testing.T) {
	got := entries([]message{{body: "a"}, {body: "b"}})
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
	a, b, c := message{1, "a", "A"}, message{2, "b", "B"}, message{3, "c", "C"}
	again, refused := sortFailed([]message{a, b, c}, []types.BatchResultErrorEntry{
		failed("2", "InternalError", false),
		failed("0", "RequestThrottled", true),
		failed("1", "InvalidMessageContents", true),
		failed("3", "InternalError", false),
		failed("x", "InternalError", false),
		{},
	})
	if !reflect.DeepEqual(again, []message{c, a}) {
		t.Errorf("again: got %v", again)
	}
	if !reflect.DeepEqual(refused, []badRow{{2, "refused by the queue: InvalidMessageContents: m", "b"}}) {
		t.Errorf("refused: got %v", refused)
	}
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for attempt, most := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 7: 5 * time.Second, 60: 5 * time.Second, 90: 5 * time.Second} {
			start := time.Now()
			if err := pause(t.Context(), attempt); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < most/2 || took > most {
				t.Errorf("attempt %d: waited %v, want %v to %v", attempt, took, most/2, most)
			}
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("enough")
		cancel(cause)
		if err := pause(ctx, 9); err != cause {
			t.Errorf("cancelled: got %v", err)
		}
	})
}

func TestSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		got := map[int]int{} // messages by line
		now, most := 0, 0    // batches in flight
		s := newSender(t.Context(), func(ctx context.Context, messages []message) (int, error) {
			mu.Lock()
			now++
			most = max(most, now)
			for _, m := range messages {
				got[m.line]++
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
			if err := s.send(message{line: line}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.close(nil); err != nil {
			t.Fatal(err)
		}
		if s.sent != n || len(got) != n || most != batchesInFlight {
			t.Errorf("sent %d, %d of them different, at most %d batches at a time", s.sent, len(got), most)
		}
	})
}

func TestSenderFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("broken")
		posted := 0
		s := newSender(t.Context(), func(ctx context.Context, messages []message) (int, error) {
			if messages[0].line == 0 {
				return 0, broken
			}
			<-ctx.Done() // the others learn of it
			return 0, context.Cause(ctx)
		})
		var err error
		for ; err == nil; posted++ {
			err = s.send(message{line: posted})
		}
		if err != broken || posted > (batchesInFlight+2)*batchEntries {
			t.Errorf("after %d messages: %v", posted, err)
		}
		if got := s.close(err); got != broken {
			t.Errorf("close: got %v", got)
		}
	})
}

func TestSenderCloses(t *testing.T) {
	broken := errors.New("broken")
	deliver := func(_ context.Context, messages []message) (int, error) { return len(messages), nil }
	s := newSender(t.Context(), deliver)
	if err := s.close(nil); err != nil || s.sent != 0 {
		t.Errorf("nothing sent: got %d, %v", s.sent, err)
	}
	s = newSender(t.Context(), deliver)
	s.send(message{})
	if err := s.close(broken); err != broken || s.sent != 0 {
		t.Errorf("failed file: got %d, %v", s.sent, err)
	}
	s = newSender(t.Context(), func(context.Context, []message) (int, error) { return 0, broken })
	s.send(message{})
	if err := s.close(nil); err != broken {
		t.Errorf("last batch failed: got %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	s = newSender(ctx, deliver)
	s.send(message{})
	if err := s.close(nil); err != broken {
		t.Errorf("cancelled: got %v", err)
	}
}

func TestReportKey(t *testing.T) {
	const etag = "9b2cf535f27731c974343645a3985328"
	for key, want := range map[string]string{
		"data.csv":        "errors/data.csv/" + etag + ".ndjson",
		"in/2025/a b.csv": "errors/in/2025/a b.csv/" + etag + ".ndjson",
	} {
		if got := reportKey(key, etag); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	long := strings.Repeat("d/", 500) + "1.csv"
	got, other := reportKey(long, etag), reportKey(long[:1000]+"2.csv", etag)
	if len(got) > 1024 || got == other || !strings.HasSuffix(got, "/"+etag+".ndjson") {
		t.Errorf("long keys: got %q and %q", got, other)
	}
}
