package eventbridge

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/event/pattern"
	"github.com/runnel/runnel/service/eventbridge/schedule"
	"github.com/runnel/runnel/store"
)

// Limits of rules
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
const (
	maxRules      = 300 // of a bus
	maxPattern    = 4096
	maxExpression = 256
	maxRole       = 1600
)

// PutRule makes a rule or changes one. Of a rule that is there, what the
// request leaves out is removed, but for its targets and its tags.
func (s *Service) PutRule(ctx context.Context, in *api.PutRuleInput) (*api.PutRuleOutput, error) {
	bus, err := s.busOf(in.EventBusName, "eventBusName")
	if err == nil {
		err = checkRule(in, bus)
	}
	if err != nil {
		return nil, err
	}
	tags, err := addTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	r := &ruleRow{
		Name: *in.Name, Description: aws.ToString(in.Description), Pattern: aws.ToString(in.EventPattern),
		Schedule: aws.ToString(in.ScheduleExpression), Role: aws.ToString(in.RoleArn), State: in.State, Tags: tags,
	}
	if r.State == "" {
		r.State = types.RuleStateEnabled
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error { return s.putRule(tx, bus, r) })
	if err != nil {
		return nil, err
	}
	return &api.PutRuleOutput{RuleArn: aws.String(s.ruleARN(bus, r.Name))}, nil
}

func checkRule(in *api.PutRuleInput, bus string) error {
	if err := checkRuleName(in.Name, "name"); err != nil {
		return err
	}
	for _, text := range []struct {
		value *string
		at    string
		most  int
	}{
		{in.Description, "description", maxDescription}, {in.EventPattern, "eventPattern", maxPattern},
		{in.ScheduleExpression, "scheduleExpression", maxExpression}, {in.RoleArn, "roleArn", maxRole},
	} {
		if err := checkLength(text.value, text.at, text.most); err != nil {
			return err
		}
	}
	switch in.State {
	case "", types.RuleStateEnabled, types.RuleStateDisabled, types.RuleStateEnabledWithAllCloudtrailManagementEvents:
	default:
		return errConstraint(in.State, "state",
			"Member must satisfy enum value set: [ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]")
	}
	byPattern, bySchedule := aws.ToString(in.EventPattern), aws.ToString(in.ScheduleExpression)
	if byPattern == "" && bySchedule == "" {
		return errValidation("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	if bySchedule != "" {
		if bus != defaultBus {
			return errValidation("ScheduleExpression is supported only on the default event bus.")
		}
		if _, err := schedule.Parse(bySchedule); err != nil {
			return errValidation("Parameter ScheduleExpression is not valid.")
		}
	}
	if byPattern != "" {
		if _, err := pattern.Compile(byPattern, pattern.EventBridge); err != nil {
			return errPattern(err)
		}
	}
	return nil
}

// putRule writes a rule. A schedule that stays what it was goes on as it was.
func (s *Service) putRule(tx *store.Tx, bus string, r *ruleRow) error {
	if _, err := s.bus(tx, bus); err != nil {
		return err
	}
	old := new(ruleRow)
	if tx.GetJSON(ruleKey(bus, r.Name), old) {
		r.Tags = old.Tags
		if r.Schedule == old.Schedule && old.enabled() {
			r.Due = old.Due
		}
	} else if count(tx, store.Prefix(ruleSpace.Str(bus))) >= maxRules {
		return errLimit()
	}
	return s.saveRule(tx, bus, r)
}

// saveRule writes a rule and sets or clears its timer.
func (s *Service) saveRule(tx *store.Tx, bus string, r *ruleRow) error {
	if err := s.reschedule(tx, bus, r); err != nil {
		return err
	}
	tx.PutJSON(ruleKey(bus, r.Name), r)
	touch(tx, bus)
	return nil
}

// DescribeRule tells of a rule.
func (s *Service) DescribeRule(ctx context.Context, in *api.DescribeRuleInput) (*api.DescribeRuleOutput, error) {
	bus, err := s.busAndRule(in.EventBusName, in.Name, "name")
	if err != nil {
		return nil, err
	}
	var r *ruleRow
	err = s.store.View(ctx, func(tx *store.Tx) error {
		r, err = s.rule(tx, bus, *in.Name)
		return err
	})
	if err != nil {
		return nil, err
	}
	l := s.listedRule(bus, r)
	return &api.DescribeRuleOutput{
		Arn: l.Arn, Name: l.Name, EventBusName: l.EventBusName, Description: l.Description, EventPattern: l.EventPattern,
		ScheduleExpression: l.ScheduleExpression, RoleArn: l.RoleArn, State: l.State, CreatedBy: &s.cfg.Account,
	}, nil
}

// busAndRule is the bus of a request about a rule, whose name it checks.
func (s *Service) busAndRule(bus, rule *string, at string) (string, error) {
	if err := checkRuleName(rule, at); err != nil {
		return "", err
	}
	return s.busOf(bus, "eventBusName")
}

func (s *Service) listedRule(bus string, r *ruleRow) types.Rule {
	return types.Rule{
		Arn: aws.String(s.ruleARN(bus, r.Name)), Name: &r.Name, EventBusName: &bus, Description: optional(r.Description),
		EventPattern: optional(r.Pattern), ScheduleExpression: optional(r.Schedule), RoleArn: optional(r.Role), State: r.State,
	}
}

// ListRules lists the rules of a bus by name.
func (s *Service) ListRules(ctx context.Context, in *api.ListRulesInput) (*api.ListRulesOutput, error) {
	bus, err := s.busOf(in.EventBusName, "eventBusName")
	if err != nil {
		return nil, err
	}
	p, err := pageOf(store.Prefix(ruleSpace.Str(bus).StrPrefix(aws.ToString(in.NamePrefix))), in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListRulesOutput{Rules: []types.Rule{}}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		if _, err := s.bus(tx, bus); err != nil {
			return err
		}
		out.NextToken, err = p.read(tx, func(k store.Key, row []byte) (bool, error) {
			r, err := decode[ruleRow](k, row)
			if err == nil {
				out.Rules = append(out.Rules, s.listedRule(bus, r))
			}
			return true, err
		})
		return err
	})
	return out, err
}

// DeleteRule removes a rule that has no targets. One that is not there is
// removed already.
func (s *Service) DeleteRule(ctx context.Context, in *api.DeleteRuleInput) (*api.DeleteRuleOutput, error) {
	bus, err := s.busAndRule(in.EventBusName, in.Name, "name")
	if err != nil {
		return nil, err
	}
	return nil, s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.bus(tx, bus); err != nil {
			return err
		}
		for range tx.Scan(targetsOf(bus, *in.Name)) {
			return errValidation("Rule can't be deleted since it has targets.")
		}
		tx.Delete(ruleKey(bus, *in.Name))
		if bus == defaultBus {
			tx.ClearTimer(scheduleTimer, *in.Name)
		}
		touch(tx, bus)
		return nil
	})
}

// EnableRule has a rule match, and its schedule begin.
func (s *Service) EnableRule(ctx context.Context, in *api.EnableRuleInput) (*api.EnableRuleOutput, error) {
	return nil, s.setState(ctx, in.EventBusName, in.Name, types.RuleStateEnabled)
}

// DisableRule ends what EnableRule began.
func (s *Service) DisableRule(ctx context.Context, in *api.DisableRuleInput) (*api.DisableRuleOutput, error) {
	return nil, s.setState(ctx, in.EventBusName, in.Name, types.RuleStateDisabled)
}

func (s *Service) setState(ctx context.Context, bus, rule *string, state types.RuleState) error {
	name, err := s.busAndRule(bus, rule, "name")
	if err != nil {
		return err
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.rule(tx, name, *rule)
		if err != nil {
			return err
		}
		r.State = state
		return s.saveRule(tx, name, r)
	})
}

// TestEventPattern reports whether a pattern matches an event, which must have
// the members that EventBridge's own have.
func (s *Service) TestEventPattern(_ context.Context, in *api.TestEventPatternInput) (*api.TestEventPatternOutput, error) {
	if in.Event == nil {
		return nil, errConstraint("null", "event", "Member must not be null")
	}
	if in.EventPattern == nil {
		return nil, errConstraint("null", "eventPattern", "Member must not be null")
	}
	if err := checkLength(in.EventPattern, "eventPattern", maxPattern); err != nil {
		return nil, err
	}
	p, err := pattern.Compile(*in.EventPattern, pattern.EventBridge)
	if err != nil {
		return nil, errPattern(err)
	}
	v, err := pattern.Decode([]byte(*in.Event))
	object, ok := v.(map[string]any)
	if err != nil || !ok {
		return nil, errParameter("Event", "Event is not a JSON object.")
	}
	for _, name := range []string{"id", "account", "source", "time", "region", "resources", "detail-type"} {
		if _, ok := object[name]; !ok {
			return nil, errParameter("Event", name+" is a required field.")
		}
	}
	return &api.TestEventPatternOutput{Result: p.Match(object)}, nil
}
