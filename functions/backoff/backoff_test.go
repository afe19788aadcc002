package backoff

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for attempt, most := range map[int]time.Duration{1: 100 * time.Millisecond, 2: 200 * time.Millisecond, 7: 5 * time.Second, 60: 5 * time.Second, 90: 5 * time.Second} {
			start := time.Now()
			if err := Pause(t.Context(), attempt); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(start); took < most/2 || took > most {
				t.Errorf("attempt %d: waited %v, want %v to %v", attempt, took, most/2, most)
			}
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		cause := errors.New("enough")
		cancel(cause)
		if err := Pause(ctx, 9); err != cause {
			t.Errorf("cancelled: got %v", err)
		}
	})
}
