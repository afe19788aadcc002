package runnel

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"
)

// drainTime is how long requests that run may take to end when the runtime
// stops.
const drainTime = 3 * time.Second

// part is something that runs until its context ends.
type part struct {
	run  func(context.Context) error
	stop context.CancelFunc
	done chan struct{}
}

// Run serves until ctx ends, or until something fails that cannot be mended,
// and returns why: nil for the end of ctx.
//
// It stops in the order in which nothing is cut off from what it needs:
// stacks, functions and deliveries first, while the APIs that they call still
// answer; then the APIs; then what they measured is written; then the store's
// timers end.
func (r *Runtime) Run(ctx context.Context) error {
	if err := r.queues.Recover(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	parts := []*part{
		{run: r.store.Run},
		{run: r.metrics.Run},
		{run: r.buckets.Run},
		{run: r.serve},
		{run: r.topics.Run},
		{run: r.functions.Run},
		{run: r.stacks.Run},
	}
	failed := make(chan error, len(parts))
	for _, p := range parts {
		p.start(context.WithoutCancel(ctx), failed)
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	for i := len(parts) - 1; i >= 0; i-- {
		parts[i].stop()
		<-parts[i].done
	}
	return err
}

func (p *part) start(ctx context.Context, failed chan<- error) {
	ctx, p.stop = context.WithCancel(ctx)
	p.done = make(chan struct{})
	go func() {
		defer close(p.done)
		if err := p.run(ctx); err != nil && ctx.Err() == nil {
			failed <- err
		}
	}()
}

// serve answers requests until ctx ends, and then lets those that run end.
func (r *Runtime) serve(ctx context.Context) error {
	s := newSniffer(r.listener)
	ended := make(chan error, 3)
	go func() { ended <- s.run() }()
	go func() { ended <- r.server.Serve(s.plain) }()
	go func() { ended <- r.server.ServeTLS(s.secure, "", "") }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	r.listener.Close()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTime)
	defer cancel()
	err := r.server.Shutdown(drain)
	if errors.Is(err, context.DeadlineExceeded) {
		err = r.server.Close() // long polls, and clients that do not read
	}
	for range cap(ended) {
		if e := <-ended; !errors.Is(e, http.ErrServerClosed) && !errors.Is(e, net.ErrClosed) {
			err = errors.Join(err, e)
		}
	}
	return err
}

// Close releases the port and the folder. It comes after Run has returned.
func (r *Runtime) Close() error {
	var err error
	if r.listener != nil {
		if err = r.listener.Close(); errors.Is(err, net.ErrClosed) {
			err = nil
		}
	}
	return errors.Join(err, r.store.Close())
}
