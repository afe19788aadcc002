package outbox_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/event/outbox"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// TestPowerCut cuts the power while many put on several lanes and destinations
// fail by turns. What was acknowledged arrives, or is given up, before the cut or
// after; and no attempt is counted back or forward.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(8) {
		synctest.Test(t, func(t *testing.T) {
			disk := storetest.NewDisk()
			st, shut := disk.Open(t)
			c := &census{last: make(map[string]int), settled: make(map[string]bool)}
			p := c.postman()
			r := start(t, st, p, outbox.Options{})

			var acknowledged []string
			var wg sync.WaitGroup
			for client := range 6 {
				wg.Go(func() {
					for i := range 20 {
						payload := fmt.Sprintf("%d-%d", client, i)
						r.put(fmt.Sprint("lane", i%3), payload)
						c.mu.Lock()
						acknowledged = append(acknowledged, payload)
						c.mu.Unlock()
						time.Sleep(time.Duration(1+client) * 100 * time.Millisecond)
					}
				})
			}
			time.Sleep(time.Duration(300+500*seed) * time.Millisecond)
			c.mu.Lock()
			promised := acknowledged[:len(acknowledged):len(acknowledged)]
			known := c.copy()
			cut := disk.PowerCut(seed)
			c.mu.Unlock()
			wg.Wait()
			r.stop()
			shut()

			st, _ = cut.Open(t)
			known.known = true
			r = start(t, st, known.postman(), outbox.Options{})
			time.Sleep(time.Hour)
			for _, payload := range promised {
				if !known.settled[payload] {
					t.Errorf("seed %d: %s was acknowledged and is gone", seed, payload)
				}
			}
			for i := range 3 {
				if n := r.waiting(fmt.Sprint("lane", i)); n != 0 {
					t.Errorf("seed %d: %d deliveries remain on lane %d", seed, n, i)
				}
			}
			for _, problem := range known.problems {
				t.Errorf("seed %d: %s", seed, problem)
			}
		})
	}
}

// census is what the world saw of deliveries.
type census struct {
	mu       sync.Mutex
	known    bool           // last is what a life before this one saw
	last     map[string]int // the last attempt that ended
	settled  map[string]bool
	problems []string
}

func (c *census) copy() *census {
	d := &census{last: make(map[string]int), settled: make(map[string]bool)}
	for k, v := range c.last {
		d.last[k] = v
	}
	for k, v := range c.settled {
		d.settled[k] = v
	}
	return d
}

// failures is how often a destination refuses a payload.
func failures(payload []byte) int {
	h := fnv.New32a()
	h.Write(payload)
	return int(h.Sum32() % 5)
}

func (c *census) postman() *postman {
	return &postman{
		plan: seconds(0, 0.2, 3),
		deliver: func(ctx context.Context, d outbox.Delivery) error {
			time.Sleep(50 * time.Millisecond)
			return c.see(d)
		},
		bury: func(tx *store.Tx, d outbox.Delivery) error {
			tx.OnCommit(func() {
				c.mu.Lock()
				defer c.mu.Unlock()
				c.settled[string(d.Payload)] = true
			})
			return nil
		},
	}
}

func (c *census) see(d outbox.Delivery) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	last, seen := c.last[string(d.Payload)]
	// An attempt whose outcome was not filed when the power went is made again.
	if seen && d.Attempt != last+1 && !(c.known && d.Attempt == last) {
		c.problems = append(c.problems, fmt.Sprintf("%s: attempt %d after attempt %d", d.Payload, d.Attempt, last))
	}
	c.last[string(d.Payload)] = d.Attempt
	if d.Attempt <= failures(d.Payload) {
		return errRefused
	}
	c.settled[string(d.Payload)] = true
	return nil
}

// TestPowerCutTimes: an attempt that ran when the power went is made at once, as
// if it had not been; one that waited is made when it was due.
func TestPowerCutTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &postman{plan: seconds(100, 100)}
		p.deliver = func(ctx context.Context, d outbox.Delivery) error {
			if string(d.Payload) == "running" && d.Attempt == 2 {
				<-ctx.Done()
			}
			return errRefused
		}
		disk := storetest.NewDisk()
		st, _ := disk.Open(t)
		r := start(t, st, p, outbox.Options{})
		r.put("a", "running")
		time.Sleep(50 * time.Second)
		r.put("a", "waiting")
		time.Sleep(55 * time.Second)
		r.expect("0 a running #1", "50 a waiting #1", "100 a running #2")
		cut := disk.PowerCut(2)
		r.stop() // after the cut: it takes until 110
		r.take()

		p.deliver = func(context.Context, outbox.Delivery) error { return nil }
		st, _ = cut.Open(t)
		r = start(t, st, p, outbox.Options{})
		time.Sleep(time.Hour)
		r.expect("110 a running #2", "110 a running done", "150 a waiting #2", "150 a waiting done")
	})
}
