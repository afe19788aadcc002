package source

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/lambda/pace"
	"github.com/runnel/runnel/store"
)

// worker takes batches from a queue to a function, one after the other, until
// the queue is empty. What is done with leaves the queue in the transaction in
// which the next batch is received.
type worker struct {
	*Poller
	more func() // called on a full batch
	done []string
	slot bool
	left bool // it is no longer counted among the poller's
}

func (w *worker) run(ctx context.Context) {
	defer w.settle(ctx)
	for ctx.Err() == nil && w.useful(ctx) && !w.surplus() {
		messages, err := w.next(ctx)
		if errors.Is(err, pace.ErrNone) {
			return // the poller waits for the function to change
		}
		if err != nil {
			w.setback(ctx, err)
			return
		}
		if len(messages) == 0 {
			return
		}
		w.process(ctx, messages)
		w.giveSlot()
	}
}

// next returns a batch and holds a slot for it; an empty batch if there is
// nothing to do.
func (w *worker) next(ctx context.Context) (messages []event.Message, err error) {
	if w.Window > 0 {
		if messages, err = w.gather(ctx); err != nil || len(messages) == 0 {
			return nil, err
		}
		return messages, w.takeSlot(ctx)
	}
	if err := w.takeSlot(ctx); err != nil {
		return nil, err
	}
	messages, err = w.exchange(ctx, w.BatchSize)
	if len(messages) >= w.BatchSize {
		w.more()
	}
	return messages, err
}

// useful reports whether there is a function to take messages to. If there is
// none they stay in the queue, where no receive counts against them; the poller
// says why.
func (w *worker) useful(ctx context.Context) bool {
	return w.Function.Check(ctx) == nil
}

// surplus reports whether there are more workers than are of use, so that this
// one is to go.
func (w *worker) surplus() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.workers <= w.Ramp.Size() {
		return false
	}
	w.workers--
	w.left = true
	return true
}

// settle ends the worker: what is done leaves the queue.
func (w *worker) settle(ctx context.Context) {
	w.giveSlot()
	if err := w.remove(ctx); err != nil {
		w.trouble(err)
	}
}

// takeSlot gets a slot, if the worker has none. If that takes time, what is done
// need not wait for it.
func (w *worker) takeSlot(ctx context.Context) error {
	if w.slot {
		return nil
	}
	if _, ok := w.Slots.Try(w.Function.Name()); !ok {
		if err := w.remove(ctx); err != nil {
			return err
		}
		if err := w.Slots.Wait(ctx, w.Function.Name()); err != nil {
			return err
		}
	}
	w.slot = true
	return nil
}

func (w *worker) giveSlot() {
	if w.slot {
		w.slot = false
		w.Slots.Release(w.Function.Name())
	}
}

// receiveAtOnce is how many messages a transaction takes from the queue at most:
// large batches are gathered in steps, so that neither other transactions nor
// memory have to wait for ten thousand large messages.
const receiveAtOnce = 100

// exchange deletes what is done and receives up to limit messages, or as many as
// are received at once, in one transaction.
func (w *worker) exchange(ctx context.Context, limit int) (messages []event.Message, err error) {
	err = w.Store.Update(ctx, func(tx *store.Tx) error {
		if len(w.done) > 0 {
			if err := w.Queue.Delete(ctx, tx, w.From, w.done); err != nil {
				return err
			}
		}
		messages, err = w.Queue.Receive(ctx, tx, w.From, min(limit, receiveAtOnce), 0)
		return err
	})
	if err == nil {
		w.done = w.done[:0]
	}
	return messages, err
}

// remove deletes what is done, even when ctx has ended: the function has had it.
func (w *worker) remove(ctx context.Context) error {
	if len(w.done) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	err := w.Store.Update(ctx, func(tx *store.Tx) error { return w.Queue.Delete(ctx, tx, w.From, w.done) })
	if err == nil {
		w.done = w.done[:0]
	}
	return err
}

// gather collects a batch until it is full or its window, which its first
// message opens, is over. One worker gathers at a time, so that batches fill;
// no slot is held meanwhile.
func (w *worker) gather(ctx context.Context) ([]event.Message, error) {
	if err := w.enterGate(ctx); err != nil {
		return nil, err
	}
	defer w.leaveGate()
	arrived := w.Store.Watch(w.topic)
	defer arrived.Close()
	opened := w.now() // not later: who sees the first message in flight may move the clock
	messages, err := w.exchange(ctx, w.BatchSize)
	if err != nil || len(messages) == 0 {
		return nil, err
	}
	end := w.Store.Clock().Alarm(opened.Add(w.Window))
	defer end.Stop()
	for open := true; open && len(messages) < w.BatchSize && sizeOf(messages) < maxPayload; {
		more, err := w.exchange(ctx, w.BatchSize-len(messages))
		if err != nil {
			return nil, err
		}
		if messages = append(messages, more...); len(more) > 0 {
			continue
		}
		if open, err = w.awaitMore(ctx, arrived, end); err != nil {
			return nil, err
		}
	}
	if len(messages) >= w.BatchSize {
		w.more()
	}
	return messages, nil
}

func (w *worker) enterGate(ctx context.Context) error {
	select {
	case w.gate <- struct{}{}:
		return nil
	default:
	}
	if err := w.remove(ctx); err != nil {
		return err
	}
	select {
	case w.gate <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// leaveGate has the poller look at what arrived while it left the queue alone.
func (w *worker) leaveGate() {
	<-w.gate
	w.poke()
}

// awaitMore reports whether the window is still open.
func (w *worker) awaitMore(ctx context.Context, arrived *store.Watcher, end *store.Alarm) (bool, error) {
	var next <-chan struct{}
	if at, err := w.nextVisible(ctx); err != nil {
		return false, err
	} else if !at.IsZero() {
		a := w.Store.Clock().Alarm(at)
		defer a.Stop()
		next = a.C
	}
	select {
	case <-arrived.C:
		return true, nil
	case <-next:
		return true, nil
	case <-end.C:
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
}

func (w *worker) nextVisible(ctx context.Context) (at time.Time, err error) {
	err = w.Store.View(ctx, func(tx *store.Tx) error {
		state, err := w.Queue.Describe(ctx, tx, w.From)
		at = state.NextVisible
		return err
	})
	return at, err
}

func sizeOf(messages []event.Message) (n int) {
	for i := range messages {
		n += len(messages[i].Body)
	}
	return n
}

// setback shows an error that is not the function's, and waits a while so that
// it is not met again at once; without a slot, which others can use.
func (w *worker) setback(ctx context.Context, err error) {
	w.giveSlot()
	w.trouble(err)
	a := w.Store.Clock().Alarm(w.now().Add(time.Second))
	defer a.Stop()
	select {
	case <-ctx.Done():
	case <-a.C:
	}
}

// process has the function work on messages, and notes those that it is done
// with. The others come back when their visibility timeout ends.
func (w *worker) process(ctx context.Context, messages []event.Message) {
	var kept []*event.Message
	var records [][]byte
	for i := range messages {
		m := &messages[i]
		r := encodeMessage(m, w.From)
		if !wanted(w.Patterns, r) {
			w.done = append(w.done, m.Receipt)
			continue
		}
		kept, records = append(kept, m), append(records, r)
	}
	for _, b := range batches(kept, records) {
		if w.takeSlot(ctx) != nil {
			return
		}
		if !w.invoke(ctx, b) && w.inOrder() {
			return // what follows may be of the same message groups
		}
	}
}

// inOrder reports whether the queue keeps an order.
func (w *worker) inOrder() bool { return strings.HasSuffix(w.From.Resource, ".fifo") }

// invoke runs the function on one event, and reports whether it did all of it.
// The slot goes before the result is told: who is told may call at once.
func (w *worker) invoke(ctx context.Context, b *batch) bool {
	res, err := w.Function.Invoke(ctx, b.messages[0].System["AWSTraceHeader"], b.payload.Bytes())
	w.giveSlot()
	w.Ramp.Done()
	if err != nil {
		w.setback(ctx, err)
		return false
	}
	var failed map[string]bool
	ok := !res.Failed
	if ok && w.ReportsFailures {
		failed, ok = failures(res.Payload, b.messages)
	}
	if !ok {
		w.Result("PROBLEM: Function call failed")
		return false
	}
	w.Result("OK")
	for _, m := range b.messages {
		if !failed[m.ID] {
			w.done = append(w.done, m.Receipt)
		}
	}
	return len(failed) == 0
}
