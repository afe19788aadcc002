package store_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

func body(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

func putBlob(t testing.TB, s *store.Store, b []byte) store.BlobID {
	t.Helper()
	w, err := s.NewBlob()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(w, bytes.NewReader(b)); err != nil {
		t.Fatal(err)
	}
	id, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func readBlob(b *store.Blob, off, n int64) error {
	_, err := io.ReadAll(b.NewReader(off, n))
	return err
}

func name(t testing.TB, s *store.Store, do func(*store.Tx)) {
	t.Helper()
	if err := s.Update(ctx, func(tx *store.Tx) error { do(tx); return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestBlobRanges(t *testing.T) {
	s := storetest.Open(t)
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, 200 << 10} {
		want := body(size)
		b, err := s.OpenBlob(putBlob(t, s, want))
		if err != nil {
			t.Fatal(err)
		}
		if b.Size() != int64(size) {
			t.Errorf("size %d, want %d", b.Size(), size)
		}
		for _, r := range [][2]int{{0, size}, {size / 3, size / 2}, {max(0, size-1), min(size, 1)}} {
			off, n := r[0], min(r[1], size-r[0])
			copied := new(bytes.Buffer)
			if _, err := io.Copy(copied, b.NewReader(int64(off), int64(n))); err != nil {
				t.Fatal(err)
			}
			read, err := io.ReadAll(struct{ io.Reader }{b.NewReader(int64(off), int64(n))})
			if err != nil || !bytes.Equal(read, want[off:off+n]) || !bytes.Equal(copied.Bytes(), read) {
				t.Errorf("blob of %d, bytes %d+%d: wrong (%v)", size, off, n, err)
			}
		}
		b.Close()
	}
}

func TestFlippedBitIsAnError(t *testing.T) {
	disk := storetest.NewDisk()
	s, _ := disk.Open(t)
	id := putBlob(t, s, body(100<<10))
	files, _ := disk.FS.List("data/blobs")
	f, err := disk.FS.OpenReadWrite("data/blobs/"+files[0], vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	one := make([]byte, 1)
	f.ReadAt(one, 70<<10)
	one[0] ^= 4
	f.WriteAt(one, 70<<10)
	f.Close()
	b, err := s.OpenBlob(id)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := readBlob(b, 0, 10); err != nil {
		t.Errorf("the sound block: %v", err)
	}
	if err := readBlob(b, 80<<10, 10); !errors.Is(err, store.ErrCorrupt) {
		t.Errorf("the flipped block: %v, want ErrCorrupt", err)
	}
}

// A row may promise more bytes than are in its blob, if the file was cut short.
func TestTruncatedBlobIsAnError(t *testing.T) {
	const size = 200 << 10
	for _, left := range []int{0, 3, 10 << 10, 64 << 10, 130 << 10} {
		s := storetest.Open(t)
		b, err := s.OpenBlob(putBlob(t, s, body(left)))
		if err != nil {
			t.Fatal(err)
		}
		if err := readBlob(b, 0, size); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%d bytes left: reading: %v, want ErrCorrupt", left, err)
		}
		if n, err := io.Copy(io.Discard, b.NewReader(0, size)); !errors.Is(err, store.ErrCorrupt) || n != int64(left) {
			t.Errorf("%d bytes left: copying: %d bytes, %v, want ErrCorrupt", left, n, err)
		}
		if err := readBlob(b, size-1, 1); !errors.Is(err, store.ErrCorrupt) {
			t.Errorf("%d bytes left: the last byte: %v, want ErrCorrupt", left, err)
		}
		b.Close()
	}
}

func TestBlobGoesWithItsLastName(t *testing.T) {
	s := storetest.Open(t)
	id := putBlob(t, s, body(10))
	name(t, s, func(tx *store.Tx) { tx.Retain(id); tx.Retain(id) })
	name(t, s, func(tx *store.Tx) { tx.Release(id) })
	b, err := s.OpenBlob(id)
	if err != nil {
		t.Fatalf("with one name left: %v", err)
	}
	name(t, s, func(tx *store.Tx) { tx.Release(id) })
	if _, err := s.OpenBlob(id); !errors.Is(err, store.ErrBlobGone) {
		t.Fatalf("with no name left: %v, want ErrBlobGone", err)
	}
	if err := readBlob(b, 0, 10); err != nil {
		t.Fatalf("opened before it went: %v", err)
	}
	b.Close()
}

func TestPowerCutKeepsNamedBlobsAndSweepsOthers(t *testing.T) {
	for seed := range uint64(20) {
		disk := storetest.NewDisk()
		s, _ := disk.Open(t)
		named, unnamed := putBlob(t, s, body(100<<10)), putBlob(t, s, body(10))
		name(t, s, func(tx *store.Tx) { tx.Retain(named) })
		half, _ := s.NewBlob()
		half.Write(body(90 << 10))

		after := disk.PowerCut(seed)
		s2, _ := after.Open(t)
		b, err := s2.OpenBlob(named)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got, err := io.ReadAll(b.NewReader(0, b.Size()))
		if err != nil || !bytes.Equal(got, body(100<<10)) {
			t.Fatalf("seed %d: the named blob is not what was acknowledged: %v", seed, err)
		}
		b.Close()
		s2.SweepBlobs(ctx)
		if files, _ := after.FS.List("data/blobs"); len(files) != 1 {
			t.Fatalf("seed %d: files %v, want %016x alone (not %016x)", seed, files, uint64(named), uint64(unnamed))
		}
		half.Discard()
	}
}
