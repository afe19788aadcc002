package sqs

import (
	"context"
	"errors"

	"github.com/runnel/runnel/service/sqs/backlog"
	"github.com/runnel/runnel/store"
)

// recoverBatch is how many messages in flight one transaction looks at.
const recoverBatch = 500

// Recover makes visible again what was received for functions by a process that
// is no more, since nobody will delete it; otherwise it would stay hidden until
// its timeout ends. How often it was received stays counted. It comes before
// anything receives for functions. A queue whose rows are damaged is passed
// over, since the others can be served.
func (s *Service) Recover(ctx context.Context) error {
	names, err := s.allNames(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		err := s.recover(ctx, name)
		if errors.Is(err, backlog.ErrRow) {
			s.cfg.Logger.ErrorContext(ctx, "messages stay hidden until their timeout ends", "queue", name, "err", err)
		} else if err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) recover(ctx context.Context, name string) error {
	var after backlog.Position
	for more := true; more; {
		err := s.store.Update(ctx, func(tx *store.Tx) error {
			more = false
			q := s.load(tx, name)
			if q == nil {
				return nil
			}
			r := s.rowsOf(tx, q)
			hidden := r.Hidden(after, recoverBatch)
			if len(hidden) == 0 {
				return r.Err()
			}
			after, more = hidden[len(hidden)-1].Position, true
			return r.reclaim(hidden)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// reclaim makes visible those of the messages that the process had itself.
func (r *rows) reclaim(hidden []backlog.Candidate) error {
	changed := false
	for _, c := range hidden {
		st, ok := r.State(c.Seq)
		if !ok || !st.Lent {
			continue
		}
		c.Group = st.Group
		r.Take(c)
		st.At, st.Lent = r.Now(), false
		r.Hold(c.Seq, st)
		r.Wake()
		changed = true
	}
	if !changed {
		return r.Err()
	}
	return r.Save()
}
