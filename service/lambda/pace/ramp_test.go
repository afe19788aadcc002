package pace

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/store"
)

// TestRamp: a function that waits gets all that it may have, one that the
// machine cannot run faster does not.
func TestRamp(t *testing.T) {
	tests := []struct {
		name string
		rate func(size int) int // invocations in a step
		low  int
		high int
	}{
		{"waits", func(size int) int { return size }, 32, 32},
		{"waits for long", func(int) int { return 0 }, 32, 32},
		{"computes", func(size int) int { return min(size, 4) * 10 }, 4, 9},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := NewRamp(store.NewClock(), 32)
				for range 200 {
					time.Sleep(step)
					for range test.rate(r.Size()) {
						r.Done()
					}
					r.Grow()
				}
				if n := r.Size(); n < test.low || n > test.high {
					t.Errorf("it is %d", n)
				}
			})
		})
	}
}
