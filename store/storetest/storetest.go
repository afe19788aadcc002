// Package storetest opens stores for tests: in memory, with power cuts.
package storetest

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/runnel/runnel/store"
)

// Disk is a disk in memory whose power can be cut.
type Disk struct{ FS *vfs.MemFS }

// NewDisk is an empty disk.
func NewDisk() *Disk { return &Disk{FS: vfs.NewCrashableMem()} }

// PowerCut is a disk as a power cut at this moment may leave it: all that was
// fsynced, and of the rest some. The disk itself goes on. The same seed gives
// the same remains.
func (d *Disk) PowerCut(seed uint64) *Disk {
	rng := rand.New(rand.NewPCG(seed, seed))
	return &Disk{FS: d.FS.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: int(seed * 37 % 101), RNG: rng})}
}

// Open opens the store on d and runs it until the test ends, or until the
// returned function closes it.
func (d *Disk) Open(t testing.TB) (*store.Store, func()) {
	t.Helper()
	s, err := store.Open("data", store.Options{FS: d.FS})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); _ = s.Run(ctx) }()
	closed := false
	shut := func() {
		if closed {
			return
		}
		closed = true
		cancel()
		<-ended
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(shut)
	return s, shut
}

// Open is a store on a new disk, for tests that cut no power.
func Open(t testing.TB) *store.Store {
	t.Helper()
	s, _ := NewDisk().Open(t)
	return s
}
