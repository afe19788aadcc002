package s3

import (
	"bytes"
	"context"
	"errors"
	"io"

	"github.com/runnel/runnel/store"
)

// reading is an object and the part of its body that a request is for.
type reading struct {
	*object
	span
	partial bool // a range or a part was asked for
	body    io.ReadCloser
}

// selector decides, by the object's row, which part of the body is wanted, or
// refuses.
type selector func(*object) (r span, partial bool, err error)

// look reads an object without its body.
func (s *Service) look(ctx context.Context, at place, sel selector) (*reading, error) {
	var r *reading
	err := s.st.View(ctx, func(tx *store.Tx) (err error) {
		r, err = choose(tx, at, sel)
		return err
	})
	return r, err
}

func choose(tx *store.Tx, at place, sel selector) (*reading, error) {
	o, err := need(tx, at)
	if err != nil {
		return nil, err
	}
	wanted, partial, err := sel(o)
	return &reading{object: o, span: wanted, partial: partial}, err
}

// open reads an object and opens its body, which stays that of this version
// whatever happens to the object.
func (s *Service) open(ctx context.Context, at place, sel selector) (r *reading, err error) {
	for missed := uint64(0); ; missed = r.version {
		err = s.st.View(ctx, func(tx *store.Tx) error {
			if r, err = choose(tx, at, sel); err != nil {
				return err
			}
			return s.openWhole(tx, at, r)
		})
		if errors.Is(err, store.ErrBlobGone) && r.version != missed {
			continue // it was overwritten since the snapshot
		}
		if err == nil && r.body == nil {
			return s.openParts(ctx, at, sel)
		}
		return r, err
	}
}

// openWhole opens a body that is in one place. It leaves any other to
// openParts.
func (s *Service) openWhole(tx *store.Tx, at place, r *reading) error {
	if r.inline {
		body, _ := tx.Get(bodyKey(at.bucket, at.key))
		if int64(len(body)) != r.size {
			return errRow
		}
		r.body = io.NopCloser(bytes.NewReader(body[r.off : r.off+r.n]))
		return nil
	}
	pieces := r.pieces()
	if len(pieces) != 1 {
		return nil
	}
	b, err := s.st.OpenBlob(pieces[0].blob)
	if err != nil {
		return err
	}
	r.body = b.NewReader(pieces[0].off, pieces[0].n)
	return nil
}

// piece is what a body takes from one blob.
type piece struct {
	blob store.BlobID
	span
}

// pieces are where the bytes of the reading are.
func (r *reading) pieces() (out []piece) {
	off, left := r.off, r.n
	for _, p := range r.parts {
		if off >= p.size {
			off -= p.size
			continue
		}
		n := min(p.size-off, left)
		if n == 0 {
			break
		}
		out = append(out, piece{p.blob, span{off, n}})
		off, left = 0, left-n
	}
	return out
}

// openParts opens a body that is in several blobs. There may be ten thousand,
// so they are opened one after another; until then they are pinned. It is a
// transaction, so that none goes between the reading and the pinning.
func (s *Service) openParts(ctx context.Context, at place, sel selector) (r *reading, err error) {
	err = s.st.Update(ctx, func(tx *store.Tx) error {
		if r, err = choose(tx, at, sel); err != nil {
			return err
		}
		if r.inline {
			return s.openWhole(tx, at, r)
		}
		pieces := r.pieces()
		s.pins.add(pieces)
		r.body = &partsReader{s: s, pieces: pieces}
		return nil
	})
	return r, err
}

// partsReader reads pieces one after another.
type partsReader struct {
	s      *Service
	pieces []piece // all of them, for Close
	next   int
	open   io.ReadCloser
	closed bool
}

func (r *partsReader) Read(p []byte) (int, error) {
	for {
		if r.open == nil {
			if err := r.advance(); err != nil {
				return 0, err
			}
		}
		n, err := r.open.Read(p)
		if err != io.EOF {
			return n, err
		}
		if err := r.shut(); err != nil {
			return n, err
		}
		if n > 0 {
			return n, nil
		}
	}
}

// WriteTo lets each blob be copied in whole blocks.
func (r *partsReader) WriteTo(w io.Writer) (done int64, err error) {
	for {
		if r.open == nil {
			if err := r.advance(); err == io.EOF {
				return done, nil
			} else if err != nil {
				return done, err
			}
		}
		n, err := io.Copy(w, r.open)
		done += n
		if err == nil {
			err = r.shut()
		}
		if err != nil {
			return done, err
		}
	}
}

func (r *partsReader) advance() error {
	if r.next == len(r.pieces) {
		return io.EOF
	}
	p := r.pieces[r.next]
	b, err := r.s.st.OpenBlob(p.blob)
	if err != nil {
		return err
	}
	r.next++
	r.open = b.NewReader(p.off, p.n)
	return nil
}

func (r *partsReader) shut() error {
	if r.open == nil {
		return nil
	}
	err := r.open.Close()
	r.open = nil
	return err
}

func (r *partsReader) Close() error {
	if r.closed {
		return nil
	}
	r.closed = true
	r.s.unpin(r.pieces)
	return r.shut()
}
