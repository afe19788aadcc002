package cloudformation

import (
	"context"
	"slices"

	"github.com/runnel/runnel/service/cloudformation/template"
)

// parallel is how many resources are worked on at a time.
const parallel = 16

// walk takes a step for every id, each after those that it needs, as many at a
// time as there is room for. After a step that fails, further ones are started
// only if persist is set, and never one that needs it. It returns the errors by
// id once all that were started have ended.
func walk(ctx context.Context, needs map[string][]string, persist bool, step func(context.Context, string) error) map[string]error {
	type result struct {
		id  string
		err error
	}
	failed := map[string]error{}
	after := reversed(needs)
	unmet := map[string]int{} // how many of its needs are not done
	for _, ids := range after {
		for _, id := range ids {
			unmet[id]++
		}
	}
	ready := slices.DeleteFunc(template.Keys(needs), func(id string) bool { return unmet[id] > 0 })
	results := make(chan result)
	running := 0
	for {
		stopped := ctx.Err() != nil || len(failed) > 0 && !persist
		for len(ready) > 0 && running < parallel && !stopped {
			id := ready[0]
			ready = ready[1:]
			running++
			go func() { results <- result{id, step(ctx, id)} }()
		}
		if running == 0 {
			return failed
		}
		r := <-results
		running--
		if r.err != nil {
			failed[r.id] = r.err
			continue
		}
		for _, id := range after[r.id] {
			if unmet[id]--; unmet[id] == 0 {
				ready = append(ready, id)
			}
		}
	}
}

// reversed turns needs around: what must be gone before each.
func reversed(needs map[string][]string) map[string][]string {
	out := make(map[string][]string, len(needs))
	for id := range needs {
		out[id] = nil
	}
	for _, id := range template.Keys(needs) {
		for _, n := range needs[id] {
			if _, known := needs[n]; known {
				out[n] = append(out[n], id)
			}
		}
	}
	return out
}
