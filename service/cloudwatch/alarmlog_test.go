package cloudwatch_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// TestAlarmActionFails has a topic refuse an alarm: the log says so when the
// change of state is on disk, and not if it is undone.
func TestAlarmActionFails(t *testing.T) {
	var log bytes.Buffer
	router := event.NewRouter()
	router.HandleTarget("sns", inbox{})
	s := cloudwatch.New(storetest.Open(t), cloudwatch.Config{
		Account: account, Region: region, Router: router, Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	for _, topics := range [][]string{{"denied-a", "no-b", "c"}, {"denied-a", "broken-b"}} {
		in := &api.PutCompositeAlarmInput{AlarmName: aws.String(topics[1]), AlarmRule: aws.String("FALSE")}
		for _, name := range topics {
			in.AlarmActions = append(in.AlarmActions, "arn:aws:sns:"+region+":"+account+":"+name)
		}
		if _, err := s.PutCompositeAlarm(ctx, in); err != nil {
			t.Fatal(err)
		}
		_, err := s.SetAlarmState(ctx, &api.SetAlarmStateInput{AlarmName: in.AlarmName, StateValue: types.StateValueAlarm, StateReason: aws.String("")})
		equal(t, "undone", err != nil, topics[1] == "broken-b")
	}
	equal(t, "lines", strings.Count(log.String(), "\n"), 2)
	for _, want := range []string{
		`level=WARN msg="alarm action failed" alarm=no-b action=arn:aws:sns:us-east-1:000000000000:denied-a err="CloudWatch Alarms is not authorized to perform: SNS:Publish`,
		`action=arn:aws:sns:us-east-1:000000000000:no-b err="Resource arn:aws:sns:us-east-1:000000000000:no-b does not exist"`,
	} {
		equal(t, want, strings.Contains(log.String(), want), true)
	}
}

// afterwards is a log that writes to the store, as nobody can who holds up the
// store's other writers.
type afterwards struct {
	slog.Handler
	store *store.Store
}

func (h afterwards) Handle(ctx context.Context, r slog.Record) error {
	return errors.Join(h.Handler.Handle(ctx, r), h.store.Update(ctx, func(tx *store.Tx) error {
		tx.Set(store.K("logged"), nil)
		return nil
	}))
}

// TestAlarmUnreadable has an alarm watch a series with a damaged row: the log
// says so, after the evaluation, and other alarms are evaluated.
func TestAlarmUnreadable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		st := storetest.Open(t)
		fx := newFixtureOf(t, st, event.NewRouter(), afterwards{slog.NewTextHandler(&log, nil), st})
		fx.put("N", datum("a", 9))
		if err := st.Update(ctx, func(tx *store.Tx) error {
			for k := range tx.Scan(store.Prefix(store.K("cloudwatch", "point"))) {
				tx.Set(k, []byte("damaged"))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		fx.put("N", datum("b", 9))
		for _, name := range []string{"a", "b"} {
			fx.putAlarm(name, func(in *api.PutMetricAlarmInput) { in.AlarmActions, in.OKActions = nil, nil })
		}
		time.Sleep(66 * time.Second)
		synctest.Wait()
		equal(t, "lines", strings.Count(log.String(), "\n"), 1)
		equal(t, "line", strings.Contains(log.String(), `level=ERROR msg="alarm not evaluated" alarm=a`), true)
		equal(t, "damaged", fx.alarmState("a"), types.StateValueInsufficientData)
		equal(t, "other", fx.alarmState("b"), types.StateValueAlarm)
	})
}

// TestAlarmHistoryDates asks for dates that are beyond what keys can tell.
func TestAlarmHistoryDates(t *testing.T) {
	fx := newAlarmFixture(t, storetest.Open(t))
	fx.putAlarm("m")
	first, last := time.Time{}, time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, in := range []*api.DescribeAlarmHistoryInput{
		{EndDate: &last}, {StartDate: &first}, {StartDate: &first, EndDate: &last, AlarmName: aws.String("m")},
	} {
		out, err := fx.service.DescribeAlarmHistory(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "items", len(out.AlarmHistoryItems), 1)
	}
	out, err := fx.service.DescribeAlarmHistory(ctx, &api.DescribeAlarmHistoryInput{StartDate: &last})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "items of the future", len(out.AlarmHistoryItems), 0)
}
