package cloudwatch_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/runnel/runnel/store/storetest"
)

// TestPowerCut has many clients put data to the same metrics and others: all
// that was acknowledged is there after a power cut, once.
func TestPowerCut(t *testing.T) {
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			disk := storetest.NewDisk()
			st, shut := disk.Open(t)
			fx := newFixture(t, st)
			var wg sync.WaitGroup
			for c := range 8 {
				wg.Go(func() {
					for range 10 {
						fx.put("N", datum("shared", 1), datum(fmt.Sprint("own", c), 1, fine), datum("late", 1, at(time.Now().Add(-100*time.Hour))))
						fx.log(fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[{"Namespace":"N","Dimensions":[[]],"Metrics":[{"Name":"embedded"}]}]},"embedded":1}`,
							time.Now().UnixMilli()))
						fx.service.Observe(measured("observed"), 1) // may be lost
					}
				})
			}
			wg.Wait()
			cut := disk.PowerCut(seed)
			fx.stop()
			shut()
			st, _ = cut.Open(t)
			fx = newFixture(t, st)
			equal(t, "shared", told(fx.data(query("m", "shared", "SampleCount", 3600))), "m=80@00:00:00")
			equal(t, "embedded", told(fx.data(query("m", "embedded", "SampleCount", 3600))), "m=80@00:00:00")
			equal(t, "late", fx.past("late", time.Now().Add(-101*time.Hour), 3600), "1/80")
			for c := range 8 {
				equal(t, "own", told(fx.data(query("m", fmt.Sprint("own", c), "Sum", 1))), "m=10@00:00:00")
			}
			// What is kept ages on.
			fx.pass(30 * 24 * time.Hour)
			equal(t, "shared later", fx.past("shared", fx.now().Add(-31*24*time.Hour), 300), "1/80")
		})
	}
}
