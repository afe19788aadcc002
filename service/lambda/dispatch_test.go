package lambda

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/store/storetest"
)

// TestDispatcherMissesNothing: what arrives after a dispatcher has looked, and
// before it would end, has it look again.
func TestDispatcherMissesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Service{st: storetest.Open(t), cfg: Config{Concurrency: 10}, dispatch: make(map[string]*dispatcher), wake: make(chan struct{}, 1)}
		s.arrived("f")
		d := s.wanted()[0]
		s.arrived("f")
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
		if !d.idle(time.Time{}) || len(s.dispatch) != 0 {
			t.Error("it stays for nothing")
		}
	})
}
