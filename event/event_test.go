package event_test

import (
	"context"
	"errors"
	"regexp"
	"testing"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// inbox is a target that puts what it accepts into the store.
type inbox struct{}

func (inbox) Check(_ context.Context, _ *store.Tx, to event.ARN, from event.Sender) error {
	if from.Service != "s3.amazonaws.com" {
		return event.ErrDenied
	}
	return nil
}

func (b inbox) Accept(ctx context.Context, tx *store.Tx, to event.ARN, e event.Event) error {
	if err := b.Check(ctx, tx, to, e.From); err != nil {
		return err
	}
	tx.Set(store.K("inbox", to.Resource), e.Body)
	return nil
}

func TestRouter(t *testing.T) {
	s, r := storetest.Open(t), event.NewRouter()
	r.HandleTarget("sqs", inbox{})
	s3, sns := event.Sender{Service: "s3.amazonaws.com"}, event.Sender{Service: "sns.amazonaws.com"}
	for _, c := range []struct {
		to   string
		from event.Sender
		want error
	}{
		{"arn:aws:sqs:us-east-1:000000000000:jobs", s3, nil},
		{"arn:aws:sqs:us-east-1:000000000000:jobs", sns, event.ErrDenied},
		{"arn:aws:sns:us-east-1:000000000000:jobs", s3, event.ErrNotFound},
		{"jobs", s3, event.ErrNotFound},
		{"", s3, event.ErrNotFound},
	} {
		err := s.Update(t.Context(), func(tx *store.Tx) error {
			if err := r.Check(t.Context(), tx, c.to, c.from); !errors.Is(err, c.want) {
				t.Errorf("check %q from %s: %v, want %v", c.to, c.from.Service, err, c.want)
			}
			return r.Accept(t.Context(), tx, c.to, event.Event{From: c.from, Body: []byte("hello")})
		})
		if !errors.Is(err, c.want) {
			t.Errorf("accept %q from %s: %v, want %v", c.to, c.from.Service, err, c.want)
		}
	}
	err := s.View(t.Context(), func(tx *store.Tx) error {
		if b, _ := tx.Get(store.K("inbox", "jobs")); string(b) != "hello" {
			t.Errorf("the inbox has %q", b)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.Queue("arn:aws:sqs:us-east-1:000000000000:jobs"); !errors.Is(err, event.ErrNotFound) {
		t.Errorf("a target that is no queue: %v", err)
	}
	if _, err := r.InvokeFunction(t.Context(), "arn:aws:lambda:us-east-1:000000000000:function:f", event.Invocation{}); !errors.Is(err, event.ErrNotFound) {
		t.Errorf("with nobody to run functions: %v", err)
	}
}

func TestNames(t *testing.T) {
	if id := event.NewID(); !regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(id) {
		t.Errorf("%q is no UUID of version 4", id)
	}
	if trace := event.NewTrace(time.Unix(0x5759e988, 0)); !regexp.MustCompile(`^Root=1-5759e988-[0-9a-f]{24}$`).MatchString(trace) {
		t.Errorf("%q is no trace", trace)
	}
}
