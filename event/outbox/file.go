package outbox

import (
	"context"
	"fmt"
	"time"

	"github.com/runnel/runnel/store"
)

// putOff is how long a delivery waits whose outcome could not be filed, and a
// lane whose rows could not be read.
const putOff = 5 * time.Second

// settle files the outcome of an attempt. It returns where the delivery waits
// now, or nil if it has left its lane. If the courier cannot have it filed, the
// attempt is made again later; an error is the store's.
func (o *Outbox) settle(ctx context.Context, l laneID, r row, cause error) (*position, error) {
	again, err := o.file(ctx, l, r, cause)
	if err == nil {
		return again, nil
	}
	o.log.Error("outcome of a delivery could not be filed, it is made again", "lane", l.name, "id", r.seq, "err", err)
	again, err = o.move(ctx, l, r, func(*store.Tx) (*retry, error) {
		return &retry{wait: putOff, failed: r.failed}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	return again, nil
}

// file has the courier say what follows from an outcome.
func (o *Outbox) file(ctx context.Context, l laneID, r row, cause error) (*position, error) {
	d := r.delivery(l.name)
	return o.move(ctx, l, r, func(tx *store.Tx) (*retry, error) {
		if cause == nil {
			tx.OnCommit(func() { o.courier.Done(d) })
			return nil, nil
		}
		if wait, more := o.courier.Next(tx, d, cause); more {
			return &retry{wait: max(0, wait), failed: r.failed + 1}, nil
		}
		return nil, o.courier.GiveUp(ctx, tx, d, cause)
	})
}

// retry is how a delivery waits again.
type retry struct {
	wait   time.Duration
	failed uint32
}

// move takes a delivery from where it waits, in one transaction with what decide
// does, and files it anew if decide says how. Nothing happens if the lane was
// closed meanwhile.
func (o *Outbox) move(ctx context.Context, l laneID, r row, decide func(*store.Tx) (*retry, error)) (*position, error) {
	var to *position
	err := o.store.Update(ctx, func(tx *store.Tx) error {
		if !o.rows.remove(tx, l.id, r.position) {
			return nil
		}
		again, err := decide(tx)
		if again == nil {
			o.rows.forget(tx, l.id, r.seq)
			return err
		}
		to = &position{nanos(tx.Now().Add(again.wait)), r.seq}
		o.rows.wait(tx, l.id, *to, again.failed)
		return err
	})
	return to, err
}
