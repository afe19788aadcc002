package cloudformation_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	ebapi "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eb "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// rule fails the test unless there is the rule; bus is "" for the default one.
func (r *rig) rule(bus, name string) *ebapi.DescribeRuleOutput {
	r.t.Helper()
	in := &ebapi.DescribeRuleInput{Name: &name}
	if bus != "" {
		in.EventBusName = &bus
	}
	out, err := ebapi.NewFromConfig(r.aws).DescribeRule(ctx, in)
	if err != nil {
		r.t.Fatal(err)
	}
	return out
}

func (r *rig) targets(rule string) map[string]eb.Target {
	r.t.Helper()
	out, err := ebapi.NewFromConfig(r.aws).ListTargetsByRule(ctx, &ebapi.ListTargetsByRuleInput{Rule: &rule})
	if err != nil {
		r.t.Fatal(err)
	}
	all := map[string]eb.Target{}
	for _, t := range out.Targets {
		all[*t.Id] = t
	}
	return all
}

// rules are those of the default bus.
func (r *rig) rules() []string {
	r.t.Helper()
	out, err := ebapi.NewFromConfig(r.aws).ListRules(ctx, &ebapi.ListRulesInput{})
	if err != nil {
		r.t.Fatal(err)
	}
	names := []string{}
	for _, rule := range out.Rules {
		names = append(names, *rule.Name)
	}
	return names
}

// TestRuleUpdates sets each property of a rule, changes it and takes it away,
// and has its targets replaced.
func TestRuleUpdates(t *testing.T) {
	const body = `
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: q}}
  D: {Type: AWS::SQS::Queue, Properties: {QueueName: d.fifo, FifoQueue: true}}
  R: {Type: AWS::Events::Rule, Properties: {%s}}
Outputs: {Arn: {Value: !GetAtt R.Arn}, Ref: {Value: !Ref R}}
`
	with := func(props string) string { return strings.Replace(body, "%s", props, 1) }
	inBubble(t, func(t *testing.T, r *rig) {
		st := r.create("s", with(`Description: first, ScheduleExpression: rate(5 minutes), State: DISABLED, RoleArn: "arn:aws:iam::000000000000:role/x",
    EventPattern: {source: [a], detail: {n: [{numeric: [">", 1]}]}}, Tags: [{Key: a, Value: b}],
    Targets: [{Id: one, Arn: !GetAtt Q.Arn, Input: '{"a": 1}', RetryPolicy: {MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 60}, DeadLetterConfig: {Arn: !GetAtt Q.Arn}},
      {Id: two, Arn: !GetAtt D.Arn, SqsParameters: {MessageGroupId: g}, InputTransformer: {InputPathsMap: {x: $.detail.n}, InputTemplate: '{"n": <x>}'}}]`))
		r.status(st, types.StackStatusCreateComplete)
		name := r.resources("s")["R"]
		holds(t, outputs(st), "Ref", name, "Arn", "arn:aws:events:us-east-1:000000000000:rule/"+name)
		rule := r.rule("", name)
		if *rule.Description != "first" || *rule.ScheduleExpression != "rate(5 minutes)" || rule.State != eb.RuleStateDisabled || *rule.RoleArn == "" ||
			*rule.EventPattern != `{"detail":{"n":[{"numeric":[">",1]}]},"source":["a"]}` {
			t.Errorf("%+v", rule)
		}
		targets := r.targets(name)
		if one, two := targets["one"], targets["two"]; *one.Input != `{"a": 1}` || *one.RetryPolicy.MaximumRetryAttempts != 3 || one.DeadLetterConfig == nil ||
			*two.SqsParameters.MessageGroupId != "g" || two.InputTransformer.InputPathsMap["x"] != "$.detail.n" {
			t.Errorf("%+v", targets)
		}

		five := `Targets: [`
		for _, id := range []string{"a", "b", "c", "d", "two"} {
			five += `{Id: ` + id + `, Arn: !GetAtt Q.Arn}, `
		}
		r.status(r.update("s", with("ScheduleExpression: rate(1 day), Tags: [{Key: c, Value: d}], "+five+"]")), types.StackStatusUpdateComplete)
		rule = r.rule("", name)
		if rule.Description != nil || *rule.ScheduleExpression != "rate(1 day)" || rule.State != eb.RuleStateEnabled || rule.RoleArn != nil || rule.EventPattern != nil {
			t.Errorf("%+v", rule)
		}
		targets = r.targets(name)
		if len(targets) != 5 || targets["two"].InputTransformer != nil || targets["one"].Id != nil {
			t.Errorf("%+v", targets)
		}
		tags, err := ebapi.NewFromConfig(r.aws).ListTagsForResource(ctx, &ebapi.ListTagsForResourceInput{ResourceARN: rule.Arn})
		if err != nil || len(tags.Tags) != 1 || *tags.Tags[0].Key != "c" {
			t.Errorf("%+v %v", tags, err)
		}

		// One target may go without a list; one that fails brings the five back.
		r.status(r.update("s", with("ScheduleExpression: rate(1 day), Targets: {Id: z, Arn: 'arn:aws:sqs:us-east-1:000000000000:x.fifo'}")), types.StackStatusUpdateRollbackComplete)
		if targets = r.targets(name); len(targets) != 5 || targets["a"].Id == nil {
			t.Errorf("%+v", targets)
		}
		r.status(r.update("s", with("ScheduleExpression: rate(1 day), Targets: {Id: z, Arn: !GetAtt Q.Arn}")), types.StackStatusUpdateComplete)
		if targets = r.targets(name); len(targets) != 1 || targets["z"].Id == nil {
			t.Errorf("%+v", targets)
		}
		r.status(r.update("s", with("Name: named, ScheduleExpression: rate(1 day)")), types.StackStatusUpdateComplete)
		if got := r.rules(); !slices.Equal(got, []string{"named"}) || len(r.targets("named")) > 0 {
			t.Error(got)
		}
		// A target that the template does not know goes with the rule.
		_, err = ebapi.NewFromConfig(r.aws).PutTargets(ctx, &ebapi.PutTargetsInput{Rule: aws.String("named"),
			Targets: []eb.Target{{Id: aws.String("own"), Arn: aws.String("arn:aws:sqs:us-east-1:000000000000:q")}}})
		if err != nil {
			t.Fatal(err)
		}
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		if got := r.rules(); len(got) > 0 {
			t.Error(got)
		}
	})
}

// TestBuses: a bus with its rules and what is said of who may send to it.
func TestBuses(t *testing.T) {
	const body = `
Resources:
  D: {Type: AWS::SQS::Queue, Properties: {QueueName: d}}
  B: {Type: AWS::Events::EventBus, Properties: {Name: bus, Description: first, DeadLetterConfig: {Arn: !GetAtt D.Arn}, Tags: [{Key: a, Value: b}]}}
  R: {Type: AWS::Events::Rule, Properties: {Name: rule, EventBusName: !Ref B, EventPattern: {source: [x]}, Targets: [{Id: a, Arn: !GetAtt D.Arn}]}}
  Parts: {Type: AWS::Events::EventBusPolicy, Properties: {EventBusName: !Ref B, StatementId: parts, Action: events:PutEvents, Principal: "111111111111"}}
  Whole:
    Type: AWS::Events::EventBusPolicy
    Properties: {EventBusName: !Ref B, StatementId: whole, Statement: {Effect: Allow, Principal: {AWS: "arn:aws:iam::222222222222:root"}, Action: events:PutEvents, Resource: !GetAtt B.Arn}}
  Other:
    Type: AWS::Events::EventBusPolicy
    Properties: {EventBusName: !Ref B, StatementId: other, Statement: {Sid: ignored, Effect: Allow, Principal: {AWS: "arn:aws:iam::333333333333:root"}, Action: events:PutEvents, Resource: !GetAtt B.Arn}}
Outputs: {Arn: {Value: !GetAtt B.Arn}, Name: {Value: !GetAtt B.Name}, Rule: {Value: !Ref R}, Policy: {Value: !Ref Whole}}
`
	inBubble(t, func(t *testing.T, r *rig) {
		client := ebapi.NewFromConfig(r.aws)
		bus := func() *ebapi.DescribeEventBusOutput {
			t.Helper()
			out, err := client.DescribeEventBus(ctx, &ebapi.DescribeEventBusInput{Name: aws.String("bus")})
			if err != nil {
				t.Fatal(err)
			}
			return out
		}
		policy := func(has string, lacks ...string) {
			t.Helper()
			text := aws.ToString(bus().Policy)
			for word := range strings.FieldsSeq(has) {
				if !strings.Contains(text, `"`+word+`"`) {
					t.Errorf("no %s in %s", word, text)
				}
			}
			for _, word := range lacks {
				if strings.Contains(text, word) {
					t.Errorf("%s in %s", word, text)
				}
			}
		}
		st := r.create("s", body)
		r.status(st, types.StackStatusCreateComplete)
		holds(t, outputs(st), "Arn", "arn:aws:events:us-east-1:000000000000:event-bus/bus", "Name", "bus", "Rule", "bus|rule", "Policy", "bus|whole")
		if b := bus(); *b.Description != "first" || *b.DeadLetterConfig.Arn != "arn:aws:sqs:us-east-1:000000000000:d" {
			t.Errorf("%+v", b)
		}
		r.rule("bus", "rule")
		policy("parts whole other", "ignored")

		second := strings.NewReplacer("Description: first", "Description: second", `"111111111111"`, `"444444444444"`, "222222222222", "555555555555").Replace(body)
		r.status(r.update("s", second), types.StackStatusUpdateComplete)
		policy("parts whole other", "111111111111", "222222222222")
		if b := bus(); *b.Description != "second" || b.DeadLetterConfig == nil {
			t.Errorf("%+v", b)
		}
		third := strings.Replace(second[:strings.Index(second, "  Other:")], "StatementId: whole", "StatementId: renamed", 1)
		third = strings.Replace(third, ", Description: second, DeadLetterConfig: {Arn: !GetAtt D.Arn}", "", 1)
		r.status(r.update("s", third), types.StackStatusUpdateComplete)
		policy("parts renamed", "other", "whole")
		if b := bus(); b.Description != nil || b.DeadLetterConfig != nil {
			t.Errorf("%+v", b)
		}
		own := third[:strings.Index(third, "  Parts:")]
		r.status(r.update("s", own), types.StackStatusUpdateComplete)
		policy("", "parts", "renamed")
		given := strings.Replace(own, "Name: bus", "Name: bus, Policy: {Version: 2012-10-17, Statement: [{Sid: given, Effect: Allow, Principal: '*', Action: events:PutEvents, Resource: '*'}]}", 1)
		r.status(r.update("s", given), types.StackStatusUpdateComplete)
		policy("given")
		r.status(r.update("s", own), types.StackStatusUpdateComplete)
		policy("", "given")

		r.status(r.update("s", strings.NewReplacer("Name: bus", "Name: moved", "Name: rule", "Name: other").Replace(own)), types.StackStatusUpdateComplete)
		r.rule("moved", "other")
		r.status(r.delete("s"), types.StackStatusDeleteComplete)
		out, err := client.ListEventBuses(ctx, &ebapi.ListEventBusesInput{})
		if err != nil || len(out.EventBuses) != 1 {
			t.Errorf("%+v %v", out, err)
		}
	})
}

func TestRefusedRules(t *testing.T) {
	for name, c := range map[string]struct{ resource, words string }{
		"target_of_no_service": {"{Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Arn: 'arn:aws:ecs:us-east-1:000000000000:cluster/c'}]}}", "A target of the service ecs"},
		"target_without_id":    {"{Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [{Arn: 'arn:aws:sqs:us-east-1:000000000000:q'}]}}", "Targets[0].Id"},
		"unknown_of_target":    {"{Type: AWS::Events::Rule, Properties: {ScheduleExpression: rate(1 day), Targets: [{Id: a, Colour: red}]}}", "Encountered unsupported property Colour in R/Targets/0"},
		"nothing":              {"{Type: AWS::Events::Rule, Properties: {State: ENABLED}}", "Parameter(s) EventPattern or ScheduleExpression must be specified."},
		"pattern":              {"{Type: AWS::Events::Rule, Properties: {EventPattern: {source: text}}}", "Event pattern is not valid"},
		"default_bus":          {"{Type: AWS::Events::EventBus, Properties: {Name: default}}", "default already exists"},
		"partner":              {"{Type: AWS::Events::EventBus, Properties: {Name: x, EventSourceName: y}}", "Encountered unsupported property EventSourceName in resource R of type AWS::Events::EventBus"},
		"unnamed_bus":          {"{Type: AWS::Events::EventBus}", "[The property {/Name} is required]"},
		"both_forms":           {"{Type: AWS::Events::EventBusPolicy, Properties: {StatementId: a, Action: events:PutEvents, Statement: {}}}", "Statement of R cannot be used together with Action, Principal or Condition"},
		"no_statement":         {"{Type: AWS::Events::EventBusPolicy, Properties: {StatementId: a, Statement: 'null'}}", "Statement of R must be an object"},
		"no_bus":               {"{Type: AWS::Events::EventBusPolicy, Properties: {StatementId: a, EventBusName: none, Action: events:PutEvents, Principal: '*'}}", "Event bus none does not exist"},
		"no_bus_of_rule":       {"{Type: AWS::Events::Rule, Properties: {EventBusName: none, EventPattern: {source: [a]}}}", "Event bus none does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, r *rig) {
				r.status(r.create("s", "Resources: {R: "+c.resource+"}"), types.StackStatusRollbackComplete)
				if h := strings.Join(r.history("s"), "\n"); !strings.Contains(h, c.words) {
					t.Errorf("no %q in\n%s", c.words, h)
				}
				if left := r.rules(); len(left) > 0 {
					t.Error(left)
				}
			})
		})
	}
}
