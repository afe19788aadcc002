package logs_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/service/logs"
	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
	"github.com/runnel/runnel/wire"
	"github.com/runnel/runnel/wire/wiretest"
)

// ledger keeps what is measured, as text, and the lines that it is given.
type ledger struct {
	event.NoMetrics
	measured, lines []string
	broken          error
}

func (l *ledger) Observe(m event.Metric, value float64) {
	l.measured = append(l.measured, strings.TrimSpace(fmt.Sprintf("%s %s %g %s %s", m.Namespace, m.Name, value, m.Unit, m.Dimensions[0].Value)))
}

func (l *ledger) Embedded(line event.LogLine) func(*store.Tx) error {
	return func(*store.Tx) error {
		l.lines = append(l.lines, line.Text)
		return l.broken
	}
}

// told is what was measured since the last call.
func (l *ledger) told() string {
	s := strings.Join(l.measured, "; ") + " | " + strings.Join(l.lines, ",")
	l.measured, l.lines = nil, nil
	return s
}

func TestMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		st, l := storetest.Open(t), new(ledger)
		s := logs.New(st, logs.Config{Account: "000000000000", Region: "us-east-1", Metrics: l})
		mux := wire.NewMux(wire.Config{Account: "000000000000", Region: "us-east-1"})
		mux.Handle(s.API())
		c := cloudwatchlogs.NewFromConfig(wiretest.Config(t, mux))
		newStream(t, c, "g", "a")
		expect := func(want string) {
			t.Helper()
			if got := l.told(); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
		expect(" | ")

		put(t, c, "g", "a", time.Now(), "one", "{}")
		expect("AWS/Logs IncomingLogEvents 2 None; AWS/Logs IncomingBytes 57 Bytes; " +
			"AWS/Logs IncomingLogEvents 2 None g; AWS/Logs IncomingBytes 57 Bytes g | one,{}")

		// What is refused has not come in.
		put(t, c, "g", "a", time.Now().Add(-20*24*time.Hour), "old")
		expect(" | ")
		_, err := c.PutLogEvents(ctx, &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("g"), LogStreamName: aws.String("none"),
			LogEvents: []types.InputLogEvent{{Message: aws.String("x"), Timestamp: aws.Int64(time.Now().UnixMilli())}}})
		wantCode(t, err, "ResourceNotFoundException", "")
		expect(" | ")

		lines := []event.LogLine{{Time: time.Now(), Text: "printed"}}
		if err := st.Update(ctx, s.Append("functions", "b", lines)); err != nil {
			t.Fatal(err)
		}
		expect("AWS/Logs IncomingLogEvents 1 None; AWS/Logs IncomingBytes 33 Bytes; " +
			"AWS/Logs IncomingLogEvents 1 None functions; AWS/Logs IncomingBytes 33 Bytes functions | printed")

		// Without its metrics a line is not kept.
		l.broken = errors.New("no room")
		if err := st.Update(ctx, s.Append("functions", "c", lines)); !errors.Is(err, l.broken) {
			t.Errorf("got %v", err)
		}
		expect(" | printed")
	})
}
