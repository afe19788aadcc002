package sqs

import (
	"fmt"

	"github.com/runnel/runnel/store"
)

// LimitInFlight sets how many messages of a queue may be in flight.
func (s *Service) LimitInFlight(n uint64) { s.maxInFlight = n }

// Verify walks all rows of a queue and checks that the tally says what is
// there, and that each message stands in one place.
func (s *Service) Verify(tx *store.Tx, name string) error {
	q := s.load(tx, name)
	if q == nil {
		return fmt.Errorf("no queue %s", name)
	}
	return s.rowsOf(tx, q).Verify()
}
