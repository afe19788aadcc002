package eventbridge

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/store"
)

// maxTargets is how many targets a rule has
// (https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html).
const maxTargets = 5

// PutTargets adds targets to a rule, in place of those with the same IDs. Like
// AWS it refuses the whole request for what is wrong with one of them.
func (s *Service) PutTargets(ctx context.Context, in *api.PutTargetsInput) (*api.PutTargetsOutput, error) {
	bus, err := s.busAndRule(in.EventBusName, in.Rule, "rule")
	if err != nil {
		return nil, err
	}
	if len(in.Targets) == 0 {
		return nil, errConstraint("[]", "targets", "Member must have length greater than or equal to 1")
	}
	if len(in.Targets) > maxTargets {
		return nil, errLimit()
	}
	for i := range in.Targets {
		if err := s.checkTarget(&in.Targets[i], i+1); err != nil {
			return nil, err
		}
	}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.rule(tx, bus, *in.Rule); err != nil {
			return err
		}
		for i := range in.Targets {
			tx.PutJSON(targetKey(bus, *in.Rule, *in.Targets[i].Id), &in.Targets[i])
		}
		if count(tx, targetsOf(bus, *in.Rule)) > maxTargets {
			return errLimit()
		}
		touch(tx, bus)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &api.PutTargetsOutput{FailedEntries: []types.PutTargetsResultEntry{}}, nil
}

// RemoveTargets removes targets from a rule. An ID that the rule does not have
// is an entry that failed.
func (s *Service) RemoveTargets(ctx context.Context, in *api.RemoveTargetsInput) (*api.RemoveTargetsOutput, error) {
	bus, err := s.busAndRule(in.EventBusName, in.Rule, "rule")
	if err != nil {
		return nil, err
	}
	if len(in.Ids) == 0 {
		return nil, errConstraint("[]", "ids", "Member must have length greater than or equal to 1")
	}
	out := &api.RemoveTargetsOutput{FailedEntries: []types.RemoveTargetsResultEntry{}}
	err = s.store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.rule(tx, bus, *in.Rule); err != nil {
			return err
		}
		for _, id := range in.Ids {
			key := targetKey(bus, *in.Rule, id)
			if tx.Has(key) {
				tx.Delete(key)
				continue
			}
			out.FailedEntries = append(out.FailedEntries, types.RemoveTargetsResultEntry{
				TargetId: aws.String(id), ErrorCode: aws.String("ResourceNotFoundException"),
				ErrorMessage: aws.String("Rule " + *in.Rule + " does not have a target with the Id " + id + "."),
			})
		}
		out.FailedEntryCount = int32(len(out.FailedEntries))
		touch(tx, bus)
		return nil
	})
	return out, err
}

// ListTargetsByRule lists the targets of a rule by ID.
func (s *Service) ListTargetsByRule(ctx context.Context, in *api.ListTargetsByRuleInput) (*api.ListTargetsByRuleOutput, error) {
	bus, err := s.busAndRule(in.EventBusName, in.Rule, "rule")
	if err != nil {
		return nil, err
	}
	p, err := pageOf(targetsOf(bus, *in.Rule), in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListTargetsByRuleOutput{Targets: []types.Target{}}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		if _, err := s.rule(tx, bus, *in.Rule); err != nil {
			return err
		}
		out.NextToken, err = p.read(tx, func(k store.Key, row []byte) (bool, error) {
			t, err := decodeTarget(k, row)
			if err == nil {
				out.Targets = append(out.Targets, *t)
			}
			return true, err
		})
		return err
	})
	return out, err
}

// ListRuleNamesByTarget lists the rules of a bus that have a target.
func (s *Service) ListRuleNamesByTarget(ctx context.Context, in *api.ListRuleNamesByTargetInput) (*api.ListRuleNamesByTargetOutput, error) {
	bus, err := s.busOf(in.EventBusName, "eventBusName")
	if err != nil {
		return nil, err
	}
	if in.TargetArn == nil {
		return nil, errConstraint("null", "targetArn", "Member must not be null")
	}
	span := store.Prefix(targetSpace.Str(bus))
	p, err := pageOf(span, in.Limit, in.NextToken)
	if err != nil {
		return nil, err
	}
	last := ""
	if in.NextToken != nil { // the page before ended within or after this rule
		last = p.span.From.Parts(targetSpace.Str(bus)).Str()
	}
	out := &api.ListRuleNamesByTargetOutput{RuleNames: []string{}}
	err = s.store.View(ctx, func(tx *store.Tx) error {
		if _, err := s.bus(tx, bus); err != nil {
			return err
		}
		out.NextToken, err = p.read(tx, func(k store.Key, row []byte) (bool, error) {
			t, err := decodeTarget(k, row)
			if err != nil || *t.Arn != *in.TargetArn {
				return false, err
			}
			rule := k.Parts(targetSpace.Str(bus)).Str()
			if rule == last {
				return false, nil
			}
			last = rule
			out.RuleNames = append(out.RuleNames, rule)
			return true, nil
		})
		return err
	})
	return out, err
}
