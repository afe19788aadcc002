package store_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

func setTimer(t *testing.T, s *store.Store, id string, at time.Time) {
	t.Helper()
	err := s.Update(ctx, func(tx *store.Tx) error { tx.SetTimer("test", id, at); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

// onTimer collects what fires, with the time at which it does.
func onTimer(s *store.Store) <-chan string {
	fired := make(chan string, 100)
	start := s.Clock().Now()
	s.OnTimer("test", func(_ context.Context, tx *store.Tx, id string) error {
		at := tx.Now().Sub(start).String()
		tx.OnCommit(func() { fired <- id + " " + at })
		return nil
	})
	return fired
}

func expect(t *testing.T, fired <-chan string, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := <-fired; got != w {
			t.Fatalf("fired %q, want %q", got, w)
		}
	}
}

func TestTimers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t)
		fired, now := onTimer(s), s.Clock().Now()
		setTimer(t, s, "late", now.Add(2*time.Hour))
		setTimer(t, s, "early", now.Add(time.Hour))
		setTimer(t, s, "moved", now.Add(time.Minute))
		setTimer(t, s, "moved", now.Add(3*time.Hour))
		setTimer(t, s, "past", now.Add(-time.Hour))
		setTimer(t, s, "taken back", now.Add(time.Second))
		s.Update(ctx, func(tx *store.Tx) error { tx.ClearTimer("test", "taken back"); return nil })
		expect(t, fired, "past 0s", "early 1h0m0s", "late 2h0m0s", "moved 3h0m0s")
	})
}

func TestTimerSurvivesPowerCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		s, _ := disk.Open(t)
		onTimer(s)
		setTimer(t, s, "a", s.Clock().Now().Add(time.Hour))
		after, err := store.Open("data", store.Options{FS: disk.PowerCut(7).FS})
		if err != nil {
			t.Fatal(err)
		}
		fired := onTimer(after)
		ctx, cancel := context.WithCancel(t.Context())
		go after.Run(ctx)
		expect(t, fired, "a 1h0m0s")
		cancel()
		synctest.Wait()
		after.Close()
	})
}

// A timer whose kind nobody has named yet, as at a start, waits for that and
// holds nobody up.
func TestTimerWaitsForItsKind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t)
		now := s.Clock().Now()
		setTimer(t, s, "early", now)
		fired := make(chan string, 1)
		s.OnTimer("other", func(_ context.Context, _ *store.Tx, id string) error { fired <- id; return nil })
		s.Update(ctx, func(tx *store.Tx) error { tx.SetTimer("other", "known", now); return nil })
		expect(t, fired, "known")
		synctest.Wait()
		expect(t, onTimer(s), "early 0s")
	})
}

func TestFailingTimerIsTriedAgainAndHoldsNobodyUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t)
		fired, tries := onTimer(s), 0
		s.OnTimer("bad", func(_ context.Context, tx *store.Tx, _ string) error {
			tx.Set(store.K("left behind"), nil)
			if tries++; tries < 3 {
				return errors.New("not yet")
			}
			tx.Delete(store.K("left behind"))
			tx.SetTimer("test", "from bad", tx.Now())
			return nil
		})
		s.Update(ctx, func(tx *store.Tx) error {
			tx.SetTimer("bad", "x", tx.Now())
			tx.SetTimer("test", "good", tx.Now())
			return nil
		})
		expect(t, fired, "good 0s", "from bad 10s")
		if _, ok := get(t, s, "left behind"); ok {
			t.Fatal("a failed timer left a write")
		}
	})
}

// A row of a timer that is not what was written is put off like one that
// fails, and taken out of the way.
func TestDamagedTimer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t)
		fired, now := onTimer(s), s.Clock().Now()
		s.Update(ctx, func(tx *store.Tx) error {
			tx.Set(store.K("timer", "due").Raw([]byte("damaged")), nil)
			tx.Set(store.K("timer", "due").Time(now).Raw([]byte("damaged")), nil)
			tx.SetTimer("test", "good", now)
			return nil
		})
		expect(t, fired, "good 0s")
		synctest.Wait()
	})
}

func TestClockAdvance(t *testing.T) {
	s := storetest.Open(t) // in real time: nothing here waits for it
	fired := make(chan time.Time, 1)
	due := s.Clock().Now().Add(1000 * time.Hour)
	s.OnTimer("test", func(_ context.Context, tx *store.Tx, _ string) error {
		fired <- tx.Now()
		return nil
	})
	setTimer(t, s, "a", due)
	s.Clock().Advance(1001 * time.Hour)
	if at := <-fired; at.Before(due) {
		t.Fatalf("fired at %v, before %v", at, due)
	}
}

func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := storetest.Open(t)
		a, b, other := s.Watch("a"), s.Watch("a"), s.Watch("other")
		defer a.Close()
		defer other.Close()
		b.Close()
		s.Update(ctx, func(tx *store.Tx) error { tx.Wake("a"); return errors.New("rolled back") })
		select {
		case <-a.C:
			t.Fatal("woken by a transaction that failed")
		default:
		}
		for range 2 {
			s.Update(ctx, func(tx *store.Tx) error { tx.Set(store.K("x"), nil); tx.Wake("a"); return nil })
		}
		<-a.C
		synctest.Wait()
		if len(a.C)+len(b.C)+len(other.C) != 0 {
			t.Fatal("woken more than once, or after Close, or by another topic")
		}
	})
}
