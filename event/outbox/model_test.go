package outbox_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/runnel/runnel/event/outbox"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// model is what is to happen, when each attempt takes no time.
type model struct {
	now     int // seconds
	waiting []*modelDelivery
	log     []string
}

type modelDelivery struct {
	lane, payload string
	attempt, due  int
}

var modelPlan = []int{0, 7, 30, 300}

// run makes all attempts that are due until now, at the time until if that is
// later than when they were due.
func (m *model) run(notBefore int) {
	for {
		i := slices.IndexFunc(m.waiting, func(d *modelDelivery) bool { return d.due <= m.now })
		if i < 0 {
			return
		}
		d := m.waiting[i]
		at := max(d.due, notBefore)
		m.log = append(m.log, fmt.Sprintf("%d %s %s #%d", at, d.lane, d.payload, d.attempt))
		if d.attempt > failures([]byte(d.payload)) || d.attempt > len(modelPlan) {
			m.waiting = slices.Delete(m.waiting, i, i+1)
			continue
		}
		d.due = at + modelPlan[d.attempt-1]
		d.attempt++
	}
}

func (m *model) drop(lane string) {
	m.waiting = slices.DeleteFunc(m.waiting, func(d *modelDelivery) bool { return d.lane == lane })
}

// TestModel compares histories of puts, drops, restarts and time with the model.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		steps := rapid.SliceOfN(rapid.SampledFrom([]string{"put", "put", "put", "drop", "sleep", "sleep", "restart", "away"}), 1, 30).Draw(rt, "steps")
		lanes := rapid.SliceOfN(rapid.IntRange(0, 2), len(steps), len(steps)).Draw(rt, "lanes")
		naps := rapid.SliceOfN(rapid.IntRange(1, 40), len(steps), len(steps)).Draw(rt, "naps")
		synctest.Test(t, func(t *testing.T) { history(t, steps, lanes, naps) })
	})
}

func history(t *testing.T, steps []string, lanes, naps []int) {
	st := storetest.Open(t)
	var m model
	p := &postman{
		limits: outbox.Limits{Attempts: 3},
		deliver: func(_ context.Context, d outbox.Delivery) error {
			if d.Attempt <= failures(d.Payload) {
				return errRefused
			}
			return nil
		},
	}
	for _, n := range modelPlan {
		p.plan = append(p.plan, time.Duration(n)*time.Second)
	}
	var got []string
	p.from = time.Now()
	r := start(t, st, p, outbox.Options{Memory: 20 << 10})
	sleep := func(n int) {
		time.Sleep(time.Duration(n) * time.Second)
		m.now += n
	}
	for i, step := range steps {
		lane := fmt.Sprint(lanes[i])
		switch step {
		case "put":
			for j := range lanes[i]*4 + 1 {
				payload := fmt.Sprintf("%d.%d", i, j)
				r.put(lane, payload)
				m.waiting = append(m.waiting, &modelDelivery{lane, payload, 1, m.now})
			}
		case "drop":
			r.update(func(tx *store.Tx) { r.Drop(tx, lane) })
			m.drop(lane)
		case "sleep":
			sleep(naps[i])
		case "restart", "away":
			r.stop()
			if step == "away" {
				sleep(naps[i])
			}
			r = start(t, st, p, outbox.Options{Memory: 20 << 10})
			m.run(m.now)
		}
		m.run(0)
		synctest.Wait()
	}
	sleep(1000)
	m.run(0)
	synctest.Wait()
	for _, line := range p.take() {
		var at int
		var lane, payload string
		var attempt int
		if n, _ := fmt.Sscanf(line, "%d %s %s #%d", &at, &lane, &payload, &attempt); n == 4 {
			got = append(got, line)
		}
	}
	slices.Sort(got)
	slices.Sort(m.log)
	if !slices.Equal(got, m.log) {
		t.Errorf("attempts:\n%q\nthe model:\n%q", got, m.log)
	}
	for i := range 3 {
		if n := r.waiting(fmt.Sprint(i)); n != 0 {
			t.Errorf("%d deliveries remain on lane %d", n, i)
		}
	}
}
