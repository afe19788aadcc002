package cloudwatch_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"

	"github.com/runnel/runnel/store/storetest"
)

// BenchmarkEvaluateAlarms is the time that an evaluation of 100 alarms takes
// which look at 15 minutes each.
func BenchmarkEvaluateAlarms(b *testing.B) {
	fx := newAlarmFixture(b, storetest.Open(b))
	now := time.Now()
	for i := range 100 {
		name := fmt.Sprint("m", i)
		fx.putAlarm(name, func(in *api.PutMetricAlarmInput) { in.EvaluationPeriods = aws.Int32(13) })
		for m := range 15 {
			fx.put("N", datum(name, 1, at(now.Add(-time.Duration(m)*time.Minute))))
		}
	}
	for b.Loop() {
		if err := fx.service.EvaluateNow(ctx); err != nil {
			b.Fatal(err)
		}
	}
}
