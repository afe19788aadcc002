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
	done, failed := map[string]bool{}, map[string]error{}
	waiting := template.Keys(needs)
	results := make(chan result)
	running := 0
	for {
		stopped := ctx.Err() != nil || len(failed) > 0 && !persist
		for i := 0; i < len(waiting) && running < parallel && !stopped; {
			id := waiting[i]
			if slices.ContainsFunc(needs[id], func(n string) bool { _, known := needs[n]; return known && !done[n] }) {
				i++
				continue
			}
			waiting = slices.Delete(waiting, i, i+1)
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
		} else {
			done[r.id] = true
		}
	}
}

// reversed turns needs around: what must be gone before each.
func reversed(needs map[string][]string) map[string][]string {
	out := make(map[string][]string, len(needs))
	for id := range needs {
		out[id] = nil
	}
	for id, of := range needs {
		for _, n := range of {
			if _, known := needs[n]; known {
				out[n] = append(out[n], id)
			}
		}
	}
	return out
}
