package cloudwatch_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire/wiretest"
)

// TestAlarmProtocols has the SDK's client put and describe alarms in each
// protocol.
func TestAlarmProtocols(t *testing.T) {
	for name, speak := range map[string]func(*api.Options){"cbor": func(*api.Options) {}, "json": speakJSON, "query": speakQuery} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				fx := newAlarmFixture(t, storetest.Open(t))
				fx.Client = api.NewFromConfig(wiretest.Config(t, fx.handler), speak)
				checkAlarmClient(t, fx)
			})
		})
	}
}

func checkAlarmClient(t *testing.T, fx *fixture) {
	fx.putAlarm("m1", func(in *api.PutMetricAlarmInput) {
		in.Dimensions = dims("A", "1", "B", "2")
		in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
	})
	hidden := query("calls", "Invocations", "Sum", 60)
	hidden.ReturnData = aws.Bool(false)
	fx.putAlarm("m2", func(in *api.PutMetricAlarmInput) {
		in.Namespace, in.MetricName, in.Period, in.Statistic = nil, nil, nil, ""
		in.Metrics = []types.MetricDataQuery{expression("e1", "calls * 2"), hidden}
	})
	if _, err := fx.PutCompositeAlarm(ctx, &api.PutCompositeAlarmInput{AlarmName: aws.String("c"), AlarmRule: aws.String(`ALARM("m1")`)}); err != nil {
		t.Fatal(err)
	}
	var names []string
	pages := api.NewDescribeAlarmsPaginator(fx.Client, &api.DescribeAlarmsInput{MaxRecords: aws.Int32(1), AlarmTypes: []types.AlarmType{
		types.AlarmTypeCompositeAlarm, types.AlarmTypeMetricAlarm}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range page.CompositeAlarms {
			names = append(names, *a.AlarmName+" "+*a.AlarmRule+" "+string(a.StateValue))
		}
		for _, a := range page.MetricAlarms {
			names = append(names, fmt.Sprintf("%s %d dimensions, %d metrics, threshold %v, since %s", *a.AlarmName, len(a.Dimensions),
				len(a.Metrics), *a.Threshold, a.StateUpdatedTimestamp.UTC().Format(time.RFC3339)))
		}
	}
	equal(t, "alarms", fmt.Sprintf("%q", names), `["c ALARM(\"m1\") OK" "m1 2 dimensions, 0 metrics, threshold 5, since 2000-01-01T00:00:00Z" `+
		`"m2 0 dimensions, 2 metrics, threshold 5, since 2000-01-01T00:00:00Z"]`)

	tags, err := fx.ListTagsForResource(ctx, &api.ListTagsForResourceInput{ResourceARN: aws.String("arn:aws:cloudwatch:us-east-1:000000000000:alarm:m1")})
	if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Value != "v" {
		t.Errorf("tags: %v, %v", tags, err)
	}
	_, err = fx.SetAlarmState(ctx, &api.SetAlarmStateInput{AlarmName: aws.String("none"), StateValue: types.StateValueOk, StateReason: aws.String("")})
	if missing := (*types.ResourceNotFound)(nil); !errors.As(err, &missing) {
		t.Errorf("an alarm that there is not: %v", err)
	}
	_, err = fx.DeleteAlarms(ctx, &api.DeleteAlarmsInput{AlarmNames: []string{"m1"}})
	// The client itself calls it ValidationException where it speaks query.
	_, text, _ := strings.Cut(message(err), ": ")
	equal(t, "deletion", text, "Cannot delete m1 as there are composite alarm(s) depending on it.")
}

// TestAlarmObserved has an alarm see what services observe before it is
// written.
func TestAlarmObserved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fx := newAlarmFixture(t, storetest.Open(t))
		fx.putAlarm("Errors", func(in *api.PutMetricAlarmInput) {
			in.Namespace, in.Threshold = aws.String("AWS/Lambda"), aws.Float64(0)
		})
		fx.service.Observe(event.Metric{Namespace: "AWS/Lambda", Name: "Errors", Unit: "Count"}, 1)
		time.Sleep(64 * time.Second)
		synctest.Wait()
		equal(t, "in its minute", fx.alarmState("Errors"), types.StateValueInsufficientData)
		time.Sleep(time.Second)
		synctest.Wait()
		equal(t, "after it", fx.alarmState("Errors"), types.StateValueAlarm)
	})
}

// TestAlarmFine has an alarm of a period of 10 seconds evaluated as often.
func TestAlarmFine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fx := newAlarmFixture(t, storetest.Open(t))
		fx.putAlarm("m", func(in *api.PutMetricAlarmInput) { in.Period = aws.Int32(10) })
		fx.put("N", datum("m", 9, fine))
		time.Sleep(15 * time.Second)
		synctest.Wait()
		equal(t, "after 15 seconds", fx.alarmState("m"), types.StateValueAlarm)
		fx.put("N", datum("m", 1, fine))
		time.Sleep(10 * time.Second)
		synctest.Wait()
		equal(t, "after 25 seconds", fx.alarmState("m"), types.StateValueOk)
		time.Sleep(30 * time.Second)
		synctest.Wait()
		equal(t, "after a minute", fx.alarmState("m"), types.StateValueInsufficientData)
	})
}

// TestManyAlarms has more alarms due at once than one transaction evaluates.
func TestManyAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fx := newAlarmFixture(t, storetest.Open(t))
		fx.put("N", datum("m", 9))
		const n = 45
		for i := range n {
			fx.putAlarm(fmt.Sprint("a", i), func(in *api.PutMetricAlarmInput) { in.MetricName = aws.String("m") })
		}
		time.Sleep(66 * time.Second)
		synctest.Wait()
		out, err := fx.DescribeAlarms(ctx, &api.DescribeAlarmsInput{StateValue: types.StateValueAlarm, MaxRecords: aws.Int32(100)})
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "in alarm", len(out.MetricAlarms), n)
	})
}

// TestLongAlarms has alarms due at once that look at a day each.
func TestLongAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fx := newAlarmFixture(t, storetest.Open(t))
		fx.put("N", datum("m", 9))
		for _, name := range []string{"a", "b", "c"} {
			fx.putAlarm(name, func(in *api.PutMetricAlarmInput) {
				in.MetricName, in.EvaluationPeriods, in.DatapointsToAlarm = aws.String("m"), aws.Int32(1440), aws.Int32(1)
			})
		}
		time.Sleep(66 * time.Second)
		synctest.Wait()
		for _, name := range []string{"a", "b", "c"} {
			equal(t, name, fx.alarmState(name), types.StateValueAlarm)
		}
	})
}

// TestAlarmBrokenAction has an alarm's action fail for no reason of AWS's: the alarm
// stays as it was and tries again, and no other waits for it.
func TestAlarmBrokenAction(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fx := newAlarmFixture(t, storetest.Open(t))
		fx.put("N", datum("m", 9))
		for _, name := range []string{"a", "broken-b", "c", "denied-d"} {
			fx.putAlarm(name, func(in *api.PutMetricAlarmInput) { in.MetricName = aws.String("m") })
		}
		time.Sleep(80 * time.Second)
		synctest.Wait()
		for name, want := range map[string]types.StateValue{
			"a": types.StateValueAlarm, "broken-b": types.StateValueInsufficientData, "c": types.StateValueAlarm, "denied-d": types.StateValueAlarm,
		} {
			equal(t, name, fx.alarmState(name), want)
		}
		out, err := fx.DescribeAlarmHistory(ctx, &api.DescribeAlarmHistoryInput{AlarmName: aws.String("denied-d"), HistoryItemType: types.HistoryItemTypeAction})
		if err != nil || len(out.AlarmHistoryItems) != 1 {
			t.Fatalf("history: %v, %v", out, err)
		}
		equal(t, "history", *out.AlarmHistoryItems[0].HistorySummary, "Failed to execute action arn:aws:sns:us-east-1:000000000000:denied-d. "+
			`Received error: "CloudWatch Alarms is not authorized to perform: SNS:Publish on resource: arn:aws:sns:us-east-1:000000000000:denied-d"`)
	})
}
