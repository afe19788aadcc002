package store

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"strconv"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// A blob is a file of bytes too large for a row. It is written and fsynced
// before the transaction that names it, and removed after the transaction
// that gives up its last name. A blob that no committed transaction has named
// (the writer crashed, or gave up) is removed at the next start.
//
// On disk a blob is a run of blocks of 64 KiB, the last one shorter, each
// followed by its CRC-32C (4 bytes, big endian), so that a flipped bit is an
// error and not an answer.
const (
	blockSize = 64 << 10
	sumSize   = 4
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// ErrBlobGone says that a blob was removed since its name was read. Read the
// row again.
var ErrBlobGone = errors.New("store: blob is gone")

// ErrCorrupt says that what is on disk is not what was written.
var ErrCorrupt = errors.New("store: blob is corrupt")

// BlobID names a blob. Zero names none.
type BlobID uint64

func (id BlobID) file() string { return fmt.Sprintf("%016x", uint64(id)) }

// boot is the opening of the store in which the blob was made.
func (id BlobID) boot() uint64 { return uint64(id) >> 40 }

func (id BlobID) key() Key { return K("blob").Uint(uint64(id)) }

type blobDir struct {
	fs  vfs.FS
	dir string
}

func (d *blobDir) open(fs vfs.FS, dir string) error {
	d.fs, d.dir = fs, dir
	return fs.MkdirAll(dir, 0o755)
}

func (d *blobDir) path(id BlobID) string { return d.fs.PathJoin(d.dir, id.file()) }

// BlobWriter writes a new blob. It ends with Finish or Discard.
type BlobWriter struct {
	store *Store
	id    BlobID
	f     vfs.File
	buf   []byte // the block being filled, room for its sum included
	size  int64
	err   error
}

// NewBlob begins a blob.
func (s *Store) NewBlob() (*BlobWriter, error) {
	id := BlobID(s.NextID())
	f, err := s.fs.Create(s.blobs.path(id), vfs.WriteCategoryUnspecified)
	if err != nil {
		return nil, fmt.Errorf("store: new blob: %w", err)
	}
	return &BlobWriter{store: s, id: id, f: f, buf: make([]byte, 0, blockSize+sumSize)}, nil
}

// Write adds to the blob.
func (w *BlobWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 && w.err == nil {
		c := min(len(p), blockSize-len(w.buf))
		w.buf = append(w.buf, p[:c]...)
		p = p[c:]
		n += c
		if len(w.buf) == blockSize {
			w.flush()
		}
	}
	w.size += int64(n)
	return n, w.err
}

// flush writes the block and its sum.
func (w *BlobWriter) flush() {
	if len(w.buf) == 0 || w.err != nil {
		return
	}
	w.buf = binary.BigEndian.AppendUint32(w.buf, crc32.Checksum(w.buf, castagnoli))
	_, w.err = w.f.Write(w.buf)
	w.buf = w.buf[:0]
}

// Size is the number of bytes written so far.
func (w *BlobWriter) Size() int64 { return w.size }

// Finish makes the blob durable and gives its name, which a transaction must
// then Retain.
func (w *BlobWriter) Finish() (BlobID, error) {
	w.flush()
	err := w.err
	if err == nil {
		err = w.f.Sync()
	}
	err = errors.Join(err, w.f.Close())
	if err == nil {
		err = syncDirs(w.store.fs, w.store.blobs.dir)
	}
	if err != nil {
		w.store.DiscardBlob(w.id)
		return 0, fmt.Errorf("store: finish blob: %w", err)
	}
	return w.id, nil
}

// Discard gives the blob up.
func (w *BlobWriter) Discard() {
	_ = w.f.Close() // it is removed next
	w.store.DiscardBlob(w.id)
}

// DiscardBlob removes a finished blob that no transaction has named.
func (s *Store) DiscardBlob(id BlobID) {
	if err := s.fs.Remove(s.blobs.path(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
		s.log.Warn("blob not removed; the next start tries again", "blob", id.file(), "err", err)
	}
}

// Retain adds a name for the blob. A copy of an object is one more name.
func (tx *Tx) Retain(id BlobID) { tx.countBlob(id, 1) }

// Release gives up a name of the blob; with the last one the blob goes.
func (tx *Tx) Release(id BlobID) { tx.countBlob(id, -1) }

func (tx *Tx) countBlob(id BlobID, by int) {
	k := id.key()
	names := by
	if v, ok := tx.Get(k); ok {
		n, err := strconv.Atoi(string(v))
		tx.fail(err)
		names += n
	}
	if names > 0 {
		tx.Set(k, []byte(strconv.Itoa(names)))
		return
	}
	tx.Delete(k)
	tx.OnCommit(func() { tx.store.DiscardBlob(id) })
}

// SweepBlobs removes the blobs that earlier runs wrote and never named. Run
// does so once.
func (s *Store) SweepBlobs(ctx context.Context) {
	names, err := s.fs.List(s.blobs.dir)
	if err != nil {
		s.log.Error("orphaned blobs are not swept", "err", err)
		return
	}
	for _, name := range names {
		n, err := strconv.ParseUint(name, 16, 64)
		id := BlobID(n)
		if err != nil || id.boot() >= s.boot {
			continue
		}
		named := true
		err = s.View(ctx, func(tx *Tx) error { named = tx.Has(id.key()); return nil })
		if err != nil {
			return
		}
		if !named {
			s.DiscardBlob(id)
		}
	}
}

// Blob is a blob opened for reading. It may be read by several goroutines,
// and stays readable when it is removed meanwhile.
type Blob struct {
	f    vfs.File
	size int64
}

// OpenBlob opens a blob, or returns ErrBlobGone.
func (s *Store) OpenBlob(id BlobID) (*Blob, error) {
	f, err := s.fs.Open(s.blobs.path(id))
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrBlobGone
	}
	if err != nil {
		return nil, fmt.Errorf("store: open blob: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &Blob{f: f, size: dataSize(info.Size())}, nil
}

// dataSize is how many bytes a file holds beside its sums.
func dataSize(file int64) int64 {
	const step = blockSize + sumSize
	return file/step*blockSize + max(0, file%step-sumSize)
}

// Size is the number of bytes in the blob.
func (b *Blob) Size() int64 { return b.size }

// Close closes the blob.
func (b *Blob) Close() error { return b.f.Close() }

// block reads block i into buf and verifies it.
func (b *Blob) block(buf []byte, i int64) ([]byte, error) {
	size := min(blockSize, b.size-i*blockSize)
	if size <= 0 {
		return nil, fmt.Errorf("%w: block %d is missing", ErrCorrupt, i)
	}
	buf = buf[:size+sumSize]
	if _, err := b.f.ReadAt(buf, i*(blockSize+sumSize)); err != nil {
		return nil, fmt.Errorf("%w: block %d: %w", ErrCorrupt, i, err)
	}
	data := buf[:size]
	if crc32.Checksum(data, castagnoli) != binary.BigEndian.Uint32(buf[size:]) {
		return nil, fmt.Errorf("%w: block %d", ErrCorrupt, i)
	}
	return data, nil
}

// NewReader reads n bytes of b from off on, each block once. A blob that ends
// before them is ErrCorrupt. It closes b when it is closed.
func (b *Blob) NewReader(off, n int64) io.ReadCloser {
	return &blobReader{b: b, at: off, left: n}
}

type blobReader struct {
	b        *Blob
	at, left int64
	buf      []byte
	data     []byte // of the block that at is in, from at on
}

func (r *blobReader) Close() error { return r.b.Close() }

func (r *blobReader) Read(p []byte) (int, error) {
	if err := r.fill(); err != nil {
		return 0, err
	}
	n := copy(p, r.data)
	r.skip(n)
	return n, nil
}

// WriteTo copies without a buffer in between.
func (r *blobReader) WriteTo(w io.Writer) (done int64, err error) {
	for {
		if err := r.fill(); err == io.EOF {
			return done, nil
		} else if err != nil {
			return done, err
		}
		n, err := w.Write(r.data)
		r.skip(n)
		done += int64(n)
		if err != nil {
			return done, err
		}
	}
}

// fill has data hold what can be read next, or returns io.EOF.
func (r *blobReader) fill() error {
	switch {
	case r.left <= 0:
		return io.EOF
	case len(r.data) > 0:
		return nil
	case r.buf == nil:
		r.buf = make([]byte, blockSize+sumSize)
	}
	data, err := r.b.block(r.buf, r.at/blockSize)
	if err != nil {
		return err
	}
	from := r.at % blockSize
	if from >= int64(len(data)) {
		return fmt.Errorf("%w: it ends before byte %d", ErrCorrupt, r.at)
	}
	data = data[from:]
	r.data = data[:min(int64(len(data)), r.left)]
	return nil
}

func (r *blobReader) skip(n int) {
	r.data, r.at, r.left = r.data[n:], r.at+int64(n), r.left-int64(n)
}
