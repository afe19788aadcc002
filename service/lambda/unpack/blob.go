package unpack

import (
	"archive/zip"
	"io"

	"github.com/runnel/runnel/store"
)

// ReadBlob is Read of a package that is a blob. The archive is read by one
// goroutine at a time.
func ReadBlob(b *store.Blob) (*zip.Reader, error) {
	return Read(&blobAt{b: b}, b.Size())
}

// windowSize is how much of a blob is read at once, in bytes: an archive is read
// in small steps, and what a blob holds is verified in large ones.
const windowSize = 64 << 10

// blobAt reads a blob at any place, by way of the window that it looked at last.
type blobAt struct {
	b      *store.Blob
	at     int64 // where the window begins
	window []byte
}

func (r *blobAt) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) && off+int64(n) < r.b.Size() {
		if err := r.look(off + int64(n)); err != nil {
			return n, err
		}
		n += copy(p[n:], r.window[off+int64(n)-r.at:])
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// look moves the window to where off is in it.
func (r *blobAt) look(off int64) error {
	at := off - off%windowSize
	if r.window != nil && r.at == at {
		return nil
	}
	size := min(windowSize, r.b.Size()-at)
	r.window = append(r.window[:0], make([]byte, size)...)
	r.at = at
	// The reader is not closed: that would close the blob.
	if _, err := io.ReadFull(r.b.NewReader(at, size), r.window); err != nil {
		r.window = nil
		return err
	}
	return nil
}
