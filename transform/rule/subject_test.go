package rule

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// Each record has the whole time, whatever those before it took.
func TestAllowance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &allowance{whole: t.Context(), patience: time.Second}
		defer a.end()
		for _, took := range []time.Duration{0, 900, 900, 1100, 900, 0, 2000, 2000, 900} {
			took *= time.Millisecond
			ctx := a.context()
			time.Sleep(took)
			if a.context() != ctx || a.over() != (took > time.Second) || a.over() != (context.Cause(ctx) == overtime(time.Second)) {
				t.Errorf("over %v after %v: %v", a.over(), took, context.Cause(ctx))
			}
			a.rest()
			time.Sleep(time.Hour) // of plain paths
			if a.over() {
				t.Error("over before it began")
			}
		}
	})
}

func TestAllowanceEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		whole, cancel := context.WithCancel(t.Context())
		a := &allowance{whole: whole, patience: time.Second}
		defer a.end()
		a.context()
		cancel()
		if !a.over() || context.Cause(a.context()) != context.Canceled {
			t.Error(context.Cause(a.context()))
		}
	})
}
