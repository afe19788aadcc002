package cloudwatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store/storetest"
)

// BenchmarkPutMetricData puts 100 metrics at once, each a value.
func BenchmarkPutMetricData(b *testing.B) {
	fx := newFixture(b, storetest.Open(b))
	in := &api.PutMetricDataInput{Namespace: aws.String("N")}
	for i := range 100 {
		in.MetricData = append(in.MetricData, datum(fmt.Sprint("m", i), float64(i), with("Service", "s")))
	}
	for b.Loop() {
		if _, err := fx.service.PutMetricData(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGetMetricData reads a day of a metric by the minute.
func BenchmarkGetMetricData(b *testing.B) {
	fx := newFixture(b, storetest.Open(b))
	now := time.Now()
	for h := range 24 {
		in := &api.PutMetricDataInput{Namespace: aws.String("N")}
		for m := range 60 {
			in.MetricData = append(in.MetricData, datum("m", float64(m), at(now.Add(-time.Duration(h*60+m)*time.Minute))))
		}
		if _, err := fx.service.PutMetricData(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
	in := &api.GetMetricDataInput{StartTime: aws.Time(now.Add(-24 * time.Hour)), EndTime: aws.Time(now.Add(time.Minute)),
		MetricDataQueries: []types.MetricDataQuery{query("m", "m", "Sum", 300)}}
	for b.Loop() {
		if _, err := fx.service.GetMetricData(ctx, in); err != nil {
			b.Fatal(err)
		}
	}
}

var line = event.LogLine{Text: `{"level":"info","message":"converted","rows":100,"key":"upload/input/clients.csv"}`}

// BenchmarkEmbedded is what an ordinary line of a log costs.
func BenchmarkEmbedded(b *testing.B) {
	fx := newFixture(b, storetest.Open(b))
	for b.Loop() {
		if fx.service.Embedded(line) != nil {
			b.Fatal("it holds metrics")
		}
	}
}
