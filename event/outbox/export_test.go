package outbox

import "github.com/runnel/runnel/store"

// Waiting counts what is on a lane and has not left it, up to limit.
func (o *Outbox) Waiting(tx *store.Tx, lane string, limit int) int {
	n := 0
	if l, ok := o.rows.lane(tx, lane); ok {
		for range tx.Scan(o.rows.due(l.id)) {
			if n++; n >= limit {
				break
			}
		}
	}
	return n
}
