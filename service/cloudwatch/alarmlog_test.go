package cloudwatch_test

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/cloudwatch"
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
