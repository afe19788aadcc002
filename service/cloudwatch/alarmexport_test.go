package cloudwatch

import (
	"context"

	"github.com/runnel/runnel/store"
)

// EvaluateNow evaluates all metric alarms.
func (s *Service) EvaluateNow(ctx context.Context) error {
	return s.store.Update(ctx, func(tx *store.Tx) error {
		for name := range named(tx, "", nil) {
			a := getAlarm(tx, name)
			evaluateLater(tx, a)
			if to, changed := s.evaluate(ctx, tx, a); changed {
				if err := s.change(ctx, tx, a, to, nil); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
