package cloudformation

import (
	"context"
	"time"

	"github.com/runnel/runnel/store"
)

// patience is how long the answer to a request waits for the operation that the
// request began. The CLI asks again only after half a minute when it finds a
// stack in progress, and most stacks here are done much sooner.
const patience = 2 * time.Second

// settled waits until no operation is under way on a stack, or until ctx ends.
func (s *Service) settled(ctx context.Context, uuid string) (*stack, error) {
	changes := s.store.Watch(stackTopic(uuid))
	defer changes.Close()
	for {
		st := &stack{}
		err := s.store.View(ctx, func(tx *store.Tx) error {
			tx.GetJSON(stackKey(uuid), st)
			return nil
		})
		if err != nil || st.Operation == nil {
			return st, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-changes.C:
		}
	}
}

// linger gives an operation that was accepted some time to end. Whether it does
// is no concern of the request's.
func (s *Service) linger(ctx context.Context, uuid string) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	_, _ = s.settled(ctx, uuid)
}
