package eventbridge_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/event"
	"github.com/runnel/runnel/store"
)

const (
	invalid  = "ValidationException"
	notFound = "ResourceNotFoundException"
)

func TestBuses(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		out, err := fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("orders"), Description: ptr("of the shop")})
		fx.ok(err)
		equal(t, "ARN", *out.EventBusArn, *busARN("orders"))
		for _, name := range []string{"a", "z"} {
			fx.ok(second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: &name})))
		}
		var names []string
		var token *string
		for {
			page, err := fx.ListEventBuses(ctx, &api.ListEventBusesInput{Limit: ptr(int32(1)), NextToken: token})
			fx.ok(err)
			for _, b := range page.EventBuses {
				names = append(names, *b.Name)
			}
			if token = page.NextToken; token == nil {
				break
			}
		}
		equal(t, "names", strings.Join(names, " "), "default a orders z")
		page, err := fx.ListEventBuses(ctx, &api.ListEventBusesInput{NamePrefix: ptr("or")})
		fx.ok(err)
		equal(t, "by prefix", len(page.EventBuses), 1)
		got, err := fx.DescribeEventBus(ctx, &api.DescribeEventBusInput{Name: busARN("orders")})
		fx.ok(err)
		equal(t, "description", *got.Description, "of the shop")
		equal(t, "created", got.CreationTime.Unix(), 946684800)
		fx.ok(second(fx.UpdateEventBus(ctx, &api.UpdateEventBusInput{Name: ptr("orders"), Description: ptr("other")})))
		got, err = fx.DescribeEventBus(ctx, &api.DescribeEventBusInput{Name: ptr("orders")})
		fx.ok(err)
		equal(t, "changed", *got.Description, "other")
		got, err = fx.DescribeEventBus(ctx, &api.DescribeEventBusInput{})
		fx.ok(err)
		equal(t, "default", *got.Arn, *busARN("default"))

		fx.rule("orders", "r", `{"source": ["s"]}`, toQueue("q"))
		refused(t, "bus with rules", second(fx.DeleteEventBus(ctx, &api.DeleteEventBusInput{Name: ptr("orders")})),
			invalid, "EventBus can't be deleted since it has rules.")
		fx.ok(second(fx.RemoveTargets(ctx, &api.RemoveTargetsInput{EventBusName: ptr("orders"), Rule: ptr("r"), Ids: []string{"q"}})))
		fx.ok(second(fx.DeleteRule(ctx, &api.DeleteRuleInput{EventBusName: ptr("orders"), Name: ptr("r")})))
		fx.ok(second(fx.DeleteEventBus(ctx, &api.DeleteEventBusInput{Name: ptr("orders")})))
		fx.ok(second(fx.DeleteEventBus(ctx, &api.DeleteEventBusInput{Name: ptr("orders")})))
		fx.ok(second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("orders")})))
		rules, err := fx.ListRules(ctx, &api.ListRulesInput{EventBusName: ptr("orders")})
		fx.ok(err)
		equal(t, "rules of the new one", len(rules.Rules), 0)
	})
}

func TestRules(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		out, err := fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("b"), EventPattern: ptr(`{"source": ["s"]}`), Description: ptr("d"),
			State: types.RuleStateDisabled, Tags: []types.Tag{{Key: ptr("k"), Value: ptr("v")}}})
		fx.ok(err)
		equal(t, "ARN", *out.RuleArn, ruleARN("b"))
		got, err := fx.DescribeRule(ctx, &api.DescribeRuleInput{Name: ptr("b")})
		fx.ok(err)
		equal(t, "rule", fmt.Sprint(*got.Arn, *got.EventPattern, *got.Description, got.State, *got.EventBusName, *got.CreatedBy, got.ScheduleExpression),
			fmt.Sprint(ruleARN("b"), `{"source": ["s"]}`, "d", "DISABLED", "default", account, (*string)(nil)))
		fx.ok(second(fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("b"), ScheduleExpression: ptr("rate(1 day)")})))
		got, err = fx.DescribeRule(ctx, &api.DescribeRuleInput{Name: ptr("b")})
		fx.ok(err)
		equal(t, "replaced", fmt.Sprint(got.EventPattern == nil, " ", got.Description == nil, " ", got.State), "true true ENABLED")
		tags, err := fx.ListTagsForResource(ctx, &api.ListTagsForResourceInput{ResourceARN: ptr(ruleARN("b"))})
		fx.ok(err)
		equal(t, "its tags stay", *tags.Tags[0].Value, "v")

		fx.rule("default", "a", `{"source": ["s"]}`, toQueue("q"), toQueue("r"))
		fx.rule("default", "c", `{"source": ["s"]}`, toQueue("q"))
		first, err := fx.ListRules(ctx, &api.ListRulesInput{Limit: ptr(int32(2))})
		fx.ok(err)
		rest, err := fx.ListRules(ctx, &api.ListRulesInput{NextToken: first.NextToken})
		fx.ok(err)
		equal(t, "pages", *first.Rules[0].Name+*first.Rules[1].Name+*rest.Rules[0].Name, "abc")
		by, err := fx.ListRuleNamesByTarget(ctx, &api.ListRuleNamesByTargetInput{TargetArn: queueARN("q")})
		fx.ok(err)
		equal(t, "by target", strings.Join(by.RuleNames, " "), "a c")

		fx.targets("default", "a", types.Target{Id: ptr("q2"), Arn: queueARN("q")})
		one, err := fx.ListRuleNamesByTarget(ctx, &api.ListRuleNamesByTargetInput{TargetArn: queueARN("q"), Limit: ptr(int32(1))})
		fx.ok(err)
		by, err = fx.ListRuleNamesByTarget(ctx, &api.ListRuleNamesByTargetInput{TargetArn: queueARN("q"), NextToken: one.NextToken})
		fx.ok(err)
		equal(t, "each but once over pages", strings.Join(append(one.RuleNames, by.RuleNames...), " "), "a c")
		fx.ok(second(fx.RemoveTargets(ctx, &api.RemoveTargetsInput{Rule: ptr("a"), Ids: []string{"q2"}})))
		removed, err := fx.RemoveTargets(ctx, &api.RemoveTargetsInput{Rule: ptr("a"), Ids: []string{"q", "none"}})
		fx.ok(err)
		equal(t, "not there", removed.FailedEntryCount, 1)
		equal(t, "code", *removed.FailedEntries[0].ErrorCode, notFound)
		left, err := fx.ListTargetsByRule(ctx, &api.ListTargetsByRuleInput{Rule: ptr("a")})
		fx.ok(err)
		equal(t, "left", *left.Targets[0].Id, "r")
	})
}

// TestRefusals follows the API reference,
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/ (2026-11-20).
func TestRefusals(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.ok(second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("own")})))
		fx.rule("default", "r", `{"source": ["s"]}`, toQueue("q"))
		for _, c := range []struct {
			what       string
			err        error
			code, text string
		}{
			{"page of none", second(fx.ListRules(ctx, &api.ListRulesInput{Limit: ptr(int32(0))})), invalid,
				"1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
			{"page of too many", second(fx.ListRules(ctx, &api.ListRulesInput{Limit: ptr(int32(101))})), invalid,
				"1 validation error detected: Value '101' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 100"},
			{"bus again", second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("own")})),
				"ResourceAlreadyExistsException", "Event bus own already exists."},
			{"bus with a slash", second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("a/b")})),
				invalid, "Event bus name must not contain '/'."},
			{"bus with a key", second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("k"), KmsKeyIdentifier: ptr("key")})),
				invalid, "KmsKeyIdentifier is not supported by Runnel."},
			{"deleting default", second(fx.DeleteEventBus(ctx, &api.DeleteEventBusInput{Name: ptr("default")})),
				invalid, "Cannot delete event bus default."},
			{"no such bus", second(fx.DescribeEventBus(ctx, &api.DescribeEventBusInput{Name: ptr("none")})),
				notFound, "Event bus none does not exist."},
			{"rule without a trigger", second(fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("x")})),
				invalid, "Parameter(s) EventPattern or ScheduleExpression must be specified."},
			{"schedule", second(fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("x"), ScheduleExpression: ptr("rate(1 minutes)")})),
				invalid, "Parameter ScheduleExpression is not valid."},
			{"schedule of a custom bus", second(fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("x"), EventBusName: ptr("own"), ScheduleExpression: ptr("rate(1 day)")})),
				invalid, "ScheduleExpression is supported only on the default event bus."},
			{"pattern", second(fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("x"), EventPattern: ptr(`{"a": 1}`)})),
				"InvalidEventPatternException", "Event pattern is not valid. Reason: \"a\" must be an object or an array\n at [Source: (String)\"{\"a\": 1}\"; line: 1, column: 8]"},
			{"name", second(fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("a b"), EventPattern: ptr(`{"a": [1]}`)})),
				invalid, `1 validation error detected: Value 'a b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`},
			{"rule on no bus", second(fx.PutRule(ctx, &api.PutRuleInput{Name: ptr("x"), EventBusName: ptr("none"), EventPattern: ptr(`{"a": [1]}`)})),
				notFound, "Event bus none does not exist."},
			{"no such rule", second(fx.DescribeRule(ctx, &api.DescribeRuleInput{Name: ptr("none")})),
				notFound, "Rule none does not exist on EventBus default."},
			{"rule with targets", second(fx.DeleteRule(ctx, &api.DeleteRuleInput{Name: ptr("r")})),
				invalid, "Rule can't be deleted since it has targets."},
			{"no such rule", second(fx.PutTargets(ctx, &api.PutTargetsInput{Rule: ptr("none"), Targets: []types.Target{toQueue("q")}})),
				notFound, "Rule none does not exist on EventBus default."},
			{"token", second(fx.ListRules(ctx, &api.ListRulesInput{NextToken: ptr("?")})),
				invalid, "Parameter NextToken is not valid. Reason: NextToken is invalid."},
			{"token of another list", second(fx.ListRules(ctx, &api.ListRulesInput{NextToken: ptr("enp6eg")})),
				invalid, "Parameter NextToken is not valid. Reason: NextToken is invalid."},
			{"test of no event", second(fx.TestEventPattern(ctx, &api.TestEventPatternInput{EventPattern: ptr(`{"a": [1]}`), Event: ptr("[]")})),
				invalid, "Parameter Event is not valid. Reason: Event is not a JSON object."},
			{"principal", second(fx.PutPermission(ctx, &api.PutPermissionInput{StatementId: ptr("s"), Action: ptr("events:PutEvents"), Principal: ptr("me")})),
				invalid, "Provided value in parameter 'principal' is not valid."},
			{"no statement", second(fx.RemovePermission(ctx, &api.RemovePermissionInput{StatementId: ptr("s")})),
				notFound, "EventBus does not have a policy."},
			{"archive", second(fx.CreateArchive(ctx, &api.CreateArchiveInput{ArchiveName: ptr("a"), EventSourceArn: busARN("own")})),
				"UnknownOperationException", "Unknown operation AWSEvents.CreateArchive"},
		} {
			refused(t, c.what, c.err, c.code, c.text)
		}
	})
}

// TestTargetRefusals has one target too bad for its request.
func TestTargetRefusals(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.rule("default", "r", `{"source": ["s"]}`)
		for _, c := range []struct {
			change func(x *types.Target)
			text   string
		}{
			{func(x *types.Target) { x.Id = ptr("a b") },
				`1 validation error detected: Value 'a b' at 'targets.1.member.id' failed to satisfy constraint: Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+`},
			{func(x *types.Target) { x.Arn = ptr("q") }, "Parameter q is not valid. Reason: Provided Arn is not in correct format."},
			{func(x *types.Target) { x.Arn = ptr("arn:aws:states:us-east-1:000000000000:stateMachine:x") }, "A target of the service states is not supported by Runnel."},
			{func(x *types.Target) { x.EcsParameters = &types.EcsParameters{TaskDefinitionArn: ptr("x")} }, "EcsParameters of target id is not supported by Runnel."},
			{func(x *types.Target) { x.Arn = queueARN("q.fifo") }, "Parameter(s) SqsParameters must be specified for target: id."},
			{func(x *types.Target) { x.Input, x.InputPath = ptr("1"), ptr("$.x") }, "Only one of Input, InputPath, or InputTransformer must be provided for target id."},
			{func(x *types.Target) { x.Input = ptr("{") }, "Parameter Input for target id is not valid. Reason: Input is not valid JSON."},
			{func(x *types.Target) { x.InputPath = ptr("detail") }, "Parameter InputPath for target id is not valid. Reason: not a JSON path."},
			{func(x *types.Target) { x.InputTransformer = &types.InputTransformer{InputTemplate: ptr("<x>")} }, "InputTemplate for target id contains invalid placeholder x."},
			{func(x *types.Target) { x.RetryPolicy = &types.RetryPolicy{MaximumRetryAttempts: ptr(int32(186))} },
				"1 validation error detected: Value '186' at 'targets.1.member.retryPolicy.maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 185"},
			{func(x *types.Target) { x.DeadLetterConfig = &types.DeadLetterConfig{Arn: queueARN("d.fifo")} },
				"Parameter " + *queueARN("d.fifo") + " is not valid. Reason: The dead-letter queue must be the ARN of a standard Amazon SQS queue."},
		} {
			x := types.Target{Id: ptr("id"), Arn: queueARN("q")}
			c.change(&x)
			_, err := fx.PutTargets(ctx, &api.PutTargetsInput{Rule: ptr("r"), Targets: []types.Target{x}})
			refused(t, c.text, err, invalid, c.text)
		}
		var six []types.Target
		for i := range 6 {
			six = append(six, toQueue(fmt.Sprint(i)))
		}
		fx.targets("default", "r", six[:5]...)
		_, err := fx.PutTargets(ctx, &api.PutTargetsInput{Rule: ptr("r"), Targets: six[5:]})
		refused(t, "a sixth", err, "LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	})
}

func TestTestEventPattern(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		e := `{"id": "1", "account": "a", "source": "s", "time": "t", "region": "r", "resources": [], "detail-type": "d", "detail": {"n": 1}}`
		for pattern, want := range map[string]bool{`{"detail": {"n": [1]}}`: true, `{"detail": {"n": [2]}}`: false} {
			out, err := fx.TestEventPattern(ctx, &api.TestEventPatternInput{Event: &e, EventPattern: &pattern})
			fx.ok(err)
			equal(t, pattern, out.Result, want)
		}
	})
}

func TestPermissions(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		put := func(id, principal string) {
			fx.ok(second(fx.PutPermission(ctx, &api.PutPermissionInput{StatementId: &id, Action: ptr("events:PutEvents"), Principal: &principal})))
		}
		policy := func() string {
			out, err := fx.DescribeEventBus(ctx, &api.DescribeEventBusInput{})
			fx.ok(err)
			if out.Policy == nil {
				return ""
			}
			return *out.Policy
		}
		put("one", "111111111111")
		equal(t, "one", policy(), `{"Version":"2012-10-17","Statement":[{"Sid":"one","Effect":"Allow",`+
			`"Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"events:PutEvents","Resource":"arn:aws:events:us-east-1:000000000000:event-bus/default"}]}`)
		put("two", "*")
		put("one", "222222222222")
		equal(t, "replaced", strings.Contains(policy(), "111111111111"), false)
		refused(t, "none", second(fx.RemovePermission(ctx, &api.RemovePermissionInput{StatementId: ptr("none")})), notFound,
			"Statement with the provided id does not exist.")
		fx.ok(second(fx.RemovePermission(ctx, &api.RemovePermissionInput{StatementId: ptr("one")})))
		fx.ok(second(fx.RemovePermission(ctx, &api.RemovePermissionInput{StatementId: ptr("two")})))
		equal(t, "empty", policy(), "")
		own := `{"Version": "2012-10-17", "Statement": {"Sid": "x", "Effect": "Allow", "Principal": "*", "Action": "events:PutEvents", "Resource": "*"}}`
		fx.ok(second(fx.PutPermission(ctx, &api.PutPermissionInput{Policy: &own})))
		equal(t, "as given", policy(), own)
		fx.ok(second(fx.RemovePermission(ctx, &api.RemovePermissionInput{RemoveAllPermissions: true})))
		equal(t, "all removed", policy(), "")
		err := second(fx.PutPermission(ctx, &api.PutPermissionInput{Policy: ptr("{")}))
		equal(t, "malformed", strings.HasPrefix(fmt.Sprint(err), "operation error EventBridge: PutPermission"), true)
	})
}

func TestTags(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.ok(second(fx.CreateEventBus(ctx, &api.CreateEventBusInput{Name: ptr("own")})))
		fx.rule("own", "r", `{"source": ["s"]}`)
		arn := "arn:aws:events:us-east-1:000000000000:rule/own/r"
		fx.ok(second(fx.TagResource(ctx, &api.TagResourceInput{ResourceARN: &arn, Tags: []types.Tag{
			{Key: ptr("b"), Value: ptr("2")}, {Key: ptr("a"), Value: ptr("1")}}})))
		fx.ok(second(fx.UntagResource(ctx, &api.UntagResourceInput{ResourceARN: &arn, TagKeys: []string{"b", "none"}})))
		out, err := fx.ListTagsForResource(ctx, &api.ListTagsForResourceInput{ResourceARN: &arn})
		fx.ok(err)
		equal(t, "tags", len(out.Tags) == 1 && *out.Tags[0].Key == "a", true)
		refused(t, "no rule", second(fx.ListTagsForResource(ctx, &api.ListTagsForResourceInput{ResourceARN: ptr(ruleARN("none"))})),
			notFound, "Rule none does not exist on EventBus default.")
		refused(t, "no ARN", second(fx.ListTagsForResource(ctx, &api.ListTagsForResourceInput{ResourceARN: ptr("x")})),
			invalid, "Parameter x is not valid. Reason: Provided Arn is not in correct format.")
	})
}

// TestAccept has other services send events to buses.
func TestAccept(t *testing.T) {
	inBubble(t, func(t *testing.T, fx *fixture) {
		fx.queue("q", ruleARN("*"))
		fx.rule("default", "all", `{"account": ["000000000000"]}`, toQueue("q"))
		accept := func(to string, e event.Event) error {
			return fx.store.Update(ctx, func(tx *store.Tx) error { return fx.router.Accept(ctx, tx, to, e) })
		}
		own := event.Sender{Service: "s3.amazonaws.com", ARN: "arn:aws:s3:::b", Account: account}
		fx.ok(accept(*busARN("default"), event.Event{ID: "e1", From: own, Body: []byte(
			`{"source":"aws.s3","detail-type":"Object Created","resources":["arn:aws:s3:::b"],"detail":{"key":"x"}}`)}))
		equal(t, "of S3", strings.Join(fx.bodies("q"), ""), `{"version":"0","id":"e1","detail-type":"Object Created","source":"aws.s3",`+
			`"account":"000000000000","time":"2000-01-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:s3:::b"],"detail":{"key":"x"}}`)

		lambda := event.Sender{Service: "lambda.amazonaws.com"}
		fx.ok(accept(*busARN("default"), event.Event{ID: "e2", From: lambda, Body: []byte(
			`{"version":"1.0","requestContext":{"functionArn":"arn:f","condition":"RetriesExhausted"},"responsePayload":1}`)}))
		equal(t, "of Lambda", strings.Join(fx.bodies("q"), ""), `{"version":"0","id":"e2",`+
			`"detail-type":"Lambda Function Invocation Result - Failure","source":"lambda","account":"000000000000",`+
			`"time":"2000-01-01T00:00:00Z","region":"us-east-1","resources":["arn:aws:events:us-east-1:000000000000:event-bus/default","arn:f"],`+
			`"detail":{"version":"1.0","requestContext":{"functionArn":"arn:f","condition":"RetriesExhausted"},"responsePayload":1}}`)

		for what, e := range map[string]event.Event{
			"not JSON":  {From: own, Body: []byte("x")},
			"no detail": {From: own, Body: []byte(`{"source":"a","detail-type":"b"}`)},
			"too large": {From: lambda, Body: []byte(`{"responsePayload":"` + strings.Repeat("x", 256<<10) + `"}`)},
		} {
			equal(t, what, errors.Is(accept(*busARN("default"), e), event.ErrDenied), true)
		}
		for to, want := range map[string]error{
			*busARN("none"): event.ErrNotFound, ruleARN("all"): event.ErrNotFound,
			"arn:aws:events:eu-west-1:000000000000:event-bus/default": event.ErrNotFound,
		} {
			err := accept(to, event.Event{From: own, Body: []byte("{}")})
			equal(t, to, strings.HasSuffix(fmt.Sprint(err), want.Error()), true)
		}
		other := event.Sender{Service: "s3.amazonaws.com", Account: "111111111111"}
		equal(t, "of another account", strings.HasSuffix(fmt.Sprint(accept(*busARN("default"), event.Event{From: other})), event.ErrDenied.Error()), true)
	})
}
