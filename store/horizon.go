package store

import (
	"fmt"
	"sync"
)

// horizon tracks how far the log is applied and how far it is durable.
type horizon struct {
	mu      sync.Mutex
	moved   *sync.Cond
	applied uint64
	durable uint64
	err     error         // why nothing more becomes durable
	failed  chan struct{} // closed once err is set
}

func (h *horizon) init() {
	h.moved = sync.NewCond(&h.mu)
	h.failed = make(chan struct{})
}

// next is the place in the log of the commit that is applied now.
func (h *horizon) next() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.applied++
	return h.applied
}

func (h *horizon) last() uint64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.applied
}

// failure is why nothing more becomes durable, if that is so.
func (h *horizon) failure() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

// reach says that commit n is on disk, and with it all before it, or why it is
// not. After a failed fsync nobody knows what is on disk, so the first failure
// stands for all that comes later.
func (h *horizon) reach(n uint64, err error) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.err != nil:
		return h.err
	case err != nil:
		h.err = fmt.Errorf("store: the log cannot be written: %w", err)
		close(h.failed)
	case n > h.durable:
		h.durable = n
	default:
		return nil
	}
	h.moved.Broadcast()
	return h.err
}

// wait returns when commit n is durable, or with why it will not be.
func (h *horizon) wait(n uint64) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for h.durable < n && h.err == nil {
		h.moved.Wait()
	}
	if h.durable < n {
		return h.err
	}
	return nil
}
