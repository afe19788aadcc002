package s3

import (
	"context"
	"slices"
	"sync"

	"github.com/runnel/runnel/store"
)

// pins are the blobs that readers are yet to open. A blob that is given up
// while it is pinned gets a row in the garbage instead; its last reader, or the
// next start, releases it.
type pins struct {
	mu     sync.Mutex
	count  map[store.BlobID]int
	doomed []store.BlobID // given up while pinned
}

func (p *pins) add(pieces []piece) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range pieces {
		p.count[x.blob]++
	}
}

// drop takes pins back, and gives the blobs that were waiting for it.
func (p *pins) drop(pieces []piece) (free []store.BlobID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, x := range pieces {
		if p.count[x.blob]--; p.count[x.blob] == 0 {
			delete(p.count, x.blob)
		}
	}
	p.doomed = slices.DeleteFunc(p.doomed, func(id store.BlobID) bool {
		if p.count[id] > 0 {
			return false
		}
		free = append(free, id)
		return true
	})
	return free
}

// doom reports whether id is pinned; if so, drop will tell of it.
func (p *pins) doom(id store.BlobID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count[id] == 0 {
		return false
	}
	p.doomed = append(p.doomed, id)
	return true
}

func (p *pins) held(id store.BlobID) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.count[id] > 0
}

func garbageSpace() store.Key { return store.K("s3", "garbage") }

// garbageKey is of the blob id, given up by the transaction that had the number
// n: a blob with several names may be given up several times.
func garbageKey(id store.BlobID, n uint64) store.Key {
	return garbageSpace().Uint(uint64(id)).Uint(n)
}

// releaseBlob gives up a name of a blob, at once or when nobody reads it.
func (s *Service) releaseBlob(tx *store.Tx, id store.BlobID) {
	if s.pins.doom(id) {
		tx.Set(garbageKey(id, tx.NextID()), nil)
		return
	}
	tx.Release(id)
}

// unpin ends a reading.
func (s *Service) unpin(pieces []piece) {
	free := s.pins.drop(pieces)
	if len(free) == 0 {
		return
	}
	err := s.st.Update(context.Background(), func(tx *store.Tx) error {
		for _, id := range free {
			s.collect(tx, store.Prefix(garbageSpace().Uint(uint64(id))))
		}
		return nil
	})
	if err != nil {
		s.log.Warn("blobs are not released; the next start tries again", "err", err)
	}
}

// collect releases the blobs in a range of the garbage that nobody reads.
func (s *Service) collect(tx *store.Tx, r store.Range) {
	for k := range tx.Scan(r) {
		id := store.BlobID(k.Parts(garbageSpace()).Uint())
		if !s.pins.held(id) {
			tx.Delete(k)
			tx.Release(id)
		}
	}
}

// Run releases what readers had pinned when the last run ended, and blocks
// until ctx ends. It returns ctx's error.
func (s *Service) Run(ctx context.Context) error {
	err := s.st.Update(ctx, func(tx *store.Tx) error {
		s.collect(tx, store.Prefix(garbageSpace()))
		return nil
	})
	if err != nil {
		return err
	}
	<-ctx.Done()
	return ctx.Err()
}
