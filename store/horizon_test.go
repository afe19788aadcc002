package store_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"

	"github.com/runnel/runnel/store"
)

// logSyncs stands between the store and the fsync of its log.
type logSyncs struct{ before atomic.Pointer[func() error] }

func (l *logSyncs) set(f func() error) { l.before.Store(&f) }

func (l *logSyncs) String() string { return "fsyncs of the log" }

func (l *logSyncs) MaybeError(op errorfs.Op) error {
	f := l.before.Load()
	if f == nil || !strings.HasSuffix(op.Path, ".log") || op.Kind != errorfs.OpFileSync && op.Kind != errorfs.OpFileSyncData {
		return nil
	}
	return (*f)()
}

func openOver(t *testing.T, syncs *logSyncs) *store.Store {
	t.Helper()
	s, err := store.Open("data", store.Options{FS: errorfs.Wrap(vfs.NewMem(), syncs)})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A failed fsync fails whoever waits for it and all that comes later: nobody
// hangs, nobody is shown what may be lost, and Run ends.
func TestFailedFsync(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs, bad := new(logSyncs), errors.New("disk on fire")
		s := openOver(t, syncs)
		defer s.Close()
		ran := make(chan error, 1)
		go func() { ran <- s.Run(context.Background()) }()
		synctest.Wait()
		hooked := false
		write := func(tx *store.Tx) error {
			tx.OnCommit(func() { hooked = true })
			tx.Set(store.K("a"), nil)
			return nil
		}
		read := func(tx *store.Tx) error { tx.Get(store.K("a")); return nil }
		syncs.set(func() error { return bad })
		for what, err := range map[string]error{
			"the write":        s.Update(ctx, write),
			"a view":           s.View(ctx, read),
			"an empty update":  s.Update(ctx, read),
			"another write":    s.Update(ctx, write),
			"what is not kept": s.UpdateLazy(ctx, write),
			"run":              <-ran,
		} {
			if !errors.Is(err, bad) {
				t.Errorf("%s: %v, want %v", what, err, bad)
			}
		}
		if hooked {
			t.Error("a hook ran for what is not durable")
		}
	})
}

// A transaction that wrote nothing waits for what it read to be durable, its
// hooks too, and holds nobody up meanwhile.
func TestEmptyUpdateWaitsWithoutTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs := new(logSyncs)
		s := openOver(t, syncs)
		defer s.Close()
		hold := make(chan struct{})
		syncs.set(func() error { <-hold; return nil })
		done := make(chan string, 3)
		go func() {
			s.Update(ctx, func(tx *store.Tx) error { tx.Set(store.K("a"), nil); return nil })
			done <- "write"
		}()
		synctest.Wait()
		hooked := false
		go func() {
			s.Update(ctx, func(tx *store.Tx) error {
				tx.OnCommit(func() { hooked = s.UpdateLazy(ctx, func(*store.Tx) error { return nil }) == nil })
				return nil
			})
			done <- "read"
		}()
		synctest.Wait()
		go func() {
			s.UpdateLazy(ctx, func(tx *store.Tx) error { tx.Set(store.K("b"), nil); return nil })
			done <- "lazy"
		}()
		synctest.Wait()
		if got := <-done; got != "lazy" || hooked || len(done) != 0 {
			t.Errorf("%q was first, with %d others; hook %v", got, len(done), hooked)
		}
		close(hold)
		<-done
		<-done
		if !hooked {
			t.Error("the hook did not run")
		}
	})
}

// The error of a transaction may say what it read ("exists already"), so it too
// waits until that is durable.
func TestFailedUpdateWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		syncs := new(logSyncs)
		s := openOver(t, syncs)
		defer s.Close()
		hold, exists := make(chan struct{}), errors.New("exists already")
		syncs.set(func() error { <-hold; return nil })
		done := make(chan error, 2)
		for range 2 {
			go func() {
				done <- s.Update(ctx, func(tx *store.Tx) error {
					if tx.Has(store.K("a")) {
						return exists
					}
					tx.Set(store.K("a"), nil)
					return nil
				})
			}()
		}
		synctest.Wait()
		if len(done) != 0 {
			t.Errorf("%v, before what it read was durable", <-done)
		}
		close(hold)
		if first, second := <-done, <-done; (first == nil) == (second == nil) {
			t.Errorf("%v and %v, want one to fail", first, second)
		}
	})
}

func TestPanicInViewLeavesNoSnapshot(t *testing.T) {
	s := openOver(t, new(logSyncs))
	func() {
		defer func() { recover() }()
		s.View(ctx, func(*store.Tx) error { panic("fault in fn") })
	}()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
