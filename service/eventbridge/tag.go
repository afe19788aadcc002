package eventbridge

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	api "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/runnel/runnel/store"
)

// Limits of tags
// (https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Tag.html).
const (
	maxTags     = 50
	maxTagKey   = 128
	maxTagValue = 256
)

// addTags is tags with others added, which it checks.
func addTags(tags map[string]string, add []types.Tag) (map[string]string, error) {
	out := maps.Clone(tags)
	if out == nil && len(add) > 0 {
		out = make(map[string]string, len(add))
	}
	for i, t := range add {
		at := "tags." + itoa(i+1) + ".member."
		switch {
		case aws.ToString(t.Key) == "":
			return nil, errConstraint(aws.ToString(t.Key), at+"key", "Member must have length greater than or equal to 1")
		case t.Value == nil:
			return nil, errConstraint("null", at+"value", "Member must not be null")
		}
		if err := checkLength(t.Key, at+"key", maxTagKey); err != nil {
			return nil, err
		}
		if err := checkLength(t.Value, at+"value", maxTagValue); err != nil {
			return nil, err
		}
		out[*t.Key] = *t.Value
	}
	if len(out) > maxTags {
		return nil, errLimit()
	}
	return out, nil
}

// TagResource adds tags to a rule or a bus.
func (s *Service) TagResource(ctx context.Context, in *api.TagResourceInput) (*api.TagResourceOutput, error) {
	return nil, s.changeTags(ctx, in.ResourceARN, func(tags map[string]string) (map[string]string, error) {
		return addTags(tags, in.Tags)
	})
}

// UntagResource removes tags from a rule or a bus.
func (s *Service) UntagResource(ctx context.Context, in *api.UntagResourceInput) (*api.UntagResourceOutput, error) {
	return nil, s.changeTags(ctx, in.ResourceARN, func(tags map[string]string) (map[string]string, error) {
		for _, key := range in.TagKeys {
			delete(tags, key)
		}
		return tags, nil
	})
}

// ListTagsForResource lists the tags of a rule or a bus.
func (s *Service) ListTagsForResource(ctx context.Context, in *api.ListTagsForResourceInput) (*api.ListTagsForResourceOutput, error) {
	bus, rule, err := s.tagged(in.ResourceARN)
	if err != nil {
		return nil, err
	}
	var tags map[string]string
	err = s.store.View(ctx, func(tx *store.Tx) error {
		if rule == "" {
			b, err := s.bus(tx, bus)
			if err == nil {
				tags = b.Tags
			}
			return err
		}
		r, err := s.rule(tx, bus, rule)
		if err == nil {
			tags = r.Tags
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	out := &api.ListTagsForResourceOutput{Tags: []types.Tag{}}
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		out.Tags = append(out.Tags, types.Tag{Key: aws.String(key), Value: aws.String(tags[key])})
	}
	return out, nil
}

// changeTags changes the tags of a rule or a bus in a transaction.
func (s *Service) changeTags(ctx context.Context, resource *string, change func(map[string]string) (map[string]string, error)) error {
	bus, name, err := s.tagged(resource)
	if err != nil {
		return err
	}
	if name == "" {
		return s.changeBus(ctx, bus, func(b *busRow) error {
			b.Tags, err = change(b.Tags)
			return err
		})
	}
	return s.store.Update(ctx, func(tx *store.Tx) error {
		r, err := s.rule(tx, bus, name)
		if err != nil {
			return err
		}
		if r.Tags, err = change(r.Tags); err != nil {
			return err
		}
		tx.PutJSON(ruleKey(bus, name), r)
		return nil
	})
}

// tagged is what an ARN names: a bus, or a rule of it.
func (s *Service) tagged(resource *string) (bus, rule string, err error) {
	if resource == nil {
		return "", "", errConstraint("null", "resourceARN", "Member must not be null")
	}
	a, err := arn.Parse(*resource)
	if err != nil || a.Service != "events" || a.AccountID != s.cfg.Account || a.Region != s.cfg.Region {
		return "", "", errParameter(*resource, "Provided Arn is not in correct format.")
	}
	if name, ok := strings.CutPrefix(a.Resource, "event-bus/"); ok {
		return name, "", nil
	}
	name, ok := strings.CutPrefix(a.Resource, "rule/")
	if !ok || name == "" {
		return "", "", errParameter(*resource, "Provided Arn is not in correct format.")
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i], name[i+1:], nil
	}
	return defaultBus, name, nil
}
