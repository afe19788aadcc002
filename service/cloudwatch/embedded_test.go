package cloudwatch_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/runnel/runnel/event"
)

func (fx *fixture) log(text string) {
	fx.t.Helper()
	put := fx.service.Embedded(event.LogLine{Time: fx.store.Clock().Now(), Text: text})
	if put == nil {
		return
	}
	if err := fx.store.Update(ctx, put); err != nil {
		fx.t.Fatal(err)
	}
}

// TestEmbedded keeps the metrics of a line, in each of its dimension sets.
func TestEmbedded(t *testing.T) {
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

// TestEmbeddedTooMuch takes a line as any other that would be hundreds of
// times as long in the store: thousands of metrics of the same long dimensions.
func TestEmbeddedTooMuch(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		line := func(metrics int) string {
			var names, values, definitions []string
			for i := range 30 {
				names = append(names, fmt.Sprintf(`"d%d"`, i))
				values = append(values, fmt.Sprintf(`"d%d":"%s"`, i, strings.Repeat("x", 1000)))
			}
			for i := range metrics {
				definitions = append(definitions, fmt.Sprintf(`{"Name":"m%d"}`, i))
				values = append(values, fmt.Sprintf(`"m%d":1`, i))
			}
			directive := func(definitions []string) string {
				return fmt.Sprintf(`{"Namespace":"N","Dimensions":[[%s]],"Metrics":[%s]}`, strings.Join(names, ","), strings.Join(definitions, ","))
			}
			var directives []string
			for part := range slices.Chunk(definitions, 100) {
				directives = append(directives, directive(part))
			}
			return fmt.Sprintf(`{"_aws":{"Timestamp":%d,"CloudWatchMetrics":[%s]},%s}`,
				time.Now().UnixMilli(), strings.Join(directives, ","), strings.Join(values, ","))
		}
		listed := func() int {
			out, err := fx.ListMetrics(ctx, &api.ListMetricsInput{})
			equal(t, "list", err, nil)
			return len(out.Metrics)
		}
		fx.log(line(1000))
		equal(t, "too much", listed(), 0)
		fx.log(line(100))
		equal(t, "much", listed(), 100)
	})
}
