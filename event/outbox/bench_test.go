package outbox_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/runnel/runnel/event/outbox"
	"github.com/runnel/runnel/store"
)

// BenchmarkOutbox puts deliveries of 1 KiB and waits until all are done, on the
// machine's disk, to destinations that answer at once. One operation is one
// delivery.
func BenchmarkOutbox(b *testing.B) {
	for _, lanes := range []int{1, 10, 1000} {
		b.Run(fmt.Sprintf("lanes=%d", lanes), func(b *testing.B) {
			st, err := store.Open(b.TempDir(), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			c := &counter{left: int64(b.N), done: make(chan struct{})}
			o := outbox.New(st, "bench", c, outbox.Options{})
			ctx, cancel := context.WithCancel(b.Context())
			ended := make(chan struct{})
			go func() { defer close(ended); _ = o.Run(ctx) }()
			payload := make([]byte, 1024)
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; {
				err := st.Update(ctx, func(tx *store.Tx) error {
					for i := 0; i < 100 && n < b.N; i++ {
						o.Put(tx, fmt.Sprint(n%lanes), payload)
						n++
					}
					return nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			<-c.done
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
			cancel()
			<-ended
		})
	}
}

// counter is a courier to destinations that answer at once.
type counter struct {
	postman
	left int64
	done chan struct{}
}

func (c *counter) Deliver(context.Context, outbox.Delivery) error { return nil }

func (c *counter) Done(outbox.Delivery) {
	if atomic.AddInt64(&c.left, -1) == 0 {
		close(c.done)
	}
}
