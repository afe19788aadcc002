package cloudwatch_test

import (
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/store/storetest"
)

// TestDescribeAlarmsPageCost has a page cost what is on it, however many
// alarms stand before it and behind it. Cost is told by allocations.
func TestDescribeAlarmsPageCost(t *testing.T) {
	synctest.Test(t, describePageCost) // where no minute ends, and no alarm is evaluated, meanwhile
}

func describePageCost(t *testing.T) {
	fx := newAlarmFixture(t, storetest.Open(t))
	put := func(from, to int) {
		for i := from; i < to; i++ {
			if _, err := fx.service.PutMetricAlarm(ctx, &api.PutMetricAlarmInput{
				AlarmName: aws.String(fmt.Sprintf("a%03d", i)), Namespace: aws.String("N"), MetricName: aws.String("m"),
				Statistic: types.StatisticSum, Period: aws.Int32(60), EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5),
				ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	page := func(max int32, token *string) *api.DescribeAlarmsOutput {
		out, err := fx.service.DescribeAlarms(ctx, &api.DescribeAlarmsInput{
			AlarmNamePrefix: aws.String("a"), MaxRecords: aws.Int32(max), NextToken: token})
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	cost := func(token *string) float64 {
		synctest.Wait()
		return testing.AllocsPerRun(20, func() { page(1, token) })
	}
	const few, many = 20, 300
	put(0, few)
	before := cost(nil)
	put(few, many)
	token := page(100, nil).NextToken
	for range many/100 - 2 {
		token = page(100, token).NextToken
	}
	equal(t, "first of the last page", *page(1, token).MetricAlarms[0].AlarmName, "a200")
	for name, token := range map[string]*string{"first page": nil, "last page": token} {
		if after := cost(token); after > before+many/2 {
			t.Errorf("%s: %v allocations among %d alarms, %v among %d", name, after, many, before, few)
		}
	}
}
