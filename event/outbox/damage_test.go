package outbox_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/event/outbox"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// TestDamage: a lane with a row that cannot be read waits, and the others do not.
func TestDamage(t *testing.T) {
	for _, space := range []string{"due", "body"} {
		synctest.Test(t, func(t *testing.T) {
			p := &postman{plan: seconds(60), deliver: func(_ context.Context, d outbox.Delivery) error {
				if d.Attempt == 1 {
					return errRefused
				}
				return nil
			}}
			r := start(t, storetest.Open(t), p, outbox.Options{})
			r.put("bad", "1")
			r.put("good", "2")
			synctest.Wait()
			r.take()
			var key store.Key
			var was []byte
			r.update(func(tx *store.Tx) {
				for k, v := range tx.Scan(store.Prefix(store.K("outbox", "test", space))) {
					key, was = k.Clone(), append([]byte(nil), v...)
					break
				}
				tx.Set(key, []byte{9})
			})
			time.Sleep(118 * time.Second) // it is tried each five seconds, next at 120
			r.expect("60 good 2 #2", "60 good 2 done")
			r.update(func(tx *store.Tx) { tx.Set(key, was) })
			time.Sleep(3 * time.Second)
			r.expect("120 bad 1 #2", "120 bad 1 done")
		})
	}
}

// TestDamageAtStart: a lane whose own row, or a row of it, cannot be read does
// not keep an outbox from its other lanes.
func TestDamageAtStart(t *testing.T) {
	for _, space := range []string{"lane", "due"} {
		synctest.Test(t, func(t *testing.T) {
			st, p := storetest.Open(t), &postman{}
			r := start(t, st, p, outbox.Options{})
			r.stop()
			r.put("bad", "1")
			r.put("good", "2")
			r.update(func(tx *store.Tx) {
				for k := range tx.Scan(store.Prefix(store.K("outbox", "test", space))) {
					if space == "due" { // a key that is too long comes first
						key := append(k.Clone(), 0)
						clear(key[len(key)-17:])
						k = key
					}
					tx.Set(k, []byte{9})
					break
				}
			})
			r = start(t, st, p, outbox.Options{})
			synctest.Wait()
			r.expect("0 good 2 #1", "0 good 2 done")
		})
	}
}

// TestMany has more waiting, on more lanes, than memory is allowed to hold, when
// it starts; and drops half of the lanes in one transaction.
func TestMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const lanes, each = 200, 20
		st := storetest.Open(t)
		p := &postman{limits: outbox.Limits{Attempts: 2}}
		r := start(t, st, p, outbox.Options{})
		r.stop()
		for i := range lanes {
			payloads := make([]string, each)
			for j := range payloads {
				payloads[j] = fmt.Sprint(j)
			}
			r.put(fmt.Sprint(i), payloads...)
		}
		r.update(func(tx *store.Tx) {
			for i := range lanes / 2 {
				r.Drop(tx, fmt.Sprint(2*i))
			}
		})
		running, most, made := 0, 0, 0
		p.deliver = func(context.Context, outbox.Delivery) error {
			p.mu.Lock()
			running++
			made++
			most = max(most, running)
			p.mu.Unlock()
			time.Sleep(time.Second)
			p.mu.Lock()
			running--
			p.mu.Unlock()
			return nil
		}
		start(t, st, p, outbox.Options{Memory: 1 << 20})
		time.Sleep(time.Hour)
		if made != lanes/2*each || most > lanes/2+128 || most < lanes/2 {
			t.Errorf("%d attempts, %d at once", made, most)
		}
	})
}

// TestCancelled ends before it begins.
func TestCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := outbox.New(storetest.Open(t), "test", &postman{}, outbox.Options{})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := o.Run(ctx); err != context.Canceled {
			t.Errorf("got %v", err)
		}
	})
}
