// Package backoff is how long functions wait before they try again.
package backoff

import (
	"context"
	"math/rand/v2"
	"time"
)

// Pause waits before the attempt after the given one, from 1: half of a time
// that doubles from 100 ms to 5 s, and a random part of the other half, so that
// workers who failed together do not return together.
func Pause(ctx context.Context, attempt int) error {
	half := min(100*time.Millisecond<<min(attempt-1, 6), 5*time.Second) / 2
	timer := time.NewTimer(half + rand.N(half))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
