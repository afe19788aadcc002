package cloudwatch_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/store/storetest"
)

func (fx *fixture) putAlarm(name string, change ...func(*api.PutMetricAlarmInput)) {
	fx.t.Helper()
	in := &api.PutMetricAlarmInput{
		AlarmName: &name, Namespace: aws.String("N"), MetricName: &name, Statistic: types.StatisticSum, Period: aws.Int32(60),
		EvaluationPeriods: aws.Int32(1), Threshold: aws.Float64(5), ComparisonOperator: types.ComparisonOperatorGreaterThanThreshold,
		AlarmActions: []string{"arn:aws:sns:us-east-1:000000000000:" + name}, OKActions: []string{"arn:aws:sns:us-east-1:000000000000:" + name},
	}
	for _, f := range change {
		f(in)
	}
	if _, err := fx.PutMetricAlarm(ctx, in); err != nil {
		fx.t.Fatal(err)
	}
}

// stateUpdates are the summaries of an alarm's changes, the oldest first.
func (fx *fixture) stateUpdates(name string) []string {
	fx.t.Helper()
	var out []string
	pages := api.NewDescribeAlarmHistoryPaginator(fx.Client, &api.DescribeAlarmHistoryInput{
		AlarmName: &name, HistoryItemType: types.HistoryItemTypeStateUpdate, MaxRecords: aws.Int32(7),
		ScanBy: types.ScanByTimestampAscending, AlarmTypes: types.AlarmType("").Values(),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			fx.t.Fatal(err)
		}
		for _, item := range page.AlarmHistoryItems {
			out = append(out, *item.HistorySummary)
		}
	}
	return out
}

func (fx *fixture) alarmState(name string) types.StateValue {
	fx.t.Helper()
	out, err := fx.DescribeAlarms(ctx, &api.DescribeAlarmsInput{AlarmNames: []string{name}, AlarmTypes: types.AlarmType("").Values()})
	if err != nil {
		fx.t.Fatal(err)
	}
	for _, a := range out.MetricAlarms {
		return a.StateValue
	}
	for _, a := range out.CompositeAlarms {
		return a.StateValue
	}
	return ""
}

// TestAlarmPowerCut changes the states of alarms, cuts the power, and looks
// whether each change is there with its history, its notification and what it
// made of a composite alarm, or none of it.
func TestAlarmPowerCut(t *testing.T) {
	const alarms, changes = 3, 12
	disk := storetest.NewDisk()
	st, _ := disk.Open(t)
	fx := newAlarmFixture(t, st)
	var rule []string
	for i := range alarms {
		fx.putAlarm(fmt.Sprint("a", i), func(in *api.PutMetricAlarmInput) {
			in.TreatMissingData = aws.String("ignore") // a minute may end meanwhile: the evaluation changes nothing
		})
		rule = append(rule, fmt.Sprintf("ALARM(a%d)", i))
	}
	if _, err := fx.PutCompositeAlarm(ctx, &api.PutCompositeAlarmInput{
		AlarmName: aws.String("any"), AlarmRule: aws.String(strings.Join(rule, " OR ")),
	}); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	acknowledged := make(map[string]int)
	var all sync.WaitGroup
	for i := range alarms {
		name := fmt.Sprint("a", i)
		all.Go(func() {
			for n := range changes {
				to := []types.StateValue{types.StateValueAlarm, types.StateValueOk}[n%2]
				_, err := fx.SetAlarmState(ctx, &api.SetAlarmStateInput{AlarmName: &name, StateValue: to, StateReason: aws.String("test")})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				acknowledged[name]++
				mu.Unlock()
			}
		})
	}
	var cuts []*storetest.Disk
	var known []map[string]int
	for seed := range uint64(6) {
		mu.Lock()
		counts := make(map[string]int)
		for name, n := range acknowledged {
			counts[name] = n
		}
		mu.Unlock()
		known, cuts = append(known, counts), append(cuts, disk.PowerCut(seed))
		time.Sleep(time.Millisecond)
	}
	all.Wait()
	known, cuts = append(known, acknowledged), append(cuts, disk.PowerCut(99))
	for i, cut := range cuts {
		checkAfterCut(t, cut, known[i], alarms)
	}
}

func checkAfterCut(t *testing.T, disk *storetest.Disk, acknowledged map[string]int, alarms int) {
	t.Helper()
	st, shut := disk.Open(t)
	fx := newAlarmFixture(t, st)
	inbox := fx.inboxAfter(0)
	want := types.StateValueOk
	for i := range alarms {
		name := fmt.Sprint("a", i)
		updates := fx.stateUpdates(name)
		if len(updates) < acknowledged[name] {
			t.Errorf("%s: %d changes were acknowledged, and %d are there", name, acknowledged[name], len(updates))
		}
		told := 0
		for _, e := range inbox {
			if strings.HasPrefix(e, "sns:"+name+" ") {
				told++
			}
		}
		equal(t, name+": notifications", told, len(updates))
		state := fx.alarmState(name)
		if n := len(updates); n > 0 {
			equal(t, name+": last change", updates[n-1][strings.LastIndex(updates[n-1], " ")+1:], string(state))
		}
		if state == types.StateValueAlarm {
			want = state
		}
	}
	equal(t, "composite alarm", fx.alarmState("any"), want)
	fx.stop()
	shut()
}

// TestAlarmRestart has an alarm evaluated that became due while nothing ran.
func TestAlarmRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := storetest.NewDisk()
		st, shut := disk.Open(t)
		fx := newAlarmFixture(t, st)
		fx.putAlarm("a")
		fx.put("N", datum("a", 6))
		fx.stop()
		shut()
		time.Sleep(90 * time.Second)
		st, _ = disk.Open(t)
		fx = newAlarmFixture(t, st)
		time.Sleep(time.Minute)
		synctest.Wait()
		equal(t, "state", fx.alarmState("a"), types.StateValueAlarm)
		told := strings.Join(fx.inboxAfter(0), "\n")
		equal(t, "notifications", strings.Count(told, "sns:a from cloudwatch.amazonaws.com"), 1)
	})
}
