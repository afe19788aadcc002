package async

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store/storetest"
)

// TestDispatcherMissesNothing: what arrives after a dispatcher has looked, and
// before it would end, has it look again.
func TestDispatcherMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Open(t)
		q := New(Config{Store: st, Ramp: func() *pace.Ramp { return pace.NewRamp(st.Clock(), 5) }})
		q.arrived("f")
		d := q.wanted()[0]
		q.arrived("f")
		if d.idle(time.Time{}) {
			t.Fatal("it ended")
		}
		looked := make(chan struct{})
		go func() {
			defer close(looked)
			d.sleep(t.Context(), time.Time{})
		}()
		synctest.Wait()
		select {
		case <-looked:
		default:
			t.Error("it sleeps")
		}
		if !d.idle(time.Time{}) || len(q.dispatch) != 0 {
			t.Error("it stays for nothing")
		}
	})
}
