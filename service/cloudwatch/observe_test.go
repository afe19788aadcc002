package cloudwatch_test

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store/storetest"
)

// measured is a metric of the namespace "N", as services name it.
func measured(name string, dimensions ...event.Dimension) event.Metric {
	m := event.Metric{Namespace: "N", Name: name, Unit: "Count"}
	copy(m.Dimensions[:], dimensions)
	return m
}

// TestObserve has what services count told at once, and kept when the minute
// ends, once.
func TestObserve(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		queue := event.Dimension{Name: "Queue", Value: "q"}
		want := ""
		for minute := range 3 {
			for i := range 4 {
				fx.service.Observe(measured("sent", queue), float64(i))
			}
			fx.put("N", datum("sent", 10, with("Queue", "q"), in("Count")))
			if minute > 0 {
				want += ","
			}
			want += fmt.Sprintf("16@00:0%d:00", minute)
			equal(t, "at once", told(fx.data(query("m", "sent", "Sum", 60, "Queue", "q"))), "m="+want)
			time.Sleep(time.Minute)
			synctest.Wait()
			equal(t, "afterwards", told(fx.data(query("m", "sent", "Sum", 60, "Queue", "q"))), "m="+want)
		}
		equal(t, "p50", told(fx.data(query("m", "sent", "p50", 3600, "Queue", "q"))), "m=2@23:03:00")
		list, err := fx.ListMetrics(ctx, &api.ListMetricsInput{Namespace: aws.String("N")})
		if err != nil || len(list.Metrics) != 1 {
			t.Error("listed:", list.Metrics, err)
		}
	})
}

// TestObserveStop keeps what was counted when the service stops in the middle
// of a minute.
func TestObserveStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		st, shut := disk.Open(t)
		fx := newFixture(t, st)
		fx.service.Observe(measured("a"), 7)
		fx.stop()
		shut()
		st, _ = disk.PowerCut(0).Open(t)
		equal(t, "kept", told(newFixture(t, st).data(query("m", "a", "Sum", 60))), "m=7@00:00:00")
	})
}

// TestObserveMinuteIsDurable has a minute that ended on disk.
func TestObserveMinuteIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		st, _ := disk.Open(t)
		fx := newFixture(t, st)
		for i := range 50 {
			fx.service.Observe(measured("m"+strconv.Itoa(i)), 1)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		st, _ = disk.PowerCut(0).Open(t)
		fx = newFixture(t, st)
		for i := range 50 {
			equal(t, "kept", told(fx.data(query("m", "m"+strconv.Itoa(i), "Sum", 60))), "m=1@00:00:00")
		}
	})
}

// TestObserveConcurrently counts from many goroutines while minutes end and
// readers look: nothing is lost or counted twice.
func TestObserveConcurrently(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		const workers, each = 8, 200
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for i := range each {
					fx.service.Observe(measured("m"+strconv.Itoa(i%20)), 1)
					if i%10 == w {
						time.Sleep(7 * time.Second)
					}
				}
			})
		}
		wg.Go(func() {
			last := 0.0
			for range 30 {
				time.Sleep(5 * time.Second)
				sum := 0.0
				for _, v := range fx.data(query("m", "m3", "Sum", 60)).MetricDataResults[0].Values {
					sum += v
				}
				if sum < last {
					t.Errorf("%v became %v", last, sum)
				}
				last = sum
			}
		})
		wg.Wait()
		sum := 0.0
		for i := range 20 {
			for _, v := range fx.data(query("m", "m"+strconv.Itoa(i), "Sum", 60)).MetricDataResults[0].Values {
				sum += v
			}
		}
		equal(t, "sum", sum, workers*each)
	})
}

// TestSample asks for levels each minute.
func TestSample(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st := storetest.Open(t)
		fx := newFixture(t, st)
		fx.stop()
		level := 0.0
		fx.service.Sample(func(context.Context) error {
			level++
			fx.service.Observe(measured("depth"), level)
			return nil
		})
		running, cancel := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- fx.service.Run(running) }()
		time.Sleep(3*time.Minute + time.Second)
		equal(t, "levels", told(fx.data(query("m", "depth", "Maximum", 60))), "m=1@00:01:00,2@00:02:00,3@00:03:00")
		cancel()
		<-done
	})
}

// TestIdle does not wake up when nothing is measured: in a bubble, hours pass
// in no time only if nobody has anything to do.
func TestIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fx := newFixture(t, storetest.Open(t))
		fx.service.Observe(measured("a"), 1)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		before := fx.store.DiskUsage()
		time.Sleep(2 * time.Hour)
		equal(t, "disk", fx.store.DiskUsage(), before)
	})
}

// TestTooManyMetrics drops what there is no room for, and goes on.
func TestTooManyMetrics(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		for i := range 40_000 {
			fx.service.Observe(measured("m"+strconv.Itoa(i)), 1)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		fx.service.Observe(measured("late"), 1)
		time.Sleep(time.Minute)
		synctest.Wait()
		equal(t, "first", told(fx.data(query("m", "m0", "Sum", 60))), "m=1@00:00:00")
		fx.service.Observe(measured("later"), 1)
		equal(t, "later", told(fx.data(query("m", "later", "Sum", 60))), "m=1@00:02:00")
	})
}

func BenchmarkObserve(b *testing.B) {
	fx := newFixture(b, storetest.Open(b))
	m := event.Metric{Namespace: "AWS/SQS", Name: "NumberOfMessagesSent", Unit: "Count",
		Dimensions: event.Dimensions{{Name: "QueueName", Value: "orders"}}}
	b.Run("one", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			fx.service.Observe(m, 1)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				fx.service.Observe(m, 1)
			}
		})
	})
	b.Run("latencies", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			i++
			fx.service.Observe(event.Metric{Namespace: "AWS/Lambda", Name: "Duration", Unit: "Milliseconds",
				Dimensions: event.Dimensions{{Name: "FunctionName", Value: "convert"}}}, float64(i*7919%100_000)/1000)
		}
	})
}
