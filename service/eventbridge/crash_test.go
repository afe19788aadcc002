package eventbridge_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// TestPowerCutFanOut has many clients put events at once: each event that was
// acknowledged is in all queues, and no other is in some.
func TestPowerCutFanOut(t *testing.T) {
	var mu sync.Mutex
	var put []string
	afterPowerCuts(t, 0, func(t *testing.T, fx *fixture) {
		put = nil
		fx.ok(second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("own")})))
		for _, name := range []string{"a", "b", "c", "dead"} {
			fx.queue(name, ruleARN("*"))
		}
		input := &types.InputTransformer{InputPathsMap: map[string]string{"id": "$.id"}, InputTemplate: ptr("<id>")}
		to := func(queue string) types.Target {
			return types.Target{Id: ptr(queue), Arn: queueARN(queue), InputTransformer: input}
		}
		fx.rule("default", "one", `{"source": ["s"]}`, to("a"), to("b"),
			types.Target{Id: ptr("gone"), Arn: queueARN("gone"), DeadLetterConfig: &types.DeadLetterConfig{Arn: queueARN("dead")}})
		fx.rule("default", "two", `{"detail": {"n": [{"exists": true}]}}`, types.Target{Id: ptr("own"), Arn: busARN("own")})
		fx.rule("own", "three", `{"source": ["s"]}`, to("c"))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for n := range 5 {
					id := fx.put("default", "s", fmt.Sprintf(`{"n": %d}`, n))
					mu.Lock()
					put = append(put, `"`+id+`"`)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		slices.Sort(put)
	}, func(t *testing.T, fx *fixture) {
		for _, name := range []string{"a", "b", "c"} {
			if got := fx.bodies(name); !slices.Equal(got, put) {
				t.Errorf("queue %s: %v, want %v", name, got, put)
			}
		}
		equal(t, "dead letters", len(fx.messages("dead")), len(put))
	})
}

// TestPowerCutConfiguration keeps buses, rules, targets, tags and policies.
func TestPowerCutConfiguration(t *testing.T) {
	afterPowerCuts(t, 0, func(t *testing.T, fx *fixture) {
		fx.ok(second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("own"), Tags: []types.Tag{{Key: ptr("k"), Value: ptr("v")}}})))
		fx.rule("own", "r", `{"source": ["s"]}`, toQueue("q"))
		fx.ok(second(fx.PutPermission(ctx, &api.PutPermissionInput{EventBusName: ptr("own"), StatementId: ptr("s"),
			Action: ptr("events:PutEvents"), Principal: ptr("*")})))
	}, func(t *testing.T, fx *fixture) {
		bus, err := fx.DescribeEventBus(ctx, &api.DescribeEventBusInput{Name: ptr("own")})
		fx.ok(err)
		equal(t, "policy", bus.Policy != nil, true)
		tags, err := fx.ListTagsForResource(ctx, &api.ListTagsForResourceInput{ResourceARN: busARN("own")})
		fx.ok(err)
		equal(t, "tags", len(tags.Tags), 1)
		targets, err := fx.ListTargetsByRule(ctx, &api.ListTargetsByRuleInput{Rule: ptr("r"), EventBusName: ptr("own")})
		fx.ok(err)
		equal(t, "target", *targets.Targets[0].Arn, *queueARN("q"))
	})
}
