package cloudwatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

func (fx *fixture) log(text string) {
	fx.t.Helper()
	err := fx.store.Update(ctx, func(tx *store.Tx) error {
		return fx.service.PutEmbedded(ctx, tx, event.LogLine{Time: tx.Now(), Text: text})
	})
	if err != nil {
		fx.t.Fatal(err)
	}
}

// TestPutEmbedded keeps the metrics of a line, in each of its dimension sets.
func TestPutEmbedded(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		line := func(at time.Time) string {
			return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[
				{"Namespace":"N","Dimensions":[["Service"],["Service","Route"],[]],"Metrics":[{"Name":"time","Unit":"Milliseconds"},{"Name":"size"}]}]},
				"Service":"s","Route":"/","time":[1,2,3],"size":10}`, at.UnixMilli())
		}
		fx.log(line(time.Now()))
		fx.log(line(time.Now()))
		fx.log("plain text")
		fx.log(line(time.Now().Add(-15 * 24 * time.Hour)))
		fx.log(line(time.Now().Add(3 * time.Hour)))
		equal(t, "by service", told(fx.data(query("m", "time", "Sum", 60, "Service", "s"))), "m=12@00:00:00")
		equal(t, "by both", told(fx.data(query("m", "time", "p50", 60, "Route", "/", "Service", "s"))), "m=2@00:00:00")
		equal(t, "by none", told(fx.data(query("m", "size", "SampleCount", 60))), "m=2@00:00:00")
	})
}
