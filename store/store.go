// Package store is Runnel's one durable store. Every service keeps its state
// here, and an event crosses from one service to the next inside the
// transaction that caused it.
//
// What holds:
//
//   - Update returns nil only after the transaction's write-ahead log is
//     fsynced. Concurrent transactions share an fsync (group commit).
//   - Transactions run one after another; each sees all that came before it.
//     The lock is held while fn runs and never during an fsync, so fn must do
//     no network I/O and no long computation: decode and validate first.
//   - View sees one consistent snapshot, and returns only when all that it
//     could see is durable: nobody is shown what a power cut could take back.
//     The same goes for an Update that fails, since its error shows what it
//     read. What UpdateLazy wrote is the exception.
//   - A read error fails the transaction whatever fn returned, so that fn may
//     treat Get and Scan as if they could not fail.
//   - Hooks and wake-ups (OnCommit, Wake) happen after the commit is durable.
//   - When the log cannot be written or fsynced, nothing more is acknowledged
//     or shown: every call fails from then on, and Run says why.
//
// Object bodies are files beside the log: see [Store.NewBlob].
package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// InlineLimit is the size in bytes up to which a value belongs in a row; what
// is larger belongs in a blob.
const InlineLimit = 32 << 10

// formatVersion is that of the keys and values in a data directory.
const formatVersion = 1

// ErrInUse says that another process has the data directory open.
var ErrInUse = errors.New("data directory is in use by another runnel; stop it, or choose another with --data")

// Options are the surroundings of a store. The zero value is a store on the
// machine's disk with the machine's clock.
type Options struct {
	FS     vfs.FS       // nil: the machine's disk
	Clock  *Clock       // nil: the machine's clock
	Logger *slog.Logger // nil: slog.Default()
}

// Store is an open data directory.
type Store struct {
	db     *pebble.DB
	cache  *pebble.Cache
	fs     vfs.FS
	clock  *Clock
	log    *slog.Logger
	boot   uint64 // how often the directory was opened, this time included
	lastID atomic.Uint64

	writer  sync.Mutex // held by the one transaction that runs
	horizon horizon
	watch   watchers
	timers  scheduler
	blobs   blobDir
}

// Open opens the data directory dir, and makes it where there is none.
func Open(dir string, o Options) (*Store, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.Clock == nil {
		o.Clock = NewClock()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	s := &Store{fs: o.FS, clock: o.Clock, log: o.Logger}
	s.horizon.init()
	s.timers.init()
	if err := s.open(dir); err != nil {
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return s, nil
}

func (s *Store) open(dir string) error {
	if err := s.fs.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := s.openDB(s.fs.PathJoin(dir, "db")); err != nil {
		return err
	}
	err := s.readMeta()
	if err == nil {
		err = s.blobs.open(s.fs, s.fs.PathJoin(dir, "blobs"))
	}
	if err == nil {
		// The directory entries themselves must outlive a power cut.
		err = syncDirs(s.fs, dir, filepath.Dir(dir))
	}
	if err != nil {
		return errors.Join(err, s.Close())
	}
	return nil
}

func (s *Store) openDB(dir string) error {
	s.cache = pebble.NewCache(128 << 20)
	opts := &pebble.Options{
		FS:    s.fs,
		Cache: s.cache,
		// Large enough that a message is mostly received and deleted before
		// its rows would be written to a table. It begins small.
		MemTableSize:                64 << 20,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       24,
		LBaseMaxBytes:               64 << 20,
		FormatMajorVersion:          pebble.FormatNewest,
		Logger:                      pebbleLogger{s.log},
	}
	for i := range opts.Levels {
		opts.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	db, err := pebble.Open(dir, opts)
	if err != nil {
		s.cache.Unref()
		if isLocked(err) {
			return ErrInUse
		}
		return err
	}
	s.db = db
	return nil
}

// readMeta checks the format and counts this opening, so that the numbers of
// NextID never come twice.
func (s *Store) readMeta() error {
	return s.Update(context.Background(), func(tx *Tx) error {
		var meta struct{ Format, Boot uint64 }
		found := tx.GetJSON(K("store"), &meta)
		if found && meta.Format > formatVersion {
			return fmt.Errorf("data has format %d, this runnel knows formats up to %d; use a newer runnel", meta.Format, formatVersion)
		}
		meta.Format = formatVersion
		meta.Boot++
		s.boot = meta.Boot
		s.lastID.Store(s.boot << 40)
		tx.PutJSON(K("store"), meta)
		return nil
	})
}

// Close closes the store. Transactions must have ended.
func (s *Store) Close() error {
	err := s.db.Close()
	s.cache.Unref()
	return err
}

// Clock is the clock that all of the runtime reads.
func (s *Store) Clock() *Clock { return s.clock }

// NextID gives a number larger than any that this data directory has given
// before, across restarts. It is unique at once; nothing need be committed.
func (s *Store) NextID() uint64 { return s.lastID.Add(1) }

// Update runs fn in a transaction and returns when it is durable. The error
// is fn's own, in which case nothing was written, or the store's.
func (s *Store) Update(ctx context.Context, fn func(*Tx) error) error {
	tx, n, err := s.apply(ctx, fn, pebble.Sync)
	switch {
	case tx == nil:
		return err
	case tx.batch == nil:
		err = cmp.Or(s.horizon.wait(n), err)
	default:
		err = s.horizon.reach(n, tx.batch.SyncWait())
	}
	if err != nil {
		return err
	}
	tx.finish()
	return nil
}

// UpdateLazy is Update for what nobody is told is kept, such as a function's
// log lines: it is visible at once, and durable with the next Update.
func (s *Store) UpdateLazy(ctx context.Context, fn func(*Tx) error) error {
	tx, _, err := s.apply(ctx, fn, pebble.NoSync)
	if err != nil {
		return err
	}
	tx.finish()
	return nil
}

// apply runs fn and makes its writes visible, in the order of the log. It
// returns the transaction, without a batch if it wrote nothing, and how far
// the log must be durable before its outcome may be told: a transaction that
// wrote nothing, or failed, may still have read what is not durable yet.
func (s *Store) apply(ctx context.Context, fn func(*Tx) error, sync *pebble.WriteOptions) (*Tx, uint64, error) {
	if err := ctx.Err(); err != nil {
		return nil, 0, err
	}
	s.writer.Lock()
	defer s.writer.Unlock()
	if err := s.horizon.failure(); err != nil {
		return nil, 0, err
	}
	tx := s.begin()
	err := tx.run(fn)
	if err != nil || tx.batch.Empty() {
		tx.discard()
		return tx, s.horizon.last(), err
	}
	if !sync.Sync {
		err = s.db.Apply(tx.batch, sync)
		return tx, 0, err
	}
	n := s.horizon.next()
	if err := s.db.ApplyNoSyncWait(tx.batch, sync); err != nil {
		return nil, 0, s.horizon.reach(n, err)
	}
	return tx, n, nil
}

// View runs fn over one consistent snapshot. Writing in fn is a fault.
func (s *Store) View(ctx context.Context, fn func(*Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n, err := s.view(fn)
	return cmp.Or(s.horizon.wait(n), err)
}

// view runs fn and tells how far the log must be durable before what it saw
// may be told.
func (s *Store) view(fn func(*Tx) error) (n uint64, err error) {
	snap := s.db.NewSnapshot()
	defer func() { err = cmp.Or(err, snap.Close()) }()
	n = s.horizon.last() // after the snapshot: it covers all that it holds
	tx := &Tx{store: s, reader: snap, now: s.clock.Now()}
	return n, tx.run(fn)
}

// DiskUsage is the number of bytes that rows take on disk.
func (s *Store) DiskUsage() uint64 { return s.db.Metrics().DiskSpaceUsage() }
