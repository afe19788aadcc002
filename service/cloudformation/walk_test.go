package cloudformation

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

// TestWalk draws dependencies and failures: a step is taken after those that it
// needs and once, none that needs a failed one is, and with persist all others are.
func TestWalk(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		needs, bad := map[string][]string{}, map[string]bool{}
		ids := []string{}
		for i := range rapid.IntRange(1, 40).Draw(t, "n") {
			id := fmt.Sprint(i)
			if len(ids) > 0 {
				needs[id] = rapid.SliceOfNDistinct(rapid.SampledFrom(ids), 0, min(3, len(ids)), rapid.ID[string]).Draw(t, "needs")
			} else {
				needs[id] = nil
			}
			ids = append(ids, id)
			bad[id] = rapid.IntRange(0, 9).Draw(t, "bad") == 0
		}
		persist := rapid.Bool().Draw(t, "persist")
		var mu sync.Mutex
		taken := []string{}
		failed := walk(context.Background(), needs, persist, func(_ context.Context, id string) error {
			mu.Lock()
			defer mu.Unlock()
			for _, n := range needs[id] {
				if !slices.Contains(taken, n) || bad[n] {
					t.Errorf("%s was taken before %s, or although that failed", id, n)
				}
			}
			if slices.Contains(taken, id) {
				t.Errorf("%s was taken twice", id)
			}
			taken = append(taken, id)
			if bad[id] {
				return errors.New("bad")
			}
			return nil
		})
		for id := range failed {
			if !bad[id] {
				t.Errorf("%s did not fail", id)
			}
		}
		if persist || len(failed) == 0 {
			for _, id := range ids {
				if reachable(needs, bad, id) != slices.Contains(taken, id) {
					t.Errorf("%s: taken is %v", id, slices.Contains(taken, id))
				}
			}
		}
	})
}

// reachable says whether nothing that id needs, near or far, is bad.
func reachable(needs map[string][]string, bad map[string]bool, id string) bool {
	return !slices.ContainsFunc(needs[id], func(n string) bool { return bad[n] || !reachable(needs, bad, n) })
}

func TestS3Location(t *testing.T) {
	for at, want := range map[string]string{
		"https://b.s3.amazonaws.com/k/l":                   "b k/l",
		"https://b.c.s3.us-west-2.amazonaws.com/k":         "b.c k",
		"https://b.s3-us-west-2.amazonaws.com/k":           "b k",
		"https://b.s3.dualstack.eu-west-1.amazonaws.com/k": "b k",
		"https://s3.amazonaws.com/b/k/l":                   "b k/l",
		"https://s3.eu-west-1.amazonaws.com/b/k":           "b k",
		"https://s3-eu-west-1.amazonaws.com/b/k":           "b k",
		"http://127.0.0.1:4566/b/k":                        "b k",
		"http://s3.localhost:4566/b/k":                     "b k",
		"http://b.localhost:4566/k":                        "b k",
		"s3://b/k":                                         "b k",
		"https://s3.amazonaws.com/b":                       "",
		"file:///etc/passwd":                               "",
		"b/k":                                              "",
	} {
		bucket, key, ok := s3Location(at)
		if got := bucket + " " + key; ok != (want != "") || ok && got != want {
			t.Errorf("%s: %q %v, want %q", at, got, ok, want)
		}
	}
}
