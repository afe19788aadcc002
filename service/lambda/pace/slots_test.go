package pace

import (
	"context"
	"testing"
	"testing/synctest"

	"pgregory.net/rapid"
)

func TestSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, one := NewSlots(3), int32(1)
		s.Reserve("own", &one)
		take := func(name, reason string) {
			t.Helper()
			if got, ok := s.Try(name); got != reason || ok != (reason == "") {
				t.Errorf("%s: %q %v", name, got, ok)
			}
		}
		take("own", "")
		take("own", ReasonReserved)
		take("a", "")
		take("b", "")
		take("c", ReasonAccount)

		got := make(chan string, 3)
		wait := func(ctx context.Context, name string) {
			go func() {
				if s.Wait(ctx, name) == nil {
					got <- name
				}
			}()
			synctest.Wait()
		}
		ctx, cancel := context.WithCancel(t.Context())
		wait(ctx, "gone")
		wait(t.Context(), "own")
		wait(t.Context(), "c")
		cancel()
		synctest.Wait()
		s.Release("a")
		if name := <-got; name != "c" {
			t.Errorf("%s was served, not who had waited longest", name)
		}
		s.Reserve("own", nil) // its one runs on what is shared now
		synctest.Wait()
		if s.shared != 3 || len(got) != 0 {
			t.Errorf("%d shared", s.shared)
		}
		s.Release("own")
		if name := <-got; name != "own" {
			t.Errorf("%s was served", name)
		}
		for _, name := range []string{"own", "b", "c"} {
			s.Release(name)
		}
		if s.shared != 0 || len(s.running) != 0 || len(s.waiting) != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

// TestSlotsNone: who waits for a slot learns that there will be none.
func TestSlotsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, zero, one := NewSlots(2), int32(0), int32(1)
		s.Reserve("f", &one)
		if _, ok := s.Try("f"); !ok {
			t.Fatal("no slot")
		}
		ended := make(chan error, 1)
		go func() { ended <- s.Wait(t.Context(), "f") }()
		synctest.Wait()
		s.Reserve("f", &zero)
		if err := <-ended; err != ErrNone {
			t.Errorf("waiting: %v", err)
		}
		if err := s.Wait(t.Context(), "f"); err != ErrNone {
			t.Errorf("too late: %v", err)
		}
		s.Release("f")
		s.Reserve("f", &one)
		if err := s.Wait(t.Context(), "f"); err != nil {
			t.Errorf("reserved again: %v", err)
		}
		if n, _, _ := s.Usage("f"); n != 1 || len(s.waiting) != 0 {
			t.Errorf("left: %+v", s)
		}
	})
}

// TestSlotsModel: whatever is reserved, taken and given back, in any order, no
// more runs than may when it is taken, and nothing is refused without need.
func TestSlotsModel(t *testing.T) {
	const limit = 6
	names := rapid.SampledFrom([]string{"a", "b", "c"})
	rapid.Check(t, func(t *rapid.T) {
		s := NewSlots(limit)
		reserved, running := map[string]int{}, map[string]int{}
		free := func(name string) bool {
			if n, own := reserved[name]; own {
				return running[name] < n
			}
			rest := limit
			for _, n := range reserved {
				rest -= n
			}
			for other, n := range running {
				if _, own := reserved[other]; !own {
					rest -= n
				}
			}
			return rest > 0
		}
		t.Repeat(map[string]func(*rapid.T){
			"try": func(t *rapid.T) {
				name := names.Draw(t, "name")
				want := free(name)
				if _, ok := s.Try(name); ok != want {
					t.Fatalf("%s: got %v with %v running and %v reserved", name, ok, running, reserved)
				}
				if want {
					running[name]++
				}
			},
			"release": func(t *rapid.T) {
				if name := names.Draw(t, "name"); running[name] > 0 {
					running[name]--
					s.Release(name)
				}
			},
			"reserve": func(t *rapid.T) {
				name, n := names.Draw(t, "name"), rapid.Int32Range(0, 2).Draw(t, "n")
				reserved[name] = int(n)
				s.Reserve(name, &n)
			},
			"reserve none": func(t *rapid.T) {
				name := names.Draw(t, "name")
				delete(reserved, name)
				s.Reserve(name, nil)
			},
			"": func(t *rapid.T) {
				total, unreserved := 0, 0
				for name, n := range running {
					total += n
					if _, own := reserved[name]; !own {
						unreserved += n
					}
				}
				for name, n := range running {
					if f, all, shared := s.Usage(name); f != n || all != total || shared != unreserved {
						t.Fatalf("%s: %d of %d run, %d of them unreserved, not %d of %d, %d", name, f, all, shared, n, total, unreserved)
					}
				}
			},
		})
	})
}
