package eventbridge_test

import (
	"context"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"github.com/runnel/runnel/store"
	"github.com/runnel/runnel/store/storetest"
)

// plan makes a rule by schedule whose target is the queue q.
func (fx *fixture) plan(name, expression string) {
	fx.t.Helper()
	fx.ok(second(fx.PutRule(ctx, &api.PutRuleInput{Name: &name, ScheduleExpression: &expression})))
	fx.targets("default", name, toQueue("q"))
}

// times receives the scheduled events in the queue q and returns their times.
func (fx *fixture) times() []string {
	fx.t.Helper()
	synctest.Wait()
	var out []string
	for _, body := range fx.bodies("q") {
		var e struct{ Time string }
		if err := json.Unmarshal([]byte(body), &e); err != nil {
			fx.t.Fatal(err)
		}
		out = append(out, e.Time)
	}
	return out
}

func (fx *fixture) expectTimes(what string, want ...string) {
	fx.t.Helper()
	got := fx.times()
	seen := map[string]int{}
	for _, at := range got {
		seen[at]++
	}
	for _, at := range want {
		seen[at]--
	}
	for at, n := range seen {
		if n != 0 {
			fx.t.Errorf("%s: %s %+d times; got %v", what, at, n, got)
		}
	}
}

// TestSchedules begins at midnight of 1 January 2000, a Saturday.
func TestSchedules(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.plan("r", "rate(5 minutes)")
		time.Sleep(5*time.Minute - 1)
		fx.expectTimes("before")
		time.Sleep(1)
		synctest.Wait()
		bodies := fx.messages("q")
		if len(bodies) != 1 {
			t.Fatalf("%d events", len(bodies))
		}
		var e map[string]any
		if err := json.Unmarshal([]byte(*bodies[0].Body), &e); err != nil {
			t.Fatal(err)
		}
		delete(e, "id")
		text, _ := json.Marshal(e)
		equal(t, "event", string(text), `{"account":"000000000000","detail":{},"detail-type":"Scheduled Event","region":"us-east-1",`+
			`"resources":["arn:aws:events:us-east-1:000000000000:rule/r"],"source":"aws.events","time":"2000-01-01T00:05:00Z","version":"0"}`)
		time.Sleep(10 * time.Minute)
		fx.expectTimes("on", "2000-01-01T00:10:00Z", "2000-01-01T00:15:00Z")

		time.Sleep(2 * time.Minute)
		fx.plan("r", "rate(5 minutes)") // as it was: it keeps its beat
		time.Sleep(3 * time.Minute)
		fx.expectTimes("put again", "2000-01-01T00:20:00Z")
		fx.plan("r", "rate(1 minute)")
		time.Sleep(2 * time.Minute)
		fx.expectTimes("changed", "2000-01-01T00:21:00Z", "2000-01-01T00:22:00Z")

		fx.ok(second(fx.DisableRule(ctx, &api.DisableRuleInput{Name: ptr("r")})))
		time.Sleep(time.Hour)
		fx.expectTimes("disabled")
		fx.ok(second(fx.EnableRule(ctx, &api.EnableRuleInput{Name: ptr("r")})))
		time.Sleep(time.Minute)
		fx.expectTimes("enabled", "2000-01-01T01:23:00Z")
		fx.ok(second(fx.RemoveTargets(ctx, &api.RemoveTargetsInput{Rule: ptr("r"), Ids: []string{"q"}})))
		fx.ok(second(fx.DeleteRule(ctx, &api.DeleteRuleInput{Name: ptr("r")})))
		time.Sleep(time.Hour)
		fx.expectTimes("deleted")
	})
}

func TestCron(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.plan("leap", "cron(30 6 29 2 ? 2000-2010)")
		fx.plan("monday", "cron(0 9 ? * 2#1 2000)")
		fx.plan("past", "cron(0 0 1 1 ? 1999)")
		for range 61 {
			fx.store.Clock().Advance(24 * time.Hour)
			synctest.Wait()
		}
		fx.expectTimes("two months, of which the queue keeps four days", "2000-02-29T06:30:00Z")
		equal(t, "Mondays so far", fx.metrics.count("Invocations RuleName=monday"), 2)
		for range 12 * 12 {
			fx.store.Clock().Advance(30 * 24 * time.Hour)
			synctest.Wait()
		}
		equal(t, "leap days", fx.metrics.count("Invocations RuleName=leap"), 3)
		equal(t, "Mondays", fx.metrics.count("Invocations RuleName=monday"), 12)
		equal(t, "past", fx.metrics.count("Invocations RuleName=past"), 0)
	})
}

// TestClockAdvance moves the clock on by years: what was due fires once, and
// goes on from there.
func TestClockAdvance(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.plan("r", "rate(2 hours)")
		fx.plan("c", "cron(0 0 1 7 ? *)")
		fx.store.Clock().Advance(3*365*24*time.Hour + time.Minute)
		fx.expectTimes("at once", "2000-01-01T02:00:00Z", "2000-07-01T00:00:00Z")
		time.Sleep(2 * time.Hour)
		fx.expectTimes("the beat is kept", "2002-12-31T02:00:00Z")
	})
}

// TestScheduleAndPattern has a rule with both: scheduled events go to its own
// targets only.
func TestScheduleAndPattern(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.queue("other", ruleARN("*"))
		fx.ok(second(fx.PutRule(ctx, &api.PutRuleInput{
			Name: ptr("both"), ScheduleExpression: ptr("rate(1 hour)"), EventPattern: ptr(`{"source": ["s"]}`)})))
		fx.targets("default", "both", toQueue("q"))
		fx.rule("default", "aws", `{"source": ["aws.events"]}`, toQueue("other"))
		fx.put("default", "s", "{}")
		time.Sleep(time.Hour)
		synctest.Wait()
		equal(t, "own", len(fx.messages("q")), 2)
		equal(t, "others", len(fx.messages("other")), 0)
	})
}

// afterPowerCuts runs do over new services, cuts the power as it ends, waits
// for a while, and runs check over what the cut leaves; and all that again for
// other cuts.
func afterPowerCuts(t *testing.T, down time.Duration, do, check func(t *testing.T, fx *fixture)) {
	for seed := range uint64(6) {
		synctest.Test(t, func(t *testing.T) {
			disk := storetest.NewDisk()
			st, shut := disk.Open(t)
			do(t, newFixture(t, st))
			cut := disk.PowerCut(seed)
			shut()
			time.Sleep(down)
			check(t, restart(t, cut))
		})
	}
}

// restart makes the services on what a disk has, and only then has its timers
// run, as the runtime does.
func restart(t *testing.T, disk *storetest.Disk) *fixture {
	t.Helper()
	st, err := store.Open("data", store.Options{FS: disk.FS})
	if err != nil {
		t.Fatal(err)
	}
	fx := newFixture(t, st)
	run, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); _ = st.Run(run) }()
	t.Cleanup(func() {
		cancel()
		<-ended
		fx.ok(st.Close())
	})
	synctest.Wait()
	return fx
}

// TestPowerCutSchedules cuts the power while schedules run: each time that
// came before fired once, and of those while all was down, one.
func TestPowerCutSchedules(t *testing.T) {
	afterPowerCuts(t, 11*time.Minute, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.plan("r", "rate(2 minutes)")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
	}, func(t *testing.T, fx *fixture) {
		fx.expectTimes("before, and one for 11 minutes", "2000-01-01T00:02:00Z", "2000-01-01T00:04:00Z", "2000-01-01T00:06:00Z")
		time.Sleep(2 * time.Minute)
		fx.expectTimes("on", "2000-01-01T00:18:00Z")
	})
}
