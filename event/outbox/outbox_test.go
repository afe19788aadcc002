package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/event/outbox"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

var errRefused = errors.New("refused")

// postman is a courier whose destinations do as deliver says. It gives up after
// as many attempts as plan has waits, and keeps dead letters in the store.
type postman struct {
	deliver func(ctx context.Context, d outbox.Delivery) error
	plan    []time.Duration
	limits  outbox.Limits
	bury    func(*store.Tx, outbox.Delivery) error

	mu   sync.Mutex
	log  []string // attempts, and what was done
	from time.Time
}

func (p *postman) Limits(*store.Tx, string) outbox.Limits {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limits
}

func (p *postman) Deliver(ctx context.Context, d outbox.Delivery) error {
	p.note("%s %s #%d", d.Lane, d.Payload, d.Attempt)
	if p.deliver == nil {
		return nil
	}
	return p.deliver(ctx, d)
}

func (p *postman) Next(_ *store.Tx, d outbox.Delivery, _ error) (time.Duration, bool) {
	if d.Attempt > len(p.plan) {
		return 0, false
	}
	return p.plan[d.Attempt-1], true
}

func (p *postman) GiveUp(_ context.Context, tx *store.Tx, d outbox.Delivery, cause error) error {
	tx.Set(store.K("dead", string(d.Payload)), []byte(cause.Error()))
	p.note("%s %s dead: %v", d.Lane, d.Payload, cause)
	if p.bury != nil {
		return p.bury(tx, d)
	}
	return nil
}

func (p *postman) Done(d outbox.Delivery) { p.note("%s %s done", d.Lane, d.Payload) }

// note logs what happened, with the seconds since the start.
func (p *postman) note(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, fmt.Sprintf("%g ", time.Since(p.from).Seconds())+fmt.Sprintf(format, args...))
}

// take returns what was logged since the last call.
func (p *postman) take() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	log := p.log
	p.log = nil
	return log
}

// rig is an outbox that runs.
type rig struct {
	*outbox.Outbox
	*postman
	t    testing.TB
	st   *store.Store
	stop func() // ends Run and waits for it
}

func start(t testing.TB, st *store.Store, p *postman, o outbox.Options) *rig {
	if p.from.IsZero() {
		p.from = time.Now()
	}
	o.Logger = slog.New(slog.DiscardHandler)
	r := &rig{Outbox: outbox.New(st, "test", p, o), postman: p, t: t, st: st}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Errorf("the outbox ended with %v", err)
		}
	})
	t.Cleanup(r.stop)
	return r
}

// put puts payloads on a lane, in one transaction.
func (r *rig) put(lane string, payloads ...string) {
	r.t.Helper()
	r.update(func(tx *store.Tx) {
		for _, p := range payloads {
			r.Put(tx, lane, []byte(p))
		}
	})
}

func (r *rig) update(fn func(tx *store.Tx)) {
	r.t.Helper()
	if err := r.st.Update(context.Background(), func(tx *store.Tx) error { fn(tx); return nil }); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) waiting(lane string) (n int) {
	r.update(func(tx *store.Tx) { n = r.Waiting(tx, lane, 1<<30) })
	return n
}

// expect compares the log, in which what happened at one time is sorted.
func (r *rig) expect(want ...string) {
	r.t.Helper()
	got := r.take()
	slices.SortStableFunc(got, func(a, b string) int {
		if at, bt := strings.Fields(a)[0], strings.Fields(b)[0]; at != bt {
			return 0
		}
		return strings.Compare(a, b)
	})
	if !slices.Equal(got, want) {
		r.t.Errorf("log:\n\t%s\nwant:\n\t%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

func seconds(n ...float64) []time.Duration {
	out := make([]time.Duration, len(n))
	for i := range n {
		out[i] = time.Duration(n[i] * float64(time.Second))
	}
	return out
}

func TestDeliver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, storetest.Open(t), &postman{}, outbox.Options{})
		r.put("a", "1", "2")
		r.put("b", "3")
		synctest.Wait()
		r.expect("0 a 1 #1", "0 a 1 done", "0 a 2 #1", "0 a 2 done", "0 b 3 #1", "0 b 3 done")
		if n := r.waiting("a"); n != 0 {
			t.Errorf("%d deliveries remain", n)
		}
	})
}

// TestUndone: what a failed transaction put is not delivered.
func TestUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, storetest.Open(t), &postman{}, outbox.Options{})
		err := r.st.Update(t.Context(), func(tx *store.Tx) error {
			r.Put(tx, "a", []byte("1"))
			return errRefused
		})
		if !errors.Is(err, errRefused) {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		r.expect()
	})
}

func TestPlan(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &postman{plan: seconds(0, 1.5, 20)}
		p.deliver = func(_ context.Context, d outbox.Delivery) error {
			if string(d.Payload) == "late" && d.Attempt == 3 {
				return nil
			}
			return errRefused
		}
		r := start(t, storetest.Open(t), p, outbox.Options{})
		r.put("a", "late", "lost")
		time.Sleep(time.Hour)
		r.expect(
			"0 a late #1", "0 a late #2", "0 a lost #1", "0 a lost #2",
			"1.5 a late #3", "1.5 a late done", "1.5 a lost #3",
			"21.5 a lost #4", "21.5 a lost dead: refused")
		r.update(func(tx *store.Tx) {
			if b, _ := tx.Get(store.K("dead", "lost")); string(b) != "refused" {
				t.Errorf("the dead letter says %q", b)
			}
		})
		if n := r.waiting("a"); n != 0 {
			t.Errorf("%d deliveries remain", n)
		}
	})
}

// TestDeadLetterFails: what could not be given up is not gone.
func TestDeadLetterFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &postman{deliver: func(context.Context, outbox.Delivery) error { return errRefused }}
		fails := 2
		p.bury = func(tx *store.Tx, _ outbox.Delivery) error {
			if fails--; fails >= 0 {
				tx.Set(store.K("half"), nil)
				return errors.New("no queue")
			}
			return nil
		}
		r := start(t, storetest.Open(t), p, outbox.Options{})
		r.put("a", "1")
		time.Sleep(time.Minute)
		r.expect("0 a 1 #1", "0 a 1 dead: refused", "5 a 1 #1", "5 a 1 dead: refused", "10 a 1 #1", "10 a 1 dead: refused")
		r.update(func(tx *store.Tx) {
			if tx.Has(store.K("half")) {
				t.Error("a failed dead letter left something")
			}
		})
	})
}

// TestIndependence has a lane whose destination hangs, with much more waiting
// than it may have in hand, next to one whose destination answers; and again
// with no memory to share.
func TestIndependence(t *testing.T) {
	for _, memory := range []int64{0, 1} {
		synctest.Test(t, func(t *testing.T) {
			p := &postman{limits: outbox.Limits{Attempts: 4}}
			running, most := 0, 0
			p.deliver = func(ctx context.Context, d outbox.Delivery) error {
				if d.Lane != "hangs" {
					return nil
				}
				p.mu.Lock()
				running++
				most = max(most, running)
				p.mu.Unlock()
				time.Sleep(15 * time.Second)
				p.mu.Lock()
				running--
				p.mu.Unlock()
				return nil
			}
			r := start(t, storetest.Open(t), p, outbox.Options{Memory: memory})
			many := make([]string, 1000)
			for i := range many {
				many[i] = fmt.Sprint(i)
			}
			r.put("hangs", many...)
			synctest.Wait()
			r.take()
			begun := time.Now()
			r.put("fast", many...)
			synctest.Wait()
			if n := r.waiting("fast"); n != 0 || time.Since(begun) != 0 {
				t.Errorf("%d deliveries remain after %v", n, time.Since(begun))
			}
			want := 4
			if memory == 1 {
				want = 1
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if n := r.waiting("hangs"); n != 1000-4*want || most != want {
				t.Errorf("%d deliveries remain, %d ran at once; want %d and %d", n, most, 1000-4*want, want)
			}
		})
	}
}

func TestThrottle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &postman{limits: outbox.Limits{PerSecond: 4}}
		r := start(t, storetest.Open(t), p, outbox.Options{})
		r.put("a", "1", "2", "3")
		time.Sleep(time.Minute)
		r.expect("0 a 1 #1", "0 a 1 done", "0.25 a 2 #1", "0.25 a 2 done", "0.5 a 3 #1", "0.5 a 3 done")
		r.put("a", "4") // idle time is not saved up
		r.put("a", "5")
		time.Sleep(time.Second)
		r.expect("60 a 4 #1", "60 a 4 done", "60.25 a 5 #1", "60.25 a 5 done")

		p.mu.Lock()
		p.limits.PerSecond = 0
		p.mu.Unlock()
		r.put("a", "6", "7")
		synctest.Wait()
		r.expect("61 a 6 #1", "61 a 6 done", "61 a 7 #1", "61 a 7 done")
	})
}

func TestDrop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &postman{limits: outbox.Limits{Attempts: 2}, plan: seconds(1)}
		p.deliver = func(context.Context, outbox.Delivery) error { time.Sleep(10 * time.Second); return errRefused }
		r := start(t, storetest.Open(t), p, outbox.Options{})
		r.put("a", "1", "2", "3", "4", "5", "6")
		synctest.Wait()
		r.update(func(tx *store.Tx) { r.Drop(tx, "a") })
		r.update(func(tx *store.Tx) { r.Drop(tx, "a"); r.Drop(tx, "b") })
		r.put("a", "new")
		time.Sleep(time.Hour)
		r.expect("0 a 1 #1", "0 a 2 #1", "0 a new #1", "11 a new #2", "21 a new dead: refused")
		r.update(func(tx *store.Tx) {
			for k := range tx.Scan(store.Prefix(store.K("outbox", "test", "body"))) {
				t.Errorf("%q remains", k)
			}
		})
	})
}

// TestStop lets what runs end, for a while; what does not is as if it had never
// run.
func TestStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Open(t)
		p := &postman{plan: seconds(1, 1, 1)}
		p.deliver = func(ctx context.Context, d outbox.Delivery) error {
			wait := map[string]time.Duration{"fails": 0, "slow": 4 * time.Second, "hangs": time.Hour}[string(d.Payload)]
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(wait):
			}
			if string(d.Payload) == "fails" {
				return errRefused
			}
			return nil
		}
		r := start(t, st, p, outbox.Options{})
		r.put("a", "slow", "hangs", "fails")
		synctest.Wait()
		r.stop()
		r.put("a", "later")
		r.expect("0 a fails #1", "0 a hangs #1", "0 a slow #1", "4 a slow done")
		r = start(t, st, p, outbox.Options{})
		synctest.Wait()
		r.expect("5 a fails #2", "5 a hangs #1", "5 a later #1", "5 a later done")
	})
}

// TestClock: what waits goes by the clock of the runtime.
func TestClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &postman{plan: seconds(3600)}
		p.deliver = func(_ context.Context, d outbox.Delivery) error {
			if d.Attempt == 1 {
				return errRefused
			}
			return nil
		}
		r := start(t, storetest.Open(t), p, outbox.Options{})
		r.put("a", "1")
		synctest.Wait()
		r.st.Clock().Advance(time.Hour)
		synctest.Wait()
		r.expect("0 a 1 #1", "0 a 1 #2", "0 a 1 done")
	})
}
