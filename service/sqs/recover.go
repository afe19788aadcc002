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

// recover looks without holding up those who write.
func (s *Service) recover(ctx context.Context, name string) error {
	var after backlog.Position
	for {
		var hidden []backlog.Candidate
		var lent []uint64
		err := s.store.View(ctx, func(tx *store.Tx) error {
			q := s.load(tx, name)
			if q == nil {
				return nil
			}
			r := s.rowsOf(tx, q)
			hidden = r.Hidden(after, recoverBatch)
			for _, c := range hidden {
				if st, ok := r.State(c.Seq); ok && st.Lent {
					lent = append(lent, c.Seq)
				}
			}
			return r.Err()
		})
		if err == nil && len(lent) > 0 {
			err = s.reclaim(ctx, name, lent)
		}
		if err != nil || len(hidden) == 0 {
			return err
		}
		after = hidden[len(hidden)-1].Position
	}
}

// reclaim makes messages visible that the process had itself.
func (s *Service) reclaim(ctx context.Context, name string, lent []uint64) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		q := s.load(tx, name)
		if q == nil {
			return nil
		}
		r := s.rowsOf(tx, q)
		for _, seq := range lent {
			st, ok := r.State(seq)
			if !ok || !st.Lent { // somebody else was faster
				continue
			}
			r.Take(backlog.Candidate{Position: backlog.Position{At: st.At, Seq: seq}, Held: true, Group: st.Group})
			st.At, st.Lent = r.Now(), false
			r.Hold(seq, st)
			r.Wake()
		}
		return r.Save()
	})
}
