package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"pgregory.net/rapid"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

var ctx = context.Background()

func set(t testing.TB, s *store.Store, key, value string) {
	t.Helper()
	err := s.Update(ctx, func(tx *store.Tx) error { tx.Set(store.K(key), []byte(value)); return nil })
	if err != nil {
		t.Fatal(err)
	}
}

func get(t testing.TB, s *store.Store, key string) (value string, ok bool) {
	t.Helper()
	err := s.View(ctx, func(tx *store.Tx) error {
		var b []byte
		b, ok = tx.Get(store.K(key))
		value = string(b)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return value, ok
}

func TestUpdateFailsWhole(t *testing.T) {
	s := storetest.Open(t)
	hooked := false
	err := s.Update(ctx, func(tx *store.Tx) error {
		tx.OnCommit(func() { hooked = true })
		tx.Set(store.K("a"), []byte("1"))
		return errors.New("no")
	})
	if err == nil || err.Error() != "no" {
		t.Fatalf("err = %v", err)
	}
	if _, ok := get(t, s, "a"); ok || hooked {
		t.Fatalf("a failed transaction left its write (%v) or ran its hook (%v)", ok, hooked)
	}
}

func TestPanicLeavesNothing(t *testing.T) {
	s := storetest.Open(t)
	func() {
		defer func() { recover() }()
		s.Update(ctx, func(tx *store.Tx) error {
			tx.Set(store.K("a"), nil)
			panic("fault in fn")
		})
	}()
	set(t, s, "b", "goes on")
	if _, ok := get(t, s, "a"); ok {
		t.Fatal("a panicking transaction left its write")
	}
}

func TestTxSeesItself(t *testing.T) {
	s := storetest.Open(t)
	set(t, s, "b", "old")
	err := s.Update(ctx, func(tx *store.Tx) error {
		tx.Set(store.K("a"), []byte("1"))
		tx.Delete(store.K("b"))
		var got []string
		for k, v := range tx.Scan(store.Range{From: store.K("a"), To: store.K("c")}) {
			got = append(got, string(k[:1])+"="+string(v))
		}
		if want := []string{"a=1"}; !slices.Equal(got, want) {
			return fmt.Errorf("scan = %v, want %v", got, want)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestScanBackwardsAndPages(t *testing.T) {
	s := storetest.Open(t)
	for _, k := range []string{"a", "b", "c", "d"} {
		set(t, s, k, "")
	}
	scan := func(r store.Range) (got string) {
		s.View(ctx, func(tx *store.Tx) error {
			for k := range tx.Scan(r) {
				got += string(k[:1])
			}
			return nil
		})
		return got
	}
	all := store.Range{From: store.K("a"), To: store.K("e")}
	for name, c := range map[string]struct {
		r    store.Range
		want string
	}{
		"forward":        {all, "abcd"},
		"backward":       {all.Backwards(), "dcba"},
		"after":          {all.After(store.K("b")), "cd"},
		"after_nothing":  {all.After(store.K("0")), "abcd"},
		"before":         {all.Before(store.K("c")).Backwards(), "ba"},
		"before_nothing": {all.Before(store.K("z")), "abcd"},
		"prefix":         {store.Prefix(store.K("b")), "b"},
	} {
		if got := scan(c.r); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestInUse(t *testing.T) {
	dir := t.TempDir()
	s, err := store.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := store.Open(dir, store.Options{}); !errors.Is(err, store.ErrInUse) {
		t.Fatalf("second opening: %v, want ErrInUse", err)
	}
}

func TestNewerFormatIsRefused(t *testing.T) {
	disk := storetest.NewDisk()
	s, shut := disk.Open(t)
	set(t, s, "store", `{"Format":99}`)
	shut()
	_, err := store.Open("data", store.Options{FS: disk.FS})
	if err == nil || !strings.Contains(err.Error(), "use a newer runnel") {
		t.Fatalf("err = %v", err)
	}
}

func TestNextIDAcrossRestarts(t *testing.T) {
	disk := storetest.NewDisk()
	var last uint64
	for range 3 {
		s, shut := disk.Open(t)
		for range 10 {
			id := s.NextID()
			if id <= last {
				t.Fatalf("%d after %d", id, last)
			}
			last = id
		}
		shut()
	}
}

// Whatever a history of concurrent transactions acknowledged outlives a power
// cut at any moment, and what it did not acknowledge is there whole or not at
// all: each transaction writes two rows.
func TestPowerCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := storetest.NewDisk()
		s, err := store.Open("data", store.Options{FS: disk.FS})
		if err != nil {
			t.Fatal(err)
		}
		writers, rounds := rapid.IntRange(1, 8).Draw(t, "writers"), rapid.IntRange(1, 20).Draw(t, "rounds")
		var mu sync.Mutex
		acked := make(map[string]bool)
		var cut *storetest.Disk
		cutAfter := rapid.IntRange(0, writers*rounds-1).Draw(t, "cut after")
		seed := rapid.Uint64Range(0, 1000).Draw(t, "seed")
		var wg sync.WaitGroup
		for w := range writers {
			wg.Go(func() {
				for r := range rounds {
					name := fmt.Sprintf("%d/%d", w, r)
					err := s.Update(ctx, func(tx *store.Tx) error {
						tx.Set(store.K("one", name), []byte(name))
						tx.Set(store.K("two", name), []byte(name))
						return nil
					})
					mu.Lock()
					if err == nil && cut == nil {
						acked[name] = true
						if len(acked) == cutAfter+1 {
							cut = disk.PowerCut(seed)
						}
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		verifyPairs(t, cut.FS, acked)
	})
}

func verifyPairs(t *rapid.T, fs *vfs.MemFS, acked map[string]bool) {
	s, err := store.Open("data", store.Options{FS: fs})
	if err != nil {
		t.Fatalf("after the cut: %v", err)
	}
	defer s.Close()
	err = s.View(ctx, func(tx *store.Tx) error {
		one, two := names(tx, "one"), names(tx, "two")
		if !slices.Equal(one, two) {
			return fmt.Errorf("half a transaction: %v against %v", one, two)
		}
		for name := range acked {
			if !slices.Contains(one, name) {
				return fmt.Errorf("%s was acknowledged and is lost", name)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func names(tx *store.Tx, space string) (names []string) {
	for k := range tx.Scan(store.Prefix(store.K(space))) {
		names = append(names, k.Parts(store.K(space)).Str())
	}
	return names
}

func BenchmarkUpdate(b *testing.B) {
	for _, clients := range []int{1, 64} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s, err := store.Open(b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			b.SetParallelism(clients)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					id := s.NextID()
					s.Update(ctx, func(tx *store.Tx) error {
						tx.Set(store.K("b").Uint(id), make([]byte, 200))
						return nil
					})
				}
			})
		})
	}
}
